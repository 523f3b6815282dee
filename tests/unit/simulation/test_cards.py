"""Published test numbers are let in and lead somewhere; what could be somebody's card is kept out.

No real-looking number is written here: they are made as the tests run.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.domain.errors import InvalidFieldError, RealCardRefusedError
from kessai.simulation.cards import PUBLISHED, VPAS, admit, brand_of, luhn_valid, mask_real_numbers
from kessai.simulation.table import SIMULATIONS

PARAM = "payment_method.card.number"


def with_check_digit(digits: str) -> str:
    """The number that `digits` begin."""
    return next(number for last in range(10) if luhn_valid(number := f"{digits}{last}"))


def real(prefix: str = "4539", length: int = 16) -> str:
    """A number as it might stand on a card."""
    number = with_check_digit((prefix + "71926083457190268")[: length - 1])
    assert number not in PUBLISHED
    return number


real_numbers = (
    st.tuples(st.sampled_from(["4", "51", "2221", "34", "36", "3528", "6011", "62"]), st.integers(0, 10**17))
    .map(lambda drawn: real_like(*drawn))
    .filter(lambda number: number not in PUBLISHED)
)


def real_like(prefix: str, rest: int) -> str:
    """A number of the network's own length."""
    length = {"34": 15, "36": 14}.get(prefix, 16)
    return with_check_digit(f"{prefix}{rest:018d}"[: length - 1])


# Published numbers


@pytest.mark.parametrize("number", PUBLISHED)
def test_every_published_number_is_a_card_number_that_leads_somewhere(number: str) -> None:
    assert luhn_valid(number)
    assert brand_of(number) != "unknown"
    assert PUBLISHED[number] in SIMULATIONS
    assert admit(number, param=PARAM) == number


def test_every_published_id_leads_somewhere() -> None:
    assert set(VPAS.values()) <= SIMULATIONS.keys()


@pytest.mark.parametrize(
    ("number", "simulation"),
    [
        ("4242424242424242", "success"),
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000000069", "expired_card"),
        ("4000000000003220", "requires_action"),
        ("4000000000005126", "refund_failure"),
    ],
)
def test_the_best_known_numbers_do_what_they_are_known_for(number: str, simulation: str) -> None:
    assert PUBLISHED[number] == simulation


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4242424242424242", "visa"),
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("378282246310005", "amex"),
        ("6011111111111117", "discover"),
        ("3056930009020004", "diners"),
        ("3566002020360505", "jcb"),
        ("6200000000000005", "unionpay"),
        ("6527658900001005", "rupay"),
        ("5062210000000009", "carnet"),
    ],
)
def test_the_network_is_known_by_the_first_digits(number: str, brand: str) -> None:
    assert brand_of(number) == brand


@pytest.mark.parametrize("text", ["4242 4242 4242 4242", "4242-4242-4242-4242"])
def test_a_number_may_be_written_in_groups(text: str) -> None:
    assert admit(text, param=PARAM) == "4242424242424242"


# Other numbers


@given(number=real_numbers)
def test_a_real_number_is_refused_and_not_repeated(number: str) -> None:
    with pytest.raises(RealCardRefusedError) as refusal:
        admit(number, param=PARAM)

    assert refusal.value.param == PARAM
    assert number not in f"{refusal.value.message}{refusal.value.hint}{refusal.value.args}"


