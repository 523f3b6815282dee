"""Whatever is sealed, batch by batch, and writing it sealed anew unless it moved meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Update, and_, bindparam, or_, select, update

from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.tables import idempotency_keys, webhook_endpoints

BATCH: Final = 100
"""Rows of one transaction: small, so that writers hardly notice."""

_FIRST: Final = "00000000-0000-0000-0000-000000000000"
_claims: Final = idempotency_keys.c
_ENDPOINTS: Final = Query(
    select(
        webhook_endpoints.c.id,
        webhook_endpoints.c.version,
        webhook_endpoints.c.sealed_secret,
        webhook_endpoints.c.previous_sealed_secret,
        webhook_endpoints.c.previous_expires_at,
    )
    # A deleted one signs nothing any more.
    .where(webhook_endpoints.c.id > bindparam("after"), webhook_endpoints.c.deleted_at.is_(None))
    .order_by(webhook_endpoints.c.id)
    .limit(BATCH)
)
_ANSWERS: Final = Query(
    select(_claims.merchant_id, _claims.key, _claims.body)
    .where(
        _claims.is_sealed,
        _claims.expires_at > bindparam("at"),
        or_(
            _claims.merchant_id > bindparam("after"),
            and_(_claims.merchant_id == bindparam("after"), _claims.key > bindparam("after_key")),
        ),
    )
    .order_by(_claims.merchant_id, _claims.key)
    .limit(BATCH)
)
_RESEAL_ENDPOINT: Final = (
    update(webhook_endpoints)
    .where(
        webhook_endpoints.c.id == bindparam("the_id"),
        webhook_endpoints.c.version == bindparam("read_version"),
    )
    .values(
        sealed_secret=bindparam("sealed"),
        previous_sealed_secret=bindparam("previous"),
        version=webhook_endpoints.c.version + 1,
    )
)
_RESEAL_ANSWER: Final = (
    update(idempotency_keys)
    .where(
        _claims.merchant_id == bindparam("the_merchant"),
        _claims.key == bindparam("the_key"),
        _claims.body == bindparam("read"),
    )
    .values(body=bindparam("sealed"))
)


@dataclass(frozen=True, slots=True)
class SealedEndpoint:
    """The secrets of an endpoint, and the version they were read at."""

    id: str
    version: int
    sealed: str
    previous: str | None
    previous_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    """A stored answer that shows a secret."""

    merchant_id: str
    key: str
    sealed: bytes


class SealRepository:
    """Reads in the order of ids, from the one after `after`; writing says how many rows were as they were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def endpoints(self, after: SealedEndpoint | None) -> Sequence[SealedEndpoint]:
        """At most BATCH endpoints."""
        rows = await self._database.rows(_ENDPOINTS, after=after.id if after else _FIRST)
        return [SealedEndpoint(*row) for row in rows]

    async def answers(self, after: SealedAnswer | None, *, at: datetime) -> Sequence[SealedAnswer]:
        """At most BATCH sealed answers that have not expired at `at`."""
        place = (after.merchant_id, after.key) if after else (_FIRST, "")
        rows = await self._database.rows(_ANSWERS, after=place[0], after_key=place[1], at=at)
        return [SealedAnswer(merchant_id, key, bytes(body)) for merchant_id, key, body in rows]

    async def reseal_endpoints(self, anew: Sequence[SealedEndpoint]) -> int:
        """Write secrets sealed anew: a new version, lest one read before brings the old seals back."""
        rows: list[dict[str, Any]] = [
            {
                "the_id": each.id,
                "read_version": each.version,
                "sealed": each.sealed,
                "previous": each.previous,
            }
            for each in anew
        ]
        return await self._written(_RESEAL_ENDPOINT, rows)

    async def reseal_answers(self, anew: Sequence[tuple[SealedAnswer, bytes]]) -> int:
        """Write answers sealed anew, each beside what it was when it was read."""
        rows: list[dict[str, Any]] = [
            {"the_merchant": read.merchant_id, "the_key": read.key, "read": read.sealed, "sealed": sealed}
            for read, sealed in anew
        ]
        return await self._written(_RESEAL_ANSWER, rows)

    async def _written(self, statement: Update, rows: Sequence[dict[str, Any]]) -> int:
        def unit(connection: Connection) -> int:
            return sum(connection.execute(statement, row).rowcount for row in rows)

        return await self._database.run(unit)
