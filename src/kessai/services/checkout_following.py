"""What becomes of a checkout session when what it is paid by moves, whoever moved that."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutSession, CheckoutStatus
from kessai.domain.event import EventType
from kessai.domain.intent import Intent, IntentStatus
from kessai.domain.payment_link import PaymentLink
from kessai.domain.setup import Setup, SetupStatus
from kessai.services.telling import Teller
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository

_PAID_LATER: Final = frozenset({IntentStatus.PROCESSING, IntentStatus.REQUIRES_ACTION})
"""What an intent waits for whose session is complete: a bank, or a payer with a slip."""


class CheckoutFollower:
    """Hears of intents and setups that have moved; sessions follow theirs in the same Change.

    So does the payment link of a session that is completed. One that is used up completes none, which its
    version makes sure of.
    """

    def __init__(self, database: Database, teller: Teller) -> None:
        self._repository = DocumentRepository(database, CheckoutSession)
        self._links = DocumentRepository(database, PaymentLink)
        self._teller = teller

    async def after_intent(self, before: Intent, after: Intent, at: datetime) -> Change:
        """What is to be written besides when an intent moves.

        Raises:
            TransitionNotAllowedError: the session's link is used up.
        """
        if after.checkout_id is None or before.status is after.status:
            return Change()
        session = await self._repository.get_any(after.checkout_id)
        if session is None or session.intent_id != after.id:
            return Change()
        _, change = await self.moved(session.saved_again(at=at), before.status, after, at)
        return change

    async def after_setup(self, before: Setup, after: Setup, at: datetime) -> Change:
        """The same when a setup moves."""
        if after.checkout_id is None or before.status is after.status:
            return Change()
        session = await self._repository.get_any(after.checkout_id)
        if session is None or session.setup_id != after.id:
            return Change()
        _, change = self.set_up(session.saved_again(at=at), after, at)
        return change

    def set_up(self, session: CheckoutSession, setup: Setup, at: datetime) -> tuple[CheckoutSession, Change]:
        """What follows for a session, whose version here is the one to be written, from its setup."""
        if setup.status is not SetupStatus.SUCCEEDED or session.status is not CheckoutStatus.OPEN:
            return session, Change()
        done = session.with_facts({"status": CheckoutStatus.COMPLETE})
        told = self._teller.of_document(EventType.CHECKOUT_COMPLETED, done, at)
        return done, Change(records=(done,), events=(told,))

    async def moved(
        self, session: CheckoutSession, before: IntentStatus | None, intent: Intent, at: datetime
    ) -> tuple[CheckoutSession, Change]:
        """What follows for a session, whose version here is the one to be written, if anything does.

        Raises:
            TransitionNotAllowedError: it would be completed, and its link is used up.
        """
        facts = session.after(intent)
        kind = _told(session, before, intent)
        if not facts and kind is None:
            return session, Change()
        after = session.with_facts(facts)
        if kind is EventType.CHECKOUT_COMPLETED:
            return after, await self.completed(after, at)
        events = () if kind is None else (self._teller.of_document(kind, after, at),)
        return after, Change(records=(after,), events=events)

    async def completed(self, session: CheckoutSession, at: datetime) -> Change:
        """What is to be written when a session is completed, which it is in the version here.

        Raises:
            TransitionNotAllowedError: its link is used up.
        """
        told = self._teller.of_document(EventType.CHECKOUT_COMPLETED, session, at)
        return Change(records=(session,), events=(told,)).also(await self._counted(session, at))

    async def _counted(self, session: CheckoutSession, at: datetime) -> Change:
        link = await self._links.get_any(session.link_id) if session.link_id else None
        if link is None or link.completed_max is None:
            return Change()
        after = link.counted(at=at)
        if after.is_active is link.is_active:
            return Change(records=(after,))
        told = self._teller.of_document(EventType.LINK_UPDATED, after, at, before=link)
        return Change(records=(after,), events=(told,))


def _told(session: CheckoutSession, before: IntentStatus | None, intent: Intent) -> EventType | None:
    if session.status is CheckoutStatus.OPEN:
        return EventType.CHECKOUT_COMPLETED if session.after(intent) else None
    if before not in _PAID_LATER:
        # Captured by hand: the merchant knows.
        return None
    if intent.status is IntentStatus.SUCCEEDED:
        return EventType.CHECKOUT_PAID_LATER
    return EventType.CHECKOUT_FAILED_LATER if intent.status is IntentStatus.REQUIRES_INSTRUMENT else None
