"""Reading deliveries with their attempts. What a dispatcher reads and writes is in `outbox`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Select, bindparam, select

from kessai.domain.delivery import Attempt, Delivery
from kessai.domain.ids import DeliveryId, MerchantId
from kessai.storage.journal import Database
from kessai.storage.periods import id_conditions, id_range
from kessai.storage.query import Query
from kessai.storage.record_rows import delivery_from
from kessai.storage.tables import webhook_attempts, webhook_deliveries, webhook_events

ATTEMPTS_SHOWN: Final = 25
"""The newest attempts of one delivery that are read: retries by hand may have made any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """What a list of deliveries is narrowed by; None means any."""

    endpoint_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    status: str | None = None
    payment_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery and its newest attempts, oldest of them first."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]

    @property
    def id(self) -> DeliveryId:
        """The delivery's id: lists go on from it."""
        return self.delivery.id


_ATTEMPT_COLUMNS: Final = tuple(str(column.name) for column in webhook_attempts.columns)
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "id": webhook_deliveries.c.id == bindparam("id"),
    "endpoint_id": webhook_deliveries.c.endpoint_id == bindparam("endpoint_id"),
    "event_id": webhook_deliveries.c.event_id == bindparam("event_id"),
    "event_type": webhook_deliveries.c.event_type == bindparam("event_type"),
    "status": webhook_deliveries.c.status == bindparam("status"),
    "created_from": webhook_deliveries.c.created_at >= bindparam("created_from"),
    "created_to": webhook_deliveries.c.created_at < bindparam("created_to"),
    **id_conditions(webhook_deliveries),
    "before": webhook_deliveries.c.id < bindparam("before"),
    "payment_id": webhook_deliveries.c.event_id.in_(
        select(webhook_events.c.id).where(webhook_events.c.payment_id == bindparam("payment_id"))
    ),
}


@dataclass(frozen=True, slots=True)
class _Listing:
    """A page of deliveries, and the attempts of just those."""

    deliveries: Query
    attempts: Query


@cache
def _listing(conditions: frozenset[str]) -> _Listing:
    # At most one pair per combination of filters; their number is bounded by the filters there are.
    wanted = [_CONDITIONS[name] for name in sorted(conditions)]
    wanted.append(webhook_deliveries.c.merchant_id == bindparam("merchant_id"))
    is_point = "id" in conditions
    return _Listing(
        Query(_page(select(webhook_deliveries), wanted), is_point=is_point),
        Query(
            _attempts_of(_page(select(webhook_deliveries.c.id, webhook_deliveries.c.attempt_count), wanted)),
            is_point=is_point,
        ),
    )


def _page(statement: Select[Any], wanted: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return statement.where(*wanted).order_by(webhook_deliveries.c.id.desc()).limit(bindparam("limit"))


def _attempts_of(page: Select[Any]) -> Select[Any]:
    listed = page.subquery("listed")
    shown = (webhook_attempts.c.delivery_id == listed.c.id) & (
        webhook_attempts.c.number > listed.c.attempt_count - ATTEMPTS_SHOWN
    )
    return (
        select(webhook_attempts)
        .join_from(listed, webhook_attempts, shown)
        .order_by(webhook_attempts.c.delivery_id, webhook_attempts.c.number)
    )


class DeliveryRepository:
    """The deliveries of merchants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, merchant_id: MerchantId, delivery_id: str) -> DeliveryReport | None:
        """A merchant's delivery."""
        found = await self._reports(merchant_id, {"id": delivery_id}, limit=1)
        return found[0] if found else None

    async def of_event(self, merchant_id: MerchantId, event_id: str, *, limit: int) -> list[DeliveryReport]:
        """Where an event went, newest first."""
        return await self._reports(merchant_id, {"event_id": event_id}, limit=limit)

    async def of_payment(
        self, merchant_id: MerchantId, payment_id: str, *, limit: int
    ) -> list[DeliveryReport]:
        """Every delivery of a payment's events, newest first."""
        return await self._reports(merchant_id, {"payment_id": payment_id}, limit=limit)

    async def _reports(
        self, merchant_id: MerchantId, narrowed: dict[str, Any], *, limit: int
    ) -> list[DeliveryReport]:
        params = {name: value for name, value in narrowed.items() if value is not None}
        listing = _listing(frozenset(params))
        rows = await self._database.rows(listing.deliveries, merchant_id=merchant_id, limit=limit, **params)
        tried = await self._database.rows(listing.attempts, merchant_id=merchant_id, limit=limit, **params)
        attempts: dict[str, list[Attempt]] = {}
        for row in tried:
            attempt = _attempt_from(row)
            attempts.setdefault(attempt.delivery_id, []).append(attempt)
        deliveries = [delivery_from(row) for row in rows]
        return [DeliveryReport(delivery, tuple(attempts.get(delivery.id, ()))) for delivery in deliveries]

    async def list(
        self, merchant_id: MerchantId, wanted: DeliveryFilter, *, before: DeliveryId | None, limit: int
    ) -> list[DeliveryReport]:
        """Newest first, at most `limit`, older than `before`."""
        narrowed = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
        bounds = id_range(wanted.created_from, wanted.created_to)
        return await self._reports(merchant_id, {**narrowed, **bounds, "before": before}, limit=limit)


def _attempt_from(row: Sequence[Any]) -> Attempt:
    values = dict(zip(_ATTEMPT_COLUMNS, row, strict=True))
    for name in ("request_headers", "answer_headers"):
        values[name] = tuple((name, value) for name, value in orjson.loads(values[name]))
    return Attempt(**values)
