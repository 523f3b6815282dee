"""One server's life: an end in order, and a second server that is refused."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import pytest

from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_sqlite
from tests.e2e.embedded import Embedded
from tests.e2e.journal import Answer
from tests.e2e.scale import scaled
from tests.e2e.shop import Shop
from tests.e2e.waiting import until
from tests.support.server import RunningServer, ServerFailedError

ENDS_WITHIN_S: Final = 10.0
SLOW_REQUESTS: Final = 8


@pytest.mark.slow
async def test_a_server_that_is_told_to_stop_under_load_answers_what_it_accepted(
    restarted: Embedded,
) -> None:
    server = restarted.server
    async with restarted.shop() as shop:
        async with shop.customers(8):
            await shop.until_more(scaled(50))
            # given requests that are surely under way: their payments are there, their answers are not
            slow = [
                asyncio.create_task(shop.pay(1, simulate="slow", delay_s=2)) for _ in range(SLOW_REQUESTS)
            ]
            await until_slow_ones_are_there(shop)

            # when it is told to stop
            started = time.monotonic()
            code = await asyncio.to_thread(server.terminate)
            seconds = time.monotonic() - started

            # then it does so in time and in order, and answers them first
            assert code == 0
            assert seconds < ENDS_WITHIN_S
            await asyncio.gather(*slow)
            assert not any(answer.is_replay for answer in slow_answers(shop))

            # and goes on where it stopped
            await asyncio.to_thread(server.start)
            await shop.until_more(scaled(50))
        assert await audit_api(shop) == []
        assert audit_rows(read_sqlite(restarted.path).of(shop), shop.journal) == []


def slow_answers(shop: Shop) -> list[Answer]:
    """Had one been lost, asking again would have brought a replay."""
    answers = shop.journal.acknowledged
    return [answers[key] for key, ask in shop.journal.asked.items() if ask.body.get("simulate") == "slow"]


async def until_slow_ones_are_there(shop: Shop) -> None:
    async def are_there() -> bool:
        return len((await shop.get("/payments", simulate="slow")).json["data"]) == SLOW_REQUESTS

    await until(are_there)


def test_a_second_server_on_the_same_file_is_refused(embedded: Embedded) -> None:
    first = embedded.server
    second = RunningServer(*first.arguments, directory=first.directory)
    with pytest.raises(ServerFailedError, match="exit code 4") as refusal:
        second.start()
    second.close()
    assert f"is in use by another kessai (process {first.pid})" in str(refusal.value)
    assert "Traceback" not in str(refusal.value)
    assert first.is_running
