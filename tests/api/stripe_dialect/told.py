"""The events of a gateway as the Stripe API tells them, oldest first."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.events import event_object
from kessai.storage.event_rows import event_from_row, select_events
from kessai.storage.query import Query
from kessai.storage.tables import webhook_events
from tests.support.gateway import ROOT, Gateway

_ALL: Final = Query(select_events().order_by(webhook_events.c.id))


async def told(gateway: Gateway) -> list[dict[str, Any]]:
    """Every event there is, whoever's."""
    rows = await gateway.joined.database.rows(_ALL)
    return [event_object(event_from_row(row), ROOT) for row in rows]


async def types_told(gateway: Gateway) -> list[str]:
    """What they are called."""
    return [event["type"] for event in await told(gateway)]
