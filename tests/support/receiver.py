"""A merchant's webhook endpoint for tests: keeps what arrives and answers as told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with one request: wait for `until` and for `delay_s`, then answer, or hang up."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    until: asyncio.Event | None = None
    hang_up: bool = False


class Receiver:
    """An HTTP server on a free loopback port, in the test's own event loop."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.otherwise = Answer()
        self._answers: deque[Answer] = deque()
        self._arrived = asyncio.Condition()
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where to post to; every path below it is received too."""
        return f"http://127.0.0.1:{self._port}/webhooks"

    def answer(self, *answers: Answer | int) -> None:
        """Answer the next requests so, one each; a number is a status. Later ones get `otherwise`."""
        self._answers.extend(Answer(status=each) if isinstance(each, int) else each for each in answers)

    async def wait_for(self, count: int, timeout_s: float = 10.0) -> list[Received]:
        """Wait until `count` requests have come since the start; returns all there are.

        Raises:
            AssertionError: they did not come in time.
        """
        try:
            async with asyncio.timeout(timeout_s), self._arrived:
                await self._arrived.wait_for(lambda: len(self.requests) >= count)
        except TimeoutError:
            raise AssertionError(
                f"{len(self.requests)} of {count} webhooks came within {timeout_s} s"
            ) from None
        return list(self.requests)

    def forget(self) -> None:
        """Drop what came so far and what was still to be answered specially."""
        self.requests.clear()
        self._answers.clear()

    async def start(self) -> None:
        """Listen; after a stop, on the same port again."""
        application = web.Application(client_max_size=16 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._receive)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Close the port and all connections, like an endpoint that is down."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        answer = self._answers.popleft() if self._answers else self.otherwise
        async with self._arrived:
            self.requests.append(Received(request.method, request.path, headers, body, datetime.now(UTC)))
            self._arrived.notify_all()
        if answer.until is not None:
            await answer.until.wait()
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.hang_up and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
