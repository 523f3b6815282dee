"""Payments: create, capture, cancel, and what the payer, the bank and the clock do to them.

Every method reads, decides and returns what is to be written; the exchange or the worker commits it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.errors import NotFoundError, TransitionNotAllowedError
from kessai.domain.event import EventType
from kessai.domain.ids import MerchantId, PaymentId
from kessai.domain.money import Money
from kessai.domain.outcome import Declined, Verdict
from kessai.domain.payment import Order, Payment, new_payment
from kessai.domain.transitions import Action, Status, requestable_from
from kessai.domain.values import value
from kessai.services.finding import found
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.simulation.decide import decide, increment_verdict, verdict_later
from kessai.simulation.table import AUTHENTICATION_DECLINED
from kessai.storage.journal import Database
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
    """The use cases of payments. `bank_timeout` is how long a silent bank keeps us waiting."""

    def __init__(self, database: Database, ids: IdFactory, *, bank_timeout: timedelta) -> None:
        self._repository = PaymentRepository(database)
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
        at = held.not_before(at)
        asked = None if amount is None else Money(amount, held.order.amount.currency)
        return self._moved(held.capture(asked, at=at), at)

    async def increment(
        self, merchant_id: MerchantId, payment_id: str, amount: int, *, at: datetime
    ) -> Incremented:
        """Have `amount` held in all. A decline is remembered by its transition; nothing else tells of it."""
        held = await self.get(merchant_id, payment_id)
        at = held.not_before(at)
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
        at = held.not_before(at)
        return self._moved(held.cancel(at=at), at, before=held)

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
        return self.settle(payment, verdict, at=at)

    def settle(self, payment: Payment, verdict: Verdict, *, at: datetime) -> tuple[Payment, Change]:
        """What the bank says in the end of a payment that waited for it, or for its payer."""
        at = payment.not_before(at)
        return self._moved(payment.resolve(verdict, at=at), at)

    async def due(self, at: datetime, limit: int) -> Sequence[Change]:
        """What the clock is to do now: settle what is pending, let holds expire, tell what is booked."""
        return [self._timed(payment, at) for payment in await self._repository.due(at, limit)]

    def _timed(self, payment: Payment, at: datetime) -> Change:
        if payment.status is Status.PENDING:
            return self.settle(payment, verdict_later(payment.order.simulate), at=at)[1]
        at = payment.not_before(at)
        if payment.status is Status.AUTHORIZED:
            return self._moved(payment.expire(at=at), at)[1]
        booked = replace(payment, due_at=None, updated_at=at).saved_again()
        told = self._teller.of_payment(EventType.PAYMENT_UPDATED, booked, at, before=payment)
        return Change(payment=booked, events=(told,))

    def _moved(
        self, payment: Payment, at: datetime, *, before: Payment | None = None
    ) -> tuple[Payment, Change]:
        saved = payment.saved_again()
        told = self._teller.of_payment(EVENT_AT_REST[saved.status], saved, at, before=before)
        return saved, Change(payment=saved, events=(told,))
