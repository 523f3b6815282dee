"""Idempotency keys with a bug: for any request, for any merchant, forgotten early, or not unique."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from kessai.bootstrap import Gateway
from kessai.domain.change import Change
from kessai.domain.idempotency import KeyClaim
from kessai.http.answer import Answer
from kessai.http.idempotency import Idempotency
from kessai.storage.journal import CommitResult, KeyTaken
from kessai.storage.key_rows import CLAIM_COLUMNS, claim_from_row, claim_to_row
from kessai.storage.query import Query
from kessai.storage.saving import save
from kessai.storage.tables import idempotency_keys
from tests.prove.planted.databases import Wrapped

NO_UNIQUE_KEYS: Final = "keys-without-a-unique-index"
_EARLY: Final = timedelta(minutes=30)
_OF_ANYBODY: Final = Query(
    select(idempotency_keys).where(
        idempotency_keys.c.key == bindparam("key"), idempotency_keys.c.expires_at > bindparam("at")
    )
)


def any_request_will_do(_gateway: Gateway) -> None:
    """Answer with what the key was answered first, whatever is asked with it now."""
    replay = Idempotency.replay

    def indifferent(self: Idempotency, taken: KeyClaim, claim: KeyClaim) -> Answer:
        return replay(self, taken, replace(claim, fingerprint=taken.fingerprint))

    Idempotency.replay = indifferent  # type: ignore[method-assign]


class ForgottenEarly(Wrapped):
    """Keeps keys for half an hour less than is promised."""

    async def commit(self, change: Change) -> CommitResult:
        claim = change.claim
        if claim is not None:
            change = replace(change, claim=replace(claim, expires_at=claim.expires_at - _EARLY))
        return await self._inner.commit(change)


class OfAnybody(Wrapped):
    """Knows a key without its merchant: who comes second is answered as who came first."""

    async def commit(self, change: Change) -> CommitResult:
        claim = change.claim
        if claim is not None:
            for row in await self._inner.rows(_OF_ANYBODY, key=claim.key, at=claim.created_at):
                return KeyTaken(claim_from_row(row))
        return await self._inner.commit(change)


class LookedForFirst(Wrapped):
    """Looks whether a key is there, and writes it if not: without a unique index two may do so at once."""

    async def commit(self, change: Change) -> CommitResult:
        claim = change.claim
        if claim is None:
            return await self._inner.commit(change)
        return await self._inner.run(lambda connection: _save(connection, change, claim))


def _save(connection: Connection, change: Change, claim: KeyClaim) -> CommitResult:
    table = idempotency_keys.c
    same = (table.merchant_id == claim.merchant_id, table.key == claim.key)
    row = connection.execute(
        select(idempotency_keys).where(*same, table.expires_at > claim.created_at)
    ).first()
    if row is not None:
        return KeyTaken(claim_from_row(row))
    connection.execute(insert(idempotency_keys), dict(zip(CLAIM_COLUMNS, claim_to_row(claim), strict=True)))
    return save(connection, replace(change, claim=None))
