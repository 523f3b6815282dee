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
