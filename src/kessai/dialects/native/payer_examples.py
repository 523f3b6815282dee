"""What the OpenAPI document shows of customers and saved instruments."""

from __future__ import annotations

from typing import Final

CUSTOMER_ID: Final = "0199d3c2-5f00-7000-8000-000000000000"
INSTRUMENT_ID: Final = "0199d3c2-5f00-7000-8000-0000000000d1"
_AT: Final = "2026-01-31T12:00:00Z"

CUSTOMER: Final = {
    "id": CUSTOMER_ID,
    "name": "Hanako Yamada",
    "email": "customer@example.com",
    "phone": None,
    "description": None,
    "metadata": {"plan": "gold"},
    "default_instrument_id": None,
    "created_at": _AT,
    "updated_at": _AT,
}
CUSTOMER_DELETED: Final = {"id": CUSTOMER_ID, "deleted": True}
TEST_CARD: Final = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
INSTRUMENT: Final = {
    "id": INSTRUMENT_ID,
    "type": "card",
    "card": {
        "brand": "visa",
        "last4": "4242",
        "exp_month": 12,
        "exp_year": 2030,
        "funding": "credit",
        "country": "US",
        "fingerprint": "5RvFYNQGUsSQ7oQw",
    },
    "customer_id": CUSTOMER_ID,
    "is_set_up": False,
    "is_detached": False,
    "metadata": {},
    "created_at": _AT,
    "updated_at": _AT,
}
DETACHED: Final = {**INSTRUMENT, "customer_id": None, "is_detached": True}
INSTRUMENT_DELETED: Final = {"id": INSTRUMENT_ID, "deleted": True}
