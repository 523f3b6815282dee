"""What dispatchers write, in batches: events fanned out, deliveries claimed, attempts settled.

Each batch is one transaction. `FOR UPDATE SKIP LOCKED` lets several dispatchers share the work on
PostgreSQL; SQLite, which has one writer, knows no such words and SQLAlchemy leaves them out.
Rows are locked in the order of their ids, so that two batches never wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, update

from kessai.domain.change import Change
from kessai.domain.delivery import GONE, Attempt, Delivery, DeliveryStatus
from kessai.domain.endpoint import Endpoint, Hearing
from kessai.domain.event import Event
from kessai.domain.ids import DeliveryId, EndpointId
from kessai.storage.event_rows import event_from_row
from kessai.storage.journal import COMMITTED, Database
from kessai.storage.query import Query
from kessai.storage.record_rows import DELIVERY_COLUMNS, delivery_from, endpoint_from, record_values
from kessai.storage.saving import insert_or_ignore, save
from kessai.storage.tables import webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_events

Compose = Callable[[Event, Endpoint], Delivery]
"""Makes the delivery of an event to an endpoint, its body rendered."""
Judge = Callable[[Endpoint, Hearing], Change]
"""Says what follows for an endpoint from what it made of its deliveries."""

ENDPOINT_DISABLED: Final = "the endpoint was disabled"
ENDPOINT_DELETED: Final = "the endpoint was deleted"

_MOVING: Final = (
    "status",
    "attempt_count",
    "retry_count",
    "due_at",
    "leased_until",
    "last_error",
    "updated_at",
    "version",
)
_MOVE: Final = (
    update(webhook_deliveries)
    .where(webhook_deliveries.c.id == bindparam("the_id"))
    .values({name: bindparam(f"new_{name}") for name in _MOVING})
)
_OLDEST_EVENT: Final = Query(
    select(webhook_events.c.occurred_at)
    .where(webhook_events.c.fanned_out_at.is_(None))
    .order_by(webhook_events.c.id)
    .limit(1)
)


def _due(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    free = or_(webhook_deliveries.c.leased_until.is_(None), webhook_deliveries.c.leased_until <= at)
    return and_(webhook_deliveries.c.due_at <= at, free)


# Looked at before a batch is begun: most looks find nothing, and a read costs a tenth of a transaction.
_ANY_EVENT: Final = Query(
    select(webhook_events.c.id).where(webhook_events.c.fanned_out_at.is_(None)).limit(1), is_point=True
)
_ANY_DELIVERY: Final = Query(
    select(webhook_deliveries.c.id)
    .where(_due(bindparam("at", type_=webhook_deliveries.c.due_at.type)))
    .limit(1),
    is_point=True,
)
_OLDEST_DELIVERY: Final = Query(
    select(func.min(webhook_deliveries.c.due_at)).where(
        _due(bindparam("at", type_=webhook_deliveries.c.due_at.type))
    )
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery this process may try until its lease ends, and where it goes."""

    delivery: Delivery
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Settlement:
    """A delivery as it stands after an attempt, at the version after the claim's."""

    delivery: Delivery
    attempt: Attempt


