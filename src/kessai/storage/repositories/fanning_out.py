"""New events to deliveries, one for each endpoint that hears them; one dispatcher at a time, in order."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, func, select, update

from kessai.domain.delivery import Delivery
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event
from kessai.storage.event_rows import event_from_row, select_events
from kessai.storage.query import Query, Write
from kessai.storage.record_rows import DELIVERY_COLUMNS, endpoint_from
from kessai.storage.saving import insert_or_ignore
from kessai.storage.tables import webhook_deliveries, webhook_endpoints, webhook_events

Hears = Callable[[Endpoint, str], bool]
"""Whether an endpoint may want to hear of an event, as far as its type tells."""
Compose = Callable[[Event, Endpoint], Delivery | None]
"""Makes the delivery of an event to an endpoint, its body rendered; None if it does not hear of that one."""

_IS_NEW: Final = webhook_events.c.fanned_out_at.is_(None)
ANY_EVENT: Final = Query(select(webhook_events.c.id).where(_IS_NEW).limit(1), is_point=True)
"""Looked at before a batch is begun: most looks find nothing, and a read costs a tenth of a transaction."""
OLDEST_EVENT: Final = Query(
    select(webhook_events.c.occurred_at).where(_IS_NEW).order_by(webhook_events.c.id).limit(1)
)
_row: Final = attrgetter(*DELIVERY_COLUMNS)
_ADD: Final = Write(lambda kind: insert_or_ignore(webhook_deliveries, kind), DELIVERY_COLUMNS)
_TURN: Final = 0x6B657373616931
"""Names the lock of whoever fans out; any number that no other program of this database uses."""


def fan_out(connection: Connection, at: datetime, limit: int, hears: Hears, compose: Compose) -> int:
    """Make the deliveries of up to `limit` new events; return how many events, 0 if another is at it."""
    if connection.dialect.name == "postgresql" and not connection.scalar(
        select(func.pg_try_advisory_xact_lock(_TURN))
    ):
        return 0
    new = connection.execute(
        select(webhook_events.c.id, webhook_events.c.merchant_id, webhook_events.c.type)
        .where(_IS_NEW)
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
        if (listeners := [each for each in endpoints.get(merchant_id, ()) if hears(each, event_type)])
    }
    # Snapshots are read only when somebody wants to hear of them.
    deliveries = [
        compose(event, endpoint) for event in _events(connection, heard) for endpoint in heard[event.id]
    ]
    _ADD.run(connection, [_row(each) for each in deliveries if each is not None])
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
    statement = select_events().where(webhook_events.c.id.in_(event_ids)).order_by(webhook_events.c.id)
    return [event_from_row(tuple(row)) for row in connection.execute(statement)]
