"""Reading what an endpoint has missed: deliveries that were given up, events it was not there for.

What has arrived is not missed and may be millions: it is gone through in steps, so that no read is long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Subquery, bindparam, select, true

from kessai.domain.delivery import Delivery, DeliveryStatus
from kessai.domain.endpoint import EVERY_EVENT, Endpoint
from kessai.domain.event import Event
from kessai.domain.ids import DeliveryId, EventId, earliest_id
from kessai.storage.event_rows import event_from_row, select_events
from kessai.storage.journal import Database
from kessai.storage.periods import id_range
from kessai.storage.query import Query
from kessai.storage.record_rows import delivery_from
from kessai.storage.tables import webhook_deliveries, webhook_events

T = TypeVar("T")

SCANNED_AT_ONCE: Final = 2_000
"""Rows of one read that are looked at: some milliseconds."""
_GIVEN_UP: Final = (DeliveryStatus.EXHAUSTED.value, DeliveryStatus.CANCELED.value)

_SINCE: Final = bindparam("since", type_=webhook_events.c.occurred_at.type)
_UNTIL: Final = bindparam("until", type_=webhook_events.c.occurred_at.type)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on, before `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of what was missed, oldest first, and the last id looked at; None at the end."""

    found: Sequence[T]
    last: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A read of what is wanted among the next SCANNED_AT_ONCE rows, and one of the last of these."""

    wanted: Query
    last: Query


def _step(scanned: Subquery, wanted: Select[Any]) -> Step:
    return Step(
        Query(wanted.order_by(scanned.c.id).limit(bindparam("limit"))),
        Query(select(scanned.c.id).order_by(scanned.c.id.desc()).limit(1)),
    )


def _given_up() -> Step:
    # A delivery is made after its event: one that was made before `since` is of an earlier one.
    scanned = (
        select(webhook_deliveries.c.id, webhook_deliveries.c.event_id, webhook_deliveries.c.status)
        .where(
            webhook_deliveries.c.endpoint_id == bindparam("endpoint_id"),
            webhook_deliveries.c.id > bindparam("after"),
        )
        .order_by(webhook_deliveries.c.id)
        .limit(SCANNED_AT_ONCE)
        .subquery("scanned")
    )
    wanted = (
        select(webhook_deliveries)
        .join_from(scanned, webhook_deliveries, webhook_deliveries.c.id == scanned.c.id)
        .join(webhook_events, webhook_events.c.id == scanned.c.event_id)
        .where(
            scanned.c.status.in_([bindparam(f"status_{value}", value) for value in _GIVEN_UP]),
            webhook_events.c.occurred_at >= _SINCE,
            webhook_events.c.occurred_at < _UNTIL,
        )
    )
    return _step(scanned, wanted)


# Fifty endpoints of a merchant hear less than so many sets of events.
@lru_cache(maxsize=64)
def missed_step(types: tuple[str, ...]) -> Step:
    """Events of these types that never went to an endpoint; `*` stands for all types."""
    scanned = (
        select(webhook_events.c.id, webhook_events.c.type, webhook_events.c.fanned_out_at)
        .where(
            webhook_events.c.merchant_id == bindparam("merchant_id"),
            webhook_events.c.id > bindparam("after"),
            webhook_events.c.id < bindparam("before"),
        )
        .order_by(webhook_events.c.id)
        .limit(SCANNED_AT_ONCE)
        .subquery("scanned")
    )
    was_sent_there = (
        select(webhook_deliveries.c.id)
        .where(
            webhook_deliveries.c.event_id == scanned.c.id,
            webhook_deliveries.c.endpoint_id == bindparam("endpoint_id"),
        )
        .exists()
    )
    wanted = (
        select_events()
        .join(scanned, webhook_events.c.id == scanned.c.id)
        .where(
            scanned.c.fanned_out_at.is_not(None),
            _is_one_of(scanned.c.type, types),
            ~was_sent_there,
            webhook_events.c.occurred_at >= _SINCE,
            webhook_events.c.occurred_at < _UNTIL,
        )
    )
    return _step(scanned, wanted)


def _is_one_of(column: ColumnElement[str], types: tuple[str, ...]) -> ColumnElement[bool]:
    if EVERY_EVENT in types:
        return true()
    return column.in_([bindparam(f"type_{number}", value) for number, value in enumerate(types)])


GIVEN_UP_STEP: Final = _given_up()


class RecoveryRepository:
    """What one endpoint has missed in a period, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def given_up(
        self, endpoint: Endpoint, period: Period, *, after: DeliveryId | None, limit: int
    ) -> Page[Delivery]:
        """Deliveries of the period's events that are EXHAUSTED or CANCELED, pruned ones too."""
        scanned = {"endpoint_id": endpoint.id, "after": after or earliest_id(period.since)}
        rows, last = await self._read(GIVEN_UP_STEP, scanned, _bounds(period, limit))
        return Page([delivery_from(row) for row in rows], last)

    async def missed(
        self, endpoint: Endpoint, period: Period, *, after: EventId | None, limit: int
    ) -> Page[Event]:
        """The period's events that it hears and that never went there, pruned ones too."""
        scanned = {
            "merchant_id": endpoint.merchant_id,
            "after": after or earliest_id(period.since),
            "before": id_range(None, period.until)["id_to"],
        }
        more = {"endpoint_id": endpoint.id, **_bounds(period, limit)}
        rows, last = await self._read(missed_step(endpoint.events), scanned, more)
        return Page([event_from_row(row) for row in rows], last)

    async def _read(
        self, step: Step, scanned: dict[str, Any], more: dict[str, Any]
    ) -> tuple[Sequence[tuple[Any, ...]], str | None]:
        """The rows that are wanted, and the id to go on after."""
        rows = await self._database.rows(step.wanted, **scanned, **more)
        if len(rows) == more["limit"]:
            return rows, rows[-1][0]
        last = await self._database.rows(step.last, **scanned)
        return rows, last[0][0] if last else None


def _bounds(period: Period, limit: int) -> dict[str, Any]:
    return {"since": period.since, "until": period.until, "limit": limit}