@pytest.mark.parametrize(
    "text", ["", "4242", "4242424242424241", "my card", "4" * 60, "\uff14" * 16, "42424242424242424242"]
)
def test_what_is_no_card_number_is_refused_as_such(text: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        admit(text, param=PARAM)

    assert refusal.value.param == PARAM
    assert not text or text not in refusal.value.message


@given(digits=st.text("0123456789", min_size=1, max_size=18))
def test_one_last_digit_of_ten_is_the_check_digit(digits: str) -> None:
    assert sum(luhn_valid(f"{digits}{last}") for last in range(10)) == 1


# Masking


@given(
    number=real_numbers,
    separator=st.sampled_from(
        [
            *("", " ", "-", "  ", " - ", "\u00a0", "\u2013", ".", "\u00b7", "_", "/", "+"),
            *("\uff0d", "\u2212", "\u30fb", "\u200b", "\u00ad", "\ufeff", "\u3000", "\uff0e"),
        ]
    ),
)
def test_a_real_number_is_masked_however_it_is_grouped(number: str, separator: str) -> None:
    grouped = separator.join((number[:4], number[4:8], number[8:12], number[12:]))

    masked = mask_real_numbers(f"card {grouped}, thanks")

    assert number[-4:] == "".join(char for char in masked if char.isdigit())
    assert len(masked) == len(f"card {grouped}, thanks")
    assert masked.startswith("card *")


@pytest.mark.parametrize(
    "around",
    [
        *("{} 12/28", "{} 12 28", "1 {}", "cc{}x", "{}-007", "2026-11-23 {} 999"),
        "0199d3c2-5f00-7000-8000-{}",  # what begins like an id and is none
    ],
)
def test_a_real_number_is_masked_whatever_stands_beside_it(around: str) -> None:
    number = real()
    for written in (number, f"{number[:4]} {number[4:8]} {number[8:12]} {number[12:]}"):
        masked = mask_real_numbers(around.format(written))
        # Neither whole nor in pieces.
        assert not any(each in masked for each in (written, number[:4], number[4:8], number[8:12]))


def test_a_real_number_is_masked_in_any_digits() -> None:
    number = real()
    full_width = number.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})

    assert mask_real_numbers(full_width) == "*" * 12 + full_width[-4:]


@pytest.mark.parametrize("separator", ["%20", "%2d", "%2E", "%2B%20", "%20-%20", "%2520"])
def test_a_real_number_is_masked_with_escaped_separators(separator: str) -> None:
    number = real()
    written = separator.join((number[:4], number[4:8], number[8:12], number[12:]))

    assert (
        mask_real_numbers(f"?card={written}&")
        == f"?card={separator.join(['****'] * 3)}{separator}{number[-4:]}&"
    )


def test_a_real_number_is_masked_in_escaped_digits() -> None:
    number = real()
    escaped = "".join(f"%3{digit}" for digit in number)

    assert mask_real_numbers(escaped) == "*" * 36 + escaped[-12:]


@pytest.mark.parametrize(
    "before",
    [
        "%20",
        "%22",
        "%7B%22",
        "%2520",
        "%252520",
        "%C2%A0",
        "%0a",
        "100%",
        "%25",
        "\\u00a0",
        "\\u0020",
        "\\x20",
    ],
)
@pytest.mark.parametrize("separator", ["", " ", "%20"])
def test_a_real_number_is_masked_straight_after_an_escape(before: str, separator: str) -> None:
    number = real()
    written = separator.join((number[:4], number[4:8], number[8:12], number[12:]))
    hidden = separator.join((*["****"] * 3, number[12:]))

    assert mask_real_numbers(f"{before}{written}%22") == f"{before}{hidden}%22"


def test_each_of_several_numbers_is_masked() -> None:
    first, second = real("4539"), real("5412")

    assert mask_real_numbers(f"{first} or {second}") == f"{'*' * 12}{first[-4:]} or {'*' * 12}{second[-4:]}"


@pytest.mark.parametrize(
    "text",
    [
        "Order #123",
        "4242 4242 4242 4242",
        "call 090-1234-5678",
        *(f"+{with_check_digit('491512345678')}", "+49 151 2345678 8", f"+{with_check_digit('413334567')}"),
        "1767323045678901",
        "10.0.0.1, 10.0.0.12 and 192.168.0.1",
        "2026-11-26T04:05:06.123456Z",
        "1.234.567.890.123",
        "9" * 40,
        "0199d3c2-4539-7192-8608-345719026812",
        "",
    ],
)
def test_what_is_no_card_stays_as_it_is(text: str) -> None:
    assert mask_real_numbers(text) == text


@given(text=st.text(alphabet="0123456789 -x", max_size=60))
def test_masking_hides_digits_and_changes_nothing_else(text: str) -> None:
    masked = mask_real_numbers(text)

    assert len(masked) == len(text)
    assert all(after in {before, "*"} for before, after in zip(text, masked, strict=True))
