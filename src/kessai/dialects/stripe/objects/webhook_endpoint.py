"""Webhook endpoints as the Stripe API shows them."""

from __future__ import annotations

from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.endpoint import Endpoint


def webhook_endpoint(value: Endpoint, _public_url: str = "") -> Object:
    """An endpoint without its secret."""
    details = value.details or {}
    return {
        "id": encode("we", value.id),
        "object": "webhook_endpoint",
        "api_version": details.get("api_version"),
        "application": None,
        "created": seconds(value.created_at),
        "description": value.description,
        "enabled_events": list(value.events),
        "livemode": False,
        "metadata": dict(details.get("metadata", {})),
        "status": "enabled" if value.is_enabled else "disabled",
        "url": value.url,
    }
