"""Typed identifiers: UUIDv7 in canonical form, so that they sort by the moment they were made at."""

from __future__ import annotations

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

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def canonical(text: str) -> str | None:
    """Return `text` as a canonical UUID, or None when it is not one."""
    if len(text) != 36:
        return None
    try:
        known = str(UUID(text))
    except ValueError:
        return None
    # UUID() also reads dashes in odd places, braces, "urn:", underscores and other alphabets' digits.
    return known if known == text.lower() else None


def earliest_id(at: datetime) -> str:
    """The smallest UUIDv7 made at `at` or later: turns a range of time into a range of ids."""
    milliseconds = max(0, (at - _EPOCH) // _MILLISECOND)
    return str(UUID(int=(milliseconds & 0xFFFFFFFFFFFF) << 80))
