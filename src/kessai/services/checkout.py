"""Checkout sessions: the page a payer is sent to, and what they do there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutLine, CheckoutPayment, CheckoutSession, CheckoutStatus
from kessai.domain.event import Event, EventType
from kessai.domain.ids import MerchantId
from kessai.domain.intent import Intent, IntentAction, IntentStatus
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup, SetupAction, SetupStatus
from kessai.domain.values import value
from kessai.services.asked import Asked
from kessai.services.checkout_following import CheckoutFollower
from kessai.services.finding import found
from kessai.services.intent_following import IntentFollower, Step
from kessai.services.intents import Intents
from kessai.services.ports import IdFactory
from kessai.services.setups import Setups, SetupStep
from kessai.services.telling import Teller
from kessai.simulation.trying import Terms
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted

_EXPIRED: Final = "automatic"


@value(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays at a page, and with what. `customer_id` is whose the payment will be.

    `details` are what a dialect asked of them besides, which no rule looks at.
    """

    instrument: SavedInstrument
    email: str | None
    customer_id: str | None
    details: Mapping[str, Any]


class Checkouts:
    """The use cases of sessions. Methods that write return what is to be written; who asked commits it."""

    def __init__(
        self,
        database: Database,
        ids: IdFactory,
        teller: Teller,
        intents: Intents,
        intent_follower: IntentFollower,
        setups: Setups,
        follower: CheckoutFollower,
    ) -> None:
        self._repository = DocumentRepository(database, CheckoutSession)
        self._ids = ids
        self._teller = teller
        self._intents = intents
        self._intent_follower = intent_follower
        self._setups = setups
        self._follower = follower

    def create(
        self,
        merchant_id: MerchantId,
        lines: Sequence[Mapping[str, Any]],
        facts: Mapping[str, Any],
        *,
        at: datetime,
    ) -> CheckoutSession:
        """A new session; `lines` are fields of its lines, `facts` of the session."""
        made = CheckoutSession(
            **{"payment_status": CheckoutPayment.UNPAID, "metadata": {}, "details": {}, **facts},
            lines=tuple(CheckoutLine(**each, id=self._ids.new_id(at)) for each in lines),
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
        )
        return made.priced()

    async def get(self, merchant_id: MerchantId, session_id: str) -> CheckoutSession:
        """A merchant's session.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, session_id), "checkout.session")

    async def get_any(self, session_id: str) -> CheckoutSession:
        """A session whoever's it is, for its payer.

        Raises:
            NotFoundError: unknown.
        """
        return found(await self._repository.get_any(session_id), "checkout.session")

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[CheckoutSession], bool] = lambda _each: True,
    ) -> Sequence[CheckoutSession]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1, where=where)

    async def expire(self, session: CheckoutSession, *, at: datetime) -> tuple[CheckoutSession, Change]:
        """Close it unpaid. What its payer had begun to pay is given up."""
        session.require_open("expire")
        expired = session.saved_again(at=at, status=CheckoutStatus.EXPIRED)
        told = self._teller.of_document(EventType.CHECKOUT_EXPIRED, expired, at)
        begun = await self._given_up(session, at)
        return expired, replace(begun, records=(*begun.records, expired), events=(*begun.events, told))

    async def due(self, session: CheckoutSession, at: datetime) -> Change:
        """What the clock does to it."""
        _, change = await self.expire(session, at=at)
        return change

    async def finish_free(
        self, session: CheckoutSession, *, email: str | None, details: Mapping[str, Any], at: datetime
    ) -> tuple[CheckoutSession, Change]:
        """The payer takes what costs nothing. What they had begun to pay is given up.

        Raises:
            TransitionNotAllowedError: the session is no longer open, or its link is used up.
        """
        session.require_open("pay")
        begun = await self._given_up(session, at)
        done = session.saved_again(
            at=at, status=CheckoutStatus.COMPLETE, payer_email=email, payer_details=details
        )
        return done, begun.also(await self._follower.completed(done, at))

    async def pay(
        self, session: CheckoutSession, asked: Asked, payer: Payer, terms: Terms, *, at: datetime
    ) -> tuple[CheckoutSession, Step]:
        """The payer tries to pay what the session as it is here costs.

        What they have not tried before is made by `asked`; of what they have, the amount and where it is sent
        may be others now.

        The step's change has all that is to be written, the session and the instrument too.

        Raises:
            TransitionNotAllowedError: the session is no longer open, or its link is used up.
        """
        session.require_open("pay")
        intent, told = await self._tried(session, asked, payer, at)
        details = intent.details_of_try(payer.instrument)
        step = await self._intents.confirm(intent, payer.instrument, terms, details, at=at)
        kept = self._intent_follower.kept_for_later(
            step,
            payer.instrument,
            is_wanted=intent.saves_instrument,
            is_new=True,
            at=at,
        )
        tried = session.saved_again(at=at, intent_id=intent.id, **_told(payer))
        after, followed = await self._follower.moved(tried, None, step.intent, at)
        change = replace(
            step.change,
            records=(*kept.records, *step.change.records, *(followed.records or (after,))),
            events=(*told, *kept.events, *step.change.events, *followed.events),
        )
        return after, replace(step, change=change)

    async def set_up(
        self,
        session: CheckoutSession,
        facts: Mapping[str, Any],
        payer: Payer,
        *,
        challenge: str,
        at: datetime,
    ) -> tuple[CheckoutSession, SetupStep]:
        """The payer tries to have something to be paid with later. `facts` are fields of a new setup.

        `challenge` is as in `simulation.trying.Terms`. The step's change has all that is to be written,
        the session and the instrument too.
        """
        session.require_open("set up")
        setup, told = await self._set_up_again(session, facts, payer, at)
        step = await self._setups.confirm(setup, payer.instrument, challenge=challenge, is_new=True, at=at)
        tried = session.saved_again(at=at, setup_id=setup.id, **_told(payer))
        after, followed = self._follower.set_up(tried, step.setup, at)
        change = Change(
            records=(*step.change.records, *(followed.records or (after,))),
            events=(*told, *step.change.events, *followed.events),
        )
        return after, replace(step, change=change)

    async def _set_up_again(
        self, session: CheckoutSession, facts: Mapping[str, Any], payer: Payer, at: datetime
    ) -> tuple[Setup, tuple[Event, ...]]:
        """The version of its setup that is to be written; a new one if it has none that can be tried."""
        known = await self._setups.get(session.merchant_id, session.setup_id) if session.setup_id else None
        if known is None or known.status is SetupStatus.CANCELED:
            made, told = self._setups.create(session.merchant_id, facts, None, at=at)
            return made, (told,)
        known.require(SetupAction.CONFIRM)
        return known.saved_again(at=at, customer_id=payer.customer_id), ()

    async def _tried(
        self, session: CheckoutSession, asked: Asked, payer: Payer, at: datetime
    ) -> tuple[Intent, tuple[Event, ...]]:
        """The version of its intent that is to be written; a new one if it has none that can be paid."""
        known = await self._intents.get(session.merchant_id, session.intent_id) if session.intent_id else None
        if known is None or known.status is IntentStatus.CANCELED:
            made, told = self._intents.create(session.merchant_id, asked, None, at=at)
            return made, (told,)
        known.require(IntentAction.CONFIRM)
        shipping = asked.details.get("shipping") or known.details.get("shipping")
        facts = {
            "amount": asked.amount,
            "customer_id": payer.customer_id,
            "saves_instrument": asked.saves_instrument,
            "details": {**known.details, "shipping": shipping},
        }
        return known.saved_again(at=at, **facts), ()

    async def _given_up(self, session: CheckoutSession, at: datetime) -> Change:
        if session.intent_id is not None:
            intent = await self._intents.get(session.merchant_id, session.intent_id)
            if intent.status is not IntentStatus.CANCELED:
                return (await self._intents.cancel(intent, _EXPIRED, at=at)).change
        if session.setup_id is not None:
            setup = await self._setups.get(session.merchant_id, session.setup_id)
            if setup.status is not SetupStatus.CANCELED:
                return (await self._setups.cancel(setup, None, at=at)).change
        return Change()


def _told(payer: Payer) -> dict[str, Any]:
    """What a session keeps of whoever tries."""
    return {
        "payer_email": payer.email,
        "payer_details": payer.details,
        "customer_id": payer.customer_id,
    }
