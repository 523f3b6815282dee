"""What each path of the Stripe API asks of the core."""

from __future__ import annotations

from kessai.dialects.stripe.declaring import StripeRoute
from kessai.dialects.stripe.routes import (
    accounts,
    balance,
    charge_refunds,
    charges,
    checkout_sessions,
    confirmation_tokens,
    customer_passes,
    customer_sources,
    customers,
    disputes,
    early_fraud_warnings,
    events,
    increments,
    invoice_payments,
    payment_intents,
    payment_links,
    payment_methods,
    payouts,
    prices,
    products,
    refunds,
    setup_intents,
    shipping_rates,
    sources,
    test_clocks,
    tokens,
    webhook_endpoints,
)

_MODULES = (
    customers,
    payment_intents,
    increments,
    payment_methods,
    tokens,
    confirmation_tokens,
    customer_passes,
    sources,
    customer_sources,
    charges,
    charge_refunds,
    refunds,
    disputes,
    balance,
    payouts,
    accounts,
    early_fraud_warnings,
    setup_intents,
    webhook_endpoints,
    events,
    test_clocks,
    products,
    prices,
    shipping_rates,
    checkout_sessions,
    payment_links,
    invoice_payments,
)


def every_route() -> list[StripeRoute]:
    """All that kessai has of this API."""
    return [route for module in _MODULES for route in module.routes.routes]
