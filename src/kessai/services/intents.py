"""Intents: what is to be paid, tried with one instrument after the other until it is paid or given up.

Each try is a payment; what becomes of the latest one is what becomes of the intent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.errors import NotFoundError, TransitionNotAllowedError
from kessai.domain.event import Event, EventType
from kessai.domain.ids import IntentId, MerchantId, PaymentId
from kessai.domain.intent import ALLOWED, ConfirmationMethod, Intent, IntentAction, IntentStatus
from kessai.domain.money import zero
from kessai.domain.outcome import Declined
from kessai.domain.payment import CaptureMethod, Order, Payment, new_payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.transitions import Status
from kessai.services.asked import Asked
from kessai.services.finding import found
from kessai.services.intent_following import IntentFollower, Step
from kessai.services.payments import Payments
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.simulation.trying import (
    Terms,
    failure_of,
    increment_failure,
    may_increment,
    outcome_of,
    trial_of,
)
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted

PAYMENT_CANCELED: Final = Declined("PAYMENT_CANCELED", "The payment was canceled before its payer acted.")


class Intents:
    """The use cases of intents. Methods that write return what is to be written; who asked commits it."""

    def __init__(
        self,
        database: Database,
        ids: IdFactory,
        teller: Teller,
        payments: Payments,
        follower: IntentFollower,
    ) -> None:
        self._repository = DocumentRepository(database, Intent)
        self._ids = ids
        self._teller = teller
        self._payments = payments
        self._follower = follower

    def create(
        self,
        merchant_id: MerchantId,
        asked: Asked,
        instrument: SavedInstrument | None,
        *,
        at: datetime,
    ) -> tuple[Intent, Event]:
        """A new intent, and the event that tells of it."""
        made = Intent(
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
            amount=asked.amount,
            capture_method=asked.capture_method,
            confirmation_method=asked.confirmation_method,
            status=_waiting(instrument),
            saves_instrument=asked.saves_instrument,
            customer_id=asked.customer_id,
            checkout_id=asked.checkout_id,
            instrument_id=instrument.id if instrument else None,
            instrument_form=instrument.form if instrument else "instrument",
            captured=zero(asked.amount.currency),
            description=asked.description,
            metadata=asked.metadata,
            details={**asked.details, "secret": self._ids.new_id(at).replace("-", "")[-24:]},
        )
        return made, self._teller.of_document(EventType.INTENT_CREATED, made, at)

    async def get(self, merchant_id: MerchantId, intent_id: str) -> Intent:
        """A merchant's intent.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, intent_id), "intent")

    async def get_any(self, intent_id: str) -> Intent:
        """An intent whoever's it is, for its payer.

        Raises:
            NotFoundError: unknown.
        """
        return found(await self._repository.get_any(intent_id), "intent")

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Intent], bool] = lambda _each: True,
    ) -> Sequence[Intent]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1, where=where)

    def update(
        self, intent: Intent, facts: Mapping[str, Any], instrument: SavedInstrument | None, *, at: datetime
    ) -> Intent:
        """The next version with these fields changed; another instrument makes it ready to confirm.

        So does another amount, or another way to capture it, while a payer is asked about the one before.
        What they have proved is of no use for either.
        """
        intent.require(IntentAction.UPDATE)
        changed = intent.saved_again(at=at, **facts)
        is_asked_anew = changed.tried_for != intent.tried_for
        if intent.status is IntentStatus.REQUIRES_ACTION and is_asked_anew:
            changed = replace(changed, status=IntentStatus.REQUIRES_CONFIRMATION, slip=None)
        if intent.is_proved and (is_asked_anew or (instrument and instrument.id != intent.instrument_id)):
            changed = replace(changed, is_proved=False)
        if instrument is None or intent.status not in ALLOWED[IntentAction.REVISE]:
            return changed
        return replace(
            changed,
            instrument_id=instrument.id,
            instrument_form=instrument.form,
            status=IntentStatus.REQUIRES_CONFIRMATION,
            slip=None,
        )

    async def confirm(
        self,
        intent: Intent,
        instrument: SavedInstrument,
        terms: Terms,
        details: ChargeDetails,
        *,
        at: datetime,
    ) -> Step:
        """Try to be paid with an instrument. `intent` is the version that is to be written, not yet tried.

        `details` are kept with the try; why it fails is added to them, and that these terms let its hold be
        raised. The try before is over, if its payer was still asked; if they have proved who they are, it is
        that one which goes on.
        """
        if intent.is_proved and intent.instrument_id == instrument.id:
            return await self._finalized(intent, details, at)
        gone = await self._abandoned(intent, at)
        trial = trial_of(instrument, terms)
        order = Order(
            merchant_id=intent.merchant_id,
            amount=intent.amount,
            capture_method=intent.capture_method,
            simulate=trial.simulate,
            delay=trial.delay,
            description=intent.description,
            metadata=intent.metadata,
            instrument=trial.instrument,
            intent_id=IntentId(intent.id),
        )
        is_held = intent.capture_method is CaptureMethod.MANUAL
        may_raise = details.may_increment or may_increment(instrument, terms)
        kept = replace(details, may_increment=is_held and may_raise)
        asked = new_payment(PaymentId(self._ids.new_id(at)), order, at=at, details=kept)
        decided = asked.follow(outcome_of(trial), at=at)
        tried = intent
        if intent.instrument_id != instrument.id:
            tried = replace(intent, instrument_id=instrument.id, instrument_form=instrument.form)
        step = self._follower.after_try(tried, decided, trial.failure, at)
        change = replace(step.change, abandoned=gone.payment, events=(*gone.events, *step.change.events))
        return replace(step, change=change)

    async def _finalized(self, intent: Intent, details: ChargeDetails, at: datetime) -> Step:
        payment, _ = await self._payments.authenticate(_latest(intent), is_approved=True, at=at)
        # What is said by now is kept with the try; whether its hold may be raised was settled when it began.
        kept = replace(details, may_increment=payment.charge_details.may_increment)
        payment = replace(payment, details=kept)
        failure = failure_of(payment) if payment.status is Status.FAILED else None
        return self._follower.after_try(intent, payment, failure, at)

    async def authenticate(
        self, payment_id: str, *, is_approved: bool, at: datetime
    ) -> tuple[Payment, Change]:
        """The payer proved who they are, or failed to; what becomes of the intent comes with it.

        Where the merchant is to confirm once more, the payment waits for that.

        Raises:
            TransitionNotAllowedError: nobody waits for this payer, or not any more.
        """
        asked = await self._payments.awaiting_action(payment_id)
        if asked.order.intent_id is not None:
            intent = await self._require_current(asked, asked.order.intent_id)
            if is_approved and intent and intent.confirmation_method is ConfirmationMethod.MANUAL:
                proved = intent.saved_again(at=at, status=IntentStatus.REQUIRES_CONFIRMATION, is_proved=True)
                return asked, Change(records=(proved,))
        payment, change = await self._payments.authenticate(payment_id, is_approved=is_approved, at=at)
        followed = await self._follower.follow(change)
        return followed.payment or payment, followed

    async def capture(self, intent: Intent, amount: int | None, *, at: datetime, **facts: Any) -> Step:
        """Take what is held, or a part of it and release the rest; fields named by `facts` change as well."""
        intent.require(IntentAction.CAPTURE)
        held = _latest(intent)
        payment, change = await self._payments.capture(intent.merchant_id, held, amount, at=at)
        return await self._stepped(payment, change, facts)

    async def increment(self, intent: Intent, amount: int, *, at: datetime, **facts: Any) -> Step:
        """Have more held, `amount` in all; fields named by `facts` change as well, unless it is declined."""
        intent.require(IntentAction.INCREMENT)
        asked = await self._payments.increment(intent.merchant_id, _latest(intent), amount, at=at)
        if asked.declined is not None:
            return Step(intent, asked.change, asked.payment, increment_failure(asked.payment))
        return await self._stepped(asked.payment, asked.change, facts)

    async def cancel(self, intent: Intent, reason: str | None, *, at: datetime) -> Step:
        """Give it up; what is held goes untaken."""
        intent.require(IntentAction.CANCEL)
        if intent.status is IntentStatus.AUTHORIZED:
            payment, change = await self._payments.cancel(intent.merchant_id, _latest(intent), at=at)
            return await self._stepped(payment, change, {"cancellation_reason": reason} if reason else {})
        canceled = intent.saved_again(
            at=at,
            status=IntentStatus.CANCELED,
            slip=None,
            canceled_at=at,
            cancellation_reason=reason,
            error=intent.error,
        )
        gone = await self._abandoned(intent, at)
        told = self._teller.of_document(EventType.INTENT_CANCELED, canceled, at)
        return Step(canceled, gone.also(Change(records=(canceled,), events=(told,))))

    async def left(self, before: Intent, after: Intent, *, at: datetime) -> Change:
        """What becomes of the try whose payer need not come since its intent was updated."""
        was_asked = before.is_proved or before.status is IntentStatus.REQUIRES_ACTION
        is_left = was_asked and not (after.is_proved or after.status is IntentStatus.REQUIRES_ACTION)
        return await self._abandoned(before, at) if is_left else Change()

    async def _require_current(self, payment: Payment, intent_id: str) -> Intent | None:
        """Refuse the payer of a try after which its intent was tried or changed again."""
        intent = await self._repository.get_any(intent_id)
        if intent is None or (intent.payment_id, intent.status) == (payment.id, IntentStatus.REQUIRES_ACTION):
            return intent
        raise TransitionNotAllowedError(action="authenticate", status=payment.status.value, allowed=[])

    async def _abandoned(self, intent: Intent, at: datetime) -> Change:
        """The latest try fails, if its payer is asked or has a slip: they need not come any more."""
        if intent.payment_id is None:
            return Change()
        waiting = await self._payments.get(intent.merchant_id, intent.payment_id)
        if waiting.status is not Status.REQUIRES_ACTION and waiting.slip is None:
            return Change()
        gone = waiting.resolve(PAYMENT_CANCELED, at=waiting.not_before(at)).saved_again()
        # Whoever was told that it is pending waits for its end.
        told = self._teller.of_payment(EventType.PAYMENT_FAILED, gone, at) if waiting.slip else None
        return Change(payment=gone, events=(told,) if told else ())

    async def _stepped(self, payment: Payment, change: Change, facts: Mapping[str, Any]) -> Step:
        followed = await self._follower.follow(change, **facts)
        after = next(each for each in followed.records if isinstance(each, Intent))
        return Step(after, followed, followed.payment or payment)


def _waiting(instrument: SavedInstrument | None) -> IntentStatus:
    return IntentStatus.REQUIRES_INSTRUMENT if instrument is None else IntentStatus.REQUIRES_CONFIRMATION


def _latest(intent: Intent) -> str:
    if intent.payment_id is None:
        raise NotFoundError("charge")
    return intent.payment_id
