"""Webhooks of an embedded server that is stopped, killed and started: finished, or repeated later."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import pytest

from tests.e2e.shop import Shop
from tests.support.receiver import Answer, Received, Receiver
from tests.support.server import RunningServer, Serve

pytestmark = pytest.mark.slow

ENDS_WITHIN_S: Final = 10.0
ONE_EVENT: Final = ["payment.failed"]


@pytest.fixture
def server(sqlite_url: str, serve: Serve) -> RunningServer:
    return serve("--db", sqlite_url, env={"WEBHOOK_RETRY_DELAY": "1"})


async def decline(server: RunningServer, receiver: Receiver) -> None:
    """Make a payment whose one event the receiver hears of."""
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        await shop.post("/webhooks/endpoints", {"url": receiver.url, "events": ONE_EVENT})
        await shop.pay(100, simulate="bank_error")


async def until_delivered(server: RunningServer) -> int:
    """Wait until the only delivery has arrived; returns how many attempts that took."""
    async with Shop(lambda: server.base_url, server.api_key) as shop, asyncio.timeout(10):
        while True:
            (delivery,) = (await shop.get("/webhooks/deliveries")).json["data"]
            if delivery["status"] == "SUCCEEDED":
                return int(delivery["attempt_count"])


def attempts(requests: list[Received]) -> list[tuple[str, str]]:
    return [(each.headers["x-webhook-id"], each.headers["x-webhook-attempt"]) for each in requests]


async def test_a_retry_survives_a_kill(server: RunningServer, receiver: Receiver) -> None:
    # given a first attempt that failed, and was noted
    receiver.answer(503)
    await decline(server, receiver)
    await receiver.wait_for(1)
    await until_retrying(server)

    # when the server is killed before it is time for the next
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)

    # then the same event comes again
    first, second = attempts(await receiver.wait_for(2))
    assert (first[1], second) == ("1", (first[0], "2"))
    assert receiver.requests[0].body == receiver.requests[1].body
    assert await until_delivered(server) == 2


async def until_retrying(server: RunningServer) -> None:
    async with Shop(lambda: server.base_url, server.api_key) as shop, asyncio.timeout(10):
        while not (await shop.get("/webhooks/deliveries", status="RETRYING")).json["data"]:
            pass


async def test_what_a_killed_server_had_under_way_is_repeated_at_once(
    server: RunningServer, receiver: Receiver
) -> None:
    # given a post that is under way
    receiver.answer(Answer(until=asyncio.Event()))
    await decline(server, receiver)
    await receiver.wait_for(1)

    # when the server is killed, then the next one knows that nobody else is at it
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    first, second = attempts(await receiver.wait_for(2))
    assert (first[1], second) == ("1", (first[0], "2"))


async def test_a_server_that_is_told_to_stop_waits_for_its_posts(
    server: RunningServer, receiver: Receiver
) -> None:
    # given a post that is under way
    release = asyncio.Event()
    receiver.answer(Answer(until=release))
    await decline(server, receiver)
    await receiver.wait_for(1)

    # when the server is told to stop, and the receiver answers meanwhile
    stopping = asyncio.create_task(asyncio.to_thread(server.terminate))
    await until_it_stops_listening(server)
    release.set()

    # then the delivery is settled, and is not repeated
    assert await stopping == 0
    await asyncio.to_thread(server.start)
    assert await until_delivered(server) == 1
    assert len(receiver.requests) == 1


async def until_it_stops_listening(server: RunningServer) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            except ConnectionError:
                return
            writer.close()


async def test_a_server_that_is_told_to_stop_does_not_wait_for_ever(
    server: RunningServer, receiver: Receiver
) -> None:
    # given a receiver that never answers
    receiver.answer(Answer(until=asyncio.Event()))
    await decline(server, receiver)
    await receiver.wait_for(1)

    # when the server is told to stop, then it does in time
    started = time.monotonic()
    assert await asyncio.to_thread(server.terminate) == 0
    assert time.monotonic() - started < ENDS_WITHIN_S

    # and repeats later what it left
    await asyncio.to_thread(server.start)
    assert len(await receiver.wait_for(2)) == 2
    assert await until_delivered(server) == 2
