"""The system's clock, the only place that reads it; when things are due is decided elsewhere."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Real time, for a gateway whose time nobody moves."""

    def now(self) -> datetime:
        """The moment, aware and UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; nothing or less only lets others run."""
        await asyncio.sleep(max(0.0, seconds))