class Outbox:
    """The dispatchers' side of events and deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fan_out(self, at: datetime, limit: int, compose: Compose) -> int:
        """Make the deliveries of up to `limit` new events; return how many events that were."""
        if not await self._database.rows(_ANY_EVENT):
            return 0
        return await self._database.run(lambda connection: _fan_out(connection, at, limit, compose))

    async def claim_due(
        self, at: datetime, limit: int, lease: timedelta, *, busy: Collection[DeliveryId] = ()
    ) -> list[Claimed]:
        """Take up to `limit` deliveries, the longest overdue first, without those that are `busy`.

        Those whose endpoint is switched off or deleted are canceled on the way.
        """
        if not await self._database.rows(_ANY_DELIVERY, at=at):
            return []
        while True:
            claimed, canceled = await self._database.run(
                lambda connection: _claim(connection, at, limit, at + lease, busy)
            )
            # A batch of nothing but canceled ones may hide others that are due.
            if claimed or not canceled:
                return claimed

    async def settle(self, settlements: Sequence[Settlement], judge: Judge) -> list[Settlement]:
        """Write what came of attempts; return those that still counted.

        An attempt that outlasted its lease is kept, but moves nothing: the version says whose turn it is.
        """
        return await self._database.run(lambda connection: _settle(connection, settlements, judge))

    async def release_all(self) -> int:
        """End every lease: for the one process of an embedded database, which has just started."""
        held = webhook_deliveries.c.leased_until.is_not(None)
        statement = update(webhook_deliveries).where(held).values(leased_until=None)
        return await self._database.run(lambda connection: connection.execute(statement).rowcount)

    async def oldest_due(self, at: datetime) -> datetime | None:
        """Since when something has been waiting for a dispatcher; None when nothing is."""
        event = await self._database.rows(_OLDEST_EVENT)
        delivery = await self._database.rows(_OLDEST_DELIVERY, at=at)
        moments = [row[0] for row in (*event, *delivery) if row[0] is not None]
        return min(moments, default=None)


def _fan_out(connection: Connection, at: datetime, limit: int, compose: Compose) -> int:
    new = connection.execute(
        select(webhook_events.c.id, webhook_events.c.merchant_id, webhook_events.c.type)
        .where(webhook_events.c.fanned_out_at.is_(None))
        .order_by(webhook_events.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not new:
        return 0
    endpoints = _endpoints_of(connection, {merchant_id for _, merchant_id, _ in new})
    heard = {
        event_id: listeners
        for event_id, merchant_id, event_type in new
        if (listeners := [each for each in endpoints.get(merchant_id, ()) if each.hears(event_type)])
    }
    # Snapshots are read only when somebody wants to hear of them.
    deliveries = [
        compose(event, endpoint) for event in _events(connection, heard) for endpoint in heard[event.id]
    ]
    if deliveries:
        statement = insert_or_ignore(webhook_deliveries, connection)
        connection.execute(statement, [record_values(delivery) for delivery in deliveries])
    done = webhook_events.c.id.in_([event_id for event_id, _, _ in new])
    connection.execute(update(webhook_events).where(done).values(fanned_out_at=at))
    return len(new)


def _endpoints_of(connection: Connection, merchant_ids: Collection[str]) -> dict[str, list[Endpoint]]:
    rows = connection.execute(
        select(webhook_endpoints)
        .where(webhook_endpoints.c.merchant_id.in_(merchant_ids), webhook_endpoints.c.deleted_at.is_(None))
        .order_by(webhook_endpoints.c.id)
    )
    found: dict[str, list[Endpoint]] = {}
    for row in rows:
        endpoint = endpoint_from(tuple(row))
        found.setdefault(endpoint.merchant_id, []).append(endpoint)
    return found


def _events(connection: Connection, event_ids: Collection[str]) -> list[Event]:
    if not event_ids:
        return []
    statement = select(webhook_events).where(webhook_events.c.id.in_(event_ids)).order_by(webhook_events.c.id)
    return [event_from_row(tuple(row)) for row in connection.execute(statement)]


def _claim(
    connection: Connection, at: datetime, limit: int, until: datetime, busy: Collection[DeliveryId]
) -> tuple[list[Claimed], int]:
    statement = (
        select(webhook_deliveries, webhook_endpoints)
        .join_from(
            webhook_deliveries, webhook_endpoints, webhook_endpoints.c.id == webhook_deliveries.c.endpoint_id
        )
        .where(_due(at))
        .order_by(webhook_deliveries.c.due_at)
        .limit(limit)
        .with_for_update(of=webhook_deliveries, skip_locked=True)
    )
    if busy:
        statement = statement.where(webhook_deliveries.c.id.not_in(busy))
    width = len(DELIVERY_COLUMNS)
    found = [
        Claimed(delivery_from(tuple(row[:width])), endpoint_from(tuple(row[width:])))
        for row in connection.execute(statement)
    ]
    claimed = [
        Claimed(each.delivery.claimed(until=until), each.endpoint)
        for each in found
        if each.endpoint.takes_deliveries
    ]
    canceled = [
        each.delivery.canceled(ENDPOINT_DELETED if each.endpoint.deleted_at else ENDPOINT_DISABLED, at=at)
        for each in found
        if not each.endpoint.takes_deliveries
    ]
    _move(connection, [*(each.delivery for each in claimed), *canceled])
    return claimed, len(canceled)


def _settle(connection: Connection, settlements: Sequence[Settlement], judge: Judge) -> list[Settlement]:
    versions = _locked_versions(connection, [each.delivery.id for each in settlements])
    counted = [each for each in settlements if versions.get(each.delivery.id) == each.delivery.version - 1]
    _move(connection, [each.delivery for each in counted])
    tried = [_attempt_values(each.attempt) for each in settlements if each.delivery.id in versions]
    if tried:
        connection.execute(insert_or_ignore(webhook_attempts, connection), tried)
    for endpoint, hearing in _heard_by(connection, counted):
        if save(connection, judge(endpoint, hearing)) is not COMMITTED:
            raise LockedRowMovedError(f"endpoint {endpoint.id} moved while it was locked")
    return counted


class LockedRowMovedError(Exception):
    """A bug of ours: a row changed under our lock."""


def _locked_versions(connection: Connection, delivery_ids: Collection[DeliveryId]) -> dict[str, int]:
    rows = connection.execute(
        select(webhook_deliveries.c.id, webhook_deliveries.c.version)
        .where(webhook_deliveries.c.id.in_(delivery_ids))
        .order_by(webhook_deliveries.c.id)
        .with_for_update()
    )
    return {row.id: row.version for row in rows}


def _heard_by(connection: Connection, counted: Sequence[Settlement]) -> Iterable[tuple[Endpoint, Hearing]]:
    """The endpoints whose health may change, locked, and what they made of their deliveries."""
    hearings: dict[EndpointId, Hearing] = {}
    for each in counted:
        endpoint_id, heard = each.delivery.endpoint_id, _heard(each)
        hearings[endpoint_id] = hearings[endpoint_id] | heard if endpoint_id in hearings else heard
    failed = [endpoint_id for endpoint_id, hearing in hearings.items() if not hearing.succeeded]
    arrived = [endpoint_id for endpoint_id, hearing in hearings.items() if hearing.succeeded]
    was_failing = or_(webhook_endpoints.c.failing_since.is_not(None), webhook_endpoints.c.failures > 0)
    recovered = and_(webhook_endpoints.c.id.in_(arrived), was_failing)
    rows = connection.execute(
        select(webhook_endpoints)
        .where(or_(webhook_endpoints.c.id.in_(failed), recovered))
        .order_by(webhook_endpoints.c.id)
        .with_for_update(key_share=True)
    ).all()
    for row in rows:
        endpoint = endpoint_from(tuple(row))
        yield endpoint, hearings[endpoint.id]


def _heard(settlement: Settlement) -> Hearing:
    status = settlement.delivery.status
    return Hearing(
        succeeded=status is DeliveryStatus.SUCCEEDED,
        exhausted=status is DeliveryStatus.EXHAUSTED,
        gone=settlement.attempt.status_code == GONE,
        failed=int(status is not DeliveryStatus.SUCCEEDED),
    )


def _move(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Write deliveries whose rows this transaction has locked."""
    rows = []
    for delivery in sorted(deliveries, key=lambda each: each.id):
        values = record_values(delivery)
        rows.append({"the_id": delivery.id, **{f"new_{name}": values[name] for name in _MOVING}})
    if rows:
        connection.execute(_MOVE, rows)


def _attempt_values(attempt: Attempt) -> dict[str, Any]:
    values = {field.name: getattr(attempt, field.name) for field in fields(attempt)}
    for name in ("request_headers", "answer_headers"):
        values[name] = orjson.dumps(values[name]).decode()
    return values
