"""Intents: what is to be paid, tried with one instrument after the other until it is paid or given up.

Each try is a payment; what becomes of the latest one is what becomes of the intent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.errors import NotFoundError, TransitionNotAllowedError
from kessai.domain.event import Event, EventType, PaymentFact
from kessai.domain.failure import Failure
from kessai.domain.ids import IntentId, MerchantId, PaymentId
from kessai.domain.intent import ALLOWED, ConfirmationMethod, Intent, IntentAction, IntentStatus
from kessai.domain.money import zero
from kessai.domain.outcome import Declined
from kessai.domain.payment import CaptureMethod, Order, Payment, new_payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.transitions import Status
from kessai.domain.values import value
from kessai.services.asked import Asked
from kessai.services.disputes import Disputes
from kessai.services.finding import found
from kessai.services.instruments import set_up, used
from kessai.services.payments import EVENT_OF_TRY, Payments
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

_TOLD: Final[Mapping[IntentStatus, EventType]] = {
    IntentStatus.REQUIRES_INSTRUMENT: EventType.INTENT_FAILED,
    IntentStatus.REQUIRES_ACTION: EventType.INTENT_REQUIRES_ACTION,
    IntentStatus.PROCESSING: EventType.INTENT_PROCESSING,
    IntentStatus.AUTHORIZED: EventType.INTENT_AUTHORIZED,
    IntentStatus.SUCCEEDED: EventType.INTENT_SUCCEEDED,
    IntentStatus.CANCELED: EventType.INTENT_CANCELED,
}
_PAID: Final = frozenset({Status.AUTHORIZED, Status.CAPTURED})
_UNDER_WAY: Final = frozenset({IntentStatus.REQUIRES_ACTION, IntentStatus.PROCESSING})
FollowOn = Callable[[Intent, Intent, datetime], Awaitable[Change]]
"""What else is to be written when an intent moves: told how it stood, how it stands, and when."""
PAYMENT_CANCELED: Final = Declined("PAYMENT_CANCELED", "The payment was canceled before its payer acted.")


@value(frozen=True, slots=True)
class Step:
    """An intent after something was done to it, and what is to be written.

    `payment` is the try, if there was one; `failure` says why it failed.
    """

    intent: Intent
    change: Change
    payment: Payment | None = None
    failure: Failure | None = None


class Intents:
    """The use cases of intents. Methods that write return what is to be written; who asked commits it.

    `follow_on` says what hangs on an intent and moves with it.
    """

    def __init__(
        self,
        database: Database,
        ids: IdFactory,
        teller: Teller,
        payments: Payments,
        disputes: Disputes,
        follow_on: FollowOn,
    ) -> None:
        self._repository = DocumentRepository(database, Intent)
        self._instruments = DocumentRepository(database, SavedInstrument)
        self._ids = ids
        self._teller = teller
        self._payments = payments
        self._disputes = disputes
        self._follow_on = follow_on

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
        step = self._followed(tried, decided, trial.failure, at)
        disputed = self._disputes.follow(step.change)
        change = replace(disputed, abandoned=gone.payment, events=(*gone.events, *disputed.events))
        return replace(step, change=change, payment=disputed.payment)

    async def _finalized(self, intent: Intent, details: ChargeDetails, at: datetime) -> Step:
        payment, _ = await self._payments.authenticate(_latest(intent), is_approved=True, at=at)
        # What is said by now is kept with the try; whether its hold may be raised was settled when it began.
        kept = replace(details, may_increment=payment.charge_details.may_increment)
        payment = replace(payment, details=kept)
        failure = failure_of(payment) if payment.status is Status.FAILED else None
        step = self._followed(intent, payment, failure, at)
        change = self._disputes.follow(step.change)
        return replace(step, change=change, payment=change.payment)

    def kept_for_later(
        self, step: Step, instrument: SavedInstrument, *, is_wanted: bool, is_new: bool, at: datetime
    ) -> Change:
        """What becomes of the instrument of a try: new ones are kept, and made the customer's if `is_wanted`.

        Only what has paid is made somebody's, for its payer has proved who they are by that, or is used up.
        """
        if step.payment is None or step.payment.status not in _PAID:
            return Change(records=(instrument,) if is_new else ())
        if not is_wanted:
            return used(instrument, is_new=is_new, at=at)
        return set_up(self._teller, instrument, step.intent.customer_id, is_new=is_new, at=at)

    async def follow(self, change: Change, **facts: Any) -> Change:
        """What the clock, the payer or another door did to a payment, done to its intent as well.

        `facts` are fields of the intent that change besides.

        A payment that is no try of an intent, or no longer the latest one, moves alone. What is captured may
        be disputed at once.
        """
        return self._disputes.follow(await self._with_intent(change, facts))

    async def _with_intent(self, change: Change, facts: Mapping[str, Any]) -> Change:
        payment = change.payment
        if payment is None or payment.order.intent_id is None:
            return change
        intent = await self._repository.get_any(payment.order.intent_id)
        if intent is None or intent.payment_id != payment.id or intent.status is IntentStatus.CANCELED:
            return change
        at = payment.updated_at
        failure = failure_of(payment) if payment.status is Status.FAILED else None
        step = self._followed(intent.saved_again(at=at, **facts), payment, failure, at)
        kept = step.payment or payment
        told = tuple(_about(event, kept) for event in change.events)
        has_moved = (intent.status, intent.amount) != (step.intent.status, step.intent.amount)
        mine = step.change.events[-1:] if has_moved else ()
        saved = await self._saved(intent, step, at)
        more = await self._follow_on(intent, step.intent, at)
        return replace(
            change,
            payment=kept,
            records=(*change.records, *saved.records, *step.change.records, *more.records),
            events=(*told, *mine, *saved.events, *more.events),
        )

    async def _saved(self, before: Intent, step: Step, at: datetime) -> Change:
        """What becomes of the instrument of a try that was paid only now."""
        details = step.payment.details if step.payment else None
        if before.status not in _UNDER_WAY or details is None or details.instrument is None:
            return Change()
        instrument = await self._instruments.get(before.merchant_id, details.instrument.id)
        if instrument is None:
            return Change()
        return self.kept_for_later(step, instrument, is_wanted=before.saves_instrument, is_new=False, at=at)

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
        followed = await self.follow(change)
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
        followed = await self.follow(change, **facts)
        after = next(each for each in followed.records if isinstance(each, Intent))
        return Step(after, followed, followed.payment or payment)

    def _followed(self, intent: Intent, payment: Payment, failure: Failure | None, at: datetime) -> Step:
        """`intent` after its latest try, whose details say why it failed."""
        if failure is not None and payment.details is not None:
            details = replace(payment.details, failure=replace(failure, instrument=None))
            payment = replace(payment, details=details)
        if payment.status is not Status.FAILED:
            failure = None
        after = intent.after(payment, at=at, error=failure)
        told: list[Event] = []
        if (kind := EVENT_OF_TRY.get(payment.status)) is not None:
            told.append(self._teller.of_payment(kind, payment, at))
        # Made last, so that its id sorts last: events are told of by their ids.
        told.append(self._teller.of_document(_TOLD[after.status], after, at))
        return Step(after, Change(payment=payment, records=(after,), events=tuple(told)), payment, failure)


def _waiting(instrument: SavedInstrument | None) -> IntentStatus:
    return IntentStatus.REQUIRES_INSTRUMENT if instrument is None else IntentStatus.REQUIRES_CONFIRMATION


def _latest(intent: Intent) -> str:
    if intent.payment_id is None:
        raise NotFoundError("charge")
    return intent.payment_id


def _about(event: Event, payment: Payment) -> Event:
    fact = event.fact
    if isinstance(fact, PaymentFact) and fact.payment.id == payment.id:
        return replace(event, fact=replace(fact, payment=payment))
    return event
