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

from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_books
from tests.e2e.scale import scaled
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


async def pay_on_a_connection_of_its_own(shop: Shop) -> None:
    async with shop.on_another_connection() as somebody:
        await somebody.pay(100)


async def test_two_workers_are_one_gateway(postgres: Postgres, postgres_url: str, serve: Serve) -> None:
    # given two workers on a database without any merchant
    server = serve("--workers", "2", "--db", postgres_url, "--rate-limit", "0")
    assert len(children(server.pid)) == 2

    # then they made one merchant with one key
    name = postgres_url.rpartition("/")[2]
    for table in ("merchants", "api_keys"):
        assert postgres.sql(f"SELECT count(*) FROM {table}", database=name) == ["1"]

    async with Shop(lambda: server.base_url, server.api_key) as shop:
        # when payments come over connections that the system gives to either of them
        await asyncio.gather(*(pay_on_a_connection_of_its_own(shop) for _ in range(PAYMENTS)))

        # then whoever is asked knows what both did
        for _ in range(8):
            async with shop.on_another_connection() as somebody:
                metrics = (await somebody.get("/metrics")).body
            requests = counted(metrics, "kessai_requests_total", operation="create_payment", status="201")
            events = counted(metrics, "kessai_events_total", type="payment.created")
            assert (requests, events) == (PAYMENTS, PAYMENTS)
            # The queue is one for both: it is shown once, and nothing adds it up.
            assert metrics.count(b"\nkessai_webhook_events_waiting ") == 1

        # when one of two is killed under load, then another takes its place
        async with shop.customers(8):
            await shop.until_more(scaled(50))
            victim, _ = children(server.pid)
            os.kill(victim, signal.SIGKILL)
            await asyncio.to_thread(until_replaced, server, victim)
            await shop.until_more(scaled(50))

        # and asking again mends the rest
        assert await audit_api(shop) == []
        assert audit_rows(await read_books(postgres_url), shop.journal) == []

    # and they end in order when they are told to
    assert server.terminate(10) == 0


async def test_a_worker_that_dies_while_it_is_asked_for_a_sign_of_life_is_replaced_at_once(
    postgres_url: str, serve: Serve
) -> None:
    server = serve("--workers", "2", "--db", postgres_url, "--rate-limit", "0")
    victim = min(children(server.pid))

    # given one that does not answer the supervisor, which asks it first and waits for it
    os.kill(victim, signal.SIGSTOP)
    looks = waits_of(server.pid)
    wait_until(lambda: waits_of(server.pid) > looks, timeout_s=10, what="the supervisor's look")

    # when it is killed, then another takes its place, and the gateway still ends in order
    os.kill(victim, signal.SIGKILL)
    await asyncio.to_thread(until_replaced, server, victim)
    assert server.terminate(10) == 0


def waits_of(pid: int) -> int:
    """How often a process has waited for something."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)$", status, re.MULTILINE)[1])  # type: ignore[index]


def until_replaced(server: RunningServer, victim: int) -> None:
    wait_until(lambda: len(children(server.pid) - {victim}) == 2, timeout_s=20, what="another worker")
