"""Disputes, balances and payouts in the native API's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kessai.domain.dispute import Dispute
from kessai.domain.entry import Entry, Holding
from kessai.domain.payout import Payout


def dispute_out(dispute: Dispute) -> dict[str, Any]:
    """A dispute, or an inquiry."""
    return {
        "id": dispute.id,
        "payment_id": dispute.payment_id,
        "amount": dispute.amount.minor,
        "currency": dispute.amount.currency,
        "reason": dispute.reason,
        "status": dispute.status.value,
        "evidence": dispute.evidence,
        "evidence_due_at": dispute.evidence_due_at,
        "submission_count": dispute.submission_count,
        "lapsed": dispute.is_lapsed,
        "withdrawn_amount": dispute.withdrawn.minor if dispute.withdrawn else 0,
        "fee": dispute.fee.minor if dispute.fee else 0,
        "withdrawn_at": dispute.withdrawn_at,
        "reinstated_at": dispute.reinstated_at,
        "metadata": dispute.metadata,
        "created_at": dispute.created_at,
        "updated_at": dispute.updated_at,
    }


def balance_out(holdings: Mapping[str, Holding], default_currency: str) -> dict[str, Any]:
    """What there is, by currency; the merchant's own is there even when there never was any of it."""
    shown = {default_currency: Holding(), **holdings}
    return {
        "data": [
            {"currency": currency, "available": shown[currency].available, "pending": shown[currency].pending}
            for currency in sorted(shown)
        ]
    }


def entry_out(entry: Entry) -> dict[str, Any]:
    """An entry as it stands now."""
    return {
        "id": entry.id,
        "type": entry.kind.value,
        "source_id": entry.source_id,
        "amount": entry.amount,
        "fee": entry.fee,
        "net": entry.net,
        "currency": entry.currency,
        "description": entry.description,
        "available": entry.is_available,
        "available_at": entry.available_at,
        "created_at": entry.created_at,
    }


def payout_out(payout: Payout) -> dict[str, Any]:
    """A payout as it stands."""
    return {
        "id": payout.id,
        "amount": payout.amount.minor,
        "currency": payout.amount.currency,
        "status": payout.status.value,
        "method": payout.method.value,
        "description": payout.description,
        "statement_descriptor": payout.statement_descriptor,
        "metadata": payout.metadata,
        "arrives_at": payout.arrives_at,
        "canceled_at": payout.canceled_at,
        "created_at": payout.created_at,
        "updated_at": payout.updated_at,
    }
