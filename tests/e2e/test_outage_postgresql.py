"""PostgreSQL goes away under load: 503 in good time, no other 5xx, and back without a restart of ours."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import migrate_to_head
from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_books
from tests.e2e.cluster import new_merchants
from tests.e2e.scale import scaled
from tests.e2e.shop import Shop
from tests.e2e.waiting import until
from tests.support.postgres import PrivatePostgres
from tests.support.processes import UNMEASURED, RunDirectory
from tests.support.server import RunningServer

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

CUSTOMERS: Final = 12
WITHIN_S: Final = 5.0
ENDS_WITHIN_S: Final = 10.0
"""Six of them for what waits for the database in vain, the rest for a busy machine."""
ANSWERS: Final = scaled(80)


@dataclass(frozen=True, slots=True)
class House:
    """A PostgreSQL of these tests alone, and kessai on it; both outlive each test."""

    postgres: PrivatePostgres
    server: RunningServer
    url: str


@pytest.fixture(scope="module")
def house(run_directory: RunDirectory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with closing(PrivatePostgres(run_directory)) as postgres:
        postgres.start()
        postgres.sql("CREATE DATABASE shop")
        url = postgres.url("shop")
        migrate_to_head(url)
        directory = tmp_path_factory.mktemp("house")
        with RunningServer("--db", url, "--rate-limit", "0", directory=directory, env=UNMEASURED) as server:
            yield House(postgres, server, url)


@asynccontextmanager
async def trading(house: House) -> AsyncIterator[Shop]:
    """Customers buy meanwhile; in the end nothing is lost, and every refusal was a good one."""
    (api_key,) = await new_merchants(house.url)
    async with Shop(lambda: house.server.base_url, api_key) as shop:
        async with shop.customers(CUSTOMERS):
            await shop.until_more(ANSWERS)
            yield shop
            await shop.until_more(ANSWERS)
        assert await audit_api(shop) == []
        assert audit_rows((await read_books(house.url)).of(shop), shop.journal) == []
        for _, refusal in shop.journal.refused:
            assert refusal.status == 503
            assert refusal.json["error"]["code"] == "DATABASE_UNAVAILABLE"
            assert int(refusal.headers["Retry-After"]) >= 1
            assert refusal.seconds < WITHIN_S
        print(f"{len(shop.journal.acknowledged)} acknowledged, {len(shop.journal.refused)} refused")


async def ready_again(shop: Shop) -> None:
    async def is_ready() -> bool:
        return (await shop.get("/readiness")).status == 200

    await until(is_ready)


async def test_a_stop_of_postgresql_is_survived_without_a_restart(house: House) -> None:
    async with trading(house) as shop:
        pid = house.server.pid
        # when it stops at once, with everything under way
        await asyncio.to_thread(house.postgres.stop, "immediate")

        # then writers and readers get a refusal in time
        await shop.until_refused(CUSTOMERS)
        for path in ("/payments", "/merchants/me"):
            answer = await shop.get(path)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert answer.seconds < WITHIN_S
        # and we live, and are not ready
        assert (await shop.get("/health")).status == 200
        readiness = await shop.get("/readiness")
        assert readiness.status == 503
        assert readiness.json["checks"]["database"]["ok"] is False

        # and when it is back, so are we
        await asyncio.to_thread(house.postgres.start)
        await ready_again(shop)
        assert house.server.pid == pid
        assert house.server.is_running


async def test_a_postgresql_that_hangs_is_not_waited_for(house: House) -> None:
    async with trading(house) as shop:
        # when nothing is refused and nothing is answered
        with frozen(house.postgres.pid):
            answers = await asyncio.gather(
                shop.get("/payments"),
                shop.get("/readiness"),
                *(shop.post(f"/payments/{each}/capture", key="never kept") for each in some_ids(shop)),
            )
            # then everybody knows within five seconds
            assert {answer.status for answer in answers} == {503}
            assert max(answer.seconds for answer in answers) < WITHIN_S
            await shop.until_refused(CUSTOMERS)

            # and whoever tells the server to stop does not wait for ever
            started = time.monotonic()
            assert await asyncio.to_thread(house.server.terminate, 30) == 0
            seconds = time.monotonic() - started
            assert seconds < ENDS_WITHIN_S
            assert "xception" not in house.server.stderr
            print(f"ended within {seconds:.1f} s")

        # What was refused may have been kept: who asks again finds out.
        await asyncio.to_thread(house.server.start)


def some_ids(shop: Shop) -> list[str]:
    made = (answer.json["id"] for ask, answer in shop.journal.effects if ask.path == "/payments")
    return list(made)[:4]


@contextmanager
def frozen(postmaster: int) -> Iterator[None]:
    """Stop a PostgreSQL and its backends in their tracks, as a hanging disk does."""
    pids = [postmaster, *backends(postmaster)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def backends(postmaster: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()]


async def test_connections_that_are_cut_are_replaced(house: House) -> None:
    async with trading(house) as shop:
        for _ in range(scaled(5)):
            await shop.until_more(20)
            cut = await asyncio.to_thread(
                house.postgres.sql,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'kessai'",
            )
            assert int(cut[0]) >= 1
