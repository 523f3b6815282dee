"""Time in hand: a clock that stands still until it is told, and what is due by it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from kessai.bootstrap import Gateway
from kessai.services.timers import Timers

START: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)


class ManualClock:
    """Time that passes only when told; who sleeps is woken when it has come."""

    def __init__(self, at: datetime = START) -> None:
        self.start = at
        self._passed = timedelta(0)
        self._sleepers: list[tuple[timedelta, asyncio.Event]] = []
        self._asleep = asyncio.Event()

    def now(self) -> datetime:
        return self.start + self._passed

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._sleepers.append((self._passed + timedelta(seconds=seconds), woken))
        self._asleep.set()
        await woken.wait()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._passed += by
        for until, woken in self._sleepers:
            if until <= self._passed:
                woken.set()
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].is_set()]
        if not self._sleepers:
            self._asleep.clear()

    async def until_asleep(self) -> None:
        """Wait until somebody sleeps."""
        async with asyncio.timeout(10):
            await self._asleep.wait()


async def tick(gateway: Gateway) -> int:
    """Do once what the clock does to payments and documents; returns how much that was."""
    services = gateway.services
    timers = Timers(
        services.payments,
        services.refunds,
        services.intent_follower,
        services.due_documents,
        gateway.database,
        gateway.clock,
        services.committed,
    )
    return await timers.tick()
