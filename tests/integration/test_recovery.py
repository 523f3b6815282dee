"""What an endpoint has missed is found among much that has arrived, and no read is long."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from kessai.domain.change import Change
from kessai.domain.delivery import DeliveryStatus
from kessai.domain.endpoint import Endpoint
from kessai.storage.repositories.recovery import (
    GIVEN_UP_STEP,
    SCANNED_AT_ONCE,
    Page,
    Period,
    RecoveryRepository,
    missed_step,
)
from tests.support.backlog import Backlog, fill
from tests.support.manual_clock import START
from tests.support.plans import plan, tables_read_in_full
from tests.support.webhooks import Office, open_office

MANY: Final = 20_000
PERIOD: Final = Period(START - timedelta(hours=1), START + timedelta(hours=1))
FAILED_ONLY: Final = ("payment.failed",)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


async def much_that_arrived(office: Office, endpoint: Endpoint, *, many: int) -> None:
    """So many events that went there, and after them three that were given up."""
    payment = await office.pay()
    await office.fan_out()
    arrived = [START + timedelta(milliseconds=each) for each in range(many)]
    given_up = [START + timedelta(minutes=30, milliseconds=each) for each in range(3)]
    await fill(
        office.database,
        Backlog(payment, [endpoint], DeliveryStatus.SUCCEEDED, arrived),
        Backlog(payment, [endpoint], DeliveryStatus.EXHAUSTED, given_up, seed=8),
    )


async def everything(read: Callable[[Any], Awaitable[Page[Any]]]) -> tuple[list[Any], int]:
    """What all pages together have, and how many pages there were."""
    found: list[Any] = []
    after, pages = None, 0
    while True:
        page = await read(after)
        pages += 1
        found += page.found
        if page.last is None:
            return found, pages
        after = page.last


async def test_what_was_given_up_is_found_behind_what_arrived(office: Office) -> None:
    endpoint = await office.endpoint(events=FAILED_ONLY)
    await much_that_arrived(office, endpoint, many=2 * SCANNED_AT_ONCE)
    repository = RecoveryRepository(office.database)

    found, pages = await everything(lambda after: repository.given_up(endpoint, PERIOD, after=after, limit=2))

    assert [each.status for each in found] == [DeliveryStatus.EXHAUSTED] * 3
    assert len({each.id for each in found}) == 3
    assert pages > 2


async def test_what_it_never_got_is_found_behind_what_arrived(office: Office) -> None:
    endpoint = await office.endpoint(events=FAILED_ONLY)
    await much_that_arrived(office, endpoint, many=2 * SCANNED_AT_ONCE)
    # given two payments whose events came while it was disabled
    disabled = endpoint.disabled("for a test", at=office.clock.now())
    await office.commit(Change(records=(disabled,)))
    office.clock.advance(timedelta(minutes=40))
    made = [await office.pay(), await office.pay()]
    repository = RecoveryRepository(office.database)

    found, _ = await everything(lambda after: repository.missed(endpoint, PERIOD, after=after, limit=1))

    # then it is their failures only, for it hears of nothing else
    assert [each.fact.payment.id for each in found] == [each.id for each in made]
    assert {each.type.value for each in found} == set(FAILED_ONLY)


async def test_no_step_reads_a_table_in_full(office: Office) -> None:
    endpoint = await office.endpoint(events=FAILED_ONLY)
    await much_that_arrived(office, endpoint, many=MANY)
    after, before = endpoint.id, "ffffffff-ffff-7fff-8fff-ffffffffffff"
    moments = {"since": PERIOD.since, "until": PERIOD.until, "limit": 100}
    of_endpoint = {"endpoint_id": endpoint.id, "after": after}
    of_merchant = {"merchant_id": office.merchant.id, "after": after, "before": before}
    missed = missed_step(endpoint.events)
    for query, params in (
        (GIVEN_UP_STEP.wanted, {**of_endpoint, **moments}),
        (GIVEN_UP_STEP.last, of_endpoint),
        (missed.wanted, {**of_merchant, **moments, "endpoint_id": endpoint.id}),
        (missed.last, of_merchant),
    ):
        lines = await plan(office.database, query, **params)
        assert tables_read_in_full(lines) == set(), lines
