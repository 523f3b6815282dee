"""What dispatchers write, in batches: events fanned out, deliveries claimed, attempts settled.

Each batch is one transaction. `FOR UPDATE SKIP LOCKED` lets several dispatchers share the work on
PostgreSQL; SQLite, which has one writer, knows no such words and SQLAlchemy leaves them out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, update

from kessai.domain.delivery import Delivery
from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import DeliveryId, EndpointId
from kessai.storage.journal import Database
from kessai.storage.repositories.claiming import DUE_ENDPOINTS, Due, claim, due_from, unreachable
from kessai.storage.repositories.fanning_out import ANY_EVENT, Compose, Hears, fan_out
from kessai.storage.repositories.settling import Judge, Settlement, move, settle
from kessai.storage.tables import webhook_deliveries

ENDPOINT_DISABLED: Final = "the endpoint was disabled"
ENDPOINT_DELETED: Final = "the endpoint was deleted"
_CANCELED_AT_ONCE: Final = 500
"""Deliveries of one transaction that cancels what nobody will hear."""


class Outbox:
    """The dispatchers' side of events and deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fan_out(self, at: datetime, limit: int, hears: Hears, compose: Compose) -> int:
        """Make the deliveries of up to `limit` new events; return how many events that were."""
        if not await self._database.rows(ANY_EVENT):
            return 0
        return await self._database.run(lambda connection: fan_out(connection, at, limit, hears, compose))

    async def due(self, at: datetime) -> list[Due]:
        """The endpoints that something is due for and that do not rest, disabled ones too."""
        return [due_from(row) for row in await self._database.rows(DUE_ENDPOINTS, at=at)]

    async def claim(
        self,
        rooms: Mapping[EndpointId, int],
        *,
        at: datetime,
        lease: timedelta,
        busy: Collection[DeliveryId] = (),
    ) -> list[Delivery]:
        """Take up to so many deliveries of each endpoint, the longest due first, without the `busy` ones."""
        return await self._database.run(
            lambda connection: claim(connection, rooms, at=at, until=at + lease, busy=busy)
        )

    async def cancel(self, endpoint: Endpoint, at: datetime) -> int:
        """Cancel what is due at an endpoint that takes nothing; return how many, 0 when all are done."""
        reason = ENDPOINT_DELETED if endpoint.deleted_at else ENDPOINT_DISABLED

        def unit(connection: Connection) -> int:
            found = unreachable(connection, endpoint.id, at, _CANCELED_AT_ONCE)
            move(connection, [delivery.canceled(reason, at=at) for delivery in found])
            return len(found)

        return await self._database.run(unit)

    async def settle(self, settlements: Sequence[Settlement], judge: Judge) -> list[Settlement]:
        """Write what came of attempts; return those that still counted.

        An attempt that outlasted its lease is kept, but moves nothing: the version says whose turn it is.
        """
        return await self._database.run(lambda connection: settle(connection, settlements, judge))

    async def release_all(self) -> int:
        """End every lease: for the one process of an embedded database, which has just started."""
        held = webhook_deliveries.c.leased_until.is_not(None)
        statement = update(webhook_deliveries).where(held).values(leased_until=None)
        return await self._database.run(lambda connection: connection.execute(statement).rowcount)
