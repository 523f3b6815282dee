"""The currencies and their decimals."""

from __future__ import annotations

import pytest

from kessai.domain.currencies import EXPONENTS


@pytest.mark.parametrize(
    ("currency", "decimals"), [("JPY", 0), ("KRW", 0), ("INR", 2), ("USD", 2), ("KWD", 3), ("TND", 3)]
)
def test_the_minor_unit_depends_on_the_currency(currency: str, decimals: int) -> None:
    assert EXPONENTS[currency] == decimals


def test_codes_are_three_capital_letters() -> None:
    assert [code for code in EXPONENTS if not (len(code) == 3 and code.isascii() and code.isupper())] == []


def test_what_is_no_longer_money_is_not_taken() -> None:
    withdrawn = {"ANG", "BGN", "DEM", "HRK", "VEF", "ZWL"}
    not_in_circulation = {"XAU", "XDR", "XTS", "CHE", "CLF"}
    assert EXPONENTS.keys().isdisjoint(withdrawn | not_in_circulation)
    assert {"EUR", "XCG", "ZWG", "SLE"} <= EXPONENTS.keys()
