"""Posting to receivers that mean harm: none holds the sender up, fills its memory or speaks out of turn."""

from __future__ import annotations

import asyncio
import ssl
import time

import pytest
import uvloop

from kessai.adapters.clock import SystemClock
from kessai.adapters.webhook_answer import ANSWER_BYTES_READ, HEAD_BYTES_READ
from kessai.adapters.webhook_sender import HttpSender
from kessai.domain.destinations import Destinations
from kessai.services.ports import WebhookRequest, WebhookSender
from tests.unit.adapters.conftest import SenderOf
from tests.unit.adapters.receivers import Talk, listening, ping, saying

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def pouring(head: bytes, drop: bytes, poured: list[int]) -> Talk:
    """Answer with `head`, then with the same drop for as long as somebody listens."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'{"event":"ping"}')
        writer.write(head)
        try:
            while not writer.is_closing():
                writer.write(drop * 1000)
                poured.append(1000 * len(drop))
                await writer.drain()
        except OSError:
            writer.close()

    return talk


@pytest.mark.parametrize(
    ("head", "drop", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000, 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b"x" * 1000, 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 100, 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: x\r\n", 200),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", None),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 100, None),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", None),
        (b"", b"\0" * 100, None),
    ],
    ids=["body", "10 GB", "extension", "trailers", "headers", "header", "interim", "noise"],
)
async def test_what_pours_without_end_is_cut_off(
    sender: WebhookSender, head: bytes, drop: bytes, status: int | None
) -> None:
    poured: list[int] = []

    async with listening(pouring(head, drop, poured)) as url:
        result = await sender.post(ping(url))

    assert result.status_code == status
    # the rest was in buffers; the connection was closed, not drained
    assert sum(poured) < 20_000_000
    assert (result.error is None) == (status is not None)


async def test_a_drop_now_and_then_does_not_prolong_the_time_it_has(sender_of: SenderOf) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'{"event":"ping"}')
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)

    async with listening(trickle) as url:
        began = time.monotonic()
        result = await sender_of(timeout_s=0.3).post(ping(url))

    assert time.monotonic() - began < 5
    assert result.status_code == 200
    assert result.error == "timed out after 0.3 s, while reading the answer"
    assert set(result.answer) == {"x"}


@pytest.mark.parametrize("ahead", [b"HTTP/1.1 299 Ahead\r\nContent-Length: 4\r\n\r\nlies", b"x", b"\r\n"])
async def test_an_answer_ahead_of_its_request_is_not_taken(sender: WebhookSender, ahead: bytes) -> None:
    connections = 0
    come, came = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b'{"event":"ping"}')
        writer.write(OK)
        await writer.drain()
        if connections == 1:
            await come.wait()
            writer.write(ahead)
            came.set()

    async with listening(talk) as url:
        first = await sender.post(ping(url))
        come.set()
        await came.wait()
        second = await sender.post(ping(url))

    assert [(each.status_code, each.answer) for each in (first, second)] == [(200, "ok")] * 2
    assert connections == 2


async def test_an_answer_with_another_behind_it_ends_the_connection(sender: WebhookSender) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b'{"event":"ping"}')
        writer.write(OK + b"HTTP/1.1 299 Ahead\r\nContent-Length: 4\r\n\r\nlies")

    async with listening(talk) as url:
        results = [await sender.post(ping(url)) for _ in range(2)]

    assert [each.answer for each in results] == ["ok"] * 2
    assert connections == 2


async def test_half_a_request_is_not_followed_by_another(sender: WebhookSender) -> None:
    # given a receiver that answers before it has read a large body, and keeps the connection
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await writer.drain()

    async with listening(talk) as url:
        large = WebhookRequest(url, (), b"x" * 8_000_000)
        results = [await sender.post(large) for _ in range(2)]

    assert [each.status_code for each in results] == [200, 200]
    assert [each[:5] for each in requests] == [b"POST "] * 2


async def test_tls_garbage_is_an_error_in_words(sender: WebhookSender) -> None:
    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x03\xff\xff" + b"\0" * 1000)
        await writer.drain()

    async with listening(garbage) as url:
        result = await sender.post(ping(url.replace("http:", "https:")))

    assert result.status_code is None
    assert (result.error or "").startswith("TLS handshake failed: ")


async def test_a_redirect_to_metadata_is_not_followed_and_its_headers_are_kept(sender: WebhookSender) -> None:
    there = b"HTTP/1.1 307 There\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"

    async with listening(saying(there)) as url:
        result = await sender.post(ping(url))

    assert (result.status_code, result.succeeded) == (307, False)
    assert result.answer_headers == (("Location", "http://169.254.169.254/"), ("Content-Length", "0"))


async def test_headers_cannot_break_out_of_their_line(sender: WebhookSender) -> None:
    async with listening(saying(OK)) as url:
        result = await sender.post(ping(url, ("X-Event", "a\r\nX-More: b")))

    assert (result.status_code, result.error) == (None, "not a usable http or https URL")


async def test_a_receiver_may_take_its_time_to_begin_and_it_is_told_apart(sender: WebhookSender) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b'{"event":"ping"}')
            await asyncio.sleep(0.05)
            writer.write(OK[:-1])
            await asyncio.sleep(0.05)
            writer.write(OK[-1:])

    async with listening(slow) as url:
        first, second = [await sender.post(ping(url)) for _ in range(2)]

    assert first.connect_ms is not None
    assert second.connect_ms is None
    for result in (first, second):
        assert result.first_byte_ms is not None
        assert (result.connect_ms or 0) + 40 <= result.first_byte_ms <= result.latency_ms - 40


def test_all_of_it_holds_on_the_loop_that_servers_run_on() -> None:
    # uvloop's transports, timers and errors are its own
    async def posts() -> list[tuple[int | None, str | None]]:
        sender = HttpSender(clock=SystemClock(), destinations=Destinations(is_local=True), timeout_s=10)
        poured: list[int] = []
        talks = (
            saying(OK, hang_up=False),
            saying(b""),
            pouring(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000, poured),
            pouring(b"", b"HTTP/1.1 100 Continue\r\n\r\n", poured),
        )
        results = []
        for talk in talks:
            async with listening(talk) as url:
                results.append(await sender.post(ping(url)))
        results.append(await sender.post(ping("http://127.0.0.1:1/")))
        await sender.close()
        return [(each.status_code, each.error) for each in results]

    assert uvloop.run(posts()) == [
        (200, None),
        (None, "connection closed without an answer"),
        (200, None),
        (None, "the answer begins with more than 32 KiB of headers"),
        (None, "connection refused"),
    ]


async def test_idle_connections_are_parted_with(sender_of: SenderOf) -> None:
    sender = sender_of()
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'{"event":"ping"}')
        writer.write(OK)
        await reader.read()
        ended.set()

    async with listening(talk) as url:
        await sender.post(ping(url))
        await sender.close()
        async with asyncio.timeout(10):
            await ended.wait()


def test_the_bounds_are_what_the_pages_say() -> None:
    assert (HEAD_BYTES_READ, ANSWER_BYTES_READ) == (32 * 1024, 64 * 1024)
    assert ssl.HAS_TLSv1_3
