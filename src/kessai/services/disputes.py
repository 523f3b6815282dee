"""Disputes: opened with the payment if its card says so, answered with evidence, decided at once or by time.

Source: Stripe, "Test disputes" and "Disputes", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.dispute import (
    AWAITING_EVIDENCE,
    EVIDENCE_WITHIN,
    Dispute,
    DisputeAction,
    DisputeStatus,
)
from kessai.domain.errors import ConflictError
from kessai.domain.event import Event, EventType
from kessai.domain.ids import MerchantId
from kessai.domain.money import Money
from kessai.domain.payment import Payment
from kessai.domain.transitions import Action, Status
from kessai.services.finding import found
from kessai.services.payments import Payments
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.simulation.settlement import dispute_fee
from kessai.simulation.table import SIMULATIONS, DisputeOnCharge
from kessai.simulation.warnings import is_warned_of
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted
from kessai.storage.windows import Page

_TEXT: Final = "uncategorized_text"
_DECIDES: Final[Mapping[str, DisputeAction]] = {
    "winning_evidence": DisputeAction.WIN,
    "losing_evidence": DisputeAction.LOSE,
    "escalate_inquiry_evidence": DisputeAction.ESCALATE,
}
"""Words of the evidence's text that settle it as soon as it is sent in."""
_TAKES: Final = frozenset({Action.CAPTURE, Action.SETTLE})


