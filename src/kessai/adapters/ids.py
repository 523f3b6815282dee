"""Identifiers: canonical UUIDv7 strings that sort by the moment they were made at."""

from __future__ import annotations

from datetime import UTC, datetime

from kessai.services.ports import Dice

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The first digit of the lower half: two bits of chance after `10`."""
_AT_ONCE = 64


class UuidFactory:
    """Makes UUIDv7 that strictly increase, whatever the clock does.

    The first 60 free bits are milliseconds and, in `rand_a`, 4096ths of one (method 3); 62 bits of chance
    follow, which keep several processes apart. A moment that is not later than the last one used
    (many ids at one moment, a clock put back) gets the last one's stamp plus one.
    It belongs to one event loop and does not lock.

    Source: RFC 9562, sections 5.7 and 6.2, read 2026-11-23.
    """

    __slots__ = ("_at", "_dice", "_last", "_millisecond", "_tails", "_written")

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._last = -1
        self._at: datetime | None = None
        self._millisecond = -1
        self._written = ""
        self._tails: list[str] = []

    def new_id(self, at: datetime) -> str:
        """A UUIDv7 of the moment `at`, later than any this factory made before."""
        # One request makes several ids of its one moment: little is left to do after the first.
        stamp = self._last + 1 if at is self._at else max(_stamp(at), self._last + 1)
        self._at, self._last = at, stamp
        if stamp >> 12 != self._millisecond:
            self._millisecond = stamp >> 12
            digits = f"{self._millisecond:012x}"
            self._written = f"{digits[:8]}-{digits[8:]}-7"
        if not self._tails:
            self._tails = self._draw()
        return f"{self._written}{stamp & 0xFFF:03x}{self._tails.pop()}"

    def _draw(self) -> list[str]:
        """The lower halves of the next ids: many at once, since a draw costs more than all the rest."""
        drawn = self._dice.key_material(8 * _AT_ONCE).hex()
        halves = (drawn[begin : begin + 16] for begin in range(0, len(drawn), 16))
        return [f"-{_VARIANTS[half[0]]}{half[1:4]}-{half[4:]}" for half in halves]


def _stamp(at: datetime) -> int:
    """Since 1970, in 4096ths of a millisecond: 4.096 to the microsecond."""
    since = at - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 512 // 125
