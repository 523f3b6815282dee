"""Lists of events and deliveries stay quick: whatever they are narrowed by, no table is read in full."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

import pytest
from sqlalchemy import Connection

from kessai.domain.change import Change
from kessai.domain.delivery import DeliveryStatus
from kessai.domain.ids import DeliveryId, EventId
from kessai.storage.journal import CommitResult, Database
from kessai.storage.query import Query
from kessai.storage.repositories.deliveries import DeliveryFilter, DeliveryRepository
from kessai.storage.repositories.events import EventFilter, EventRepository
from tests.support.backlog import Backlog, fill
from tests.support.gateway import START, UNKNOWN
from tests.support.plans import plan, tables_read_in_full
from tests.support.webhooks import Office, open_office

T = TypeVar("T")

MANY: Final = 20_000
LATER: Final = START + timedelta(seconds=5)
A_SECOND: Final[dict[str, Any]] = {"created_from": LATER, "created_to": LATER + timedelta(seconds=1)}
DELIVERY_FILTERS: Final = (
    DeliveryFilter(),
    DeliveryFilter(endpoint_id=UNKNOWN),
    DeliveryFilter(event_id=UNKNOWN),
    DeliveryFilter(payment_id=UNKNOWN),
    DeliveryFilter(created_from=LATER),
    DeliveryFilter(created_to=LATER),
    DeliveryFilter(**A_SECOND),
    DeliveryFilter(status="EXHAUSTED", endpoint_id=UNKNOWN),
    DeliveryFilter(event_type="payment.created", created_from=LATER),
)
EVENT_FILTERS: Final = (
    EventFilter(),
    EventFilter(payment_id=UNKNOWN),
    EventFilter(type="payment.created", created_to=LATER),
    EventFilter(created_from=LATER),
    EventFilter(**A_SECOND),
)


class Listening:
    """The database, and what it was asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.asked: list[tuple[Query, dict[str, object]]] = []

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        self.asked.append((query, params))
        return await self._database.rows(query, **params)

    async def commit(self, change: Change) -> CommitResult:
        return await self._database.commit(change)

    async def run(self, unit: Callable[[Connection], T]) -> T:
        return await self._database.run(unit)

    async def close(self) -> None:
        await self._database.close()


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """Many events of one merchant, of many payments and some minutes, each delivered."""
    async with open_office(database_url) as opened:
        endpoints = [await opened.endpoint(events=["payment.failed"]) for _ in range(4)]
        for number in range(20):
            payment = await opened.pay()
            at = START + timedelta(seconds=number)
            moments = [at + timedelta(milliseconds=each) for each in range(MANY // 20)]
            await fill(
                opened.database,
                Backlog(payment, endpoints, DeliveryStatus.SUCCEEDED, moments, seed=100 + number),
            )
        yield opened


async def test_deliveries_are_listed_along_an_index(office: Office) -> None:
    listening = Listening(office.database)
    repository = DeliveryRepository(listening)
    for wanted in DELIVERY_FILTERS:
        for before in (None, DeliveryId(UNKNOWN)):
            await repository.list(office.merchant.id, wanted, before=before, limit=21)
    await nothing_is_read_in_full(office, listening)


async def test_events_are_listed_along_an_index(office: Office) -> None:
    listening = Listening(office.database)
    repository = EventRepository(listening)
    for wanted in EVENT_FILTERS:
        for before in (None, EventId(UNKNOWN)):
            await repository.list(office.merchant.id, wanted, before=before, limit=21)
    await nothing_is_read_in_full(office, listening)


async def nothing_is_read_in_full(office: Office, listening: Listening) -> None:
    assert listening.asked
    for query, params in listening.asked:
        lines = await plan(office.database, query, **params)
        assert tables_read_in_full(lines) == set(), lines
