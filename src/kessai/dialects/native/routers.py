"""Every route of the native API; the payer's pages stand outside the versioned paths."""

from __future__ import annotations

from typing import Final

from kessai.dialects.native import (
    balance_routes,
    challenge_routes,
    customer_routes,
    dispute_routes,
    endpoint_routes,
    instrument_routes,
    intent_routes,
    merchant_routes,
    payment_routes,
    payout_routes,
    refund_routes,
    setup_routes,
    slip_routes,
    verification_routes,
    webhook_routes,
)
from kessai.http.routes import Routers

_PREFIX: Final = "/api/v1"

ROUTERS: Final[Routers] = (
    (_PREFIX, payment_routes.router),
    (_PREFIX, refund_routes.router),
    (_PREFIX, dispute_routes.router),
    (_PREFIX, balance_routes.router),
    (_PREFIX, payout_routes.router),
    (_PREFIX, customer_routes.router),
    (_PREFIX, instrument_routes.router),
    (_PREFIX, intent_routes.router),
    (_PREFIX, setup_routes.router),
    (_PREFIX, merchant_routes.router),
    (_PREFIX, endpoint_routes.router),
    (_PREFIX, webhook_routes.router),
    (_PREFIX, verification_routes.router),
    ("", challenge_routes.router),
    ("", slip_routes.router),
)
