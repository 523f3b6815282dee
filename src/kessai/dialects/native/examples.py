"""What the OpenAPI document shows of payments, refunds, merchants and keys."""

from __future__ import annotations

from typing import Any, Final

PAYMENT_ID: Final = "0199d3c2-5f00-7000-8000-0000000000a1"
_AT: Final = "2026-01-31T12:00:00Z"

PAYMENT: Final = {
    "id": PAYMENT_ID,
    "amount": 10000,
    "currency": "INR",
    "status": "CAPTURED",
    "description": "Order #123",
    "customer_email": "customer@example.com",
    "metadata": {"order_id": "123"},
    "reference": None,
    "capture_method": "automatic",
    "simulate": "success",
    "captured_amount": 10000,
    "refunded_amount": 0,
    "error_code": None,
    "error_message": None,
    "payment_method": None,
    "customer_id": None,
    "instrument_id": None,
    "intent_id": None,
    "next_action": None,
    "created_at": _AT,
    "updated_at": _AT,
    "authorized_at": _AT,
    "captured_at": _AT,
    "expires_at": None,
}
HELD: Final = {
    **PAYMENT,
    "status": "AUTHORIZED",
    "capture_method": "manual",
    "captured_amount": 0,
    "captured_at": None,
    "expires_at": "2026-02-07T12:00:00Z",
}
VOIDED: Final = {
    **PAYMENT,
    "status": "VOIDED",
    "capture_method": "manual",
    "captured_amount": 0,
    "captured_at": None,
}
REFUND: Final = {
    "id": "0199d3c2-5f00-7000-8000-0000000000b1",
    "payment_id": PAYMENT_ID,
    "amount": 5000,
    "currency": "INR",
    "status": "PROCESSED",
    "reason": "Customer requested",
    "payment_status": "CAPTURED",
    "error_code": None,
    "created_at": _AT,
}
TIMELINE: Final = {
    "payment_id": PAYMENT_ID,
    "data": [
        {
            "kind": "transition",
            "at": _AT,
            "action": "create",
            "from_status": None,
            "to_status": "CREATED",
            "amount": None,
        },
        {
            "kind": "event",
            "at": _AT,
            "event_id": "0199d3c2-5f00-7000-8000-0000000000e2",
            "event": "payment.created",
        },
    ],
}
MERCHANT: Final = {
    "id": "0199d3c2-5f00-7000-8000-0000000000c1",
    "name": "First merchant",
    "email": None,
    "default_currency": "INR",
    "webhook_url": "http://localhost:3000/hook",
    "is_active": True,
    "created_at": _AT,
}
_KEY: Final = {
    "id": "0199d3c2-5f00-7000-8000-0000000000f1",
    "name": "CI",
    "public_key": "pk_test_1VxoNpuMMhDyeuw5oZdDdVpBTbanhghV2",
    "created_at": _AT,
}
KEY: Final = {**_KEY, "last4": "IO5i", "last_used_at": None, "expires_at": None, "revoked_at": None}
ISSUED_KEY: Final = {
    **_KEY,
    "secret_key": "sk_test_0iAXrhiyabN5Wsl9zOq1yUT5UGrSUO5is",
    "expires_at": None,
    "previous_expires_at": None,
}


def page_of(example: dict[str, Any]) -> dict[str, Any]:
    """A page with one row."""
    return {"data": [example], "has_more": False, "next_cursor": None}


def answers(status: int, example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """An example for the answer of a route."""
    return {status: {"content": {"application/json": {"example": example}}}}


def asks(**examples: dict[str, Any]) -> dict[str, Any]:
    """Examples for the body of a route."""
    shown = {name: {"value": value} for name, value in examples.items()}
    return {"requestBody": {"content": {"application/json": {"examples": shown}}}}
