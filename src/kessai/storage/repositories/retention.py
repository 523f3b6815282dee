"""Forgetting the bodies and attempts of old events. Who heard of them, and when, stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Delete,
    Integer,
    Select,
    TableClause,
    Update,
    bindparam,
    column,
    delete,
    select,
    table,
    update,
)

from kessai.domain.ids import EventId, earliest_id
from kessai.storage.among import KINDS, among, listed
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.tables import webhook_attempts, webhook_deliveries, webhook_events

PRUNED_AT_ONCE: Final = 50
"""Events of one transaction: some milliseconds of it, a tenth of a second with fifty endpoints each."""
SCANNED_AT_ONCE: Final = 1_000
"""Events of one read, most of which may have been pruned before: a millisecond or two."""
START: Final = EventId("00000000-0000-0000-0000-000000000000")
"""Before every event."""

# An index of what has a body would be written with every event; so its oldest are looked for on the way.
_SCANNED: Final = (
    select(webhook_events.c.id, webhook_events.c.pruned_at, webhook_events.c.fanned_out_at)
    .where(webhook_events.c.id > bindparam("after"), webhook_events.c.id < bindparam("before"))
    .order_by(webhook_events.c.id)
    .limit(SCANNED_AT_ONCE)
    .subquery("scanned")
)
OLD_EVENTS: Final = Query(
    select(_SCANNED.c.id)
    .where(_SCANNED.c.pruned_at.is_(None), _SCANNED.c.fanned_out_at.is_not(None))
    .order_by(_SCANNED.c.id)
    .limit(PRUNED_AT_ONCE)
)
_LAST_SCANNED: Final = Query(select(_SCANNED.c.id).order_by(_SCANNED.c.id.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class _Statements:
    """Those of one batch, each with `ids`."""

    take: Select[Any]
    deliveries: Select[Any]
    forget_attempts: Delete
    forget_bodies: Update
    forget_snapshots: Update

    @classmethod
    def on(cls, kind: str) -> _Statements:
        """For one kind of database."""
        events, deliveries = webhook_events.c, webhook_deliveries.c
        at = bindparam("at", type_=events.pruned_at.type)
        # Whoever read a delivery before decides anew.
        version = column("version", Integer)
        return cls(
            select(events.id)
            .where(among(events.id, "ids", kind), events.pruned_at.is_(None))
            .order_by(events.id)
            .with_for_update(skip_locked=True),
            select(deliveries.id, deliveries.event_id, deliveries.due_at)
            .where(among(deliveries.event_id, "ids", kind))
            .order_by(deliveries.id)
            .with_for_update(),
            delete(webhook_attempts).where(among(webhook_attempts.c.delivery_id, "ids", kind)),
            _emptied(webhook_deliveries, kind, {"body": b"", "pruned_at": at, "version": version + 1}),
            _emptied(webhook_events, kind, {"snapshot": "{}", "pruned_at": at}),
        )


def _emptied(rows: TableClause, kind: str, values: dict[str, Any]) -> Update:
    """Set `values` where the id is one of `ids`.

    SQLite leaves a row that shrinks where it is, and what comes later does not fit into the hole: the file
    would grow as if nothing was forgotten. If a row's number is set, be it to what it was, it is taken out
    and put in again, and pages that are nearly empty then are merged, so that others can be used again.
    """
    if kind == "sqlite":
        number = column("rowid", Integer)
        rows = table(rows.name, *(column(each.name, each.type) for each in rows.c), number)
        values = {**values, number.name: number}
    return update(rows).where(among(rows.c.id, "ids", kind)).values(values)


_STATEMENTS: Final = {kind: _Statements.on(kind) for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Page:
    """Some old events that have a body, and the last event looked at; None at the end."""

    event_ids: list[EventId]
    last: EventId | None


class RetentionRepository:
    """Events of all merchants, from the oldest on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def old_events(self, since: datetime, *, after: EventId) -> Page:
        """Up to PRUNED_AT_ONCE of the next SCANNED_AT_ONCE events from before `since`."""
        params = {"after": after, "before": earliest_id(since)}
        found = [row[0] for row in await self._database.rows(OLD_EVENTS, **params)]
        if len(found) == PRUNED_AT_ONCE:
            return Page(found, found[-1])
        last = await self._database.rows(_LAST_SCANNED, **params)
        return Page(found, last[0][0] if last else None)

    async def prune(self, event_ids: list[EventId], *, at: datetime) -> int:
        """Forget those of which no delivery is open, and that no other process is at; return how many."""
        return await self._database.run(lambda connection: _prune(connection, event_ids, at))


def _prune(connection: Connection, event_ids: list[EventId], at: datetime) -> int:
    kind = connection.dialect.name
    run = _STATEMENTS[kind]
    taken = set(connection.execute(run.take, {"ids": listed(event_ids, kind)}).scalars())
    # Locked before it is looked at: one that is sent again by hand meanwhile is open, and keeps its body.
    deliveries = connection.execute(run.deliveries, {"ids": listed(taken, kind)}).all()
    closed = taken - {each.event_id for each in deliveries if each.due_at is not None}
    told = listed([each.id for each in deliveries if each.event_id in closed], kind)
    connection.execute(run.forget_attempts, {"ids": told})
    connection.execute(run.forget_bodies, {"ids": told, "at": at})
    connection.execute(run.forget_snapshots, {"ids": listed(closed, kind), "at": at})
    return len(closed)
