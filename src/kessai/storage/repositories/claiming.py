"""What dispatchers take: of each endpoint the deliveries that are due longest, as many as it has room for.

Endpoints are found by hopping through the index of what is open, from one to the next, so that no backlog
of one is read on the way to another. The first sendings of one payment's events are taken one after the
other; a delivery that has been tried before waits for none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    Integer,
    ScalarSelect,
    Select,
    Update,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    text,
    true,
    update,
)

from kessai.domain.delivery import Delivery, DeliveryStatus
from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import DeliveryId, EndpointId
from kessai.storage.among import among, listed
from kessai.storage.query import Query
from kessai.storage.record_rows import delivery_from, endpoint_from
from kessai.storage.tables import webhook_deliveries, webhook_endpoints
from kessai.storage.types import Id

_OPEN: Final = webhook_deliveries.alias("open")
_EARLIER: Final = webhook_deliveries.alias("earlier")
_AT: Final = bindparam("at", type_=webhook_deliveries.c.due_at.type)
_IS_UNTRIED: Final = f"status = '{DeliveryStatus.PENDING.value}'"
"""As it is written in the index that answers it: neither database sees through a parameter."""


@dataclass(frozen=True, slots=True)
class Due:
    """An endpoint that something is due for, and since when."""

    endpoint: Endpoint
    since: datetime


def due_from(row: Sequence[Any]) -> Due:
    """What a row of DUE_ENDPOINTS says."""
    return Due(endpoint_from(tuple(row[:-1])), row[-1])


def is_free(at: ColumnElement[datetime], table: Any = _OPEN) -> ColumnElement[bool]:
    """Due, and not with a dispatcher."""
    unleased = or_(table.c.leased_until.is_(None), table.c.leased_until <= at)
    return and_(table.c.due_at <= at, unleased)


def _next_open(after: ColumnElement[Any] | None) -> ScalarSelect[Any]:
    statement = select(_OPEN.c.endpoint_id).where(_OPEN.c.due_at.is_not(None))
    if after is not None:
        statement = statement.where(_OPEN.c.endpoint_id > after)
    return statement.order_by(_OPEN.c.endpoint_id).limit(1).scalar_subquery()


def open_endpoints() -> CTE:
    """The ids of endpoints with something open, and a null: one step of the index for each."""
    first = select(_next_open(None).label("id")).cte("hop", recursive=True)
    return first.union_all(select(_next_open(first.c.id)).where(first.c.id.is_not(None)))


def _due_endpoints() -> Select[Any]:
    hop = open_endpoints()
    since = (
        select(_OPEN.c.due_at)
        .where(_OPEN.c.endpoint_id == webhook_endpoints.c.id, is_free(_AT))
        .order_by(_OPEN.c.due_at)
        .limit(1)
        .scalar_subquery()
    )
    rested = or_(webhook_endpoints.c.rests_until.is_(None), webhook_endpoints.c.rests_until <= _AT)
    waiting = (
        select(webhook_endpoints, since.label("since"))
        .join_from(hop, webhook_endpoints, webhook_endpoints.c.id == hop.c.id)
        .where(rested)
        .subquery("waiting")
    )
    return select(waiting).where(waiting.c.since.is_not(None))


DUE_ENDPOINTS: Final = Query(_due_endpoints())
"""Endpoints that something is due for and that do not rest, disabled ones too, in no order."""


def _is_its_turn() -> ColumnElement[bool]:
    is_earlier = and_(
        _EARLIER.c.endpoint_id == _OPEN.c.endpoint_id,
        _EARLIER.c.payment_id == _OPEN.c.payment_id,
        _EARLIER.c.event_id < _OPEN.c.event_id,
        text(f"earlier.{_IS_UNTRIED}"),
    )
    has_been_tried = _OPEN.c.status != DeliveryStatus.PENDING.value
    return or_(has_been_tried, ~select(_EARLIER.c.id).where(is_earlier).exists())


def _takeable(endpoint_id: ColumnElement[Any], room: Any) -> Select[Any]:
    return (
        select(_OPEN.c.id)
        .where(_OPEN.c.endpoint_id == endpoint_id, is_free(_AT), _is_its_turn())
        .order_by(_OPEN.c.due_at, _OPEN.c.event_id)
        .limit(room)
        .with_for_update(of=_OPEN, skip_locked=True)
    )


def _taken() -> Update:
    return update(webhook_deliveries).values(
        attempt_count=webhook_deliveries.c.attempt_count + 1,
        leased_until=bindparam("until", type_=webhook_deliveries.c.leased_until.type),
        version=webhook_deliveries.c.version + 1,
    )


def _take_of_one(is_busy: ColumnElement[bool] | None) -> Query:
    takeable = _takeable(bindparam("of_endpoint", type_=Id), bindparam("room", type_=Integer))
    wanted = takeable if is_busy is None else takeable.where(~is_busy)
    return Query(_taken().where(webhook_deliveries.c.id.in_(wanted)).returning(*webhook_deliveries.c))


def _take_of_all(is_busy: ColumnElement[bool] | None) -> Query:
    arrays = (bindparam("endpoint_ids", type_=ARRAY(Id)), bindparam("rooms", type_=ARRAY(Integer)))
    shape = (column("endpoint_id", Id), column("room", Integer))
    wanted = func.unnest(*arrays).table_valued(*shape, name="wanted").render_derived()
    takeable = _takeable(wanted.c.endpoint_id, wanted.c.room)
    of_each = (takeable if is_busy is None else takeable.where(~is_busy)).lateral("of_each")
    chosen = select(of_each.c.id).select_from(wanted.join(of_each, true())).cte("chosen")
    return Query(_taken().where(webhook_deliveries.c.id == chosen.c.id).returning(*webhook_deliveries.c))


_TAKE: Final = {
    # No LATERAL on SQLite; but then, no way to a server and back either.
    ("sqlite", False): _take_of_one(None),
    ("sqlite", True): _take_of_one(among(_OPEN.c.id, "busy", "sqlite")),
    ("postgresql", False): _take_of_all(None),
    ("postgresql", True): _take_of_all(among(_OPEN.c.id, "busy", "postgresql")),
}
"""By the kind of database, and whether some deliveries are not to be taken."""


def claim(
    connection: Connection,
    rooms: Mapping[EndpointId, int],
    *,
    at: datetime,
    until: datetime,
    busy: Collection[DeliveryId],
) -> list[Delivery]:
    """Lease up to so many deliveries of each endpoint, the longest due first, for one attempt more."""
    kind = connection.dialect.name
    take = _TAKE[kind, bool(busy)]
    facts = {"at": at, "until": until, "busy": listed(busy, kind)}
    if kind == "postgresql":
        wanted = {"endpoint_ids": list(rooms), "rooms": list(rooms.values())}
        rows = take.within(connection, **facts, **wanted)
    else:
        each = ({"of_endpoint": endpoint_id, "room": room} for endpoint_id, room in rooms.items())
        rows = [row for one in each for row in take.within(connection, **facts, **one)]
    return sorted(map(delivery_from, rows), key=lambda delivery: (delivery.due_at, delivery.event_id))


def unreachable(connection: Connection, endpoint_id: EndpointId, at: datetime, limit: int) -> list[Delivery]:
    """Lock deliveries that are due at an endpoint which takes none."""
    statement = (
        select(_OPEN)
        .where(_OPEN.c.endpoint_id == endpoint_id, is_free(_AT))
        .order_by(_OPEN.c.id)
        .limit(limit)
        .with_for_update(of=_OPEN, skip_locked=True)
    )
    return [delivery_from(tuple(row)) for row in connection.execute(statement, {"at": at})]
