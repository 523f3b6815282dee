"""A refund: some or all of what was captured, on its way back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kessai.domain.ids import MerchantId, PaymentId, RefundId
from kessai.domain.money import Money
from kessai.domain.transitions import Status
from kessai.domain.values import value


class RefundStatus(StrEnum):
    """PENDING until the bank has answered; PROCESSED and FAILED are final."""

    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


@value(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund. `payment_status` is where the payment stood after it."""

    id: RefundId
    merchant_id: MerchantId
    payment_id: PaymentId
    amount: Money
    status: RefundStatus
    reason: str | None
    payment_status: Status
    error_code: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int = 1
