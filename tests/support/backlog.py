"""Many events with a delivery each, written in bulk: for what has to stay quick when there is much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, insert, text

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.delivery import OPEN, DeliveryStatus
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event, EventType, PaymentFact
from kessai.domain.ids import EventId
from kessai.domain.payment import Payment
from kessai.storage.event_rows import EVENT_COLUMNS, event_to_row
from kessai.storage.journal import Database
from kessai.storage.tables import webhook_attempts, webhook_deliveries, webhook_events

_BODY: Final = b'{"event":"payment.created","payment":{"note":"' + b"x" * 600 + b'"}}'
_AT_ONCE: Final = 2_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events of `payment` at these moments; their endpoints go round. Another `seed` makes other ids."""

    payment: Payment
    endpoints: Sequence[Endpoint]
    status: DeliveryStatus
    moments: Sequence[datetime]
    seed: int = 7


async def fill(database: Database, *backlogs: Backlog) -> None:
    """Write an event at each moment, with a delivery and, unless it is new, an attempt."""
    for backlog in backlogs:
        await _fill(database, backlog)
    for table in (webhook_events, webhook_deliveries, webhook_attempts):
        # One by one: whoever is asked answers within seconds, however busy the machine is.
        await database.run(partial(_analyze, table.name))


async def _fill(database: Database, backlog: Backlog) -> None:
    ids = UuidFactory(SeededDice(backlog.seed))
    for first in range(0, len(backlog.moments), _AT_ONCE):
        moments = backlog.moments[first : first + _AT_ONCE]
        rows = [_rows(ids, backlog, first + number, at) for number, at in enumerate(moments)]

        def write(connection: Connection, rows: list[tuple[Row, Row, Row]] = rows) -> None:
            connection.execute(insert(webhook_events), [event for event, _, _ in rows])
            connection.execute(insert(webhook_deliveries), [delivery for _, delivery, _ in rows])
            if backlog.status is not DeliveryStatus.PENDING:
                connection.execute(insert(webhook_attempts), [attempt for _, _, attempt in rows])

        await database.run(write)


def _analyze(table: str, connection: Connection) -> None:
    connection.execute(text(f"ANALYZE {table}"))


def _rows(ids: UuidFactory, backlog: Backlog, number: int, at: datetime) -> tuple[Row, Row, Row]:
    payment = backlog.payment
    told = Event(
        EventId(ids.new_id(at)), payment.merchant_id, EventType.PAYMENT_CREATED, PaymentFact(payment), at
    )
    event = dict(zip(EVENT_COLUMNS, event_to_row(told), strict=True)) | {"fanned_out_at": at}
    delivery: Row = {
        "id": ids.new_id(at),
        "merchant_id": payment.merchant_id,
        "event_id": event["id"],
        "endpoint_id": backlog.endpoints[number % len(backlog.endpoints)].id,
        "event_type": event["type"],
        "status": backlog.status.value,
        "body": _BODY,
        "attempt_count": 0 if backlog.status is DeliveryStatus.PENDING else 1,
        "retry_count": 0,
        "due_at": at if backlog.status in OPEN else None,
        "created_at": at,
        "updated_at": at,
        "version": 1,
        "payment_id": payment.id,
    }
    attempt = {"delivery_id": delivery["id"], "number": 1, "started_at": at, "latency_ms": 5, "answer": "ok"}
    return event, delivery, {**attempt, "request_headers": "[]", "answer_headers": "[]"}
