"""What one webhook costs its sender: ours, aiohttp's client, httpx, and the least a client could do.

    python -m tests.bench.sender [--seconds 3] [--posts-at-once 32]

Each posts the same webhook to a receiver in another process for some seconds. Where there are two CPUs or
more, receiver and senders get one each. Printed is the CPU time of the sending process per post, and posts
per second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, cast

import aiohttp
import httpx
import uvloop

from kessai.adapters.clock import SystemClock
from kessai.adapters.webhook_sender import HttpSender
from kessai.domain.destinations import Destinations
from kessai.services.ports import WebhookRequest
from tests.bench.receiver import RECEIVER

WARM_UP: Final = 64
HEADERS: Final = (
    ("content-type", "application/json"),
    ("X-Webhook-Signature", "a" * 64),
    ("X-Webhook-Id", "0199d3c2-5f00-7000-8000-0000000000e2"),
    ("X-Webhook-Event", "payment.succeeded"),
    ("X-Webhook-Timestamp", "1700000000"),
    ("X-Webhook-Attempt", "1"),
    ("webhook-id", "0199d3c2-5f00-7000-8000-0000000000e2"),
    ("webhook-timestamp", "1700000000"),
    ("webhook-signature", "v1," + "a" * 44),
)
BODY: Final = b'{"event":"payment.succeeded"' + b" " * 700 + b"}"

Post = Callable[[], Awaitable[object]]


class Floor(asyncio.Protocol):
    """The least a client could do: bytes made once, any answer is fine, nothing is timed or bounded."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by inheritance.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.waiter is not None:
            self.waiter.set_result(data)

    async def post(self, message: bytes) -> bytes:
        """Write, and wait for the first bytes."""
        assert self.transport is not None
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(message)
        return await self.waiter


async def measure(name: str, post: Post, seconds: float, at_once: int) -> None:
    """Post for some seconds, `at_once` at a time, and print what it cost."""
    for _ in range(WARM_UP):
        await post()
    posts = 0
    began, spent = time.perf_counter(), time.process_time()

    async def go_on() -> None:
        nonlocal posts
        while time.perf_counter() - began < seconds:
            await post()
            posts += 1

    await asyncio.gather(*(go_on() for _ in range(at_once)))
    took, cpu = time.perf_counter() - began, time.process_time() - spent
    print(f"{name:<28}{cpu / posts * 1e6:>10.1f} us CPU per post{posts / took:>10.0f} posts/s", flush=True)


async def floor(port: int, seconds: float, at_once: int) -> None:
    """The bare protocol."""
    loop = asyncio.get_running_loop()
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
    message = (
        f"POST /webhooks HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(BODY)}\r\n{head}\r\n"
    ).encode() + BODY
    idle = [(await loop.create_connection(Floor, "127.0.0.1", port))[1] for _ in range(at_once)]

    async def post() -> None:
        connection = idle.pop()
        await connection.post(message)
        idle.append(connection)

    await measure("the least there could be", post, seconds, at_once)
    for connection in idle:
        assert connection.transport is not None
        connection.transport.close()


async def ours(url: str, seconds: float, at_once: int) -> None:
    """kessai's."""
    sender = HttpSender(clock=SystemClock(), destinations=Destinations(is_local=True))
    request = WebhookRequest(url, HEADERS, BODY)

    async def post() -> None:
        if not (await sender.post(request)).succeeded:
            raise RuntimeError("a post failed")

    await measure("kessai", post, seconds, at_once)
    await sender.close()


async def with_aiohttp(url: str, seconds: float, at_once: int, *, is_traced: bool) -> None:
    """aiohttp's client with all that can be left out left out; traced, it tells when the connection stood."""
    trace = aiohttp.TraceConfig()

    async def note(*_: object) -> None:
        time.monotonic()

    for signal in (trace.on_connection_create_end, trace.on_connection_reuseconn, trace.on_request_start):
        signal.append(note)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=256, keepalive_timeout=4),
        timeout=aiohttp.ClientTimeout(total=30, connect=10),
        headers={"User-Agent": "kessai", "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trace_configs=[trace] if is_traced else None,
    ) as session:

        async def post() -> None:
            async with session.post(url, data=BODY, headers=HEADERS, allow_redirects=False) as response:
                await response.content.read(65_536)

        await measure("aiohttp, traced" if is_traced else "aiohttp", post, seconds, at_once)


async def with_httpx(url: str, seconds: float, at_once: int) -> None:
    """httpx."""
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=256), trust_env=False) as client:

        async def post() -> None:
            await client.post(url, content=BODY, headers=list(HEADERS))

        await measure("httpx", post, seconds, at_once)


@contextmanager
def receiving(cpus: list[int]) -> Iterator[int]:
    """A receiver that answers 200, in a process of its own on the last of the CPUs; gives its port."""
    process = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    try:
        if len(cpus) > 1:
            with suppress(AttributeError):  # no pinning here
                os.sched_setaffinity(process.pid, cpus[-1:])
                os.sched_setaffinity(0, cpus[:1])
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


async def compare(port: int, seconds: float, at_once: int) -> None:
    """One after the other, the cheapest first."""
    url = f"http://127.0.0.1:{port}/webhooks"
    await floor(port, seconds, at_once)
    await ours(url, seconds, at_once)
    await with_aiohttp(url, seconds, at_once, is_traced=False)
    await with_aiohttp(url, seconds, at_once, is_traced=True)
    await with_httpx(url, seconds, at_once)


def main() -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description="CPU time of one webhook, by client.")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each client")
    parser.add_argument("--posts-at-once", type=int, default=32)
    arguments = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    with receiving(cpus) as port:
        uvloop.run(compare(port, arguments.seconds, arguments.posts_at_once))


if __name__ == "__main__":
    main()
