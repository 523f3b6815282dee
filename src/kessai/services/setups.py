"""Setups: instruments made ready for payments to come. Each confirmation is a try that is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.document import Document
from kessai.domain.errors import NotFoundError
from kessai.domain.event import Event, EventType
from kessai.domain.failure import Failure
from kessai.domain.ids import MerchantId
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup, SetupAction, SetupAttempt, SetupAttemptStatus, SetupStatus
from kessai.domain.values import value
from kessai.services.finding import found
from kessai.services.instruments import set_up
from kessai.services.ports import IdFactory
from kessai.services.telling import Teller
from kessai.simulation.trying import setup_challenged, setup_failure
from kessai.storage.journal import Database
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.scanning import Wanted

_TOLD: Final[Mapping[SetupStatus, EventType]] = {
    SetupStatus.REQUIRES_INSTRUMENT: EventType.SETUP_FAILED,
    SetupStatus.REQUIRES_ACTION: EventType.SETUP_REQUIRES_ACTION,
    SetupStatus.SUCCEEDED: EventType.SETUP_SUCCEEDED,
}
"""What is told when a try comes to rest somewhere."""


FollowOn = Callable[[Setup, Setup, datetime], Awaitable[Change]]
"""What else is to be written when a setup moves: told how it stood, how it stands, and when."""


@value(frozen=True, slots=True)
class SetupStep:
    """A setup after something was done to it, and what is to be written; `failure` says why a try failed."""

    setup: Setup
    change: Change
    failure: Failure | None = None


class Setups:
    """The use cases of setups. Methods that write return what is to be written; who asked commits it.

    `follow_on` says what hangs on a setup and moves with it when its payer comes back.
    """

    def __init__(self, database: Database, ids: IdFactory, teller: Teller, follow_on: FollowOn) -> None:
        self._repository = DocumentRepository(database, Setup)
        self._attempts = DocumentRepository(database, SetupAttempt)
        self._instruments = DocumentRepository(database, SavedInstrument)
        self._ids = ids
        self._teller = teller
        self._follow_on = follow_on

    def create(
        self,
        merchant_id: MerchantId,
        facts: Mapping[str, Any],
        instrument: SavedInstrument | None,
        *,
        at: datetime,
    ) -> tuple[Setup, Event]:
        """A new setup, and the event that tells of it; `facts` are fields of one."""
        secret = self._ids.new_id(at).replace("-", "")[-24:]
        made = Setup(
            **{**facts, "details": {**facts["details"], "secret": secret}},
            status=SetupStatus.REQUIRES_INSTRUMENT,
            id=self._ids.new_id(at),
            merchant_id=merchant_id,
            created_at=at,
            updated_at=at,
        )
        if instrument is not None:
            made = made.with_instrument(instrument)
        return made, self._teller.of_document(EventType.SETUP_CREATED, made, at)

    async def get(self, merchant_id: MerchantId, setup_id: str) -> Setup:
        """A merchant's setup.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._repository.get(merchant_id, setup_id), "setup")

    async def get_any(self, setup_id: str) -> Setup:
        """A setup whoever's it is, for its payer.

        Raises:
            NotFoundError: unknown.
        """
        return found(await self._repository.get_any(setup_id), "setup")

    async def get_attempt(self, merchant_id: MerchantId, attempt_id: str) -> SetupAttempt:
        """A try of a merchant's setup.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._attempts.get(merchant_id, attempt_id), "setup_attempt")

    async def list(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        limit: int,
        where: Callable[[Setup], bool] = lambda _each: True,
    ) -> Sequence[Setup]:
        """Newest first; one more than `limit` when there is more."""
        return await self._repository.list(merchant_id, wanted, limit=limit + 1, where=where)

    async def attempts(
        self, merchant_id: MerchantId, wanted: Wanted, *, limit: int
    ) -> Sequence[SetupAttempt]:
        """The tries of the setup that owns them, newest first; one more than `limit` when there is more."""
        return await self._attempts.list(merchant_id, wanted, limit=limit + 1)

    def update(
        self, setup: Setup, facts: Mapping[str, Any], instrument: SavedInstrument | None, *, at: datetime
    ) -> Setup:
        """The next version with these fields changed; another instrument makes it ready to confirm.

        Raises:
            TransitionNotAllowedError: it is given up, or it has succeeded and is to have another instrument.
        """
        setup.require(SetupAction.UPDATE)
        changed = setup.saved_again(at=at, **facts)
        return changed if instrument is None else changed.with_instrument(instrument)

    async def confirm(
        self, setup: Setup, instrument: SavedInstrument, *, challenge: str, is_new: bool, at: datetime
    ) -> SetupStep:
        """Try to set an instrument up. `setup` is the version that is to be written, not yet tried.

        `is_new`: the instrument is not saved yet. `challenge` is as in `simulation.trying.Terms`.
        """
        given_up = await self._given_up(setup, at)
        is_challenged = setup_challenged(instrument, challenge)
        failure = None if is_challenged else setup_failure(instrument)
        attempt = SetupAttempt(
            id=self._ids.new_id(at),
            merchant_id=setup.merchant_id,
            created_at=at,
            updated_at=at,
            setup_id=setup.id,
            status=_status(failure, is_challenged=is_challenged),
            instrument=instrument,
            customer_id=setup.customer_id,
            usage=setup.usage,
            is_challenged=is_challenged,
            error=failure,
        )
        return self._followed(setup, attempt, instrument, given_up, is_new=is_new, at=at)

    async def authenticate(self, setup: Setup, *, is_approved: bool, at: datetime) -> SetupStep:
        """The payer proved who they are, or failed to.

        Raises:
            TransitionNotAllowedError: it waits for no payer.
        """
        setup.require(SetupAction.AUTHENTICATE)
        attempt = await self._latest(setup)
        if attempt is None:
            raise NotFoundError("setup_attempt")
        saved = await self._instruments.get(setup.merchant_id, attempt.instrument.id)
        instrument = saved or attempt.instrument
        at = max(at, setup.updated_at)
        settled = attempt.settled(setup_failure(attempt.instrument, is_proven=is_approved), at=at)
        step = self._followed(setup.saved_again(at=at), settled, instrument, (), is_new=False, at=at)
        more = await self._follow_on(setup, step.setup, at)
        change = Change(
            records=(*step.change.records, *more.records), events=(*step.change.events, *more.events)
        )
        return replace(step, change=change)

    async def cancel(self, setup: Setup, reason: str | None, *, at: datetime) -> SetupStep:
        """Give it up.

        Raises:
            TransitionNotAllowedError: it is over already.
        """
        canceled = setup.canceled(reason, at=at)
        told = self._teller.of_document(EventType.SETUP_CANCELED, canceled, at)
        given_up = await self._given_up(setup, at)
        return SetupStep(canceled, Change(records=(canceled, *given_up), events=(told,)))

    async def _given_up(self, setup: Setup, at: datetime) -> tuple[Document, ...]:
        """The try whose payer need not come any more."""
        latest = await self._latest(setup)
        is_open = latest is not None and latest.status is SetupAttemptStatus.REQUIRES_ACTION
        return (latest.abandoned(at=at),) if latest is not None and is_open else ()

    async def _latest(self, setup: Setup) -> SetupAttempt | None:
        if setup.attempt_id is None:
            return None
        return await self._attempts.get(setup.merchant_id, setup.attempt_id)

    def _followed(
        self,
        setup: Setup,
        attempt: SetupAttempt,
        instrument: SavedInstrument,
        given_up: tuple[Document, ...],
        *,
        is_new: bool,
        at: datetime,
    ) -> SetupStep:
        """`setup` after its latest try, and the instrument with it."""
        kept = Change(records=(instrument,) if is_new else ())
        if attempt.status is SetupAttemptStatus.SUCCEEDED:
            kept = set_up(self._teller, instrument, setup.customer_id, is_new=is_new, at=at)
            now = next((each for each in kept.records if isinstance(each, SavedInstrument)), instrument)
            attempt = replace(attempt, instrument=now)
        after = setup.after(attempt, at=at)
        told = self._teller.of_document(_TOLD[after.status], after, at)
        change = Change(records=(*kept.records, *given_up, attempt, after), events=(*kept.events, told))
        return SetupStep(after, change, attempt.error)


def _status(failure: Failure | None, *, is_challenged: bool) -> SetupAttemptStatus:
    if is_challenged:
        return SetupAttemptStatus.REQUIRES_ACTION
    return SetupAttemptStatus.SUCCEEDED if failure is None else SetupAttemptStatus.FAILED
