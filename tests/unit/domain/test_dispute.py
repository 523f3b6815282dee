"""Where disputes and payouts go, and where they do not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kessai.domain.dispute import (
    CLOSED,
    DISPUTE_TRANSITIONS,
    EVIDENCE_WITHIN,
    Dispute,
    DisputeAction,
    DisputeStatus,
)
from kessai.domain.errors import ConflictError
from kessai.domain.ids import MerchantId
from kessai.domain.money import Money
from kessai.domain.payout import PAYOUT_TRANSITIONS, Payout, PayoutAction, PayoutStatus

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
MADE: dict[str, Any] = {
    "id": "0199d3c2-5f00-7abc-8def-0123456789ab",
    "merchant_id": MerchantId("0199d3c2-5f00-7abc-8def-0123456789ac"),
    "created_at": AT,
    "updated_at": AT,
    "amount": Money(100, "USD"),
    "metadata": {},
}


def dispute(status: DisputeStatus) -> Dispute:
    return Dispute(
        **MADE,
        payment_id="0199d3c2-5f00-7abc-8def-0123456789ad",
        brand="visa",
        reason="fraudulent",
        status=status,
        evidence={},
        evidence_due_at=AT + EVIDENCE_WITHIN,
    )


def payout(status: PayoutStatus) -> Payout:
    return Payout(**MADE, status=status, arrives_at=AT)


@pytest.mark.parametrize("status", DisputeStatus)
@pytest.mark.parametrize("action", DisputeAction)
def test_a_dispute_goes_where_the_table_says(status: DisputeStatus, action: DisputeAction) -> None:
    target = DISPUTE_TRANSITIONS.get((status, action))
    if target is None:
        with pytest.raises(ConflictError):
            dispute(status).moved(action)
    else:
        assert dispute(status).moved(action).status is target


@pytest.mark.parametrize("status", DisputeStatus)
def test_time_ends_every_dispute_that_is_open(status: DisputeStatus) -> None:
    is_open = status not in CLOSED

    assert (dispute(status).due_at == AT + EVIDENCE_WITHIN) is is_open
    assert ((status, DisputeAction.LOSE) in DISPUTE_TRANSITIONS) is is_open


@pytest.mark.parametrize("status", PayoutStatus)
@pytest.mark.parametrize("action", PayoutAction)
def test_a_payout_goes_where_the_table_says(status: PayoutStatus, action: PayoutAction) -> None:
    target = PAYOUT_TRANSITIONS.get((status, action))
    if target is None:
        with pytest.raises(ConflictError):
            payout(status).moved(action)
    else:
        assert payout(status).moved(action).status is target
    assert (payout(status).due_at is None) is (status is not PayoutStatus.PENDING)
