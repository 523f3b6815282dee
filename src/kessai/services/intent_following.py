"""What becomes of an intent when a payment moves that is its latest try, whoever moved that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.event import Event, EventType, PaymentFact
from kessai.domain.failure import Failure
from kessai.domain.intent import Intent, IntentStatus
from kessai.domain.payment import Payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.transitions import Status
from kessai.domain.values import value
from kessai.services.disputes import Disputes
from kessai.services.instruments import set_up, used
from kessai.services.payments import EVENT_OF_TRY
from kessai.services.telling import Teller
from kessai.simulation.trying import failure_of
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository

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


@value(frozen=True, slots=True)
class Step:
    """An intent after something was done to it, and what is to be written.

    `payment` is the try, if there was one; `failure` says why it failed.
    """

    intent: Intent
    change: Change
    payment: Payment | None = None
    failure: Failure | None = None


class IntentFollower:
    """Hears of payments that have moved; intents follow their latest tries in the same Change.

    `follow_on` says what hangs on an intent and moves with it.
    """

    def __init__(self, database: Database, teller: Teller, disputes: Disputes, follow_on: FollowOn) -> None:
        self._repository = DocumentRepository(database, Intent)
        self._instruments = DocumentRepository(database, SavedInstrument)
        self._teller = teller
        self._disputes = disputes
        self._follow_on = follow_on

    async def follow(self, change: Change, **facts: Any) -> Change:
        """What the clock, the payer or another door did to a payment, done to its intent as well.

        `facts` are fields of the intent that change besides.

        A payment that is no try of an intent, or no longer the latest one, moves alone. What is captured may
        be disputed at once.
        """
        return self._disputes.follow(await self._with_intent(change, facts))

    def after_try(self, intent: Intent, payment: Payment, failure: Failure | None, at: datetime) -> Step:
        """`intent` after a new try, which says why it failed and may be disputed at once."""
        step = self._stepped(intent, payment, failure, at)
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

    async def _with_intent(self, change: Change, facts: Mapping[str, Any]) -> Change:
        payment = change.payment
        if payment is None or payment.order.intent_id is None:
            return change
        intent = await self._repository.get_any(payment.order.intent_id)
        if intent is None or intent.payment_id != payment.id or intent.status is IntentStatus.CANCELED:
            return change
        at = payment.updated_at
        failure = failure_of(payment) if payment.status is Status.FAILED else None
        step = self._stepped(intent.saved_again(at=at, **facts), payment, failure, at)
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

    def _stepped(self, intent: Intent, payment: Payment, failure: Failure | None, at: datetime) -> Step:
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


def _about(event: Event, payment: Payment) -> Event:
    fact = event.fact
    if isinstance(fact, PaymentFact) and fact.payment.id == payment.id:
        return replace(event, fact=replace(fact, payment=payment))
    return event
