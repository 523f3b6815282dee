"""What is printed on slips."""

from __future__ import annotations

import pytest

from kessai.simulation.slips import digits_of, slip_number

PAYMENT = "019c13ec-9e00-7009-8547-5a81bcd2b264"


@pytest.mark.parametrize(("kind", "length"), [("boleto", 47), ("konbini", 6), ("oxxo", 14), ("pix", 14)])
def test_a_slip_has_as_many_digits_as_its_type(kind: str, length: int) -> None:
    number = slip_number(kind, PAYMENT)

    assert (len(number), number.isdecimal()) == (length, True)
    assert number == slip_number(kind, PAYMENT)


def test_each_payment_has_a_slip_of_its_own() -> None:
    assert len({slip_number("oxxo", f"{PAYMENT[:-2]}{each:02}") for each in range(100)}) == 100


def test_digits_may_begin_with_zeros() -> None:
    found = {digits_of(str(each), 3) for each in range(200)}

    assert {len(each) for each in found} == {3}
    assert any(each.startswith("0") for each in found)
