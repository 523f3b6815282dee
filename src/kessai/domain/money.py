"""Money: a whole number of minor units and its ISO 4217 currency, never apart and never a float."""

from __future__ import annotations

from typing import Final

from kessai.domain.currencies import EXPONENTS
from kessai.domain.values import value

AMOUNT_MAX: Final = 99_999_999_999
"""The largest amount of one payment, in minor units: far above any test, far below 2**53."""


class CurrencyMismatchError(Exception):
    """A bug of ours: two currencies were about to be added up."""


@value(frozen=True, slots=True, order=False)
class Money:
    """`minor` units of `currency`; never negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.minor < 0:
            raise ValueError("money is never negative")

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        return self.minor > 0

    def __str__(self) -> str:
        """In major units, for people: `1,234.50 INR`."""
        exponent = EXPONENTS[self.currency]
        major, rest = divmod(self.minor, 10**exponent)
        return f"{major:,}.{rest:0{exponent}d} {self.currency}" if exponent else f"{major:,} {self.currency}"


def zero(currency: str) -> Money:
    """Nothing, in `currency`."""
    return Money(0, currency)
