"""Requests that want to move the same thing line up, once they have lost a race for it.

Only a courtesy within this process: that nothing is done twice, the journal's versions see to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

PATIENCE_S: Final = 0.5
"""How long to stand in line: who is before us may be waiting for a database that hangs."""


class Queues:
    """A queue for each thing that is fought over, for as long as somebody stands in it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, subject: str) -> AsyncIterator[None]:
        """Wait for one's turn; who loses patience goes on without it, as at first."""
        lock = self._locks.setdefault(subject, asyncio.Lock())
        is_held = await _acquired(lock)
        try:
            yield
        finally:
            if is_held:
                lock.release()


async def _acquired(lock: asyncio.Lock) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await lock.acquire()
    except TimeoutError:
        return False
