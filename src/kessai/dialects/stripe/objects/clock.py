"""Test clocks as the Stripe API shows them."""

from __future__ import annotations

from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.test_clock import TestClock


def clock(value: TestClock, _public_url: str = "") -> Object:
    """A clock, on its way or arrived."""
    target = {"advancing": {"target_frozen_time": seconds(value.frozen_at)}} if value.is_advancing else {}
    return {
        "id": encode("clock", value.id),
        "object": "test_helpers.test_clock",
        "created": seconds(value.created_at),
        "deletes_after": seconds(value.deletes_after),
        "frozen_time": seconds(value.frozen_at),
        "livemode": False,
        "name": value.name,
        "status": "advancing" if value.is_advancing else "ready",
        "status_details": target,
    }
