"""Idempotency keys with a bug: for any request, forgotten early, or unique only as long as nobody hurries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, insert, select

from kessai.bootstrap import Gateway
from kessai.domain.change import Change
from kessai.domain.idempotency import KeyClaim
from kessai.http.answer import Answer
from kessai.http.idempotency import Idempotency
from kessai.storage.journal import CommitResult, KeyTaken
from kessai.storage.key_rows import CLAIM_COLUMNS, claim_from_row, claim_to_row
from kessai.storage.saving import save
from kessai.storage.tables import idempotency_keys
from tests.prove.planted.databases import Wrapped

_EARLY: Final = timedelta(minutes=30)


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
