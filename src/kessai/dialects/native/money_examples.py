"""What the OpenAPI document shows of disputes, balances and payouts."""

from __future__ import annotations

from typing import Final

from kessai.dialects.native.examples import PAYMENT_ID

_AT: Final = "2026-01-31T12:00:00Z"

DISPUTE: Final = {
    "id": "0199d3c2-5f00-7000-8000-000000000091",
    "payment_id": PAYMENT_ID,
    "amount": 10000,
    "currency": "INR",
    "reason": "fraudulent",
    "status": "NEEDS_RESPONSE",
    "evidence": {},
    "evidence_due_at": "2026-02-09T12:00:00Z",
    "submission_count": 0,
    "lapsed": False,
    "withdrawn_amount": 10000,
    "fee": 1500,
    "withdrawn_at": _AT,
    "reinstated_at": None,
    "metadata": {},
    "created_at": _AT,
    "updated_at": _AT,
}
WON: Final = {
    **DISPUTE,
    "status": "WON",
    "evidence": {"uncategorized_text": "winning_evidence"},
    "submission_count": 1,
    "reinstated_at": _AT,
}
LOST: Final = {**DISPUTE, "status": "LOST"}
BALANCE: Final = {"data": [{"currency": "INR", "available": 9680, "pending": 0}]}
ENTRY: Final = {
    "id": PAYMENT_ID,
    "type": "payment",
    "source_id": PAYMENT_ID,
    "amount": 10000,
    "fee": 320,
    "net": 9680,
    "currency": "INR",
    "description": "Order #123",
    "available": False,
    "available_at": "2026-02-02T12:00:00Z",
    "created_at": _AT,
}
PAYOUT: Final = {
    "id": "0199d3c2-5f00-7000-8000-000000000092",
    "amount": 9000,
    "currency": "INR",
    "status": "PENDING",
    "method": "standard",
    "description": "Rent",
    "statement_descriptor": None,
    "metadata": {},
    "arrives_at": "2026-02-01T12:00:00Z",
    "canceled_at": None,
    "created_at": _AT,
    "updated_at": _AT,
}
CANCELED: Final = {**PAYOUT, "status": "CANCELED", "canceled_at": _AT}
