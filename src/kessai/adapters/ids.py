"""Identifiers: canonical UUIDv7 strings that sort by the moment they were made at."""

from __future__ import annotations

from datetime import UTC, datetime

from kessai.services.ports import Dice

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = 0x7000
_VARIANT = 0b10 << 62
_BELOW_VARIANT = (1 << 62) - 1


class UuidFactory:
    """Makes UUIDv7 that strictly increase, whatever the clock does.

    The first 60 free bits are milliseconds and, in `rand_a`, 4096ths of one (method 3); 62 bits of chance
    follow, which keep several processes apart. A moment that is not later than the last one used
    (many ids at one moment, a clock put back) gets the last one's stamp plus one.
    It belongs to one event loop and does not lock.

    Source: RFC 9562, sections 5.7 and 6.2, read 2026-11-23.
    """

    __slots__ = ("_dice", "_last")

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._last = -1

    def new_id(self, at: datetime) -> str:
        """A UUIDv7 of the moment `at`, later than any this factory made before."""
        since = at - _EPOCH
        # 4096ths of a millisecond: 4.096 to the microsecond
        stamp = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 512 // 125
        if stamp <= self._last:
            stamp = self._last + 1
        self._last = stamp
        head = (stamp >> 12) << 16 | _VERSION | stamp & 0xFFF
        tail = int.from_bytes(self._dice.key_material(8), "big") & _BELOW_VARIANT | _VARIANT
        quads = (head << 64 | tail).to_bytes(16, "big").hex("-", 2)
        # the canonical form has dashes after the 8th, 12th, 16th and 20th digit only
        return quads[:4] + quads[5:29] + quads[30:34] + quads[35:]
