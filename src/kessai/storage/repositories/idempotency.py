"""Reading stored answers, and forgetting the expired ones."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select, tuple_

from kessai.domain.idempotency import KeyClaim
from kessai.domain.ids import MerchantId
from kessai.storage.journal import Database
from kessai.storage.key_rows import claim_from_row
from kessai.storage.query import Query
from kessai.storage.tables import idempotency_keys

_CLAIM: Final = Query(
    select(idempotency_keys).where(
        idempotency_keys.c.merchant_id == bindparam("merchant_id"),
        idempotency_keys.c.key == bindparam("key"),
        idempotency_keys.c.expires_at > bindparam("at"),
    ),
    by_key=True,
)
PRUNED_AT_ONCE: Final = 500
"""Rows of one pruning transaction: small, so that writers hardly notice."""


class IdempotencyRepository:
    """Keys and their answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, merchant_id: MerchantId, key: str, *, at: datetime) -> KeyClaim | None:
        """The claim on a key that has not expired."""
        rows = await self._database.rows(_CLAIM, merchant_id=merchant_id, key=key, at=at)
        return claim_from_row(rows[0]) if rows else None

    async def prune(self, at: datetime) -> int:
        """Forget up to PRUNED_AT_ONCE expired keys; return how many."""
        is_expired = idempotency_keys.c.expires_at <= at
        name = (idempotency_keys.c.merchant_id, idempotency_keys.c.key)
        # A key that is being claimed anew just now is left to whoever does.
        expired = select(*name).where(is_expired).limit(PRUNED_AT_ONCE).with_for_update(skip_locked=True)
        statement = delete(idempotency_keys).where(is_expired, tuple_(*name).in_(expired))
        return await self._database.run(lambda connection: connection.execute(statement).rowcount)
