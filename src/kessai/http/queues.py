"""Requests that want to move the same thing line up, once they have lost a race for it.

Only a courtesy within this process: that nothing is done twice, the journal's versions see to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

STALLED_S: Final = 0.5
"""How long to stand in a line that does not move: who is before us may wait for a database that hangs."""
LONGEST_S: Final = 8.0
"""How long to stand in one that does: less than clients wait, and with many outside no line is of use."""


class Queues:
    """A line for each thing that is fought over, for as long as somebody stands in it."""

    def __init__(self, *, stalled_s: float = STALLED_S, longest_s: float = LONGEST_S) -> None:
        self._stalled_s = stalled_s
        self._longest_s = longest_s
        self._lines: WeakValueDictionary[str, _Line] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, subject: str) -> AsyncIterator[None]:
        """Wait for one's turn; who loses patience goes on without it, as at first."""
        line = self._lines.setdefault(subject, _Line(self._stalled_s, self._longest_s))
        is_first = await line.stand()
        try:
            yield
        finally:
            if is_first:
                line.leave()


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Line:
    """Whose turn it is, and until when the others are willing to wait."""

    stalled_s: float
    longest_s: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    patience: dict[asyncio.Timeout, float] = field(default_factory=dict)

    async def stand(self) -> bool:
        """Wait; whether it is our turn now."""
        limit = asyncio.timeout(min(self.stalled_s, self.longest_s))
        try:
            async with limit:
                self.patience[limit] = asyncio.get_running_loop().time() + self.longest_s
                return await self.turn.acquire()
        except TimeoutError:
            return False
        finally:
            self.patience.pop(limit, None)

    def leave(self) -> None:
        """It is the next one's turn, and everybody has seen the line move."""
        self.turn.release()
        stalled_at = asyncio.get_running_loop().time() + self.stalled_s
        for limit, longest in self.patience.items():
            # Whose time is up may not have been told yet.
            if not limit.expired():
                limit.reschedule(min(stalled_at, longest))
