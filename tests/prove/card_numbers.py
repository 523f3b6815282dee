"""Numbers as they could stand on real cards, made of a seed, and the ways in which people write them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kessai.simulation.cards import PUBLISHED, luhn_valid

_ISSUED: Final = (
    *(("4", 16), ("4", 13), ("4", 19), ("51", 16), ("53", 16), ("2221", 16), ("2720", 16), ("34", 15)),
    *(("37", 15), ("36", 14), ("3056", 14), ("3528", 16), ("6011", 16), ("65", 16), ("62", 16), ("62", 19)),
    *(("6521", 16), ("81", 16), ("50", 16), ("6304", 18)),
)
"""First digits and lengths, by the networks' tables."""
FULL_WIDTH: Final = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def _grouped(separator: str) -> Callable[[str], str]:
    def write(number: str) -> str:
        return separator.join(number[first : first + 4] for first in range(0, len(number), 4))

    return write


FORMS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "plain": str,
        "spaced": _grouped(" "),
        "dashed": _grouped("-"),
        "dotted": _grouped("."),
        "spaced wide": _grouped(" - "),
        "space escaped": _grouped("%20"),
        "quote escaped before": "%22{}".format,
        "escaped": lambda number: "".join(f"%{ord(digit):02X}" for digit in number),
        "full width": lambda number: number.translate(FULL_WIDTH),
    }
)
"""By name, how a number may be written."""


@dataclass(frozen=True, slots=True)
class Card:
    """A number nobody may see again, with its cvc. Its place in the list and the seed give it again."""

    place: int
    number: str
    cvc: str

    def __str__(self) -> str:
        return f"number {self.place} of the seed, ending in {self.number[-4:]}"


def cards(seed: int, count: int) -> list[Card]:
    """So many different ones, none of them published for tests."""
    chance = random.Random(f"{seed} cards")
    numbers: dict[str, None] = {}
    while len(numbers) < count:
        prefix, length = _ISSUED[len(numbers) % len(_ISSUED)]
        number = _completed(prefix + _digits(chance, length - len(prefix) - 1))
        if number not in PUBLISHED:
            numbers[number] = None
    return [Card(place, number, _digits(chance, 3)) for place, number in enumerate(numbers)]


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))


def _completed(digits: str) -> str:
    return next(number for last in range(10) if luhn_valid(number := f"{digits}{last}"))
