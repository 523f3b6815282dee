"""Dispatchers as processes of their own: each event once when nothing fails, at least once when one dies."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests.e2e.cluster import Cluster, dispatch_server, started
from tests.e2e.shop import Shop
from tests.e2e.waiting import until
from tests.support.receiver import Answer, Received, Receiver
from tests.support.server import RunningServer

pytestmark = [pytest.mark.postgresql, pytest.mark.valkey, pytest.mark.slow]

UNDER_WAY_FIRST: Final = 2
"""Posts one dispatcher has under way at an endpoint that has not answered yet: one more is another's."""
LEASE_S: Final = 60
"""WEBHOOK_TIMEOUT, and half a minute to settle."""


@pytest.fixture
def second_dispatcher(cluster: Cluster, tmp_path: Path) -> Iterator[RunningServer]:
    with ExitStack() as stack:
        (server,) = started(stack, dispatch_server(cluster.url, tmp_path, {}))
        yield server


async def listening(shop: Shop, receiver: Receiver, *events: str) -> str:
    """Have the receiver hear of this shop's payments; returns the secret that signs."""
    made = await shop.post("/webhooks/endpoints", {"url": receiver.url, "events": list(events) or ["*"]})
    assert made.status == 201
    return str(made.json["secret"])


async def trade(shops: tuple[Shop, Shop], payments: int) -> None:
    """So many declined payments, by turns at either process; each has two events."""
    await asyncio.gather(*(shops[number % 2].pay(100, simulate="bank_error") for number in range(payments)))


async def deliveries(cluster: Cluster, shop: Shop) -> list[asyncpg.Record]:
    """The shop's deliveries as their rows say."""
    references = [key for key, ask in shop.journal.asked.items() if ask.path == "/payments"]
    connection = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
    try:
        return await connection.fetch(
            "SELECT d.*, d.leased_until - now() AS leased_for FROM webhook_deliveries d"
            " JOIN webhook_events e ON e.id = d.event_id JOIN payments p ON p.id = e.payment_id"
            " WHERE p.reference = ANY($1)",
            references,
        )
    finally:
        await connection.close()


async def until_all_succeeded(cluster: Cluster, shop: Shop, count: int) -> list[asyncpg.Record]:
    """Wait until there are so many deliveries, and each has arrived."""

    async def arrived() -> list[asyncpg.Record] | None:
        rows = await deliveries(cluster, shop)
        return rows if Counter(row["status"] for row in rows) == {"SUCCEEDED": count} else None

    return await until(arrived)


def times_received(requests: Sequence[Received]) -> Counter[str]:
    return Counter(request.headers["x-webhook-id"] for request in requests)


def is_signed(request: Received, secret: str) -> bool:
    expected = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(request.headers["x-webhook-signature"], expected)


async def test_each_event_of_both_processes_is_delivered_exactly_once(
    cluster: Cluster, receiver: Receiver
) -> None:
    async with cluster.shops() as shops:
        secret = await listening(shops[0], receiver)
        await trade(shops, 60)

        rows = await until_all_succeeded(cluster, shops[0], 120)

        assert times_received(receiver.requests) == Counter(str(row["event_id"]) for row in rows)
        assert {row["attempt_count"] for row in rows} == {1}
        assert len(receiver.requests) == 120
        assert all(is_signed(request, secret) for request in receiver.requests)


async def test_two_dispatchers_share_the_work_and_double_nothing(
    cluster: Cluster, second_dispatcher: RunningServer, receiver: Receiver
) -> None:
    async with cluster.shops() as shops:
        # given more deliveries than one dispatcher has under way, to a receiver that keeps all waiting
        release = asyncio.Event()
        receiver.otherwise = Answer(until=release)
        await listening(shops[0], receiver)
        await trade(shops, 160)

        # when both dispatchers are at it
        await receiver.wait_for(UNDER_WAY_FIRST + 1, timeout_s=20)
        release.set()

        # then each delivery was tried once
        rows = await until_all_succeeded(cluster, shops[0], 320)
        assert {row["attempt_count"] for row in rows} == {1}
        assert set(times_received(receiver.requests).values()) == {1}
        assert len(receiver.requests) == 320


async def test_what_a_killed_dispatcher_had_under_way_is_repeated_when_its_lease_ends(
    cluster: Cluster, receiver: Receiver
) -> None:
    async with cluster.shops() as shops:
        # given posts that were sent and not answered
        receiver.otherwise = Answer(until=asyncio.Event())
        await listening(shops[0], receiver)
        await trade(shops, 10)
        under_way = set(times_received(await receiver.wait_for(UNDER_WAY_FIRST)))

        # when their dispatcher is killed and another takes its place
        await asyncio.to_thread(cluster.dispatcher.kill)
        receiver.otherwise = Answer()
        await asyncio.to_thread(cluster.dispatcher.start)

        # then it leaves alone what is leased and what comes after that, and does all else
        await trade(shops, 1)
        await receiver.wait_for(22 - UNDER_WAY_FIRST)
        rows = await deliveries(cluster, shops[0])
        leased = [row for row in rows if str(row["event_id"]) in under_way]
        assert {row["status"] for row in leased} == {"PENDING"}
        assert all(0 < row["leased_for"].total_seconds() <= LEASE_S for row in leased)
        assert set(times_received(receiver.requests).values()) == {1}

        # and when the leases end, it repeats them
        await end_leases(cluster, leased)
        await until_all_succeeded(cluster, shops[0], 22)
        ids = {str(row["event_id"]) for row in rows}
        assert times_received(receiver.requests) == {each: 2 if each in under_way else 1 for each in ids}
        repeated = [each for each in receiver.requests if each.headers["x-webhook-attempt"] == "2"]
        assert set(times_received(repeated)) == under_way


async def end_leases(cluster: Cluster, rows: Sequence[asyncpg.Record]) -> None:
    """As if their minute had passed."""
    connection = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
    try:
        await connection.execute(
            "UPDATE webhook_deliveries SET leased_until = now() WHERE id = ANY($1)",
            [row["id"] for row in rows],
        )
    finally:
        await connection.close()
