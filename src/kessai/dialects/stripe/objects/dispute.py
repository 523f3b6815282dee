"""Disputes as the Stripe API shows them."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import amount_of
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.objects.balance_transaction import balance_transaction
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.dispute import Dispute, DisputeStatus
from kessai.simulation.settlement import entries_of

STATUSES: Final = {
    DisputeStatus.NEEDS_RESPONSE: "needs_response",
    DisputeStatus.UNDER_REVIEW: "under_review",
    DisputeStatus.WON: "won",
    DisputeStatus.LOST: "lost",
    DisputeStatus.WARNING_NEEDS_RESPONSE: "warning_needs_response",
    DisputeStatus.WARNING_UNDER_REVIEW: "warning_under_review",
    DisputeStatus.WARNING_CLOSED: "warning_closed",
}
EVIDENCE: Final = (
    *("access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure"),
    *("cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name"),
    *("customer_purchase_ip", "customer_signature", "duplicate_charge_documentation"),
    *("duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt"),
    *("refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date"),
    *("service_documentation", "shipping_address", "shipping_carrier", "shipping_date"),
    *("shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text"),
)
"""The pieces of evidence there are, but for `enhanced_evidence`, which is not simulated."""
_NONCOMPLIANT: Final = "noncompliant"
"""What the network's rules do not allow. Source: Stripe, "Visa compliance disputes", read 2026-11-27."""
_NETWORK_REASONS: Final = {
    ("visa", "fraudulent"): "10.4",
    ("visa", "product_not_received"): "13.1",
    ("mastercard", "fraudulent"): "4837",
    ("mastercard", "product_not_received"): "4853",
}


def dispute(value: Dispute, _public_url: str = "") -> Object:
    """A dispute, or an inquiry."""
    has_moved_money = value.withdrawn_at is not None
    return {
        "id": encode("du", value.id),
        "object": "dispute",
        "amount": amount_of(value.amount),
        # Newest first, as lists are. What a dispute moves never has to wait.
        "balance_transactions": [
            balance_transaction(each) for each in reversed(entries_of(value, value.updated_at))
        ],
        "charge": encode("ch", value.payment_id),
        "created": seconds(value.created_at),
        "currency": value.amount.currency.lower(),
        "enhanced_eligibility_types": [],
        "evidence": {**{name: value.evidence.get(name) for name in EVIDENCE}, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": seconds(value.evidence_due_at),
            "enhanced_eligibility": {},
            "has_evidence": bool(value.evidence),
            "past_due": value.is_lapsed,
            "submission_count": value.submission_count,
            "submission_method": "manual" if value.submission_count else "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": not has_moved_money and not value.is_closed,
        "livemode": False,
        "metadata": dict(value.metadata),
        "payment_intent": value.intent_id and encode("pi", value.intent_id),
        "payment_method_details": {
            "card": {
                "brand": value.brand,
                "case_type": _case_type(value),
                "network": value.brand,
                "network_reason_code": _NETWORK_REASONS.get((value.brand, value.reason)),
            },
            "type": "card",
        },
        "reason": value.reason,
        "status": STATUSES[value.status],
    }


def _case_type(value: Dispute) -> str:
    if value.withdrawn_at is None:
        return "inquiry"
    return "compliance" if value.reason == _NONCOMPLIANT else "chargeback"
