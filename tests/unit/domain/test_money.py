"""Money is whole, never negative, never mixed, and people read it in major units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.domain.currencies import EXPONENTS
from kessai.domain.money import AMOUNT_MAX, CurrencyMismatchError, Money, zero

amounts = st.integers(min_value=0, max_value=AMOUNT_MAX)
currencies = st.sampled_from(sorted(EXPONENTS))


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(123_450, "INR"), "1,234.50 INR"),
        (Money(5, "USD"), "0.05 USD"),
        (Money(1_000, "JPY"), "1,000 JPY"),
        (Money(1_234_567, "KWD"), "1,234.567 KWD"),
        (Money(0, "EUR"), "0.00 EUR"),
    ],
)
def test_people_read_major_units(money: Money, text: str) -> None:
    assert str(money) == text


@given(minor=amounts, currency=currencies)
def test_what_people_read_has_every_digit(minor: int, currency: str) -> None:
    number, code = str(Money(minor, currency)).split(" ")

    digits = number.replace(",", "").replace(".", "")
    assert (int(digits), code) == (minor, currency)
    assert len(number.partition(".")[2]) == EXPONENTS[currency]


def test_money_is_never_negative() -> None:
    with pytest.raises(ValueError, match="never negative"):
        Money(-1, "INR")
    with pytest.raises(ValueError, match="never negative"):
        Money(1, "INR") - Money(2, "INR")


def test_currencies_are_never_mixed() -> None:
    rupee, yen = Money(100, "INR"), Money(100, "JPY")

    for mix in (lambda: rupee + yen, lambda: rupee - yen, lambda: rupee <= yen):
        with pytest.raises(CurrencyMismatchError, match="INR and JPY"):
            mix()
    assert rupee != yen


@given(one=amounts, other=amounts, currency=currencies)
def test_adding_and_taking_away_are_inverse(one: int, other: int, currency: str) -> None:
    total = Money(one, currency) + Money(other, currency)

    assert total - Money(other, currency) == Money(one, currency)
    assert Money(one, currency) <= total


def test_only_nothing_is_false() -> None:
    assert not zero("INR")
    assert Money(1, "INR")


def test_the_largest_amount_survives_javascript() -> None:
    assert AMOUNT_MAX == 99_999_999_999 < 2**53
