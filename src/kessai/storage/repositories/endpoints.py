"""Reading webhook endpoints. A deleted one is nobody's any more; only its deliveries still name it."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, select

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
_ENDPOINTS: Final = Query(_NEWEST.where(_MINE))
_ENDPOINTS_BEFORE: Final = Query(_NEWEST.where(_MINE, webhook_endpoints.c.id < bindparam("before")))


class EndpointRepository:
    """The endpoints of merchants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, merchant_id: MerchantId, endpoint_id: str) -> Endpoint | None:
        """A merchant's endpoint, unless it was deleted."""
        rows = await self._database.rows(_ENDPOINT, id=endpoint_id, merchant_id=merchant_id)
        return endpoint_from(rows[0]) if rows else None

    async def list(self, merchant_id: MerchantId, *, before: EndpointId | None, limit: int) -> list[Endpoint]:
        """Newest first, at most `limit`, older than `before`; without the deleted ones."""
        params: dict[str, Any] = {"merchant_id": merchant_id, "limit": limit}
        if before is not None:
            params["before"] = before
        query = _ENDPOINTS if before is None else _ENDPOINTS_BEFORE
        return [endpoint_from(row) for row in await self._database.rows(query, **params)]
