"""Every row of one merchant, in each table that has any."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select

from kessai.storage.tables import (
    api_keys,
    merchants,
    metadata,
    webhook_attempts,
    webhook_deliveries,
)
from tests.support.gateway import Gateway

# Any: rows, of whatever columns.
Rows = dict[str, list[Any]]
"""By table."""


async def rows_of(gateway: Gateway, secret_key: str) -> Rows:
    """What is the merchant's whose key this is."""

    def read(connection: Connection) -> Rows:
        last4 = select(api_keys.c.merchant_id).where(api_keys.c.last4 == secret_key[-4:])
        merchant_id = connection.execute(last4).scalars().first()
        return {
            each.name: list(connection.execute(_of(each, merchant_id).order_by(*each.primary_key)))
            for each in metadata.sorted_tables
        }

    return await gateway.joined.database.run(read)


# Any: a select of whatever columns the table has.
def _of(table: Table, merchant_id: Any) -> Any:
    if table is webhook_attempts:
        theirs = select(webhook_deliveries.c.id).where(webhook_deliveries.c.merchant_id == merchant_id)
        return select(table).where(table.c.delivery_id.in_(theirs))
    owner = table.c.id if table is merchants else table.c.merchant_id
    return select(table).where(owner == merchant_id)
