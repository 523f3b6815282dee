"""What waits for dispatchers, as operators see it: right, and cheap while there is much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from kessai.domain.change import Change
from kessai.domain.delivery import DeliveryStatus
from kessai.storage.journal import Database
from kessai.storage.repositories import backlog as reads
from kessai.storage.repositories.backlog import DUE, UNDER_WAY, WAITING, BacklogRepository, Depth, Lag
from kessai.storage.repositories.claiming import DUE_ENDPOINTS
from kessai.storage.repositories.fanning_out import OLDEST_EVENT
from tests.support.backlog import Backlog, fill
from tests.support.ledger import Ledger, write
from tests.support.manual_clock import START
from tests.support.plans import plan, tables_read_in_full
from tests.support.webhooks import Office, open_office

FAILED_ONLY: Final = ("payment.failed",)
MANY: Final = 20_000


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


async def test_how_long_the_oldest_work_has_waited(office: Office) -> None:
    repository = BacklogRepository(office.database)
    await office.endpoint(events=FAILED_ONLY)
    assert await repository.lag(office.clock.now()) == Lag(None, None, None, 0)

    # given an event that no dispatcher has seen
    await office.pay()
    office.clock.advance(timedelta(seconds=40))
    assert await repository.lag(office.clock.now()) == Lag(START, None, None, 0)

    # when it has become a delivery, then that is what waits
    await office.fan_out()
    due_since = office.clock.now()
    office.clock.advance(timedelta(seconds=5))
    assert await repository.lag(office.clock.now()) == Lag(None, due_since, None, 0)

    # and nothing does when it has arrived
    await office.dispatch()
    assert await repository.lag(office.clock.now()) == Lag(None, None, None, 0)


async def test_what_waits_at_an_endpoint_that_fails_is_told_apart(office: Office) -> None:
    repository = BacklogRepository(office.database)
    broken = await office.endpoint(events=FAILED_ONLY)
    await office.endpoint("http://well.test/hook", events=FAILED_ONLY)
    rests_until = START + timedelta(minutes=1)
    await office.commit(
        Change(records=(replace(broken, failures=12, rests_until=rests_until, version=broken.version + 1),))
    )
    await office.pay()
    await office.fan_out()
    at = START + timedelta(seconds=5)
    assert await repository.lag(at) == Lag(None, START, START, 1)
    assert await repository.lag(rests_until) == Lag(None, START, START, 0)


async def test_the_queue_is_counted_by_state_and_status(office: Office) -> None:
    repository = BacklogRepository(office.database)
    await office.endpoint(events=FAILED_ONLY)
    # given one delivery that failed and waits for its retry, and one under way
    office.wire.answer(503)
    await office.pay()
    await office.dispatch()
    await office.pay()
    await office.fan_out()
    office.wire.held = asyncio.Event()
    await office.deliveries.start_due()
    # and one that is due, and an event that is new
    await office.pay()
    await office.fan_out()
    await office.pay()

    depth = await repository.depth(office.clock.now())
    office.wire.held.set()
    await office.deliveries.finish(within_s=5)

    # each payment has one event that the endpoint hears, and one that it does not
    assert depth == Depth(
        2,
        {
            (WAITING, DeliveryStatus.RETRYING): 1,
            (UNDER_WAY, DeliveryStatus.PENDING): 1,
            (DUE, DeliveryStatus.PENDING): 1,
        },
    )


async def test_no_read_of_the_queue_goes_through_what_is_final(database: Database, ledger: Ledger) -> None:
    # given many deliveries that are final and few that are open
    payment, endpoint = ledger.captured(), ledger.new_endpoint()
    await write(database, Change(records=(endpoint,)), Change(payment=payment))
    moments = [START + timedelta(milliseconds=each) for each in range(MANY)]
    await fill(
        database,
        Backlog(payment, [endpoint], DeliveryStatus.SUCCEEDED, moments),
        Backlog(payment, [endpoint], DeliveryStatus.PENDING, moments[:100], seed=8),
    )

    for query, params in (
        (reads.COUNT_EVENTS, {}),
        (OLDEST_EVENT, {}),
        (reads.COUNT_DELIVERIES, {"at": START}),
        (reads.LAG, {"at": START}),
        (DUE_ENDPOINTS, {"at": START}),
    ):
        lines = await plan(database, query, **params)
        assert tables_read_in_full(lines) <= {"webhook_endpoints"}, lines
