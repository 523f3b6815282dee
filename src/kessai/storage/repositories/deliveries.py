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
from kessai.storage.query import Query
from kessai.storage.record_rows import delivery_from
from kessai.storage.tables import webhook_attempts, webhook_deliveries, webhook_events
from kessai.storage.windows import Page, Reads, bounds, not_indexed, read_page, reads

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
_MINE: Final = webhook_deliveries.c.merchant_id == bindparam("merchant_id")
_OF_PAYMENT: Final = select(webhook_events.c.id).where(webhook_events.c.payment_id == bindparam("payment_id"))
_SERVED: Final[dict[str, ColumnElement[bool]]] = {
    "id": webhook_deliveries.c.id == bindparam("id"),
    "event_id": webhook_deliveries.c.event_id == bindparam("event_id"),
    "payment_id": webhook_deliveries.c.event_id.in_(_OF_PAYMENT),
    "endpoint_id": webhook_deliveries.c.endpoint_id == bindparam("endpoint_id"),
    "merchant_id": _MINE,
}
"""What an index answers, the one first that leaves least. One of them is taken, the others are looked at."""
_LOOKED_AT: Final[dict[str, ColumnElement[bool]]] = {
    "merchant_id": not_indexed(webhook_deliveries.c.merchant_id) == bindparam("merchant_id"),
    "endpoint_id": not_indexed(webhook_deliveries.c.endpoint_id) == bindparam("endpoint_id"),
    "payment_id": not_indexed(webhook_deliveries.c.event_id).in_(_OF_PAYMENT),
    "event_id": not_indexed(webhook_deliveries.c.event_id) == bindparam("event_id"),
    "event_type": webhook_deliveries.c.event_type == bindparam("event_type"),
    "status": webhook_deliveries.c.status == bindparam("status"),
    "created_from": webhook_deliveries.c.created_at >= bindparam("created_from"),
    "created_to": webhook_deliveries.c.created_at < bindparam("created_to"),
}


@dataclass(frozen=True, slots=True)
class _Listing:
    """A page of deliveries, and the attempts of those from `oldest` to `newest`."""

    deliveries: Reads
    attempts: Query


@cache
def _listing(filters: frozenset[str]) -> _Listing:
    # At most one pair for each combination of filters; their number is bounded by the filters there are.
    taken = next(name for name in _SERVED if name in filters)
    # Whose they are goes with what an index answers: it says nothing of how many there are.
    served = [_SERVED[taken], *([] if taken == "merchant_id" else [_LOOKED_AT["merchant_id"]])]
    others = [each for name, each in _LOOKED_AT.items() if name in filters - {taken, "merchant_id"}]
    return _Listing(
        reads(select(webhook_deliveries), webhook_deliveries, served, others),
        Query(_attempts_of([*served, *others]), is_point="id" in filters),
    )


def _attempts_of(wanted: Sequence[ColumnElement[bool]]) -> Select[Any]:
    listed = (
        select(webhook_deliveries.c.id, webhook_deliveries.c.attempt_count)
        .where(
            *wanted,
            webhook_deliveries.c.id >= bindparam("oldest"),
            webhook_deliveries.c.id <= bindparam("newest"),
        )
        .order_by(webhook_deliveries.c.id.desc())
        .limit(bindparam("limit"))
        .subquery("listed")
    )
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
        page = await self._reports(merchant_id, {"id": delivery_id}, bounds(None, None, None), limit=1)
        return page.found[0] if page.found else None

    async def of_event(
        self, merchant_id: MerchantId, event_id: str, *, limit: int
    ) -> Sequence[DeliveryReport]:
        """Where an event went, newest first."""
        narrowed = {"event_id": event_id}
        return (await self._reports(merchant_id, narrowed, bounds(None, None, None), limit=limit)).found

    async def of_payment(
        self, merchant_id: MerchantId, payment_id: str, *, limit: int
    ) -> Sequence[DeliveryReport]:
        """Every delivery of a payment's events, newest first."""
        narrowed = {"payment_id": payment_id}
        return (await self._reports(merchant_id, narrowed, bounds(None, None, None), limit=limit)).found

    async def list(
        self, merchant_id: MerchantId, wanted: DeliveryFilter, *, before: DeliveryId | None, limit: int
    ) -> Page[DeliveryReport]:
        """Newest first, at most `limit`, older than `before`; fewer when LOOKED_AT_MAX rows hold no more."""
        narrowed = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
        within = bounds(wanted.created_from, wanted.created_to, before)
        return await self._reports(merchant_id, narrowed, within, limit=limit)

    async def _reports(
        self, merchant_id: MerchantId, narrowed: dict[str, Any], within: dict[str, str], *, limit: int
    ) -> Page[DeliveryReport]:
        params = {name: value for name, value in narrowed.items() if value is not None}
        facts = {"merchant_id": merchant_id, **params}
        listing = _listing(frozenset(facts))
        page = await read_page(self._database, listing.deliveries, {**facts, **within}, limit=limit)
        deliveries = [delivery_from(row) for row in page.found]
        if not deliveries:
            return Page([], page.last)
        ends = {"oldest": deliveries[-1].id, "newest": deliveries[0].id}
        tried = await self._database.rows(listing.attempts, **facts, **ends, limit=limit)
        attempts: dict[str, list[Attempt]] = {}
        for row in tried:
            attempt = _attempt_from(row)
            attempts.setdefault(attempt.delivery_id, []).append(attempt)
        return Page(
            [DeliveryReport(each, tuple(attempts.get(each.id, ()))) for each in deliveries], page.last
        )


def _attempt_from(row: Sequence[Any]) -> Attempt:
    values = dict(zip(_ATTEMPT_COLUMNS, row, strict=True))
    for name in ("request_headers", "answer_headers"):
        values[name] = tuple((name, value) for name, value in orjson.loads(values[name]))
    return Attempt(**values)
