"""How soon a lone event is on its way: from the answer that tells of the commit to the receiver's socket."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import aiohttp

from tests.bench.drain import start_servers
from tests.bench.sink import Sink
from tests.prove.ground import Ground
from tests.prove.numbers import percentile
from tests.prove.progress import Progress

_BETWEEN_S: Final = 0.25
_PATIENCE_S: Final = 20.0
_FIRST: Final = 3
"""Payments that are not counted: they import, connect and warm up."""


@dataclass(frozen=True, slots=True)
class Wakeups:
    """Milliseconds for each payment. A webhook may come before the answer of its payment: less than 0."""

    from_request_ms: list[float]
    from_answer_ms: list[float]

    @property
    def p50_ms(self) -> float:
        return percentile(self.from_answer_ms, 50)

    @property
    def p99_ms(self) -> float:
        return percentile(self.from_answer_ms, 99)

    @property
    def p99_from_request_ms(self) -> float:
        return percentile(self.from_request_ms, 99)


async def measure_wakeups(ground: Ground, sink: Sink, payments: int) -> Wakeups:
    """One payment at a time, each with one event that one endpoint hears."""
    found = Wakeups([], [])
    with ExitStack() as stack:
        api, _, _ = await asyncio.to_thread(start_servers, stack, ground, None)
        progress = Progress(f"wake-ups on {ground.kind}", payments)
        async with aiohttp.ClientSession(api.base_url, headers=api.headers) as session:
            await _hear(session, sink.url(900))
            for number in range(payments + _FIRST):
                request_ms, answer_ms = await _one(session, sink)
                if number >= _FIRST:
                    found.from_request_ms.append(request_ms)
                    found.from_answer_ms.append(answer_ms)
                progress.at(number)
                await asyncio.sleep(_BETWEEN_S)
        progress.end()
    return found


async def _hear(session: aiohttp.ClientSession, url: str) -> None:
    body = {"url": url, "events": ["payment.failed"]}
    async with session.post("/api/v1/webhooks/endpoints", json=body) as answer:
        assert answer.status == 201, await answer.text()


async def _one(session: aiohttp.ClientSession, sink: Sink) -> tuple[float, float]:
    sink.reset()
    asked = time.monotonic()
    body = {"amount": 100, "simulate": "bank_error"}
    async with session.post("/api/v1/payments", json=body) as answer:
        assert answer.status == 201, await answer.text()
        await answer.read()
    answered = time.monotonic()
    async with asyncio.timeout(_PATIENCE_S):
        while not (arrivals := await asyncio.to_thread(sink.arrivals)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    (arrived,) = arrivals.values()
    return (arrived - asked) * 1000, (arrived - answered) * 1000
