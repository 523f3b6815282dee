"""What attempts came to, written in batches: deliveries moved on, attempts kept, endpoints judged.

The version says whose turn it is: an attempt that outlasted its lease is kept and moves nothing.
Rows are locked in the order of their ids, so that two batches never wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import orjson
from sqlalchemy import Connection, and_, bindparam, or_, select, update

from kessai.domain.change import Change
from kessai.domain.delivery import GONE, Attempt, Delivery, DeliveryStatus
from kessai.domain.endpoint import Endpoint, Hearing
from kessai.domain.ids import DeliveryId, EndpointId
from kessai.storage.among import KINDS, among, listed
from kessai.storage.journal import COMMITTED
from kessai.storage.query import Query, Write
from kessai.storage.record_rows import endpoint_from
from kessai.storage.saving import insert_or_ignore, save
from kessai.storage.tables import webhook_attempts, webhook_deliveries, webhook_endpoints

Judge = Callable[[Endpoint, Hearing], Change]
"""Says what follows for an endpoint from what it made of its deliveries."""


def _lock(kind: str) -> Query:
    return Query(
        select(webhook_deliveries.c.id, webhook_deliveries.c.version)
        .where(among(webhook_deliveries.c.id, "ids", kind))
        .order_by(webhook_deliveries.c.id)
        .with_for_update()
    )


def _judged(kind: str) -> Query:
    """Endpoints that failed, and those that did before and answer now; others stay as they are."""
    was_failing = or_(webhook_endpoints.c.failing_since.is_not(None), webhook_endpoints.c.failures > 0)
    recovered = and_(among(webhook_endpoints.c.id, "arrived", kind), was_failing)
    return Query(
        select(webhook_endpoints)
        .where(or_(among(webhook_endpoints.c.id, "failed", kind), recovered))
        .order_by(webhook_endpoints.c.id)
        .with_for_update(key_share=True)
    )


_LOCK: Final = {kind: _lock(kind) for kind in KINDS}
_JUDGED: Final = {kind: _judged(kind) for kind in KINDS}
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
_moved: Final = attrgetter(*_MOVING, "id")
_MOVE: Final = Write(
    lambda _kind: (
        update(webhook_deliveries)
        .where(webhook_deliveries.c.id == bindparam("the_id", type_=webhook_deliveries.c.id.type))
        .values({name: bindparam(f"new_{name}") for name in _MOVING})
    ),
    [*(f"new_{name}" for name in _MOVING), "the_id"],
)
_ATTEMPT: Final = tuple(str(column.name) for column in webhook_attempts.columns)
_tried: Final = attrgetter(*_ATTEMPT[:-2])
_KEEP: Final = Write(lambda kind: insert_or_ignore(webhook_attempts, kind), _ATTEMPT)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A delivery as it stands after an attempt, at the version after the claim's."""

    delivery: Delivery
    attempt: Attempt


def settle(connection: Connection, settlements: Sequence[Settlement], judge: Judge) -> list[Settlement]:
    """Write what came of attempts; return those that still counted."""
    versions = _locked_versions(connection, [each.delivery.id for each in settlements])
    counted = [each for each in settlements if versions.get(each.delivery.id) == each.delivery.version - 1]
    move(connection, [each.delivery for each in counted])
    _KEEP.run(
        connection, (_attempt_row(each.attempt) for each in settlements if each.delivery.id in versions)
    )
    for endpoint, hearing in _heard_by(connection, counted):
        if save(connection, judge(endpoint, hearing)) != COMMITTED:
            raise LockedRowMovedError(f"endpoint {endpoint.id} moved while it was locked")
    return counted


class LockedRowMovedError(Exception):
    """A bug of ours: a row changed under our lock."""


def _locked_versions(connection: Connection, delivery_ids: Sequence[DeliveryId]) -> dict[str, int]:
    kind = connection.dialect.name
    return dict(_LOCK[kind].within(connection, ids=listed(delivery_ids, kind)))


def _heard_by(connection: Connection, counted: Sequence[Settlement]) -> Iterable[tuple[Endpoint, Hearing]]:
    """The endpoints whose health may change, locked, and what they made of their deliveries."""
    hearings: dict[EndpointId, Hearing] = {}
    for each in counted:
        endpoint_id, heard = each.delivery.endpoint_id, _heard(each)
        hearings[endpoint_id] = hearings[endpoint_id] | heard if endpoint_id in hearings else heard
    failed = [endpoint_id for endpoint_id, hearing in hearings.items() if not hearing.succeeded]
    arrived = [endpoint_id for endpoint_id, hearing in hearings.items() if hearing.succeeded]
    kind = connection.dialect.name
    for row in _JUDGED[kind].within(connection, failed=listed(failed, kind), arrived=listed(arrived, kind)):
        endpoint = endpoint_from(row)
        yield endpoint, hearings[endpoint.id]


def _heard(settlement: Settlement) -> Hearing:
    status = settlement.delivery.status
    return Hearing(
        succeeded=status is DeliveryStatus.SUCCEEDED,
        exhausted=status is DeliveryStatus.EXHAUSTED,
        gone=settlement.attempt.status_code == GONE,
        failed=int(status is not DeliveryStatus.SUCCEEDED),
    )


def move(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Write deliveries whose rows this transaction has locked."""
    _MOVE.run(connection, map(_moved, sorted(deliveries, key=lambda each: each.id)))


def _attempt_row(attempt: Attempt) -> tuple[Any, ...]:
    # Headers are the last two columns, and JSON.
    request_headers, answer_headers = attempt.request_headers, attempt.answer_headers
    return (
        *_tried(attempt),
        orjson.dumps(request_headers).decode(),
        orjson.dumps(answer_headers).decode() if answer_headers else "[]",
    )
