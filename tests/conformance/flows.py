"""What many flows begin with, written as an integrator writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import stripe

ClientOf = Callable[..., stripe.StripeClient]
"""Makes a client of the running server: `client_of(key, **options of StripeClient)`."""

NEVER_HEARD_OF = "pi_3NeverHeardOfNeverHeard00"


def paid(client: stripe.StripeClient, amount: int = 2_000, **more: Any) -> stripe.PaymentIntent:
    """A PaymentIntent that is created and confirmed in one call, as most servers do it."""
    return client.v1.payment_intents.create(params=payment(amount, **more))


def held(client: stripe.StripeClient, amount: int = 2_000, **more: Any) -> stripe.PaymentIntent:
    """One whose money is held, to be captured later."""
    return paid(client, amount, capture_method="manual", **more)


def payment(amount: int = 2_000, **more: Any) -> Any:
    """The parameters of both. Any: it fits whatever takes the parameters of a PaymentIntent."""
    return {
        "amount": amount,
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "allowed_payment_method_types": ["card"],
        "confirm": True,
        **more,
    }


def charge_of(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.Charge:
    """The charge behind an intent's latest try."""
    assert isinstance(intent.latest_charge, str)
    return client.v1.charges.retrieve(intent.latest_charge)


def error_of(refusal: stripe.StripeError) -> stripe.ErrorObject:
    """The error object, which every refusal of the API has."""
    assert refusal.error is not None
    return refusal.error
