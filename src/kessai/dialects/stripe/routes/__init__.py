"""What each path of the Stripe API asks of the core."""

from __future__ import annotations

from kessai.dialects.stripe.declaring import StripeRoute
from kessai.dialects.stripe.routes import charges, customers, payment_intents, refunds

_MODULES = (customers, payment_intents, charges, refunds)


def every_route() -> list[StripeRoute]:
    """All that kessai has of this API."""
    return [route for module in _MODULES for route in module.routes.routes]
