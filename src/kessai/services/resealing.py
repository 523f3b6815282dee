"""Changing API_SECRET_KEY: what earlier ones protect is moved to the present one, batch by batch.

Seals are made anew here. Digests of API keys cannot be, for the keys are not known: the doorkeeper does it
when one is used, and here is said which have not been.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from kessai.services.doorkeeper import KeyDigests
from kessai.services.ports import Clock, SealBrokenError, SecretBox
from kessai.storage.journal import Database
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.repositories.seals import SealedAnswer, SealedEndpoint, SealRepository

_PASSES_MAX: Final = 10
"""Rows that moved while they were sealed are read again; each pass leaves fewer of them."""
KEYS_LISTED_MAX: Final = 1000
"""API keys named as remaining: enough to look for, and no more than fits a screen or a log."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was done, and what is left.

    `endpoints` and `answers` were sealed anew; `unread_endpoints` (ids) and `unread_answers` (merchant and
    idempotency key) open with no API_SECRET_KEY that is known. `api_keys` (public keys) are still kept under
    an earlier one. `moved` rows were never still enough.
    """

    endpoints: int
    answers: int
    unread_endpoints: tuple[str, ...]
    unread_answers: tuple[tuple[str, str], ...]
    api_keys: tuple[str, ...]
    moved: int


@dataclass(slots=True)
class _Pass:
    """One walk over everything that is sealed."""

    endpoints: int = 0
    answers: int = 0
    moved: int = 0
    unread_endpoints: list[str] = field(default_factory=list)
    unread_answers: list[tuple[str, str]] = field(default_factory=list)


class Resealing:
    """Safe to end at any moment and to begin again, beside servers that have the same keys."""

    def __init__(self, database: Database, secret_box: SecretBox, digests: KeyDigests, clock: Clock) -> None:
        self._seals = SealRepository(database)
        self._merchants = MerchantRepository(database)
        self._secret_box = secret_box
        self._digests = digests
        self._clock = clock

    async def run(self) -> Resealed:
        """Seal everything under the present API_SECRET_KEY that is not yet."""
        at = self._clock.now()
        passes = [await self._walk(at)]
        while passes[-1].moved and len(passes) < _PASSES_MAX:
            passes.append(await self._walk(at))
        return Resealed(
            endpoints=sum(each.endpoints for each in passes),
            answers=sum(each.answers for each in passes),
            unread_endpoints=tuple(passes[-1].unread_endpoints),
            unread_answers=tuple(passes[-1].unread_answers),
            api_keys=tuple(await self._merchants.unmoved(self._digests.mark, at=at, limit=KEYS_LISTED_MAX)),
            moved=passes[-1].moved,
        )

    async def _walk(self, at: datetime) -> _Pass:
        walked = _Pass()
        await self._walk_endpoints(walked, at)
        await self._walk_answers(walked, at)
        return walked

    async def _walk_endpoints(self, walked: _Pass, at: datetime) -> None:
        last: SealedEndpoint | None = None
        while batch := await self._seals.endpoints(last):
            last = batch[-1]
            anew = [sealed for each in batch if (sealed := self._endpoint_anew(each, walked, at)) is not None]
            if anew:
                written = await self._seals.reseal_endpoints(anew)
                walked.endpoints += written
                walked.moved += len(anew) - written

    async def _walk_answers(self, walked: _Pass, at: datetime) -> None:
        last: SealedAnswer | None = None
        while batch := await self._seals.answers(last, at=at):
            last = batch[-1]
            anew = [
                (each, sealed) for each in batch if (sealed := self._answer_anew(each, walked)) is not None
            ]
            if anew:
                written = await self._seals.reseal_answers(anew)
                walked.answers += written
                walked.moved += len(anew) - written

    def _endpoint_anew(self, read: SealedEndpoint, walked: _Pass, at: datetime) -> SealedEndpoint | None:
        """The endpoint with what can be sealed anew; None when there is nothing."""
        sealed, previous = self._anew(read.sealed), self._anew(read.previous)
        has_grace = read.previous_expires_at is not None and at < read.previous_expires_at
        # One that signs no more is nobody's loss.
        if sealed is None or (previous is None and has_grace):
            walked.unread_endpoints.append(read.id)
        anew = replace(read, sealed=sealed or read.sealed, previous=previous or read.previous)
        return None if anew == read else anew

    def _anew(self, sealed: str | None) -> str | None:
        """A seal under the present API_SECRET_KEY, itself if it is one; None when it cannot be opened."""
        try:
            anew = self._secret_box.reseal(sealed.encode()) if sealed else None
        except SealBrokenError:
            return None
        return sealed if anew is None else anew.decode()

    def _answer_anew(self, read: SealedAnswer, walked: _Pass) -> bytes | None:
        try:
            return self._secret_box.reseal(read.sealed)
        except SealBrokenError:
            walked.unread_answers.append((read.merchant_id, read.key))
            return None
