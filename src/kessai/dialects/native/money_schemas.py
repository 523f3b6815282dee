"""The wire shapes of disputes, balances and payouts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from kessai.dialects.native.schemas import (
    DELAY_MAX_S,
    Amount,
    Currency,
    Id,
    In,
    ListQuery,
    Metadata,
    Moment,
    page_of,
    text,
)
from kessai.domain.dispute import DisputeStatus
from kessai.domain.entry import EntryKind
from kessai.domain.payout import PayoutMethod, PayoutStatus
from kessai.http.routes import Out

EVIDENCE_MAX: Final = 20_000
"""Characters of one piece of evidence; the body of a request bounds all of them together."""

Evidence = Annotated[str, text(EVIDENCE_MAX)] | None


class EvidenceIn(In):
    """What speaks for the merchant. A piece that is null is taken away again."""

    access_activity_log: Evidence = None
    billing_address: Evidence = None
    cancellation_policy_disclosure: Evidence = None
    cancellation_rebuttal: Evidence = None
    customer_email_address: Evidence = None
    customer_name: Evidence = None
    customer_purchase_ip: Evidence = None
    duplicate_charge_explanation: Evidence = None
    duplicate_charge_id: Evidence = None
    product_description: Evidence = None
    refund_policy_disclosure: Evidence = None
    refund_refusal_explanation: Evidence = None
    service_date: Evidence = None
    shipping_address: Evidence = None
    shipping_carrier: Evidence = None
    shipping_date: Evidence = None
    shipping_tracking_number: Evidence = None
    uncategorized_text: Evidence = Field(
        None,
        description="`winning_evidence`, `losing_evidence` and `escalate_inquiry_evidence` decide at once",
        examples=["winning_evidence"],
    )


class DisputeAnswerIn(In):
    """What is sent is added to what was kept; metadata takes the place of what there was."""

    evidence: EvidenceIn = Field(default_factory=EvidenceIn)
    metadata: Metadata | None = None
    submit: bool = Field(True, description="Send the evidence in, which is done once; false only keeps it")


class DisputeQuery(ListQuery):
    """Filters of the list of disputes, in any combination."""

    payment_id: Id | None = Field(None, description="Only disputes of this payment")
    status: DisputeStatus | None = None
    created_from: Moment | None = Field(None, description="At this moment or later")
    created_to: Moment | None = Field(None, description="Before this moment")


class DisputeOut(Out):
    """A dispute, or an inquiry, whose status is a warning. `lapsed`: nobody answered in time.

    `withdrawn_amount` and `fee` left the balance at `withdrawn_at`; both came back at `reinstated_at`.
    """

    id: str
    payment_id: str
    amount: int
    currency: str
    reason: str
    status: DisputeStatus
    evidence: dict[str, Any]
    evidence_due_at: datetime
    submission_count: int
    lapsed: bool
    withdrawn_amount: int
    fee: int
    withdrawn_at: datetime | None
    reinstated_at: datetime | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime


class HoldingOut(Out):
    """What there is of one currency; negative when more was taken back than there was."""

    currency: str
    available: int
    pending: int


class BalanceOut(Out):
    """What there is, by currency."""

    data: list[HoldingOut]


class EntryQuery(ListQuery):
    """Filters of the list of entries, in any combination."""

    type: EntryKind | None = None
    payment_id: Id | None = Field(None, description="Of this payment, its refunds and its disputes")
    currency: Currency | None = None
    created_from: Moment | None = Field(None, description="At this moment or later")
    created_to: Moment | None = Field(None, description="Before this moment")


class EntryOut(Out):
    """What a payment, refund, dispute or payout put into the balance or, if negative, took out of it.

    `source_id` is whose entry it is. The balance changes by `net`, which is `amount` less `fee`.
    """

    id: str
    type: EntryKind
    source_id: str
    amount: int
    fee: int
    net: int
    currency: str
    description: str | None
    available: bool
    available_at: datetime
    created_at: datetime


class PayoutIn(In):
    """A payout to be made."""

    amount: Amount
    currency: Currency | None = None
    method: Literal[tuple(each.value for each in PayoutMethod)] = "standard"  # type: ignore[valid-type]
    description: Annotated[str, text(500)] | None = None
    statement_descriptor: Annotated[str, text(22)] | None = Field(
        None, description="What the bank's statement is to say"
    )
    metadata: Metadata = Field(default_factory=dict)
    delay_s: Annotated[int, Field(ge=0, le=DELAY_MAX_S)] | None = Field(
        None, description="How long it takes; by default a day, or half an hour when it is `instant`"
    )


class PayoutQuery(ListQuery):
    """Filters of the list of payouts, in any combination."""

    status: PayoutStatus | None = None
    currency: Currency | None = None
    created_from: Moment | None = Field(None, description="At this moment or later")
    created_to: Moment | None = Field(None, description="Before this moment")


class PayoutOut(Out):
    """A payout as it stands. It arrives at `arrives_at` unless it was canceled."""

    id: str
    amount: int
    currency: str
    status: PayoutStatus
    method: PayoutMethod
    description: str | None
    statement_descriptor: str | None
    metadata: dict[str, str]
    arrives_at: datetime
    canceled_at: datetime | None
    created_at: datetime
    updated_at: datetime


DisputePage: Final = page_of(DisputeOut, "DisputePage")
EntryPage: Final = page_of(EntryOut, "BalanceEntryPage")
PayoutPage: Final = page_of(PayoutOut, "PayoutPage")
