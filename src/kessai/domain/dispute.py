"""A dispute: the holder of a card wants a payment back. An inquiry asks first, and may become one.

Source: Stripe, "Disputes" and "Test disputes", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final

from kessai.domain.document import Document
from kessai.domain.errors import ConflictError
from kessai.domain.money import Money
from kessai.domain.values import value

EVIDENCE_WITHIN: Final = timedelta(days=9)
"""How long a merchant has to answer; card networks give seven days to three weeks."""


class DisputeStatus(StrEnum):
    """NEEDS_RESPONSE until it is answered or time is up; those that begin with WARNING are inquiries."""

    NEEDS_RESPONSE = "NEEDS_RESPONSE"
    UNDER_REVIEW = "UNDER_REVIEW"
    WON = "WON"
    LOST = "LOST"
    WARNING_NEEDS_RESPONSE = "WARNING_NEEDS_RESPONSE"
    WARNING_UNDER_REVIEW = "WARNING_UNDER_REVIEW"
    WARNING_CLOSED = "WARNING_CLOSED"


class DisputeAction(StrEnum):
    """What moves a dispute: evidence that was sent in, and what is made of it."""

    SUBMIT = "submit"
    WIN = "win"
    LOSE = "lose"
    ESCALATE = "escalate"


DISPUTE_TRANSITIONS: Final[Mapping[tuple[DisputeStatus, DisputeAction], DisputeStatus]] = MappingProxyType(
    {
        (DisputeStatus.NEEDS_RESPONSE, DisputeAction.SUBMIT): DisputeStatus.UNDER_REVIEW,
        (DisputeStatus.NEEDS_RESPONSE, DisputeAction.WIN): DisputeStatus.WON,
        (DisputeStatus.NEEDS_RESPONSE, DisputeAction.LOSE): DisputeStatus.LOST,
        (DisputeStatus.UNDER_REVIEW, DisputeAction.LOSE): DisputeStatus.LOST,
        (DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeAction.SUBMIT): DisputeStatus.WARNING_UNDER_REVIEW,
        (DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeAction.ESCALATE): DisputeStatus.NEEDS_RESPONSE,
        (DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeAction.WIN): DisputeStatus.WARNING_CLOSED,
        (DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeAction.LOSE): DisputeStatus.WARNING_CLOSED,
        (DisputeStatus.WARNING_UNDER_REVIEW, DisputeAction.LOSE): DisputeStatus.WARNING_CLOSED,
    }
)
"""Where each action leads. An inquiry has no winner: however it is answered, it is closed, or a dispute."""

AWAITING_EVIDENCE: Final = frozenset({DisputeStatus.NEEDS_RESPONSE, DisputeStatus.WARNING_NEEDS_RESPONSE})
CLOSED: Final = frozenset({DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.WARNING_CLOSED})


@value(frozen=True, slots=True, kw_only=True)
class Dispute(Document):
    """A dispute of a payment that was made with a card of `brand`.

    `withdrawn` and `fee` were taken out of the balance at `withdrawn_at`; both came back at
    `reinstated_at`. `is_lapsed`: nobody answered in time.
    """

    kind: ClassVar[str] = "dispute"

    payment_id: str
    intent_id: str | None = None
    brand: str
    amount: Money
    reason: str
    status: DisputeStatus
    evidence: Mapping[str, Any]
    evidence_due_at: datetime
    submission_count: int = 0
    is_lapsed: bool = False
    withdrawn: Money | None = None
    fee: Money | None = None
    withdrawn_at: datetime | None = None
    reinstated_at: datetime | None = None
    metadata: Mapping[str, str]

    @property
    def owner_id(self) -> str | None:
        return self.payment_id

    @property
    def due_at(self) -> datetime | None:
        return None if self.is_closed else self.evidence_due_at

    @property
    def is_closed(self) -> bool:
        """Whether it is decided for good."""
        return self.status in CLOSED

    @property
    def holds_money(self) -> bool:
        """Whether what it is about is out of the merchant's balance now."""
        return self.withdrawn_at is not None and self.reinstated_at is None

    def moved(self, action: DisputeAction) -> Dispute:
        """The same version after an action.

        Raises:
            ConflictError: it does not lead anywhere from here.
        """
        target = DISPUTE_TRANSITIONS.get((self.status, action))
        if target is None:
            raise ConflictError(f"cannot {action.value} a dispute that is {self.status.value}")
        return replace(self, status=target)

    def withdraw(self, amount: Money, fee: Money, *, at: datetime) -> Dispute:
        """The same version, with its money taken out of the balance."""
        return replace(self, amount=amount, withdrawn=amount, fee=fee, withdrawn_at=at)

    def reinstate(self, *, at: datetime) -> Dispute:
        """The same version, with its money given back, and the fee."""
        return replace(self, reinstated_at=at)
