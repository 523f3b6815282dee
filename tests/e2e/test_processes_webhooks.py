"""Webhooks of an embedded server that is stopped, killed and started: finished, or repeated later."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest

from tests.e2e.embedded import Embedded
from tests.e2e.shop import Shop
from tests.e2e.waiting import until
from tests.support.processes import is_listening
from tests.support.receiver import Answer, Receiver
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

ENDS_WITHIN_S: Final = 10.0
ONE_EVENT: Final = ["payment.failed"]


@asynccontextmanager
async def heard_shop(embedded: Embedded, receiver: Receiver) -> AsyncIterator[Shop]:
    """A shop whose every declined payment has one event that the receiver hears of."""
    async with embedded.shop() as shop:
        made = await shop.post("/webhooks/endpoints", {"url": receiver.url, "events": ONE_EVENT})
        assert made.status == 201
        yield shop


async def decline(shop: Shop, receiver: Receiver, answer: Answer) -> str:
    """Have one event sent, and answered so; returns its id."""
    receiver.answer(answer)
    before = len(receiver.requests)
    await shop.pay(100, simulate="bank_error")
    requests = await receiver.wait_for(before + 1)
    return requests[-1].headers["x-webhook-id"]


async def until_deliveries_are(shop: Shop, **statuses: int) -> dict[str, int]:
    """Wait for so many deliveries of each status; returns the attempts by event."""

    async def attempts_made() -> dict[str, int] | None:
        data = (await shop.get("/webhooks/deliveries")).json["data"]
        are_so = Counter(each["status"] for each in data) == statuses
        return {each["event_id"]: each["attempt_count"] for each in data} if are_so else None

    return await until(attempts_made)


def attempts(receiver: Receiver, event_id: str) -> list[str]:
    """The numbers of the attempts that came, in order."""
    headers = (request.headers for request in receiver.requests)
    return [each["x-webhook-attempt"] for each in headers if each["x-webhook-id"] == event_id]


async def test_retries_and_posts_under_way_survive_a_kill(restarted: Embedded, receiver: Receiver) -> None:
    server = restarted.server
    async with heard_shop(restarted, receiver) as shop:
        # given an attempt that failed and was noted, and one that is under way
        failed = await decline(shop, receiver, Answer(status=503))
        await until_deliveries_are(shop, RETRYING=1)
        under_way = await decline(shop, receiver, Answer(until=asyncio.Event()))

        # when the server is killed and started again
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

        # then both come again, the second without waiting for a lease that nobody holds any more
        counted = await until_deliveries_are(shop, SUCCEEDED=2)
        assert counted == {failed: 2, under_way: 2}
        assert attempts(receiver, failed) == attempts(receiver, under_way) == ["1", "2"]
        assert len({request.body for request in receiver.requests}) == 2


async def test_a_server_that_is_told_to_stop_waits_for_its_posts_but_not_for_ever(
    restarted: Embedded, receiver: Receiver
) -> None:
    server = restarted.server
    async with heard_shop(restarted, receiver) as shop:
        # given a receiver that answers one post late and another never
        release = asyncio.Event()
        late = await decline(shop, receiver, Answer(until=release))
        never = await decline(shop, receiver, Answer(until=asyncio.Event()))

        # when the server is told to stop
        started = time.monotonic()
        stopping = asyncio.create_task(asyncio.to_thread(server.terminate))
        await until_it_stops_listening(server)
        release.set()

        # then it does so in time
        assert await stopping == 0
        seconds = time.monotonic() - started
        assert seconds < ENDS_WITHIN_S
        print(f"ended within {seconds:.1f} s")

        # and the first delivery is settled, the second is repeated by whoever comes next
        await asyncio.to_thread(server.start)
        assert await until_deliveries_are(shop, SUCCEEDED=2) == {late: 1, never: 2}
        assert attempts(receiver, late) == ["1"]
        assert attempts(receiver, never) == ["1", "2"]


async def until_it_stops_listening(server: RunningServer) -> None:
    async def is_deaf() -> bool:
        return not await asyncio.to_thread(is_listening, server.port)

    await until(is_deaf)