class Disputes:
    """The use cases of disputes. Methods that write return what is to be written; who asked commits it."""

    def __init__(self, database: Database, ids: IdFactory, teller: Teller, payments: Payments) -> None:
        self._repository = DocumentRepository(database, Dispute)
        self._ids = ids
        self._teller = teller
        self._payments = payments

    def follow(self, change: Change) -> Change:
        """The same change, with the disputes of a payment that it captures, and its issuer's warning."""
        payment = change.payment
        if payment is None or not _is_taken_now(payment):
            return change
        at = payment.updated_at
        if is_warned_of(payment):
            warned = self._teller.of_payment(EventType.PAYMENT_WARNED, payment, at)
            change = replace(change, events=(*change.events, warned))
        wanted = SIMULATIONS[payment.order.simulate].dispute
        if wanted is None or payment.charge_details.dispute_id is not None:
            return change
        opened = [self._opened(payment, wanted, at) for _ in range(wanted.count)]
        told = tuple(event for dispute in opened for event in self._told_of_new(dispute, at))
        disputed = replace(payment, details=replace(payment.charge_details, dispute_id=opened[0].id))
        return replace(
            change,
            payment=disputed,
            records=(*change.records, *opened),
            events=(*change.events, *told),
        )

    async def get(self, merchant_id: MerchantId, dispute_id: str) -> Dispute:
        """A merchant's dispute.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, dispute_id), "dispute")

    async def list(self, merchant_id: MerchantId, wanted: Wanted, *, limit: int) -> Sequence[Dispute]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1)

    async def page(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Dispute], bool],
    ) -> Page[Dispute]:
        """Newest first, at most `limit` for which `where` holds; the page says where the list goes on."""
        return await self._repository.page(merchant_id, wanted, limit=limit, where=where)

    async def answer(
        self,
        dispute: Dispute,
        evidence: Mapping[str, Any],
        metadata: Mapping[str, str],
        *,
        submit: bool,
        at: datetime,
    ) -> tuple[Dispute, Change]:
        """Keep evidence and metadata; with `submit`, send the evidence in, which decides it if it says so.

        Raises:
            ConflictError: it was answered or decided already, and there is evidence or something to submit.
        """
        is_answered = submit or evidence != dispute.evidence
        if is_answered and dispute.status not in AWAITING_EVIDENCE:
            raise ConflictError(f"a dispute that is {dispute.status.value} takes no evidence")
        changed = dispute.saved_again(at=at, evidence=evidence, metadata=metadata)
        if not submit:
            return self._told(dispute, changed, at)
        submitted = replace(changed, submission_count=changed.submission_count + 1)
        action = _DECIDES.get(str(evidence.get(_TEXT) or "").strip(), DisputeAction.SUBMIT)
        if action is DisputeAction.ESCALATE:
            return await self._escalated(dispute, submitted, at)
        return self._acted(dispute, submitted, action, at)

    def close(self, dispute: Dispute, *, at: datetime) -> tuple[Dispute, Change]:
        """Give in.

        Raises:
            ConflictError: it is decided already.
        """
        if dispute.is_closed:
            raise ConflictError(f"a dispute that is {dispute.status.value} is decided for good")
        return self._acted(dispute, dispute.saved_again(at=at), DisputeAction.LOSE, at)

    async def due(self, dispute: Dispute, at: datetime) -> Change:
        """Time is up: what was not won is lost, and an inquiry is over."""
        is_lapsed = dispute.status in AWAITING_EVIDENCE
        lapsed = dispute.saved_again(at=at, is_lapsed=is_lapsed)
        return self._acted(dispute, lapsed, DisputeAction.LOSE, at)[1]

    def _opened(self, payment: Payment, wanted: DisputeOnCharge, at: datetime) -> Dispute:
        instrument = payment.order.instrument
        opened = Dispute(
            id=self._ids.new_id(at),
            merchant_id=payment.merchant_id,
            created_at=at,
            updated_at=at,
            payment_id=payment.id,
            intent_id=payment.order.intent_id,
            brand=(instrument.brand if instrument else None) or "visa",
            amount=payment.captured,
            reason=wanted.reason,
            status=DisputeStatus.WARNING_NEEDS_RESPONSE
            if wanted.is_inquiry
            else DisputeStatus.NEEDS_RESPONSE,
            evidence={},
            evidence_due_at=at + _answered_within(payment),
            metadata={},
        )
        return opened if wanted.is_inquiry else _withdrawn(opened, payment.captured, at)

    def _told_of_new(self, dispute: Dispute, at: datetime) -> Sequence[Event]:
        kinds = [EventType.DISPUTE_CREATED]
        kinds += [EventType.DISPUTE_FUNDS_WITHDRAWN] if dispute.holds_money else []
        return [self._teller.of_document(kind, dispute, at) for kind in kinds]

    async def _escalated(self, before: Dispute, submitted: Dispute, at: datetime) -> tuple[Dispute, Change]:
        """The inquiry becomes a dispute of what has not been refunded since."""
        escalated = submitted.moved(DisputeAction.ESCALATE)
        payment = await self._payments.get(before.merchant_id, before.payment_id)
        left = payment.refundable
        if not left:
            return self._acted(before, submitted, DisputeAction.LOSE, at)
        open_again = replace(escalated, evidence={}, evidence_due_at=at + _answered_within(payment))
        withdrawn = _withdrawn(open_again, Money(min(left.minor, before.amount.minor), left.currency), at)
        changed, change = self._told(before, withdrawn, at)
        told = self._teller.of_document(EventType.DISPUTE_FUNDS_WITHDRAWN, withdrawn, at)
        return changed, replace(change, events=(*change.events, told))

    def _acted(
        self, before: Dispute, changed: Dispute, action: DisputeAction, at: datetime
    ) -> tuple[Dispute, Change]:
        """`changed` after an action, with all that tells of it."""
        moved = changed.moved(action)
        kinds = [EventType.DISPUTE_CLOSED] if moved.is_closed else []
        if moved.status is DisputeStatus.WON:
            moved = moved.reinstate(at=at)
            kinds.append(EventType.DISPUTE_FUNDS_REINSTATED)
        after, change = self._told(before, moved, at)
        told = tuple(self._teller.of_document(kind, after, at) for kind in kinds)
        return after, replace(change, events=(*change.events, *told))

    def _told(self, before: Dispute, after: Dispute, at: datetime) -> tuple[Dispute, Change]:
        told = self._teller.of_document(EventType.DISPUTE_UPDATED, after, at, before=before)
        return after, Change(records=(after,), events=(told,))


def _is_taken_now(payment: Payment) -> bool:
    is_taken = payment.status is Status.CAPTURED and payment.transitions[-1].action in _TAKES
    # What is told of it later is no new capture.
    return is_taken and payment.captured_at == payment.updated_at


def _answered_within(payment: Payment) -> timedelta:
    """How long its merchant has: as long as the payment's order says, if it does."""
    return payment.order.delay or EVIDENCE_WITHIN


def _withdrawn(dispute: Dispute, amount: Money, at: datetime) -> Dispute:
    return dispute.withdraw(amount, dispute_fee(amount.currency), at=at)
