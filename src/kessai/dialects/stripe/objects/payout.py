"""Payouts as the Stripe API shows them."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import amount_of
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.entry import reversal_id
from kessai.domain.payout import Payout, PayoutStatus

STATUSES: Final = {
    PayoutStatus.PENDING: "pending",
    PayoutStatus.PAID: "paid",
    PayoutStatus.CANCELED: "canceled",
}


def payout(value: Payout, _public_url: str = "") -> Object:
    """A payout. Where it goes to is not simulated: a bank account that nobody can look at."""
    is_back = value.canceled_at is not None
    is_paid = value.status is PayoutStatus.PAID
    return {
        "id": encode("po", value.id),
        "object": "payout",
        "amount": amount_of(value.amount),
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": seconds(value.arrives_at),
        "automatic": False,
        "balance_transaction": encode("txn", value.id),
        "created": seconds(value.created_at),
        "currency": value.amount.currency.lower(),
        "description": value.description,
        "destination": None,
        "failure_balance_transaction": encode("txn", reversal_id(value.id)) if is_back else None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(value.metadata),
        "method": value.method.value,
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": value.statement_descriptor,
        "status": STATUSES[value.status],
        "trace_id": {
            "status": "supported" if is_paid else "pending",
            "value": value.id.replace("-", "")[:15] if is_paid else None,
        },
        "type": "bank_account",
    }
