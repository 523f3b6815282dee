"""Chance: the operating system's for a gateway, a seeded one for runs that must repeat exactly."""

from __future__ import annotations

import os
import random


class SystemDice:
    """The operating system's randomness."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return self._random.uniform(low, high)

    def key_material(self, length: int) -> bytes:
        """`length` bytes nobody can guess."""
        return os.urandom(length)


class SeededDice:
    """The same numbers for the same seed, in the same order. For tests and repeatable runs only.

    Who knows the seed knows every key made from it, so it is never used where a secret must be one.
    """

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it is meant to repeat

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return self._random.uniform(low, high)

    def key_material(self, length: int) -> bytes:
        """`length` bytes that follow from the seed: guessable, unlike `SystemDice`'s."""
        return self._random.randbytes(length)
