"""`kessai serve --workers 2` on PostgreSQL: one port, two processes, one gateway."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.audit import audit_api, audit_rows
from tests.e2e.books import read_books
from tests.e2e.shop import Shop
from tests.support.postgres import Postgres
from tests.support.processes import wait_until
from tests.support.server import RunningServer, Serve

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

PAYMENTS: Final = 60


def children(pid: int) -> set[int]:
    """The processes that this one started and that run Python still."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(child) for child in listed.split() if "spawn_main" in command_line(int(child))}


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def counted(metrics: bytes, name: str, **labels: str) -> float:
    """A counter's value, added up over the label sets that have these labels."""
    wanted = {f'{label}="{value}"' for label, value in labels.items()}
    found: Iterable[re.Match[str]] = re.finditer(rf"^{name}\{{(.*)\}} (\S+)$", metrics.decode(), re.MULTILINE)
    return sum(float(match[2]) for match in found if wanted <= set(match[1].split(",")))


async def pay_on_a_connection_of_its_own(server: RunningServer) -> None:
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        await shop.pay(100)


async def test_two_workers_are_one_gateway(postgres: Postgres, postgres_url: str, serve: Serve) -> None:
    # given two workers on a database without any merchant
    server = serve("--workers", "2", "--db", postgres_url, "--rate-limit", "0")
    assert len(children(server.pid)) == 2

    # then they made one merchant with one key
    name = postgres_url.rpartition("/")[2]
    for table in ("merchants", "api_keys"):
        assert postgres.sql(f"SELECT count(*) FROM {table}", database=name) == ["1"]

    # when payments come over connections that the system gives to either of them
    await asyncio.gather(*(pay_on_a_connection_of_its_own(server) for _ in range(PAYMENTS)))

    # then whoever is asked knows what both did
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        for _ in range(8):
            async with shop.with_key(server.api_key) as somebody:
                metrics = (await somebody.get("/metrics")).body
            requests = counted(metrics, "kessai_requests_total", operation="create_payment", status="201")
            events = counted(metrics, "kessai_events_total", type="payment.created")
            assert (requests, events) == (PAYMENTS, PAYMENTS)

    # and they end in order when they are told to
    assert server.terminate(10) == 0


async def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(
    postgres_url: str, serve: Serve
) -> None:
    server = serve("--workers", "2", "--db", postgres_url, "--rate-limit", "0")
    before = children(server.pid)
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        async with shop.customers(8):
            await shop.until_more(50)

            # when one of two is killed under load
            os.kill(min(before), signal.SIGKILL)

            # then there are two again, and customers notice nothing that asking again does not mend
            await asyncio.to_thread(
                wait_until,
                lambda: len(children(server.pid) - {min(before)}) == 2,
                timeout_s=20,
                what="another worker",
            )
            await shop.until_more(50)
        assert await audit_api(shop) == []
        assert audit_rows(await read_books(postgres_url), shop.journal) == []
