"""A refund: some or all of what was captured, on its way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from kessai.domain.ids import MerchantId, PaymentId, RefundId
from kessai.domain.money import Money
from kessai.domain.transitions import Status
from kessai.domain.values import value


class RefundStatus(StrEnum):
    """PENDING until the bank has answered; the others are final."""

    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@value(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund. `payment_status` is where the payment stood after it.

    `details` are what a dialect was told of it and shows again, which no rule looks at.
    """

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
    details: Mapping[str, Any] | None = None

    @property
    def is_release(self) -> bool:
        """Whether it let go what was only held: then no money has moved."""
        return self.payment_status is Status.VOIDED
