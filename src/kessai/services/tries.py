"""Intents and setups of payers who are known: each is tried with one saved instrument after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutSession, CheckoutStatus
from kessai.domain.errors import ConflictError, InvalidFieldError
from kessai.domain.ids import MerchantId
from kessai.domain.intent import Intent, IntentAction
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup, SetupAction
from kessai.services.asked import Asked
from kessai.services.intent_following import IntentFollower, Step
from kessai.services.intents import Intents
from kessai.services.payers import Payer, Payers
from kessai.services.setups import Setups, SetupStep
from kessai.simulation.trying import Terms
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository

_OF_PAYER: Final = frozenset({"customer_id", "instrument_id"})
_REVISED: Final = _OF_PAYER | {"amount", "capture_method"}
"""What a try under way goes by."""
_AUTOMATIC: Final = "automatic"
"""The payer proves who they are where the issuer wants it."""


class Tries:
    """The use cases of what is tried. Methods that write return what is to be written."""

    def __init__(
        self,
        database: Database,
        payers: Payers,
        intents: Intents,
        follower: IntentFollower,
        setups: Setups,
    ) -> None:
        self._sessions = DocumentRepository(database, CheckoutSession)
        self._payers = payers
        self._intents = intents
        self._follower = follower
        self._setups = setups

    async def make_intent(
        self,
        merchant_id: MerchantId,
        asked: Asked,
        customer_id: str | None,
        instrument_id: str | None,
        *,
        at: datetime,
    ) -> tuple[Intent, Change]:
        """A new intent of a payer, not tried yet.

        Raises:
            KessaiError: as `Payers.find`.
        """
        payer = await self._payers.find(merchant_id, customer_id, instrument_id)
        asked = replace(asked, customer_id=payer.customer_id)
        made, told = self._intents.create(merchant_id, asked, payer.instrument, at=at)
        return made, Change(records=(made,), events=(told,))

    async def update_intent(
        self, known: Intent, facts: Mapping[str, Any], *, at: datetime
    ) -> tuple[Intent, Change]:
        """Change what `facts` names: fields of an intent, and `instrument_id`.

        Raises:
            KessaiError: as `Payers.find`.
            TransitionNotAllowedError: it is given up, or is to be revised while a try is under way.
            ConflictError: its payer confirms it at a checkout page.
        """
        known.require(IntentAction.REVISE if facts.keys() & _REVISED else IntentAction.UPDATE)
        await self._refuse_pages_own(known)
        given, instrument = dict(facts), None
        if facts.keys() & _OF_PAYER:
            payer = await self._payers.find(
                known.merchant_id,
                given.get("customer_id", known.customer_id),
                given.pop("instrument_id", known.instrument_id),
            )
            given["customer_id"], instrument = payer.customer_id, payer.instrument
        changed = self._intents.update(known, given, instrument, at=at)
        left = await self._intents.left(known, changed, at=at)
        return changed, left.also(Change(records=(changed,)))

    async def confirm_intent(
        self,
        merchant_id: MerchantId,
        intent_id: str,
        instrument_id: str | None,
        *,
        off_session: bool,
        at: datetime,
    ) -> Step:
        """Try to be paid: with the instrument that is named, else the intent's, else its customer's default.

        Raises:
            TransitionNotAllowedError: it is paid, given up or under way.
            ConflictError: its payer confirms it at a checkout page.
            InvalidFieldError: there is nothing to pay with.
        """
        known = await self._intents.get(merchant_id, intent_id)
        known.require(IntentAction.CONFIRM)
        await self._refuse_pages_own(known)
        payer, instrument = await self._paying(known, instrument_id)
        tried = known.saved_again(at=at, customer_id=payer.customer_id)
        details = tried.details_of_try(instrument, may_increment=True)
        step = await self._intents.confirm(tried, instrument, Terms(off_session=off_session), details, at=at)
        kept = self._follower.kept_for_later(
            step, instrument, is_wanted=known.saves_instrument, is_new=False, at=at
        )
        return replace(step, change=step.change.also(kept))

    async def cancel_intent(self, merchant_id: MerchantId, intent_id: str, *, at: datetime) -> Step:
        """Give it up; what is held goes untaken.

        Raises:
            TransitionNotAllowedError: it is paid, given up or under way.
            ConflictError: its payer confirms it at a checkout page.
        """
        known = await self._intents.get(merchant_id, intent_id)
        await self._refuse_pages_own(known)
        return await self._intents.cancel(known, None, at=at)

    async def make_setup(
        self,
        merchant_id: MerchantId,
        facts: Mapping[str, Any],
        customer_id: str | None,
        instrument_id: str | None,
        *,
        at: datetime,
    ) -> tuple[Setup, Change]:
        """A new setup of a payer, not tried yet; `facts` are fields of one.

        Raises:
            KessaiError: as `Payers.find`.
        """
        payer = await self._payers.find(merchant_id, customer_id, instrument_id)
        owned = {**facts, "customer_id": payer.customer_id}
        made, told = self._setups.create(merchant_id, owned, payer.instrument, at=at)
        return made, Change(records=(made,), events=(told,))

    async def confirm_setup(
        self, merchant_id: MerchantId, setup_id: str, instrument_id: str | None, *, at: datetime
    ) -> SetupStep:
        """Try to set an instrument up: the one that is named, else the setup's, else its customer's default.

        Raises:
            KessaiError: as `confirm_intent`.
        """
        known = await self._setups.get(merchant_id, setup_id)
        known.require(SetupAction.CONFIRM)
        await self._refuse_pages_own(known)
        payer, instrument = await self._paying(known, instrument_id)
        tried = known.saved_again(at=at, customer_id=payer.customer_id)
        return await self._setups.confirm(tried, instrument, challenge=_AUTOMATIC, is_new=False, at=at)

    async def cancel_setup(self, merchant_id: MerchantId, setup_id: str, *, at: datetime) -> SetupStep:
        """Give it up.

        Raises:
            KessaiError: as `cancel_intent`.
        """
        known = await self._setups.get(merchant_id, setup_id)
        await self._refuse_pages_own(known)
        return await self._setups.cancel(known, None, at=at)

    async def _paying(
        self, known: Intent | Setup, instrument_id: str | None
    ) -> tuple[Payer, SavedInstrument]:
        payer = await self._payers.find(
            known.merchant_id, known.customer_id, instrument_id or known.instrument_id, or_default=True
        )
        if payer.instrument is None:
            raise InvalidFieldError(
                "there is nothing to try it with",
                param="instrument_id",
                hint="name a saved instrument",
            )
        return payer, payer.instrument

    async def _refuse_pages_own(self, known: Intent | Setup) -> None:
        if known.checkout_id is None:
            return
        if isinstance(known, Intent) and known.slip is not None:
            raise ConflictError(
                "its payer left a checkout page with a slip", hint="wait until it is paid or lapses"
            )
        session = await self._sessions.get(known.merchant_id, known.checkout_id)
        if session is not None and session.status is CheckoutStatus.OPEN:
            raise ConflictError(
                "its payer confirms it at an open checkout page", hint="expire the page to give it up"
            )
