"""Refunds: what was captured is given back; and what the bank, the clock and a dialect make of that.

Every method reads, decides and returns what is to be written; the exchange or the worker commits it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from kessai.domain.change import Change
from kessai.domain.dispute import Dispute
from kessai.domain.errors import ConflictError
from kessai.domain.event import Event, EventType
from kessai.domain.ids import MerchantId, RefundId
from kessai.domain.money import Money
from kessai.domain.payment import Payment, new_refund
from kessai.domain.refund import ASKED_FOR, Refund, RefundStatus
from kessai.services.finding import found
from kessai.services.payments import Payments
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.simulation.decide import refunds_fail, refunds_wait
from kessai.simulation.settlement import TAKEN_BACK
from kessai.simulation.table import DEFAULT_DELAY, REFUND_EXPIRED, REFUND_FAILED
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.repositories.payments import PaymentRepository
from kessai.storage.scanning import Wanted


class Refunds:
    """The use cases of refunds."""

    def __init__(self, database: Database, ids: IdFactory, teller: Teller, payments: Payments) -> None:
        self._repository = PaymentRepository(database)
        self._disputes = DocumentRepository(database, Dispute)
        self._ids = ids
        self._teller = teller
        self._payments = payments

    async def create(
        self,
        merchant_id: MerchantId,
        payment_id: str,
        amount: int | None,
        reason: str | None,
        *,
        at: datetime,
        details: Mapping[str, Any] | None = None,
        asks_payer: bool = False,
    ) -> tuple[Refund, Change]:
        """Give back some or all of what was captured.

        With `details`, which a dialect shows again, the refund is told of by an event of its own as well, and
        one that fails does so only after it went through. `asks_payer`: there is no way back to what paid, so
        the payer is asked where the money is to go.

        Raises:
            ConflictError: a dispute holds its money, or has for good.
        """
        captured = await self._payments.get(merchant_id, payment_id)
        if await self.is_charged_back(captured):
            raise ConflictError("a payment that was charged back cannot be refunded")
        at = captured.not_before(at)
        asked = None if amount is None else Money(amount, captured.order.amount.currency)
        payment, given = captured.refund(asked, at=at)
        made = replace(
            new_refund(RefundId(self._ids.new_id(at)), payment, given, reason, at=at), details=details
        )
        payment, refund, told = _begun(payment, made, at, asks_payer=asks_payer)
        payment = payment.saved_again()
        tell = self._teller.of_payment
        new = () if details is None else (tell(EventType.REFUND_CREATED, payment, at, refund=refund),)
        events = (*new, tell(told, payment, at, refund=refund, before=captured))
        return refund, Change(payment=payment, refund=refund, events=events)

    def release(
        self, payment: Payment, reason: str | None, details: Mapping[str, Any], *, at: datetime
    ) -> tuple[Refund, Change]:
        """Let all that is held go untaken, and tell of it as a refund that moved no money.

        Raises:
            TransitionNotAllowedError: nothing is held.
        """
        at = payment.not_before(at)
        canceled = payment.cancel(at=at).saved_again()
        made = new_refund(RefundId(self._ids.new_id(at)), canceled, payment.order.amount, reason, at=at)
        refund = replace(made, details=details)
        events = (
            self._teller.of_payment(EventType.REFUND_CREATED, canceled, at, refund=refund),
            self._teller.of_payment(EventType.PAYMENT_CANCELED, canceled, at, refund=refund, before=payment),
        )
        return refund, Change(payment=canceled, refund=refund, events=events)

    async def is_charged_back(self, payment: Payment) -> bool:
        """Whether a dispute holds the money of a payment, or has for good: then it cannot be refunded."""
        if payment.details is None or payment.details.dispute_id is None:
            return False
        held = await self._disputes.list(
            payment.merchant_id, Wanted(owner_id=payment.id), limit=1, where=lambda each: each.holds_money
        )
        return bool(held)

    async def change(
        self, refund: Refund, details: Mapping[str, Any], *, at: datetime
    ) -> tuple[Refund, Change]:
        """What a dialect shows of a refund, otherwise."""
        payment = await self._payments.get(refund.merchant_id, refund.payment_id)
        # What failed keeps the moment of that: its money came back then.
        moved_at = refund.updated_at if refund.status in TAKEN_BACK else max(at, refund.updated_at)
        changed = replace(refund, details=details, updated_at=moved_at, version=refund.version + 1)
        return changed, Change(refund=changed, events=self._told_again(payment, changed, refund, at))

    async def cancel(self, refund: Refund, *, at: datetime) -> tuple[Refund, Change]:
        """Give up a refund whose payer is still asked: the money is back on the payment.

        Raises:
            ConflictError: nobody is asked, or not any more.
        """
        payment = await self._asked(refund)
        return self._taken_back(payment, refund, RefundStatus.CANCELED, at)

    async def answer(self, refund: Refund, *, is_told: bool, at: datetime) -> tuple[Refund, Change]:
        """The payer says where their money is to go, or will not any more.

        Raises:
            ConflictError: nobody is asked, or not any more.
        """
        payment = await self._asked(refund)
        if not is_told:
            return self._taken_back(payment, refund, RefundStatus.CANCELED, at, error_code=REFUND_EXPIRED)
        at = payment.not_before(at)
        told = refund.moved(RefundStatus.PENDING, at=at, due_at=at + _delay(payment))
        return told, Change(refund=told, events=self._told_again(payment, told, refund, at))

    async def get(self, merchant_id: MerchantId, refund_id: str) -> Refund:
        """A merchant's refund.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get_refund(merchant_id, refund_id), "refund")

    async def get_any(self, refund_id: str) -> Refund:
        """A refund whoever's it is, for its payer.

        Raises:
            NotFoundError: unknown.
        """
        return found(await self._repository.get_any_refund(refund_id), "refund")

    async def of_payment(
        self, merchant_id: MerchantId, payment_id: str, *, before: str | None, limit: int
    ) -> Sequence[Refund]:
        """A payment's refunds, newest first; one more than `limit` when there is more."""
        payment = await self._payments.get(merchant_id, payment_id)
        cursor = None if before is None else RefundId(before)
        return await self._repository.refunds_of(merchant_id, payment.id, before=cursor, limit=limit + 1)

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        payment_id: str | None = None,
        where: Callable[[Refund], bool] = lambda _each: True,
    ) -> Sequence[Refund]:
        """Newest first, of a payment or of any; one more than `limit` when there is more."""
        return await self._repository.refunds(
            merchant_id, wanted, payment_id=payment_id, limit=limit + 1, where=where
        )

    async def due(self, at: datetime, limit: int) -> Sequence[Change]:
        """What the clock is to do now: let refunds arrive or fail."""
        return [await self._settled(refund, at) for refund in await self._repository.due_refunds(at, limit)]

    async def _settled(self, refund: Refund, at: datetime) -> Change:
        payment = await self._repository.get(refund.merchant_id, refund.payment_id)
        if payment is None:
            raise BrokenLedgerError(f"refund {refund.id} has no payment")
        if refund.status is RefundStatus.REQUIRES_ACTION:
            status, error_code, kind = RefundStatus.CANCELED, REFUND_EXPIRED, EventType.REFUND_UPDATED
        elif refunds_fail(payment.order.simulate):
            status, error_code, kind = RefundStatus.FAILED, REFUND_FAILED, EventType.REFUND_FAILED
        else:
            return self._arrived(payment, refund, payment.not_before(at))
        return self._taken_back(payment, refund, status, at, error_code=error_code, kind=kind)[1]

    def _arrived(self, payment: Payment, refund: Refund, at: datetime) -> Change:
        arrived = refund.moved(RefundStatus.PROCESSED, at=at)
        kind = EventType.PAYMENT_REFUNDED if refund.details is None else EventType.REFUND_UPDATED
        return Change(refund=arrived, events=self._told_again(payment, arrived, refund, at, kind))

    async def _asked(self, refund: Refund) -> Payment:
        if refund.status is not RefundStatus.REQUIRES_ACTION:
            raise ConflictError(f"a refund that is {refund.status.value} asks its payer nothing")
        return await self._payments.get(refund.merchant_id, refund.payment_id)

    def _taken_back(
        self,
        payment: Payment,
        refund: Refund,
        status: RefundStatus,
        at: datetime,
        *,
        error_code: str | None = None,
        kind: EventType = EventType.REFUND_UPDATED,
    ) -> tuple[Refund, Change]:
        """The refund ends so, and its money is back on the payment."""
        at = payment.not_before(at)
        restored = payment.restore(refund.amount, at=at).saved_again()
        over = refund.moved(status, at=at, payment_status=restored.status, error_code=error_code)
        told = self._told_again(restored, over, refund, at, kind)
        return over, Change(payment=restored, refund=over, events=told)

    def _told_again(
        self,
        payment: Payment,
        refund: Refund,
        before: Refund,
        at: datetime,
        kind: EventType = EventType.REFUND_UPDATED,
    ) -> tuple[Event, ...]:
        """What has become of a refund; of one that a dialect shows again its payment tells as well."""
        kinds = [kind] if refund.details is None else [kind, EventType.PAYMENT_REFUND_UPDATED]
        return tuple(
            self._teller.of_payment(each, payment, at, refund=refund, refund_before=before) for each in kinds
        )


