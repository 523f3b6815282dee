"""Business time that runs faster, or ahead: a lease of half a minute ends in a second, an hour at once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class SwiftClock:
    """All processes that are told the same `epoch` (Unix seconds) and `speed` agree on the moment."""

    epoch: float
    speed: float
    ahead_s: float = 0.0

    def now(self) -> datetime:
        """The moment on the business clock."""
        return self.moment(time.time())

    def moment(self, real: float) -> datetime:
        """The business moment of a real one."""
        return datetime.fromtimestamp(self.epoch + self.ahead_s + (real - self.epoch) * self.speed, UTC)

    def monotonic(self) -> float:
        """Real seconds: sockets know no other."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for business seconds."""
        await asyncio.sleep(max(0.0, seconds / self.speed))
