"""Databases with a bug that shows while their server is away."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from kessai.domain.change import Change
from kessai.domain.errors import DatabaseUnavailableError
from kessai.storage.journal import COMMITTED, CommitResult, Database, KeyTaken
from kessai.storage.key_rows import claim_from_row
from kessai.storage.saving import FIND_CLAIM
from tests.prove.planted.databases import Wrapped

_SULKS_S: Final = 7.0


class KeysAfterEffects(Wrapped):
    """Writes a key in a second transaction, once the effect is known to be done."""

    async def commit(self, change: Change) -> CommitResult:
        claim = change.claim
        if claim is None:
            return await self._inner.commit(change)
        found = await self._inner.rows(FIND_CLAIM, merchant_id=claim.merchant_id, key=claim.key)
        if found:
            return KeyTaken(claim_from_row(found[0]))
        result = await self._inner.commit(replace(change, claim=None))
        return await self._inner.commit(Change(claim=claim)) if result == COMMITTED else result


class Startled(Wrapped):
    """Takes a lost connection for a bug of its own."""

    async def commit(self, change: Change) -> CommitResult:
        try:
            return await self._inner.commit(change)
        except DatabaseUnavailableError as error:
            raise RuntimeError("the connection was lost") from error


class Sulky(Wrapped):
    """Does not ask a server again for a while that was away once."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._until = 0.0

    async def commit(self, change: Change) -> CommitResult:
        if time.monotonic() < self._until:
            raise DatabaseUnavailableError
        try:
            return await self._inner.commit(change)
        except DatabaseUnavailableError:
            self._until = time.monotonic() + _SULKS_S
            raise
