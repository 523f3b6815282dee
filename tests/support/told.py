"""What a gateway has told of."""

from __future__ import annotations

from sqlalchemy import Connection, select

from kessai.storage.tables import webhook_events
from tests.support.gateway import Gateway


async def events_of(gateway: Gateway) -> list[str]:
    """The types of all events so far, oldest first."""

    def read(connection: Connection) -> list[str]:
        return list(connection.scalars(select(webhook_events.c.type).order_by(webhook_events.c.id)))

    return await gateway.joined.database.run(read)
