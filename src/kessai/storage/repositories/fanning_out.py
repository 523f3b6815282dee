"""New events to deliveries, one for each endpoint that hears them; one dispatcher at a time, in order."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, Select, Update, bindparam, func, select, update

from kessai.domain.delivery import Delivery
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event
from kessai.domain.surroundings import Look
from kessai.storage.among import KINDS, among, listed
from kessai.storage.event_rows import event_from_row, select_events
from kessai.storage.query import Query, Write
from kessai.storage.record_rows import DELIVERY_COLUMNS, endpoint_from
from kessai.storage.repositories.surroundings import look_around
from kessai.storage.saving import insert_or_ignore
from kessai.storage.tables import webhook_deliveries, webhook_endpoints, webhook_events

Hears = Callable[[Endpoint, str], bool]
"""Whether an endpoint may want to hear of an event, as far as its type tells."""
Compose = Callable[[Event, Endpoint, Look], Delivery | None]
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


def _listening(kind: str) -> Select[Any]:
    """Endpoints of some merchants."""
    return (
        select(webhook_endpoints)
        .where(
            among(webhook_endpoints.c.merchant_id, "merchant_ids", kind),
            webhook_endpoints.c.deleted_at.is_(None),
        )
        .order_by(webhook_endpoints.c.id)
    )


def _heard(kind: str) -> Select[Any]:
    return select_events().where(among(webhook_events.c.id, "event_ids", kind)).order_by(webhook_events.c.id)


def _done(kind: str) -> Update:
    done = update(webhook_events).where(among(webhook_events.c.id, "event_ids", kind))
    return done.values(fanned_out_at=bindparam("at"))


_LISTENING: Final = {kind: _listening(kind) for kind in KINDS}
_HEARD: Final = {kind: _heard(kind) for kind in KINDS}
_DONE: Final = {kind: _done(kind) for kind in KINDS}


def fan_out(connection: Connection, at: datetime, limit: int, hears: Hears, compose: Compose) -> int:
    """Make the deliveries of up to `limit` new events; return how many events, 0 if another is at it."""
    kind = connection.dialect.name
    if kind == "postgresql" and not connection.scalar(select(func.pg_try_advisory_xact_lock(_TURN))):
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
        compose(event, endpoint, look)
        for event, look in _events(connection, heard)
        for endpoint in heard[event.id]
    ]
    _ADD.run(connection, [_row(each) for each in deliveries if each is not None])
    done = listed([event_id for event_id, _, _ in new], kind)
    connection.execute(_DONE[kind], {"event_ids": done, "at": at})
    return len(new)


def _endpoints_of(connection: Connection, merchant_ids: Collection[str]) -> dict[str, list[Endpoint]]:
    kind = connection.dialect.name
    rows = connection.execute(_LISTENING[kind], {"merchant_ids": listed(merchant_ids, kind)})
    found: dict[str, list[Endpoint]] = {}
    for row in rows:
        endpoint = endpoint_from(tuple(row))
        found.setdefault(endpoint.merchant_id, []).append(endpoint)
    return found


def _events(connection: Connection, event_ids: Collection[str]) -> list[tuple[Event, Look]]:
    """Events, each with a way to look around it."""
    if not event_ids:
        return []
    kind = connection.dialect.name
    rows = connection.execute(_HEARD[kind], {"event_ids": listed(event_ids, kind)})
    events = [event_from_row(tuple(row)) for row in rows]
    return [(each, look_around(connection, each)) for each in events]
