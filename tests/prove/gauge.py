"""What a running system takes up, again and again: memory and descriptors of each process, rows and bytes."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from tests.prove.fleet import Fleet
from tests.prove.ground import Ground
from tests.prove.processes import usage
from tests.prove.trend import Point

KEYS: Final = "idempotency keys"
_PRUNED: Final = {
    "attempts": "webhook_attempts",
    "bodies of deliveries": "webhook_deliveries WHERE pruned_at IS NULL",
    KEYS: "idempotency_keys",
}
"""What is kept for a while, and counted."""
_EVERY_S: Final = 1.0
_COUNTS_EVERY_S: Final = 5.0
_SAMPLES_MIN: Final = 60


@dataclass(slots=True)
class Gauge:
    """Samples by process or table, each with its moment since the start."""

    ground: Ground
    fleet: Fleet
    rss_mb: defaultdict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    descriptors: defaultdict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    kept: defaultdict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    payments: list[Point] = field(default_factory=list)
    size_mb: list[Point] = field(default_factory=list)
    log_mb: list[Point] = field(default_factory=list)

    async def watch(self, seconds: float) -> None:
        """Sample until they have passed."""
        began = time.monotonic()
        every_s = min(_EVERY_S, seconds / _SAMPLES_MIN)
        next_count_s = 0.0
        while (at := time.monotonic() - began) < seconds:
            self._look_at_processes(at)
            if at >= next_count_s:
                next_count_s = at + min(_COUNTS_EVERY_S, seconds / 10)
                await self._look_at_rows(at)
            await asyncio.sleep(every_s)

    def after(self, seconds: float, points: Mapping[str, list[Point]]) -> Mapping[str, list[Point]]:
        """Of each the samples from a moment on."""
        return {name: [each for each in some if each[0] >= seconds] for name, some in points.items()}

    def _look_at_processes(self, at: float) -> None:
        # Our own are the clients' connections, and a few that stay.
        ours = _descriptors("self")
        for number, server in enumerate(self.fleet.servers, 1):
            name = f"{server.command} {number}"
            self.rss_mb[name].append((at, usage(server.pid).rss_mb))
            clients = ours if server is self.fleet.api else 0
            self.descriptors[name].append((at, _descriptors(server.pid) - clients))

    async def _look_at_rows(self, at: float) -> None:
        for name, table in _PRUNED.items():
            self.kept[name].append((at, await self.ground.count(f"SELECT count(*) FROM {table}")))
        self.payments.append((at, await self.ground.count("SELECT count(*) FROM payments")))
        if self.ground.kind == "sqlite":
            self.size_mb.append((at, self._file_mb()))
            self.log_mb.append((at, self._file_mb("-wal")))
        else:
            size = await self.ground.count("SELECT pg_database_size(current_database())")
            self.size_mb.append((at, size / 1e6))

    def _file_mb(self, more: str = "") -> float:
        path = Path(self.ground.url.removeprefix("sqlite:///") + more)
        return path.stat().st_size / 1e6 if path.exists() else 0.0


def _descriptors(pid: int | Literal["self"]) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
