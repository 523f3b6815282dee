"""Reading what an endpoint has missed: deliveries that were given up, events it was not there for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, or_, select

from kessai.domain.delivery import Delivery, DeliveryStatus
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event
from kessai.domain.ids import DeliveryId, EventId, earliest_id
from kessai.storage.event_rows import event_from_row
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.record_rows import delivery_from
from kessai.storage.tables import webhook_deliveries, webhook_events

_SINCE: Final = bindparam("since", type_=webhook_events.c.occurred_at.type)
_UNTIL: Final = bindparam("until", type_=webhook_events.c.occurred_at.type)

# A delivery is made after its event: one that was made before `since` is of an earlier one.
_GIVEN_UP: Final = Query(
    select(webhook_deliveries)
    .join_from(webhook_deliveries, webhook_events, webhook_events.c.id == webhook_deliveries.c.event_id)
    .where(
        webhook_deliveries.c.endpoint_id == bindparam("endpoint_id"),
        webhook_deliveries.c.id > bindparam("after"),
        or_(
            webhook_deliveries.c.status == DeliveryStatus.EXHAUSTED.value,
            webhook_deliveries.c.status == DeliveryStatus.CANCELED.value,
        ),
        webhook_events.c.occurred_at >= _SINCE,
        webhook_events.c.occurred_at < _UNTIL,
    )
    .order_by(webhook_deliveries.c.id)
    .limit(bindparam("limit"))
)
_SENT_THERE: Final = (
    select(webhook_deliveries.c.id)
    .where(
        webhook_deliveries.c.event_id == webhook_events.c.id,
        webhook_deliveries.c.endpoint_id == bindparam("endpoint_id"),
    )
    .exists()
)
_MISSED: Final = Query(
    select(webhook_events)
    .where(
        webhook_events.c.merchant_id == bindparam("merchant_id"),
        webhook_events.c.id > bindparam("after"),
        webhook_events.c.fanned_out_at.is_not(None),
        webhook_events.c.occurred_at >= _SINCE,
        webhook_events.c.occurred_at < _UNTIL,
        ~_SENT_THERE,
    )
    .order_by(webhook_events.c.id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on, before `until`."""

    since: datetime
    until: datetime


class RecoveryRepository:
    """What one endpoint has missed in a period, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def given_up(
        self, endpoint: Endpoint, period: Period, *, after: DeliveryId | None, limit: int
    ) -> list[Delivery]:
        """Deliveries of the period's events that are EXHAUSTED or CANCELED, pruned ones too."""
        rows = await self._database.rows(
            _GIVEN_UP,
            endpoint_id=endpoint.id,
            since=period.since,
            until=period.until,
            after=after or earliest_id(period.since),
            limit=limit,
        )
        return [delivery_from(row) for row in rows]

    async def missed(
        self, endpoint: Endpoint, period: Period, *, after: EventId | None, limit: int
    ) -> list[Event]:
        """The period's events of any type that never went there, pruned ones too."""
        rows = await self._database.rows(
            _MISSED,
            endpoint_id=endpoint.id,
            merchant_id=endpoint.merchant_id,
            since=period.since,
            until=period.until,
            after=after or earliest_id(period.since),
            limit=limit,
        )
        return [event_from_row(row) for row in rows]
