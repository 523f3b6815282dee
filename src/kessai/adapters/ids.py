"""Identifiers: canonical UUIDv7 strings that sort by the moment they were made at."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from kessai.services.ports import Dice

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = 0x7000
_VARIANT = 0b10 << 62
_BELOW_VARIANT = (1 << 62) - 1
_AT_ONCE = 64


class UuidFactory:
    """Makes UUIDv7 that strictly increase, whatever the clock does.

    The first 60 free bits are milliseconds and, in `rand_a`, 4096ths of one (method 3); 62 bits of chance
    follow, which keep several processes apart. A moment that is not later than the last one used
    (many ids at one moment, a clock put back) gets the last one's stamp plus one.
    It belongs to one event loop and does not lock.

    Source: RFC 9562, sections 5.7 and 6.2, read 2026-11-23.
    """

    __slots__ = ("_at", "_chance", "_dice", "_last")

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._last = -1
        self._at: datetime | None = None
        self._chance: list[int] = []

    def new_id(self, at: datetime) -> str:
        """A UUIDv7 of the moment `at`, later than any this factory made before."""
        # One request makes several ids of its one moment: nothing to work out after the first.
        stamp = self._last + 1 if at is self._at else max(_stamp(at), self._last + 1)
        self._at, self._last = at, stamp
        head = (stamp >> 12) << 16 | _VERSION | stamp & 0xFFF
        if not self._chance:
            self._chance = self._draw()
        digits = f"{head << 64 | self._chance.pop():032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _draw(self) -> list[int]:
        """The lower halves of the next ids: many at once, since a draw costs more than all the rest."""
        drawn = self._dice.key_material(8 * _AT_ONCE)
        numbers = struct.unpack(f">{_AT_ONCE}Q", drawn)
        return [number & _BELOW_VARIANT | _VARIANT for number in numbers]


def _stamp(at: datetime) -> int:
    """Since 1970, in 4096ths of a millisecond: 4.096 to the microsecond."""
    since = at - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 512 // 125
