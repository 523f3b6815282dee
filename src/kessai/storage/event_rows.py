"""Events to rows and back.

A snapshot is the subject's own row as JSON, in no API's words; of a payment only where it stood, since what
was ordered stays with the payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, assert_never

import orjson
from sqlalchemy import Select, Table, select

from kessai.domain.event import (
    Cause,
    DocumentFact,
    EndpointFact,
    Event,
    EventType,
    PaymentFact,
    PrunedFact,
)
from kessai.domain.ids import EventId, MerchantId
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.schedules import NATIVE
from kessai.storage.document_rows import document_reader
from kessai.storage.payment_rows import (
    ORDER_COLUMNS,
    REFUND_COLUMNS,
    STATE_COLUMNS,
    Row,
    ordered,
    payment_from,
    refund_from_row,
    refund_to_row,
    state_to_row,
)
from kessai.storage.record_rows import endpoint_from_values, record_values
from kessai.storage.tables import payments, refunds, webhook_endpoints, webhook_events
from kessai.storage.types import Moment

_ENDPOINT_BEFORE_0002: Final = {"schedule": NATIVE, "verifies_tls": True, "failures": 0, "rests_until": None}
"""What snapshots of endpoints lack that were taken before the revision that added these."""

_PAID_WITH: Final = ORDER_COLUMNS.index("instrument_type")

EVENT_COLUMNS: Final = tuple(str(column.name) for column in webhook_events.columns)


def select_events() -> Select[Any]:
    """Events as `event_from_row` reads them: each with what was ordered, if it is about a payment.

    The last column is the payment's amount, for snapshots of before there were raised holds: they lack it.
    """
    about = webhook_events.outerjoin(payments, payments.c.id == webhook_events.c.payment_id)
    return select(*webhook_events.columns, *ordered, payments.c.amount).select_from(about)


class PrunedEventError(Exception):
    """A bug of ours: an event was to be written whose snapshot is gone."""


def event_to_row(event: Event, payment: Payment | None = None, state: Row = ()) -> tuple[Any, ...]:
    """The values of EVENT_COLUMNS; not fanned out yet.

    `state`: the values of STATE_COLUMNS of a `payment`, where they are known already.
    """
    payment_id = refund_id = endpoint_id = document_id = None
    match event.fact:
        case PaymentFact(subject, refund, earlier, refund_earlier):
            payment_id = subject.id
            stood = state if subject is payment else state_to_row(subject)
            refund_id = refund.id if refund else None
            snapshot: dict[str, Any] = {
                "payment": dict(zip(STATE_COLUMNS, stood, strict=True)),
                "refund": _refund_values(refund) if refund else None,
            }
            if earlier is not None:
                snapshot["before"] = dict(zip(STATE_COLUMNS, state_to_row(earlier), strict=True))
            if refund_earlier is not None:
                snapshot["refund_before"] = _refund_values(refund_earlier)
        case EndpointFact(endpoint, reason):
            endpoint_id = endpoint.id
            snapshot = {"endpoint": record_values(endpoint), "reason": reason}
        case DocumentFact(document, before):
            document_id = document.id
            snapshot = {
                "document": document.kind,
                # orjson knows our values' classes.
                "now": document,
                "before": before,
            }
        case PrunedFact():
            raise PrunedEventError(f"event {event.id} was pruned and cannot be written again")
        case _:
            assert_never(event.fact)
    if event.cause is not None:
        snapshot["cause"] = [event.cause.request_id, event.cause.idempotency_key]
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
        document_id,
    )


def event_from_row(row: Row) -> Event:
    """The event that `event_to_row` took apart: EVENT_COLUMNS, then its payment's order and amount."""
    (
        event_id,
        merchant_id,
        event_type,
        payment_id,
        refund_id,
        endpoint_id,
        snapshot,
        at,
        _,
        pruned_at,
        document_id,
        *order,
        amount,
    ) = row
    kept = orjson.loads(snapshot)
    fact = (
        PrunedFact(payment_id, refund_id, endpoint_id, pruned_at, document_id)
        if pruned_at
        else _fact(kept, order, amount)
    )
    cause = Cause(*kept["cause"]) if "cause" in kept else None
    return Event(EventId(event_id), MerchantId(merchant_id), EventType(event_type), fact, at, cause)


def _fact(snapshot: dict[str, Any], order: Row, amount: int) -> PaymentFact | EndpointFact | DocumentFact:
    if "document" in snapshot:
        read, before = document_reader(snapshot["document"]), snapshot["before"]
        return DocumentFact(read(snapshot["now"]), None if before is None else read(before))
    if "endpoint" in snapshot:
        values = _ENDPOINT.read({**_ENDPOINT_BEFORE_0002, **snapshot["endpoint"]})
        return EndpointFact(
            endpoint_from_values(dict(zip(_ENDPOINT.names, values, strict=True))), snapshot["reason"]
        )
    # Older snapshots hold the order as well, those after them not even its amount.
    payment = payment_from(order, _STATE.read({"amount": amount, **snapshot["payment"]}))
    before = snapshot.get("before")
    return PaymentFact(
        payment,
        _refund(snapshot["refund"], order),
        payment_from(order, _STATE.read({"amount": amount, **before})) if before else None,
        _refund(snapshot.get("refund_before"), order),
    )


def _refund(values: dict[str, Any] | None, order: Row) -> Refund | None:
    # Snapshots of before 0007 lack what it goes back to, which is what was paid with.
    paid_with = {"instrument_type": order[_PAID_WITH]}
    return refund_from_row(_REFUND.read({**paid_with, **values})) if values else None


def _refund_values(refund: Refund) -> dict[str, Any]:
    return dict(zip(REFUND_COLUMNS, refund_to_row(refund), strict=True))


class _Snapshot:
    """Columns of a table as JSON keeps them: it knows no moments, orjson wrote RFC 3339."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self.names = names
        self._moments = {name for name in names if isinstance(table.c[name].type, Moment)}

    def read(self, values: dict[str, Any]) -> list[Any]:
        """The values in the columns' order."""
        return [
            datetime.fromisoformat(value) if name in self._moments and value is not None else value
            # What a later revision added is not in earlier snapshots.
            for name, value in ((name, values.get(name)) for name in self.names)
        ]


_ENDPOINT: Final = _Snapshot(webhook_endpoints, [str(column.name) for column in webhook_endpoints.columns])
_STATE: Final = _Snapshot(payments, STATE_COLUMNS)
_REFUND: Final = _Snapshot(refunds, REFUND_COLUMNS)
