"""Reading events: what happened to a merchant's payments, whether or not anybody was told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select

from kessai.domain.delivery import OPEN, DeliveryStatus
from kessai.domain.event import Event
from kessai.domain.ids import EventId, MerchantId
from kessai.storage.event_rows import event_from_row, select_events
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.scanning import Scan, Wanted
from kessai.storage.tables import webhook_deliveries, webhook_endpoints, webhook_events
from kessai.storage.windows import Page, Reads, bounds, not_indexed, read_page, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What a list of events is narrowed by; None means any."""

    type: str | None = None
    payment_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


_LOOKED_AT: Final[dict[str, ColumnElement[bool]]] = {
    "type": webhook_events.c.type == bindparam("type"),
    "created_from": webhook_events.c.occurred_at >= bindparam("created_from"),
    "created_to": webhook_events.c.occurred_at < bindparam("created_to"),
}
_MINE: Final = webhook_events.c.merchant_id == bindparam("merchant_id")
_MINE_OF_PAYMENT: Final = (
    webhook_events.c.payment_id == bindparam("payment_id"),
    not_indexed(webhook_events.c.merchant_id) == bindparam("merchant_id"),
)
"""A payment has few events, its merchant any number."""
_EVENT: Final = Query(select_events().where(webhook_events.c.id == bindparam("id"), _MINE), by_key=True)
_OF_PAYMENT: Final = Query(
    select_events().where(*_MINE_OF_PAYMENT).order_by(webhook_events.c.id).limit(bindparam("limit"))
)

_UNHEARD: Final = or_(
    *(webhook_deliveries.c.status == each.value for each in (*OPEN, DeliveryStatus.EXHAUSTED))
)
"""Of deliveries: nobody has taken it. What was canceled is nobody's to take."""


def _is_unheard(dialect: str) -> ColumnElement[bool]:
    """Whether an endpoint of a dialect has not taken an event; `dialect` names the parameter."""
    return (
        select(webhook_deliveries.c.id)
        .join(webhook_endpoints, webhook_endpoints.c.id == webhook_deliveries.c.endpoint_id)
        .where(
            webhook_deliveries.c.event_id == webhook_events.c.id,
            _UNHEARD,
            webhook_endpoints.c.dialect == bindparam(dialect),
        )
        .exists()
    )


_IS_NEW: Final = webhook_events.c.fanned_out_at.is_(None)
_SCANNED: Final = Scan(
    select_events().where(_MINE, webhook_events.c.pruned_at.is_(None)),
    webhook_events,
    event_from_row,
    {
        "heard_by": and_(~_IS_NEW, ~_is_unheard("heard_by")),
        "unheard_by": or_(_IS_NEW, _is_unheard("unheard_by")),
    },
)
_UNHEARD_OF: Final = Query(
    select(func.count())
    .select_from(webhook_deliveries)
    .join(webhook_endpoints, webhook_endpoints.c.id == webhook_deliveries.c.endpoint_id)
    .where(
        webhook_deliveries.c.event_id == bindparam("id"),
        _UNHEARD,
        webhook_endpoints.c.dialect == bindparam("dialect"),
    )
)
_FANNED_OUT: Final = Query(
    select(webhook_events.c.id).where(webhook_events.c.id == bindparam("id"), ~_IS_NEW), by_key=True
)


@cache
def _listing(filters: frozenset[str]) -> Reads:
    # At most one for each combination of filters; their number is bounded by the filters there are.
    served = _MINE_OF_PAYMENT if "payment_id" in filters else (_MINE,)
    others = [condition for name, condition in _LOOKED_AT.items() if name in filters]
    return reads(select_events(), webhook_events, served, others)


class EventRepository:
    """The events of merchants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, merchant_id: MerchantId, event_id: str) -> Event | None:
        """A merchant's event."""
        rows = await self._database.rows(_EVENT, id=event_id, merchant_id=merchant_id)
        return event_from_row(rows[0]) if rows else None

    async def of_payment(self, merchant_id: MerchantId, payment_id: str, *, limit: int) -> list[Event]:
        """What happened to a payment, oldest first."""
        params = {"merchant_id": merchant_id, "payment_id": payment_id, "limit": limit}
        return [event_from_row(row) for row in await self._database.rows(_OF_PAYMENT, **params)]

    async def list(
        self, merchant_id: MerchantId, wanted: EventFilter, *, before: EventId | None, limit: int
    ) -> Page[Event]:
        """Newest first, at most `limit`, older than `before`; fewer when LOOKED_AT_MAX rows hold no more."""
        given = ((field.name, getattr(wanted, field.name)) for field in fields(wanted))
        params: dict[str, Any] = {name: value for name, value in given if value is not None}
        facts = {
            "merchant_id": merchant_id,
            **params,
            **bounds(wanted.created_from, wanted.created_to, before),
        }
        page = await read_page(self._database, _listing(frozenset(params)), facts, limit=limit)
        return Page([event_from_row(row) for row in page.found], page.last)

    async def scan(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        dialect: str,
        is_heard: bool | None,
        limit: int,
        where: Callable[[Event], bool],
    ) -> Sequence[Event]:
        """Newest first, both ways from a cursor, at most `limit`, where `where` holds; pruned ones left out.

        `is_heard`: whether every endpoint of this dialect has taken it that was to; any event if None.
        """
        params = wanted.params
        if is_heard is not None:
            params["heard_by" if is_heard else "unheard_by"] = dialect
        return await _SCANNED.page(self._database, params, limit=limit, where=where, merchant_id=merchant_id)

    async def unheard(self, event_id: EventId, *, dialect: str) -> int | None:
        """How many endpoints of a dialect have not taken an event; None when nobody was asked yet."""
        if not await self._database.rows(_FANNED_OUT, id=event_id):
            return None
        rows = await self._database.rows(_UNHEARD_OF, id=event_id, dialect=dialect)
        count: int = rows[0][0]
        return count
