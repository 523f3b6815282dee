"""The dispatcher's loop: woken or by itself, through outages, to an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from kessai.domain.delivery import DeliveryStatus
from kessai.domain.errors import DatabaseUnavailableError
from kessai.worker.loop import Worker
from tests.conftest import migrate_to_head
from tests.support.postgres import PrivatePostgres
from tests.support.webhooks import Office, open_office, until

NEVER_S = 3600.0
SOON_S = 0.01


class CountingTimers:
    """Timers that are due a few times, and raise when told."""

    def __init__(self, *due: int) -> None:
        self.ticks = 0
        self.raises: Exception | None = None
        self._due = list(due)

    async def tick(self) -> int:
        self.ticks += 1
        if self.raises is not None:
            raise self.raises
        return self._due.pop(0) if self._due else 0


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop()
        await task


async def test_a_commit_wakes_it(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    worker = Worker(office.deliveries, CountingTimers(), poll_s=NEVER_S)

    async with running(worker):
        await office.pay()
        worker.wake()
        await until(lambda: is_delivered(office))


async def is_delivered(office: Office) -> bool:
    return {each.delivery.status for each in await office.reports()} == {DeliveryStatus.SUCCEEDED}


async def test_it_looks_by_itself_for_what_comes_due(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    office.wire.answer(500)
    await office.pay()

    async with running(Worker(office.deliveries, CountingTimers(), poll_s=SOON_S)):
        await until(lambda: has_attempts(office, 1))
        office.clock.advance(timedelta(seconds=6))
        await until(lambda: is_delivered(office))


async def has_attempts(office: Office, count: int) -> bool:
    return [len(each.attempts) for each in await office.reports()] == [count]


async def test_timers_tick_until_nothing_is_due(office: Office) -> None:
    timers = CountingTimers(200, 200, 3)

    async with running(Worker(office.deliveries, timers, poll_s=NEVER_S)):
        await until(lambda: ticked(timers, 4))

    assert timers.ticks == 4


async def ticked(timers: CountingTimers, times: int) -> bool:
    return timers.ticks >= times


async def test_work_that_fails_stops_no_other_and_is_logged_once(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    timers = CountingTimers()
    timers.raises = DatabaseUnavailableError()
    worker = Worker(office.deliveries, timers, poll_s=SOON_S)

    with capture_logs() as logs:
        async with running(worker):
            await office.pay()
            worker.wake()
            await until(lambda: is_delivered(office))
            await until(lambda: ticked(timers, 3))
            timers.raises = None
            await until(lambda: logged(logs, "work_resumed"))

    told = [each for each in logs if each["event"] in {"work_failed", "work_resumed"}]
    assert [(each["event"], each["work"]) for each in told] == [
        ("work_failed", "timers"),
        ("work_resumed", "timers"),
    ]
    assert told[0]["reason"] == "DATABASE_UNAVAILABLE"


async def logged(logs: list[Any], event: str) -> bool:
    return any(each["event"] == event for each in logs)


async def test_a_bug_in_one_kind_of_work_is_logged_with_its_trace(office: Office) -> None:
    timers = CountingTimers()
    timers.raises = ZeroDivisionError()

    with capture_logs() as logs:
        async with running(Worker(office.deliveries, timers, poll_s=SOON_S)):
            await until(lambda: logged(logs, "work_failed"))

    assert (logs[0]["reason"], logs[0]["exc_info"]) == ("ZeroDivisionError", True)


async def test_an_end_waits_for_the_attempts_under_way(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    office.wire.held = asyncio.Event()
    await office.pay()
    worker = Worker(office.deliveries, CountingTimers(), poll_s=NEVER_S)
    task = asyncio.create_task(worker.run())
    await until(office.wire.has_posted)

    ending = asyncio.create_task(worker.stop())
    await task
    assert not ending.done()
    office.wire.held.set()
    await ending

    assert await is_delivered(office)


async def test_an_end_does_not_wait_for_ever_and_the_attempt_is_repeated(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    office.wire.held = asyncio.Event()
    await office.pay()
    worker = Worker(office.deliveries, CountingTimers(), poll_s=NEVER_S)
    task = asyncio.create_task(worker.run())
    await until(office.wire.has_posted)

    await worker.stop(within_s=0.01)
    await task

    assert (await office.the_report()).delivery.status is DeliveryStatus.PENDING
    second = office.another()
    assert await second.dispatch() == 0
    assert await second.dispatch_in(timedelta(minutes=2)) == 1


async def test_the_only_process_of_a_database_repeats_what_a_dead_one_left(office: Office) -> None:
    await office.endpoint(events=["payment.failed"])
    await office.pay()
    await office.fan_out()
    await office.begin()
    await office.die()

    restarted = office.another()
    async with running(Worker(restarted.deliveries, CountingTimers(), poll_s=NEVER_S, is_only=True)):
        await until(lambda: is_delivered(office))


async def test_stopped_before_it_began_it_does_nothing(office: Office) -> None:
    timers = CountingTimers()
    worker = Worker(office.deliveries, timers)

    await worker.stop()
    await worker.run()

    assert timers.ticks == 0


@pytest.mark.postgresql
async def test_it_survives_an_outage_of_the_database(private_postgres: PrivatePostgres) -> None:
    url = private_postgres.url()
    await asyncio.to_thread(migrate_to_head, url)
    async with open_office(url) as office:
        await office.endpoint(events=["payment.failed"])
        await office.pay()
        await office.fan_out()
        worker = Worker(office.deliveries, CountingTimers(), poll_s=SOON_S)
        with capture_logs() as logs:
            await asyncio.to_thread(private_postgres.stop)
            async with running(worker):
                await until(lambda: logged(logs, "work_failed"))
                await asyncio.to_thread(private_postgres.start)
                await until(lambda: logged(logs, "work_resumed"))
                await until(lambda: is_delivered(office))

        failures = [each for each in logs if each["event"] == "work_failed"]
        assert {each["work"] for each in failures} >= {"claim", "fan_out"}
        assert {each["reason"] for each in failures} == {"DATABASE_UNAVAILABLE"}


@pytest.mark.postgresql
async def test_a_round_whose_results_cannot_be_written_is_logged(private_postgres: PrivatePostgres) -> None:
    url = private_postgres.url()
    await asyncio.to_thread(migrate_to_head, url)
    async with open_office(url) as office:
        await office.endpoint(events=["payment.failed"])
        await office.pay()
        office.wire.held = asyncio.Event()
        with capture_logs() as logs:
            async with running(Worker(office.deliveries, CountingTimers(), poll_s=NEVER_S)):
                await until(office.wire.has_posted)
                await asyncio.to_thread(private_postgres.stop)
                office.wire.held.set()
                await until(lambda: logged(logs, "attempts_not_settled"))

        told, *_ = [each for each in logs if each["event"] == "attempts_not_settled"]
        assert told["reason"] == "DATABASE_UNAVAILABLE"


@pytest.mark.postgresql
async def test_results_that_cannot_be_written_are_kept_until_they_can(
    private_postgres: PrivatePostgres,
) -> None:
    url = private_postgres.url()
    await asyncio.to_thread(migrate_to_head, url)
    async with open_office(url) as office:
        await office.endpoint(events=["payment.failed"])
        await office.pay()
        await office.fan_out()
        await office.begin()
        await asyncio.to_thread(private_postgres.stop)

        with pytest.raises(DatabaseUnavailableError):
            await office.answered()

        await asyncio.to_thread(private_postgres.start)
        assert await office.deliveries.settle_late() == 1
        report = await office.the_report()
        assert report.delivery.status is DeliveryStatus.SUCCEEDED
        assert [attempt.number for attempt in report.attempts] == [1]
