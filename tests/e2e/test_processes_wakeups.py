"""A commit of one process wakes the dispatcher of another: a first attempt waits for no look at the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.conftest import migrate_to_head
from tests.e2e.cluster import Cluster, api_server, dispatch_server, new_merchants, started
from tests.e2e.shop import Shop
from tests.e2e.waiting import until
from tests.support.postgres import PrivatePostgres
from tests.support.receiver import Receiver
from tests.support.server import RunningServer

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

PAYMENTS: Final = 15
SOON_S: Final = 0.15
"""Dispatchers look for work each half second: after a quiet moment, one not woken takes about that."""
ONE_EVENT: Final = ["payment.succeeded"]


@pytest.fixture
def pair(
    private_postgres: PrivatePostgres, tmp_path: Path
) -> Iterator[tuple[RunningServer, RunningServer, str]]:
    """A process for the API, one that delivers, and the database that only they use."""
    private_postgres.sql("CREATE DATABASE shop")
    url = private_postgres.url("shop")
    migrate_to_head(url)
    with ExitStack() as stack:
        api, dispatcher = started(
            stack, api_server(url, tmp_path, {"RATE_LIMIT_REQUESTS": "0"}), dispatch_server(url, tmp_path, {})
        )
        yield api, dispatcher, url


async def listening(shop: Shop, receiver: Receiver) -> None:
    made = await shop.post("/webhooks/endpoints", {"url": receiver.url, "events": ONE_EVENT})
    assert made.status == 201


async def delays(shop: Shop, receiver: Receiver) -> list[float]:
    """Seconds from each answer to the webhook; each payment is made when all is quiet again."""
    found = []
    for _ in range(PAYMENTS):
        before = len(receiver.requests)
        await shop.pay(100)
        answered = datetime.now(UTC)
        arrived = (await receiver.wait_for(before + 1))[before].at
        found.append((arrived - answered).total_seconds())
        await until_settled(shop)
    return found


async def until_settled(shop: Shop) -> None:
    async def nothing_is_open() -> bool:
        return not (await shop.get("/webhooks/deliveries", status="PENDING")).json["data"]

    await until(nothing_is_open)


async def test_a_first_attempt_follows_the_commit_of_another_process(
    cluster: Cluster, receiver: Receiver
) -> None:
    async with cluster.shops() as (shop, _):
        await listening(shop, receiver)
        found = await delays(shop, receiver)
        print(f"first attempts after {[round(each * 1000) for each in found]} ms")
        assert median(found) < SOON_S


async def test_a_redelivery_wakes_the_other_process(cluster: Cluster, receiver: Receiver) -> None:
    async with cluster.shops() as (shop, _):
        await listening(shop, receiver)
        await shop.pay(100)
        event_id = (await receiver.wait_for(1))[0].headers["x-webhook-id"]
        found = []
        for turn in range(2, 2 + PAYMENTS):
            await until_settled(shop)
            assert (await shop.post(f"/webhooks/events/{event_id}/redeliver")).status == 202
            asked = datetime.now(UTC)
            found.append(((await receiver.wait_for(turn))[-1].at - asked).total_seconds())
        assert median(found) < SOON_S


async def test_an_outage_of_postgresql_ends_with_wake_ups_as_before(
    pair: tuple[RunningServer, RunningServer, str], private_postgres: PrivatePostgres, receiver: Receiver
) -> None:
    api, dispatcher, url = pair
    (api_key,) = await new_merchants(url)
    async with Shop(lambda: api.base_url, api_key) as shop:
        await listening(shop, receiver)
        # given a database that went away and came back
        await asyncio.to_thread(private_postgres.restart, "immediate")
        # and a dispatcher that has noticed: a payment of meanwhile has arrived
        await shop.pay(100)
        await receiver.wait_for(1, timeout_s=20)

        # when payments are made, then the dispatcher is woken as before
        found = await delays(shop, receiver)
        print(f"after the outage {[round(each * 1000) for each in found]} ms")
        assert median(found) < SOON_S
        assert api.is_running
        assert dispatcher.is_running
