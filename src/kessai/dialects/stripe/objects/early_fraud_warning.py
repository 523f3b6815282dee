"""Payments that their issuers warn of, as the Stripe API shows that: early fraud warnings."""

from __future__ import annotations

from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.objects.charge import charge_id
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.payment import Payment
from kessai.domain.transitions import Status


def early_fraud_warning(value: Payment, _public_url: str = "") -> Object:
    """The warning of a payment; there is something to do about it until it is given back."""
    return {
        "id": encode("issfr", value.id),
        "object": "radar.early_fraud_warning",
        "actionable": value.status is Status.CAPTURED,
        "charge": charge_id(value),
        "created": seconds(value.captured_at or value.created_at),
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": value.order.intent_id and encode("pi", value.order.intent_id),
    }
