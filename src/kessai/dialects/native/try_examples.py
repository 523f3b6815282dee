"""What the OpenAPI document shows of intents and setups."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.native.examples import PAYMENT_ID
from kessai.dialects.native.payer_examples import CUSTOMER_ID, INSTRUMENT_ID

_AT: Final = "2026-01-31T12:00:00Z"

INTENT: Final = {
    "id": "0199d3c2-5f00-7000-8000-000000000071",
    "amount": 10000,
    "currency": "INR",
    "status": "REQUIRES_CONFIRMATION",
    "capture_method": "automatic",
    "confirmation_method": "automatic",
    "captured_amount": 0,
    "customer_id": CUSTOMER_ID,
    "instrument_id": INSTRUMENT_ID,
    "payment_id": None,
    "description": "Order #123",
    "metadata": {"order_id": "123"},
    "error_code": None,
    "error_message": None,
    "next_action": None,
    "created_at": _AT,
    "updated_at": _AT,
    "canceled_at": None,
}
INTENT_PAID: Final = {**INTENT, "status": "SUCCEEDED", "captured_amount": 10000, "payment_id": PAYMENT_ID}
INTENT_CANCELED: Final = {**INTENT, "status": "CANCELED", "canceled_at": _AT}
SETUP: Final[dict[str, Any]] = {
    "id": "0199d3c2-5f00-7000-8000-000000000075",
    "status": "REQUIRES_CONFIRMATION",
    "customer_id": CUSTOMER_ID,
    "instrument_id": INSTRUMENT_ID,
    "description": None,
    "metadata": {},
    "error_code": None,
    "error_message": None,
    "next_action": None,
    "created_at": _AT,
    "updated_at": _AT,
    "canceled_at": None,
}
SETUP_DONE: Final = {**SETUP, "status": "SUCCEEDED"}
SETUP_CANCELED: Final = {**SETUP, "status": "CANCELED", "canceled_at": _AT}
