"""Numbers as they could stand on somebody's card: made as the tests run, for none is written here."""

from __future__ import annotations

from typing import Final

from kessai.simulation.cards import PUBLISHED, luhn_valid


def real_card(prefix: str = "4", length: int = 16) -> str:
    """One that begins like this."""
    digits = prefix + "7" * (length - 1 - len(prefix))
    number = next(number for last in range(10) if luhn_valid(number := f"{digits}{last}"))
    assert number not in PUBLISHED
    return number


REAL_CARD: Final = real_card()
