"""Tokens as the Stripe API shows them."""

from __future__ import annotations

from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.objects.payment_source import card
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.token import Token


def token(value: Token, public_url: str = "") -> Object:
    """A token of a card."""
    shown = card(value.instrument, public_url)
    # A card is a customer's and has metadata only once there is one.
    del shown["customer"], shown["metadata"]
    return {
        "id": encode("tok", value.id),
        "object": "token",
        "card": shown,
        "client_ip": None,
        "created": seconds(value.created_at),
        "livemode": False,
        "type": "card",
        "used": value.is_used,
    }
