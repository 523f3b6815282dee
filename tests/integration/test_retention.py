"""Bodies and attempts of old events are forgotten: what goes, what stays, and who is not disturbed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, event, update

from kessai.domain.delivery import DeliveryStatus
from kessai.domain.errors import ConflictError
from kessai.domain.event import PrunedFact
from kessai.domain.ids import earliest_id
from kessai.services.retention import Retention
from kessai.storage.journal import STALE
from kessai.storage.repositories.events import EventFilter
from kessai.storage.repositories.retention import OLD_EVENTS, PRUNED_AT_ONCE
from kessai.storage.tables import webhook_events
from tests.support.backlog import Backlog, fill
from tests.support.manual_clock import START
from tests.support.plans import plan, tables_read_in_full
from tests.support.webhooks import KEEPS, Office, open_beside, open_office

FAILED_ONLY: Final = ("payment.failed",)
"""With the default payment, which is declined: one event of two is heard."""
DAY: Final = timedelta(days=1)
_PAGES: Final = ("page_count", "freelist_count")


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


async def backlog(
    office: Office,
    events: int,
    status: DeliveryStatus = DeliveryStatus.SUCCEEDED,
    *,
    at: datetime = START - DAY,
) -> None:
    """So many events, a millisecond apart, each with a delivery."""
    endpoint, payment = await office.endpoint(events=FAILED_ONLY), await office.pay()
    await office.fan_out()
    moments = [at + timedelta(milliseconds=each) for each in range(events)]
    await fill(office.database, Backlog(payment, [endpoint], status, moments, seed=events))


async def pages_in_use(office: Office) -> int:
    """Of SQLite's file."""

    def count(connection: Connection) -> int:
        pages, free = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _PAGES)
        return int(pages) - int(free)

    return await office.database.run(count)


async def test_what_is_too_old_loses_its_body_and_attempts_and_stays_listed(office: Office) -> None:
    # given an event whose delivery failed once and then arrived, and one that is a day younger
    await office.endpoint(events=FAILED_ONLY)
    office.wire.answer(503)
    payment = await office.pay()
    await office.dispatch()
    await office.dispatch_in(timedelta(seconds=10))
    office.clock.advance(DAY)
    await office.pay()
    await office.dispatch()

    # when the first is too old
    office.clock.advance(KEEPS - DAY)
    assert await office.retention.prune() == 2
    assert await office.retention.prune() == 0

    # then it has no body and no attempts, and its status as before
    young, old = await office.reports()
    assert (old.delivery.body, old.delivery.pruned_at, old.attempts) == (b"", office.clock.now(), ())
    assert (old.delivery.status, old.delivery.attempt_count) == (DeliveryStatus.SUCCEEDED, 2)
    # and so has what it tells of
    event = await office.events.get(office.merchant.id, old.delivery.event_id)
    assert event.fact == PrunedFact(payment.id, None, None, office.clock.now())
    # and the younger one is untouched
    assert young.delivery.pruned_at is None
    assert young.delivery.body == office.wire.bodies()[-1]
    assert len(young.attempts) == 1
    page = await office.events.list(office.merchant.id, EventFilter(), before=None, limit=10)
    assert len(page.found) == 4


async def test_the_room_of_what_is_forgotten_is_used_again(sqlite_url: str) -> None:
    # given thousands of bodies, and other rows between them
    async with open_office(sqlite_url) as office:
        await backlog(office, 4_000)
        full = await pages_in_use(office)

        # when they are forgotten
        office.clock.advance(KEEPS + DAY)
        while await office.retention.prune():
            pass

        # then their room is free, not only empty: what comes next would not fit into holes among old rows
        assert await pages_in_use(office) < 0.6 * full


async def test_what_is_open_keeps_its_body_and_can_be_delivered(office: Office) -> None:
    # given a delivery that was never tried, and an event that no dispatcher has seen
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    await office.pay()

    # when both are too old
    office.clock.advance(KEEPS + DAY)

    # then only what nobody heard is forgotten
    assert await office.retention.prune() == 1
    await office.dispatch()
    assert {each.delivery.status for each in await office.reports()} == {DeliveryStatus.SUCCEEDED}
    assert all(office.wire.bodies())
    # and the rest is when it has been delivered and is looked at again
    office.clock.advance(DAY)
    assert await office.retention.prune() == 3


