"""What waits for dispatchers, for those who watch: how much, since when, and what is in its way.

Read while there may be a hundred thousand of it. Only rows that are open are touched, by their partial
indexes, and each read has a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, case, func, literal, select

from kessai.domain.delivery import DeliveryStatus
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.repositories.claiming import is_free, open_endpoints
from kessai.storage.repositories.fanning_out import OLDEST_EVENT
from kessai.storage.tables import webhook_deliveries, webhook_endpoints, webhook_events

COUNTED_MAX: Final = 200_000
"""Rows that are counted one by one; a longer queue is said to be that long. Some 300 ms on SQLite."""
ENDPOINTS_SEEN_MAX: Final = 10_000
"""Endpoints that are looked at for who waits longest, in the order of their ids."""

WAITING: Final = "waiting"
"""For its time: a retry, or a receiver that rests."""
DUE: Final = "due"
UNDER_WAY: Final = "under_way"
STATES: Final = (WAITING, DUE, UNDER_WAY)


@dataclass(frozen=True, slots=True)
class Lag:
    """Since when the oldest has been waiting; None where nothing does.

    `event` is new to every dispatcher. `healthy` is due at an endpoint that does not fail, `failing` at one
    that does. `paused` endpoints have something open and are left alone for now.
    """

    event: datetime | None
    healthy: datetime | None
    failing: datetime | None
    paused: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How many events no dispatcher has looked at, and how many deliveries are open, by state and status."""

    events: int
    deliveries: dict[tuple[str, DeliveryStatus], int]


_AT: Final = bindparam("at", type_=webhook_deliveries.c.due_at.type)
_IS_OPEN: Final = webhook_deliveries.c.due_at.is_not(None)
_IS_LEASED: Final = webhook_deliveries.c.leased_until > _AT
_NEW_EVENTS: Final = select(webhook_events.c.id).where(webhook_events.c.fanned_out_at.is_(None))
COUNT_EVENTS: Final = Query(select(func.count()).select_from(_NEW_EVENTS.limit(COUNTED_MAX).subquery()))


def _count_deliveries() -> Query:
    state = case((_IS_LEASED, UNDER_WAY), (webhook_deliveries.c.due_at <= _AT, DUE), else_=WAITING)
    counted = (
        select(webhook_deliveries.c.status, state.label("state"))
        .where(_IS_OPEN)
        .limit(COUNTED_MAX)
        .subquery("counted")
    )
    return Query(
        select(counted.c.state, counted.c.status, func.count()).group_by(counted.c.state, counted.c.status)
    )


def _lag() -> Query:
    found = open_endpoints()
    bounded = select(found.c.id).where(found.c.id.is_not(None)).limit(ENDPOINTS_SEEN_MAX).subquery("bounded")
    since = (
        select(webhook_deliveries.c.due_at)
        .where(webhook_deliveries.c.endpoint_id == bounded.c.id, _IS_OPEN, is_free(_AT, webhook_deliveries))
        .order_by(webhook_deliveries.c.due_at)
        .limit(1)
        .correlate(bounded)
        .scalar_subquery()
    )
    seen = (
        select(webhook_endpoints.c.failures, webhook_endpoints.c.rests_until, since.label("since"))
        .join_from(bounded, webhook_endpoints, webhook_endpoints.c.id == bounded.c.id)
        .subquery("seen")
    )
    paused: ColumnElement[int] = case((seen.c.rests_until > _AT, literal(1)), else_=literal(0))
    columns: list[ColumnElement[Any]] = [
        func.min(case((seen.c.failures == 0, seen.c.since))),
        func.min(case((seen.c.failures > 0, seen.c.since))),
        func.coalesce(func.sum(paused), 0),
    ]
    return Query(select(*columns))


COUNT_DELIVERIES: Final = _count_deliveries()
LAG: Final = _lag()


class BacklogRepository:
    """Reads of what is open, of all merchants together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lag(self, at: datetime) -> Lag:
        """Since when something has been waiting for a dispatcher."""
        event = await self._database.rows(OLDEST_EVENT)
        rows = await self._database.rows(LAG, at=at)
        healthy, failing, paused = rows[0] if rows else (None, None, 0)
        return Lag(event[0][0] if event else None, healthy, failing, int(paused))

    async def depth(self, at: datetime) -> Depth:
        """How much is open."""
        events = await self._database.rows(COUNT_EVENTS)
        counted = await self._database.rows(COUNT_DELIVERIES, at=at)
        deliveries = {(state, DeliveryStatus(status)): count for state, status, count in counted}
        return Depth(events[0][0] if events else 0, deliveries)
