"""Reading webhook endpoints. A deleted one is nobody's any more; only its deliveries still name it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, select

from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import EndpointId, MerchantId
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.record_rows import endpoint_from
from kessai.storage.tables import webhook_endpoints

_MINE: Final = (webhook_endpoints.c.merchant_id == bindparam("merchant_id")) & (
    webhook_endpoints.c.deleted_at.is_(None)
)
_ENDPOINT: Final = Query(
    select(webhook_endpoints).where(webhook_endpoints.c.id == bindparam("id"), _MINE), by_key=True
)
_NEWEST: Final = select(webhook_endpoints).order_by(webhook_endpoints.c.id.desc()).limit(bindparam("limit"))
_NARROWING: Final[dict[str, ColumnElement[bool]]] = {
    "before": webhook_endpoints.c.id < bindparam("before"),
    "dialect": webhook_endpoints.c.dialect == bindparam("dialect"),
}


@cache
def _listing(filters: frozenset[str]) -> Query:
    # At most one for each combination of filters; their number is bounded by the filters there are.
    return Query(_NEWEST.where(_MINE, *(_NARROWING[name] for name in sorted(filters))))


class EndpointRepository:
    """The endpoints of merchants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, merchant_id: MerchantId, endpoint_id: str) -> Endpoint | None:
        """A merchant's endpoint, unless it was deleted."""
        rows = await self._database.rows(_ENDPOINT, id=endpoint_id, merchant_id=merchant_id)
        return endpoint_from(rows[0]) if rows else None

    async def list(
        self, merchant_id: MerchantId, *, before: EndpointId | None, limit: int, dialect: str | None = None
    ) -> list[Endpoint]:
        """Newest first, at most `limit`, older than `before`, of `dialect`; without the deleted ones."""
        given = {"before": before, "dialect": dialect}
        narrowed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        rows = await self._database.rows(
            _listing(frozenset(narrowed)), merchant_id=merchant_id, limit=limit, **narrowed
        )
        return [endpoint_from(row) for row in rows]
