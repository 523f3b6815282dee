"""What waits for dispatchers, in figures: read when somebody asks, and not more often than is good."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kessai.domain.delivery import DeliveryStatus
from kessai.domain.errors import KessaiError
from kessai.services.ports import Clock
from kessai.storage.journal import Database
from kessai.storage.repositories.backlog import BacklogRepository

FRESH_S: Final = 1.0
"""How long figures are given again: however many ask, one process reads once in this time."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One moment's figures.

    `deliveries` counts what is open by state and status; ages are seconds since the oldest came due that
    nobody has taken, 0 when there is none.
    """

    events: int
    deliveries: dict[tuple[str, DeliveryStatus], int]
    healthy_age_s: float
    failing_age_s: float
    paused: int


class Backlog:
    """The use case of metrics."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._repository = BacklogRepository(database)
        self._clock = clock
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
        self._figures: Figures | None = None

    async def figures(self) -> Figures | None:
        """How things stand, at most FRESH_S ago; None while the database is away."""
        async with self._reading:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at >= FRESH_S:
                self._figures = await self._read()
                # From the end of it: a database that hangs is not asked all the time.
                self._read_at = self._clock.monotonic()
            return self._figures

    async def _read(self) -> Figures | None:
        at = self._clock.now()
        try:
            depth, lag = await self._repository.depth(at), await self._repository.lag(at)
        except KessaiError:
            return None
        return Figures(
            depth.events,
            depth.deliveries,
            max(age_s(lag.event, at), age_s(lag.healthy, at)),
            age_s(lag.failing, at),
            lag.paused,
        )


def age_s(since: datetime | None, at: datetime) -> float:
    """Seconds from `since` to `at`; 0 when nothing has been waiting."""
    return max(0.0, (at - since).total_seconds()) if since else 0.0
