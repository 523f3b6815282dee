"""Confirmation tokens as the Stripe API shows them."""

from __future__ import annotations

from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.objects.payment_method import payment_method
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.confirmation_token import ConfirmationToken

_NOT_PREVIEWED = ("id", "object", "created", "livemode", "metadata", "radar_options")
"""What a payment method has and what is to become one has not."""


def confirmation_token(value: ConfirmationToken, public_url: str = "") -> Object:
    """A confirmation token."""
    details = value.details
    preview = payment_method(value.instrument, public_url)
    for name in _NOT_PREVIEWED:
        del preview[name]
    return {
        "id": encode("ctoken", value.id),
        "object": "confirmation_token",
        "created": seconds(value.created_at),
        "expires_at": seconds(value.expires_at),
        "livemode": False,
        "mandate_data": None,
        "metadata": None,
        "payment_intent": value.intent_id and encode("pi", value.intent_id),
        "payment_method_options": None,
        "payment_method_preview": preview,
        "return_url": details.get("return_url"),
        "setup_future_usage": details.get("setup_future_usage"),
        "setup_intent": value.setup_id and encode("seti", value.setup_id),
        "shipping": details.get("shipping"),
        "use_stripe_sdk": True,
    }
