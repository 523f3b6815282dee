"""A refund: some or all of what was captured, on its way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from kessai.domain.ids import MerchantId, PaymentId, RefundId
from kessai.domain.instrument import InstrumentType
from kessai.domain.money import Money
from kessai.domain.transitions import Status
from kessai.domain.values import value

ASKED_FOR: Final = timedelta(days=45)
"""How long a payer has to say where their money is to go: Stripe's time."""


class RefundStatus(StrEnum):
    """REQUIRES_ACTION while its payer is asked where to, PENDING while the bank is; the others are final."""

    REQUIRES_ACTION = "REQUIRES_ACTION"
    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@value(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund. `payment_status` is where the payment stood after it.

    `instrument_type` is what it goes back to, None if that is not known. `due_at` is when the clock moves it.
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
    instrument_type: InstrumentType | None = None

    @property
    def is_release(self) -> bool:
        """Whether it let go what was only held: then no money has moved."""
        return self.payment_status is Status.VOIDED

    @property
    def is_to_card(self) -> bool:
        """Whether it goes back to a card; what is not known is taken for one."""
        return self.instrument_type in (None, InstrumentType.CARD)

    def moved(self, status: RefundStatus, *, at: datetime, **facts: Any) -> Refund:
        """The next version, which the clock leaves alone unless `due_at` is among `facts`."""
        # `facts` are fields of this class; `replace` refuses any other name.
        changed = {"due_at": None, **facts}
        return replace(self, status=status, updated_at=at, version=self.version + 1, **changed)
