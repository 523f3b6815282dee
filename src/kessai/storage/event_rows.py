"""Events to rows and back. A snapshot is the subject's own row as JSON, in no API's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, assert_never

import orjson
from sqlalchemy import Table

from kessai.domain.event import EndpointFact, Event, EventType, PaymentFact, PrunedFact
from kessai.domain.ids import EventId, MerchantId
from kessai.domain.schedules import NATIVE
from kessai.storage.payment_rows import (
    PAYMENT_COLUMNS,
    REFUND_COLUMNS,
    payment_from_row,
    payment_to_row,
    refund_from_row,
    refund_to_row,
)
from kessai.storage.record_rows import endpoint_from_values, record_values
from kessai.storage.tables import payments, refunds, webhook_endpoints, webhook_events
from kessai.storage.types import Moment

_ENDPOINT_BEFORE_0002: Final = {"schedule": NATIVE, "verifies_tls": True, "failures": 0, "rests_until": None}
"""What snapshots of endpoints lack that were taken before the revision that added these."""

_PAYMENT_BEFORE_0004: Final = {"expires_in_s": None}
"""The same of payments."""

EVENT_COLUMNS: Final = tuple(str(column.name) for column in webhook_events.columns)


class PrunedEventError(Exception):
    """A bug of ours: an event was to be written whose snapshot is gone."""


def event_to_row(event: Event) -> tuple[Any, ...]:
    """The values of EVENT_COLUMNS; not fanned out yet."""
    payment_id = refund_id = endpoint_id = None
    match event.fact:
        case PaymentFact(payment, refund):
            payment_id = payment.id
            refund_id = refund.id if refund else None
            snapshot: dict[str, Any] = {
                "payment": dict(zip(PAYMENT_COLUMNS, payment_to_row(payment), strict=True)),
                "refund": dict(zip(REFUND_COLUMNS, refund_to_row(refund), strict=True)) if refund else None,
            }
        case EndpointFact(endpoint, reason):
            endpoint_id = endpoint.id
            snapshot = {"endpoint": record_values(endpoint), "reason": reason}
        case PrunedFact():
            raise PrunedEventError(f"event {event.id} was pruned and cannot be written again")
        case _:
            assert_never(event.fact)
    return (
        event.id,
        event.merchant_id,
        event.type.value,
        payment_id,
        refund_id,
        endpoint_id,
        orjson.dumps(snapshot).decode(),
        event.at,
        None,
        None,
    )


def event_from_row(row: Sequence[Any]) -> Event:
    """The event that `event_to_row` took apart."""
    event_id, merchant_id, event_type, payment_id, refund_id, endpoint_id, snapshot, at, _, pruned_at = row
    fact = (
        PrunedFact(payment_id, refund_id, endpoint_id, pruned_at)
        if pruned_at
        else _fact(orjson.loads(snapshot))
    )
    return Event(EventId(event_id), MerchantId(merchant_id), EventType(event_type), fact, at)


def _fact(snapshot: dict[str, Any]) -> PaymentFact | EndpointFact:
    if "endpoint" in snapshot:
        endpoint = {**_ENDPOINT_BEFORE_0002, **snapshot["endpoint"]}
        return EndpointFact(
            endpoint_from_values(_with_moments(webhook_endpoints, endpoint)), snapshot["reason"]
        )
    before = {**_PAYMENT_BEFORE_0004, **snapshot["payment"]}
    payment = payment_from_row(list(_with_moments(payments, before).values()))
    refund = snapshot["refund"]
    return PaymentFact(
        payment, refund_from_row(list(_with_moments(refunds, refund).values())) if refund else None
    )


def _with_moments(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    # JSON knows no moments: orjson wrote RFC 3339, and the table says which columns are meant.
    return {
        column.name: datetime.fromisoformat(values[column.name])
        if isinstance(column.type, Moment) and values[column.name] is not None
        else values[column.name]
        for column in table.columns
    }
