"""Typed identifiers: UUIDv7 in canonical form, so that they sort by the moment they were made at."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NewType
from uuid import UUID

MerchantId = NewType("MerchantId", str)
KeyId = NewType("KeyId", str)
PaymentId = NewType("PaymentId", str)
RefundId = NewType("RefundId", str)
EventId = NewType("EventId", str)
EndpointId = NewType("EndpointId", str)
DeliveryId = NewType("DeliveryId", str)
IntentId = NewType("IntentId", str)

_CANONICAL: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def canonical(text: str) -> str | None:
    """Return `text` as a canonical UUID, or None when it is not one."""
    return text.lower() if _CANONICAL.fullmatch(text) else None


def short_id(made: str) -> str:
    """The same id with its last bits zero, for what some dialects write shorter than 128 bits.

    What is left tells ids of one millisecond apart by 12 bits of order and 16 of chance.
    """
    return f"{made[:24]}{int(made[24], 16) & 0b1100:x}{'0' * 11}"


def earliest_id(at: datetime) -> str:
    """The smallest UUIDv7 made at `at` or later: turns a range of time into a range of ids."""
    milliseconds = max(0, (at - _EPOCH) // _MILLISECOND)
    return str(UUID(int=(milliseconds & 0xFFFFFFFFFFFF) << 80))


def stamp_at(at: datetime) -> int:
    """How ids of a moment begin: in 4096ths of a millisecond since 1970, other ones each microsecond."""
    since = max(at, _EPOCH) - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 512 // 125


def stamp_in(made: str) -> int:
    """The stamp of an id: not before the moment it was made at, and later than that of any made before it."""
    return int(f"{made[:8]}{made[9:13]}{made[15:18]}", 16)


def moment_of(stamp: int) -> tuple[datetime, bool]:
    """The last microsecond whose stamp is not above this one, and whether it has this very stamp."""
    microseconds = -(-stamp * 125 // 512)
    found = _EPOCH + timedelta(microseconds=microseconds)
    if stamp_at(found) == stamp:
        return found, True
    return found - timedelta(microseconds=1), False


def first_id_of(stamp: int) -> str:
    """What no id of this stamp is below."""
    digits = f"{stamp:015x}"
    return f"{digits[:8]}-{digits[8:12]}-7{digits[12:]}-0000-000000000000"


def last_id_of(stamp: int) -> str:
    """What no id of this stamp is above."""
    return f"{first_id_of(stamp)[:19]}ffff-ffffffffffff"
