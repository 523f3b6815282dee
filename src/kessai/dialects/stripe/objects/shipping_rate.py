"""Shipping rates as the Stripe API shows them."""

from __future__ import annotations

from typing import Any

from kessai.dialects.stripe.amounts import amount_of
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.catalog import ShippingRate


def rate_id(value: ShippingRate) -> str:
    """Its id in this API."""
    return encode("shr", value.id)


def shipping_rate(value: ShippingRate, _public_url: str = "") -> Object:
    """A shipping rate."""
    details = value.details
    return {
        "id": rate_id(value),
        "object": "shipping_rate",
        "active": value.is_active,
        "created": seconds(value.created_at),
        "delivery_estimate": _estimate(details.get("delivery_estimate")),
        "display_name": value.name,
        "fixed_amount": {"amount": amount_of(value.amount), "currency": value.amount.currency.lower()},
        "livemode": False,
        "metadata": dict(value.metadata),
        "tax_behavior": details.get("tax_behavior", "unspecified"),
        "tax_code": details.get("tax_code"),
        "type": "fixed_amount",
    }


def _estimate(given: Any) -> Object | None:
    """How long it takes. Any: what was given."""
    return {"maximum": given.get("maximum"), "minimum": given.get("minimum")} if given else None
