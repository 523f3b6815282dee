"""The doorbell between processes: who hears it, how often, and that nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import pytest

from kessai.storage.postgresql.doorbell import CHANNEL, PostgresDoorbell
from tests.support.postgres import Postgres, PrivatePostgres

pytestmark = pytest.mark.postgresql

PATIENCE_S: Final = 20.0
TERMINATE: Final = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'kessai' AND datname = current_database()"
)


class Ear:
    """Counts rings and lets a test wait for them."""

    def __init__(self) -> None:
        self.heard = 0
        self._rung = asyncio.Condition()
        self._told: set[asyncio.Task[None]] = set()

    def __call__(self) -> None:
        self.heard += 1
        task = asyncio.ensure_future(self._tell())
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S), self._rung:
            await self._rung.wait_for(lambda: self.heard >= count)

    async def _tell(self) -> None:
        async with self._rung:
            self._rung.notify_all()


@asynccontextmanager
async def running(bell: PostgresDoorbell, ear: Ear | None) -> AsyncIterator[None]:
    """A bell whose connection stands."""
    before = ear.heard if ear else 0
    task = asyncio.create_task(bell.run(ear))
    try:
        if ear is not None:
            await ear.until(before + 1)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def new_bell(url: str) -> PostgresDoorbell:
    return PostgresDoorbell(url, timeout_s=2)


async def test_every_other_process_hears_a_ring_and_the_one_that_rings_does_not(postgres_url: str) -> None:
    bells = [new_bell(postgres_url) for _ in range(3)]
    ears = [Ear() for _ in bells]
    async with running(bells[0], ears[0]), running(bells[1], ears[1]), running(bells[2], ears[2]):
        # when one of three rings
        bells[0].ring()

        # then the others hear it, once more than when they connected
        await asyncio.gather(ears[1].until(2), ears[2].until(2))

        # and the first hears them
        bells[1].ring()
        await ears[0].until(2)
        assert [ear.heard for ear in ears[:2]] == [2, 2]


async def test_a_process_that_does_not_dispatch_rings_all_the_same(postgres_url: str) -> None:
    bell, other, ear = new_bell(postgres_url), new_bell(postgres_url), Ear()
    async with running(other, ear), running(bell, None):
        bell.ring()
        await ear.until(2)


async def test_a_burst_of_rings_is_few_notifications(postgres_url: str) -> None:
    notifications: list[object] = []
    arrived = asyncio.Event()

    def note(*what: Any) -> None:
        notifications.append(what)
        arrived.set()

    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        await connection.add_listener(CHANNEL, note)
        bell, ear = new_bell(postgres_url), Ear()
        async with running(bell, ear):
            # given a thousand commits while the first notification is on its way
            for turn in range(1000):
                bell.ring()
                if turn % 10 == 0:
                    await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE_S):
                await arrived.wait()

            # when what comes after them has been told as well
            arrived.clear()
            bell.ring()
            async with asyncio.timeout(PATIENCE_S):
                await arrived.wait()

        # then they were told of together
        assert 2 <= len(notifications) <= 20
    finally:
        await connection.close()


async def test_a_connection_that_is_cut_is_replaced_and_what_was_missed_is_looked_for(
    postgres: Postgres, postgres_url: str
) -> None:
    bell, other, ear = new_bell(postgres_url), new_bell(postgres_url), Ear()
    async with running(bell, Ear()), running(other, ear):
        # when both connections are cut
        name = postgres_url.rpartition("/")[2]
        assert await asyncio.to_thread(postgres.sql, TERMINATE, database=name) == ["2"]

        # then who listens looks once, having connected again, and hears what is rung
        await ear.until(2)
        heard = ear.heard
        bell.ring()
        await ear.until(heard + 1)


async def test_rings_wait_for_nobody_while_the_database_is_away(private_postgres: PrivatePostgres) -> None:
    url = private_postgres.url()
    bell, other, ear = new_bell(url), new_bell(url), Ear()
    async with running(bell, Ear()), running(other, ear):
        # given a database that is gone
        await asyncio.to_thread(private_postgres.stop, "immediate")

        # when there is something to tell: no waiting, no error
        for _ in range(1000):
            bell.ring()

        # then they are told of once it is back
        heard = ear.heard
        await asyncio.to_thread(private_postgres.start)
        await ear.until(heard + 1)

        # and the bell works as before
        heard = ear.heard
        bell.ring()
        await ear.until(heard + 1)