async def test_what_was_pruned_is_not_sent_again(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.dispatch()
    delivery = (await office.the_report()).delivery
    office.clock.advance(KEEPS + DAY)
    await office.retention.prune()

    at = office.clock.now()
    with pytest.raises(ConflictError, match="the body of this delivery was pruned on 2026-03-03") as refusal:
        await office.events.retry(office.merchant.id, delivery.id, at=at)
    assert refusal.value.hint == "bodies are kept for 30 days (EVENT_RETENTION_DAYS)"
    with pytest.raises(ConflictError, match="the body of this event was pruned on 2026-03-03"):
        await office.events.redeliver(office.merchant.id, delivery.event_id, at=at)


async def test_who_decided_to_send_again_before_the_pruning_decides_anew(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.dispatch()
    delivery = (await office.the_report()).delivery
    office.clock.advance(KEEPS + DAY)
    _, change = await office.events.retry(office.merchant.id, delivery.id, at=office.clock.now())

    await office.retention.prune()

    assert await office.database.commit(change) is STALE


async def test_who_sends_again_first_keeps_the_body(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.dispatch()
    delivery = (await office.the_report()).delivery
    office.clock.advance(KEEPS + DAY)
    _, change = await office.events.retry(office.merchant.id, delivery.id, at=office.clock.now())
    await office.commit(change)

    await office.retention.prune()

    await office.dispatch()
    assert len(set(office.wire.bodies())) == 1
    assert len(office.wire.bodies()) == 2


async def test_nothing_is_forgotten_where_all_is_kept_for_ever(office: Office) -> None:
    await office.pay()
    office.clock.advance(timedelta(days=10_000))
    assert await Retention(office.database, office.clock, None).prune() == 0


async def test_old_events_that_are_open_are_passed_by(office: Office) -> None:
    # given more old events with an open delivery than fit a batch, and younger ones that are done
    await backlog(office, PRUNED_AT_ONCE + 10, DeliveryStatus.PENDING)
    await backlog(office, 5)
    office.clock.advance(KEEPS - timedelta(hours=1))
    assert await office.retention.prune() == 5
    assert await office.retention.prune() == 0


async def test_a_run_is_bounded_and_the_next_goes_on(office: Office) -> None:
    await backlog(office, 3 * PRUNED_AT_ONCE - 50)
    office.clock.advance(KEEPS - timedelta(hours=1))
    assert await office.retention.prune(batches=2) == 2 * PRUNED_AT_ONCE
    assert await office.retention.prune(batches=2) == PRUNED_AT_ONCE - 50


@pytest.mark.postgresql
async def test_several_processes_share_the_work(postgres_url: str) -> None:
    async with open_office(postgres_url) as office, open_beside(office, postgres_url) as other:
        await backlog(office, 1_000)
        office.clock.advance(KEEPS - timedelta(hours=1))
        done = list(await asyncio.gather(office.retention.prune(), other.retention.prune()))
        office.clock.advance(DAY)
        done.append(await office.retention.prune())
        assert sum(done) == 1_001


async def test_what_was_pruned_before_is_passed_by_in_steps(office: Office) -> None:
    # given twenty thousand events that were pruned, and some that were not
    await backlog(office, 20_000)
    gone = update(webhook_events).where(webhook_events.c.occurred_at < START)
    await office.database.run(
        lambda connection: connection.execute(gone.values(pruned_at=START, snapshot="{}"))
    )
    await backlog(office, 5, at=START - timedelta(hours=6))
    office.clock.advance(KEEPS - timedelta(hours=1))

    # when a new process looks, then it gets to them
    assert await office.retention.prune(batches=10) == 0
    assert await office.retention.prune() == 5

    # and no step reads all events
    lines = await plan(
        office.database, OLD_EVENTS, after=earliest_id(START - KEEPS), before=earliest_id(START)
    )
    assert tables_read_in_full(lines) == set(), lines


async def test_a_batch_of_any_size_is_the_same_statements(office: Office) -> None:
    # one of its own for each length of a list would be compiled and kept, on each connection
    async def statements(payments: int) -> set[str]:
        for _ in range(payments):
            await office.pay()
        with told() as said:
            assert await office.fan_out() == 2 * payments
            await office.dispatch()
            office.clock.advance(KEEPS + DAY)
            assert await office.retention.prune() == 2 * payments
        return said

    await office.endpoint()

    assert await statements(1) == await statements(3) != set()


@contextmanager
def told() -> Iterator[set[str]]:
    """The statements that go through SQLAlchemy."""
    said: set[str] = set()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.add(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)
