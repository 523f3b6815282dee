"""One server's life: answers that are lost, an end in order, a second server that is refused."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.e2e.audit import audit_api, audit_rows
from tests.e2e.books import read_books
from tests.e2e.scale import scaled
from tests.e2e.shop import Answer, Shop
from tests.e2e.waiting import until
from tests.support.server import RunningServer, Serve, ServerFailedError

ENDS_WITHIN_S: Final = 10.0
SLOW_REQUESTS: Final = 8


async def raw_post(server: RunningServer, path: str, key: str, body: dict[str, Any]) -> bytes:
    """POST over a bare socket; returns every byte that came before the connection was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    content = json.dumps(body).encode()
    head = (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.api_key}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    writer.write(head.encode() + content)
    came = b""
    try:
        async with asyncio.timeout(10):
            while chunk := await reader.read(4096):
                came += chunk
    except ConnectionResetError:
        # The other way for a connection to end without an answer.
        return came
    finally:
        writer.close()
    return came


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for tests that leave it as it was."""
    directory = tmp_path_factory.mktemp("life")
    with RunningServer("--db", "sqlite:///kessai.db", directory=directory) as running:
        yield running


async def test_a_lost_response_is_a_closed_connection_and_a_payment_that_is_there(
    server: RunningServer,
) -> None:
    body = {"amount": 4200, "simulate": "lost_response", "reference": "order 7"}

    # when the answer is lost, then not one byte comes
    assert await raw_post(server, "/payments", "lost once", body) == b""

    async with Shop(lambda: server.base_url, server.api_key) as shop:
        # but the payment is there
        (payment,) = (await shop.get("/payments", reference="order 7")).json["data"]
        assert payment["status"] == "CAPTURED"

        # and whoever asks again with the same key learns of it, and pays once
        again = await shop.post("/payments", body, key="lost once")
        assert (again.status, again.is_replay, again.json["id"]) == (201, True, payment["id"])
        assert len((await shop.get("/payments")).json["data"]) == 1
    # and nobody's log is full of it
    assert "rror" not in server.stderr


@pytest.mark.slow
async def test_a_server_that_is_told_to_stop_under_load_answers_what_it_accepted(
    sqlite_url: str, serve: Serve
) -> None:
    server = serve("--db", sqlite_url, "--rate-limit", "0")
    async with Shop(lambda: server.base_url, server.api_key) as shop:
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
        assert audit_rows(await read_books(sqlite_url), shop.journal) == []


def slow_answers(shop: Shop) -> list[Answer]:
    """Had one been lost, asking again would have brought a replay."""
    answers = shop.journal.acknowledged
    return [answers[key] for key, ask in shop.journal.asked.items() if ask.body.get("simulate") == "slow"]


async def until_slow_ones_are_there(shop: Shop) -> None:
    async def are_there() -> bool:
        return len((await shop.get("/payments", simulate="slow")).json["data"]) == SLOW_REQUESTS

    await until(are_there)


def test_a_second_server_on_the_same_file_is_refused(server: RunningServer) -> None:
    second = RunningServer(*server.arguments, directory=server.directory)
    with pytest.raises(ServerFailedError, match="exit code 4") as refusal:
        second.start()
    second.close()
    assert f"is in use by another kessai (process {server.pid})" in str(refusal.value)
    assert "Traceback" not in str(refusal.value)
    assert server.is_running