class BrokenLedgerError(Exception):
    """A bug of ours: rows that must be there are not."""


def _begun(
    payment: Payment, made: Refund, at: datetime, *, asks_payer: bool
) -> tuple[Payment, Refund, EventType]:
    """How a new refund begins, and what is told of it."""
    simulate = payment.order.simulate
    if asks_payer:
        asked = replace(made, status=RefundStatus.REQUIRES_ACTION, due_at=at + ASKED_FOR)
        return payment, asked, EventType.REFUND_PENDING
    if refunds_wait(simulate) or (refunds_fail(simulate) and made.details is None and payment.order.delay):
        waiting = replace(made, status=RefundStatus.PENDING, due_at=at + _delay(payment))
        return payment, waiting, EventType.REFUND_PENDING
    if not refunds_fail(simulate):
        return payment, made, EventType.PAYMENT_REFUNDED
    if made.details is not None:
        return payment, replace(made, due_at=at + DEFAULT_DELAY), EventType.PAYMENT_REFUNDED
    restored = payment.restore(made.amount, at=at)
    failed = replace(
        made, status=RefundStatus.FAILED, payment_status=restored.status, error_code=REFUND_FAILED
    )
    return restored, failed, EventType.REFUND_FAILED


def _delay(payment: Payment) -> timedelta:
    """How long its bank takes for a refund."""
    return DEFAULT_DELAY if payment.order.delay is None else payment.order.delay
