"""A steady load on the API: requests start when planned, however long earlier ones take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.prove.numbers import percentile

_TIMEOUT_S: Final = 30.0


@dataclass(slots=True)
class Load:
    """Creates and gets by turns. Latencies in ms from the planned start, so that queueing counts."""

    base_url: str
    api_key: str
    per_s: float
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _last_id: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until told to stop, and wait for the last answers."""
        loop = asyncio.get_running_loop()
        headers = {"Authorization": f"Bearer {self.api_key}"}
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(
                self.base_url, headers=headers, timeout=timeout, connector=connector
            ) as session,
            asyncio.TaskGroup() as group,
        ):
            start, number = loop.time(), 0
            while not stop.is_set():
                planned = start + number / self.per_s
                await asyncio.sleep(max(0.0, planned - loop.time()))
                group.create_task(self._ask(session, number, planned))
                number += 1

    @property
    def p50_ms(self) -> float:
        return percentile(self.latencies, 50)

    @property
    def p99_ms(self) -> float:
        return percentile(self.latencies, 99)

    async def _ask(self, session: aiohttp.ClientSession, number: int, planned: float) -> None:
        try:
            if number % 2 and self._last_id:
                request = session.get(f"/api/v1/payments/{self._last_id}")
            else:
                request = session.post("/api/v1/payments", json={"amount": 100 + number, "currency": "INR"})
            async with request as response:
                body = await response.json()
                if response.status not in (200, 201):
                    self.failures.append(f"{response.status} {body}")
                self._last_id = body.get("id", self._last_id)
        except Exception as error:
            self.failures.append(repr(error))
        self.latencies.append((asyncio.get_running_loop().time() - planned) * 1000)
