"""Payments: create, capture, cancel, refund, and what the payer, the bank and the clock do to them.

Every method reads, decides and returns what is to be written; the exchange or the worker commits it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.dispute import Dispute
from kessai.domain.errors import ConflictError, NotFoundError, TransitionNotAllowedError
from kessai.domain.event import Event, EventType
from kessai.domain.ids import MerchantId, PaymentId, RefundId
from kessai.domain.money import Money
from kessai.domain.outcome import Declined
from kessai.domain.payment import Order, Payment, new_payment, new_refund
from kessai.domain.refund import Refund, RefundStatus
from kessai.domain.transitions import Action, Status, requestable_from
from kessai.domain.values import value
from kessai.services.finding import found
from kessai.services.ports import IdFactory
from kessai.services.refunding import as_failed, failing, waiting
from kessai.services.telling import Teller
from kessai.simulation.decide import decide, increment_verdict, refunds_fail, refunds_wait, verdict_later
from kessai.simulation.settlement import TAKEN_BACK
from kessai.simulation.table import AUTHENTICATION_DECLINED, DEFAULT_DELAY
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.repositories.payments import PaymentFilter, PaymentRepository
from kessai.storage.scanning import Wanted
from kessai.storage.windows import Page

EVENT_AT_REST = {
    Status.AUTHORIZED: EventType.PAYMENT_AUTHORIZED,
    Status.CAPTURED: EventType.PAYMENT_SUCCEEDED,
    Status.FAILED: EventType.PAYMENT_FAILED,
    Status.REQUIRES_ACTION: EventType.PAYMENT_REQUIRES_ACTION,
    Status.VOIDED: EventType.PAYMENT_CANCELED,
    Status.EXPIRED: EventType.PAYMENT_EXPIRED,
}
"""What is told when a payment comes to rest somewhere; PENDING and CREATED are told by payment.created."""

EVENT_OF_TRY = {**EVENT_AT_REST, Status.PENDING: EventType.PAYMENT_PENDING}
"""What is told of one for which there is no payment.created."""


@value(frozen=True, slots=True)
class Created:
    """A new payment and how its answer travels; see `simulation.decide.Decision`."""

    payment: Payment
    change: Change
    wait_s: float
    answer_after_s: float
    answer_is_lost: bool


@value(frozen=True, slots=True)
class Incremented:
    """A payment after a higher hold was asked for; `declined` is why it is as high as before."""

    payment: Payment
    change: Change
    declined: Declined | None = None


class Payments:
    """The use cases of payments and refunds. `bank_timeout` is how long a silent bank keeps us waiting."""

    def __init__(self, database: Database, ids: IdFactory, *, bank_timeout: timedelta) -> None:
        self._repository = PaymentRepository(database)
        self._disputes = DocumentRepository(database, Dispute)
        self._ids = ids
        self._teller = Teller(ids)
        self._bank_timeout = bank_timeout

    def create(
        self,
        order: Order,
        *,
        at: datetime,
        details: ChargeDetails | None = None,
        refusal: Declined | None = None,
    ) -> Created:
        """Ask the pretend bank for a payment; a decline is a payment too.

        `details` are kept with it, `refusal` is what settles it before the bank is asked.
        """
        decision = decide(order.simulate, order.instrument, order.delay)
        asked = new_payment(PaymentId(self._ids.new_id(at)), order, at=at, details=details)
        decided = asked.follow(refusal or decision.outcome, at=at)
        events = [self._teller.of_payment(EventType.PAYMENT_CREATED, asked, at)]
        if (told := EVENT_AT_REST.get(decided.status)) is not None:
            events.append(self._teller.of_payment(told, decided, at))
        return Created(
            decided,
            Change(payment=decided, events=tuple(events)),
            wait_s=self._bank_timeout.total_seconds() if decision.bank_is_silent else 0,
            answer_after_s=decision.answer_after.total_seconds(),
            answer_is_lost=decision.answer_is_lost,
        )

    async def get(self, merchant_id: MerchantId, payment_id: str) -> Payment:
        """A merchant's payment.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, payment_id), "payment")

    async def get_any(self, payment_id: str) -> Payment | None:
        """A payment whoever's it is, for its payer."""
        return await self._repository.get_any(payment_id)

    async def list(
        self, merchant_id: MerchantId, wanted: PaymentFilter, *, before: str | None, limit: int
    ) -> Page[Payment]:
        """Newest first, at most `limit`; the page says where the list goes on."""
        cursor = None if before is None else PaymentId(before)
        return await self._repository.list(merchant_id, wanted, before=cursor, limit=limit)

    async def capture(
        self,
        merchant_id: MerchantId,
        payment_id: str,
        amount: int | None,
        *,
        at: datetime,
        details: ChargeDetails | None = None,
    ) -> tuple[Payment, Change]:
        """Take what is held, or a part of it and release the rest. `details` are kept with it from now on."""
        held = await self.get(merchant_id, payment_id)
        held = held if details is None else replace(held, details=details)
        at = _not_before(held, at)
        return self._moved(held.capture(_money(amount, held), at=at), at)

    async def increment(
        self, merchant_id: MerchantId, payment_id: str, amount: int, *, at: datetime
    ) -> Incremented:
        """Have `amount` held in all. A decline is remembered by its transition; nothing else tells of it."""
        held = await self.get(merchant_id, payment_id)
        at = _not_before(held, at)
        verdict = increment_verdict(held.order.simulate)
        asked = held.increment(Money(amount, held.order.amount.currency), verdict, at=at).saved_again()
        if isinstance(verdict, Declined):
            return Incremented(asked, Change(payment=asked), verdict)
        told = self._teller.of_payment(EventType.PAYMENT_INCREMENTED, asked, at, before=held)
        return Incremented(asked, Change(payment=asked, events=(told,)))

    async def cancel(
        self, merchant_id: MerchantId, payment_id: str, *, at: datetime
    ) -> tuple[Payment, Change]:
        """Let what is held go untaken."""
        held = await self.get(merchant_id, payment_id)
        at = _not_before(held, at)
        return self._moved(held.cancel(at=at), at, before=held)

    async def refund(
        self,
        merchant_id: MerchantId,
        payment_id: str,
        amount: int | None,
        reason: str | None,
        *,
        at: datetime,
        details: Mapping[str, Any] | None = None,
    ) -> tuple[Refund, Change]:
        """Give back some or all of what was captured.

        With `details`, which a dialect shows again, the refund is told of by an event of its own as well, and
        one that fails does so only after it went through.

        Raises:
            ConflictError: a dispute holds its money, or has for good.
        """
        captured = await self.get(merchant_id, payment_id)
        if await self.is_charged_back(captured):
            raise ConflictError("a payment that was charged back cannot be refunded")
        at = _not_before(captured, at)
        payment, given = captured.refund(_money(amount, captured), at=at)
        made = new_refund(RefundId(self._ids.new_id(at)), payment, given, reason, at=at)
        refund, told = replace(made, details=details), EventType.PAYMENT_REFUNDED
        if refunds_wait(payment.order.simulate):
            refund, told = waiting(payment, refund, at=at), EventType.REFUND_PENDING
        elif refunds_fail(payment.order.simulate):
            if details is not None:
                refund = replace(refund, due_at=at + DEFAULT_DELAY)
            else:
                payment, refund, told = failing(payment, refund, at=at)
        payment = payment.saved_again()
        tell = self._teller.of_payment
        new = () if details is None else (tell(EventType.REFUND_CREATED, payment, at, refund=refund),)
        events = (*new, tell(told, payment, at, refund=refund, before=captured))
        return refund, Change(payment=payment, refund=refund, events=events)

    async def is_charged_back(self, payment: Payment) -> bool:
        """Whether a dispute holds the money of a payment, or has for good: then it cannot be refunded."""
        if payment.details is None or payment.details.dispute_id is None:
            return False
        held = await self._disputes.list(
            payment.merchant_id, Wanted(owner_id=payment.id), limit=1, where=lambda each: each.holds_money
        )
        return bool(held)

    async def change_refund(
        self, refund: Refund, details: Mapping[str, Any], *, at: datetime
    ) -> tuple[Refund, Change]:
        """What a dialect shows of a refund, otherwise."""
        payment = await self.get(refund.merchant_id, refund.payment_id)
        # What failed keeps the moment of that: its money came back then.
        moved_at = refund.updated_at if refund.status in TAKEN_BACK else max(at, refund.updated_at)
        changed = replace(refund, details=details, updated_at=moved_at, version=refund.version + 1)
        return changed, Change(refund=changed, events=self._told_again(payment, changed, refund, at))

    async def cancel_refund(self, refund: Refund, *, at: datetime) -> tuple[Refund, Change]:
        """Stop a refund that is still on its way: the money is back on the payment.

        Raises:
            ConflictError: it is not.
        """
        if refund.status is not RefundStatus.PENDING:
            raise ConflictError(f"a refund that is {refund.status.value} cannot be canceled")
        payment = await self.get(refund.merchant_id, refund.payment_id)
        at = _not_before(payment, at)
        restored = payment.restore(refund.amount, at=at).saved_again()
        canceled = replace(
            refund,
            status=RefundStatus.CANCELED,
            payment_status=restored.status,
            due_at=None,
            updated_at=at,
            version=refund.version + 1,
        )
        told = self._told_again(restored, canceled, refund, at)
        return canceled, Change(payment=restored, refund=canceled, events=told)

    async def get_refund(self, merchant_id: MerchantId, refund_id: str) -> Refund:
        """A merchant's refund.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get_refund(merchant_id, refund_id), "refund")

    async def refunds_of(
        self, merchant_id: MerchantId, payment_id: str, *, before: str | None, limit: int
    ) -> Sequence[Refund]:
        """A payment's refunds, newest first; one more than `limit` when there is more."""
        payment = await self.get(merchant_id, payment_id)
        cursor = None if before is None else RefundId(before)
        return await self._repository.refunds_of(merchant_id, payment.id, before=cursor, limit=limit + 1)

    async def tries(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        intent_id: str | None = None,
        where: Callable[[Payment], bool] = lambda _each: True,
    ) -> Sequence[Payment]:
        """Payments, newest first, of an intent or of any; one more than `limit` when there is more."""
        return await self._repository.tries(
            merchant_id, wanted, intent_id=intent_id, limit=limit + 1, where=where
        )

    async def refunds(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        payment_id: str | None = None,
        where: Callable[[Refund], bool] = lambda _each: True,
    ) -> Sequence[Refund]:
        """Refunds, newest first, of a payment or of any; one more than `limit` when there is more."""
        return await self._repository.refunds(
            merchant_id, wanted, payment_id=payment_id, limit=limit + 1, where=where
        )

    async def awaiting_action(self, payment_id: str) -> Payment:
        """A payment whose payer is or was at the bank's page, whoever's it is.

        Raises:
            NotFoundError: there is no such payment, or it never asked for its payer.
        """
        payment = await self._repository.get_any(payment_id)
        if payment is None or all(each.action is not Action.CHALLENGE for each in payment.transitions):
            raise NotFoundError("payment")
        return payment

    async def authenticate(
        self, payment_id: str, *, is_approved: bool, at: datetime
    ) -> tuple[Payment, Change]:
        """The payer proved who they are, or failed to.

        Raises:
            TransitionNotAllowedError: this payment waits for no payer.
        """
        payment = await self.awaiting_action(payment_id)
        if payment.status is not Status.REQUIRES_ACTION:
            raise TransitionNotAllowedError(
                action="authenticate",
                status=payment.status.value,
                allowed=requestable_from(payment.status),
            )
        verdict = verdict_later(payment.order.simulate) if is_approved else AUTHENTICATION_DECLINED
        at = _not_before(payment, at)
        return self._moved(payment.resolve(verdict, at=at), at)

    async def due(self, at: datetime, limit: int) -> Sequence[Change]:
        """What the clock is to do now: settle, expire, let refunds arrive or fail."""
        payments = [self._timed(payment, at) for payment in await self._repository.due(at, limit)]
        refunds = await self._repository.due_refunds(at, limit)
        changes = [await self._failed_later(refund, at) for refund in refunds]
        return [*payments, *(change for change in changes if change is not None)]

    def _timed(self, payment: Payment, at: datetime) -> Change:
        at = _not_before(payment, at)
        if payment.status is Status.PENDING:
            return self._moved(payment.resolve(verdict_later(payment.order.simulate), at=at), at)[1]
        return self._moved(payment.expire(at=at), at)[1]

    async def _failed_later(self, refund: Refund, at: datetime) -> Change | None:
        payment = await self._repository.get(refund.merchant_id, refund.payment_id)
        if payment is None:
            raise BrokenLedgerError(f"refund {refund.id} has no payment")
        at = _not_before(payment, at)
        if refunds_wait(payment.order.simulate):
            return self._settled_refund(payment, refund, at)
        restored = payment.restore(refund.amount, at=at).saved_again()
        failed = replace(as_failed(refund, restored, at), version=refund.version + 1)
        told = self._told_again(restored, failed, refund, at, EventType.REFUND_FAILED)
        return Change(payment=restored, refund=failed, events=told)

    def _settled_refund(self, payment: Payment, refund: Refund, at: datetime) -> Change:
        settled = replace(
            refund, status=RefundStatus.PROCESSED, due_at=None, updated_at=at, version=refund.version + 1
        )
        kind = EventType.PAYMENT_REFUNDED if refund.details is None else EventType.REFUND_UPDATED
        return Change(refund=settled, events=self._told_again(payment, settled, refund, at, kind))

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

    def _moved(
        self, payment: Payment, at: datetime, *, before: Payment | None = None
    ) -> tuple[Payment, Change]:
        saved = payment.saved_again()
        told = self._teller.of_payment(EVENT_AT_REST[saved.status], saved, at, before=before)
        return saved, Change(payment=saved, events=(told,))


class BrokenLedgerError(Exception):
    """A bug of ours: rows that must be there are not."""


def _not_before(payment: Payment, at: datetime) -> datetime:
    """`at`, or when the payment last moved if that is later: requests that race are decided in any order."""
    return max(at, payment.updated_at)


def _money(amount: int | None, payment: Payment) -> Money | None:
    return None if amount is None else Money(amount, payment.order.amount.currency)
