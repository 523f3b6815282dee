"""Refunds as the Stripe API shows them."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import amount_of
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.entry import reversal_id
from kessai.domain.refund import Refund, RefundStatus
from kessai.simulation.settlement import TAKEN_BACK

STATUSES: Final = {
    RefundStatus.PENDING: "pending",
    RefundStatus.PROCESSED: "succeeded",
    RefundStatus.FAILED: "failed",
    RefundStatus.CANCELED: "canceled",
}
REASONS: Final = frozenset({"duplicate", "fraudulent", "requested_by_customer", "expired_uncaptured_charge"})


def refund(value: Refund, _public_url: str = "") -> Object:
    """A refund, whoever made it. Reasons in free words, which the native API takes, are not shown."""
    details = value.details or {}
    shown: Object = {
        "id": encode("re", value.id),
        "object": "refund",
        "amount": amount_of(value.amount),
        # What was only held and let go has moved no money.
        "balance_transaction": None if value.is_release else encode("txn", value.id),
        "charge": details.get("charge") or encode("ch", value.payment_id),
        "created": seconds(value.created_at),
        "currency": value.amount.currency.lower(),
        "customer": details.get("customer"),
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference": value.id.replace("-", "")[-12:],
                "reference_status": "available" if value.status is RefundStatus.PROCESSED else "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": dict(details.get("metadata") or {}),
        "payment_intent": details.get("payment_intent"),
        "payment_method": details.get("payment_method"),
        "reason": value.reason if value.reason in REASONS else None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": STATUSES[value.status],
        "transfer_reversal": None,
    }
    if value.status is RefundStatus.PENDING:
        shown["pending_reason"] = "processing"
    if value.status in TAKEN_BACK:
        shown["failure_balance_transaction"] = encode("txn", reversal_id(value.id))
    if value.status is RefundStatus.FAILED:
        shown["failure_reason"] = "unknown"
    return shown
