"""A few connections kept open, lent to one at a time, replaced when they break, and never waited for long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kessai.domain.errors import DatabaseUnavailableError
from kessai.storage.postgresql.errors import is_away, refusal

_FAREWELL_S: Final = 1.0
"""How long the server may take to say goodbye."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection: SQLAlchemy's for ordinary statements, asyncpg's for hot ones.

    Any: asyncpg's connection lies behind two classes of SQLAlchemy that say nothing of its type.
    """

    connection: AsyncConnection
    driver: Any


class _Free:
    """Lanes that nobody has, the one used last first; None stands for one that is not open.

    Given to whoever has waited longest: who comes meanwhile does not get in before.
    """

    def __init__(self, count: int) -> None:
        self._lanes: list[Lane | None] = [None] * count
        self._waiting: deque[asyncio.Future[Lane | None]] = deque()

    def pop(self) -> Lane | None:
        """One that is open and free at once."""
        return self._lanes.pop() if self._lanes and self._lanes[-1] is not None else None

    async def get(self) -> Lane | None:
        """Any, as soon as there is one."""
        if self._lanes:
            return self._lanes.pop()
        turn: asyncio.Future[Lane | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.put(turn.result())
            raise

    def put(self, lane: Lane | None) -> None:
        """Give one back, to the next who waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(lane)
                return
        self._lanes.append(lane)


class Lanes:
    """At most `count` connections of the engine, opened on demand."""

    def __init__(self, engine: AsyncEngine, count: int, *, timeout_s: float) -> None:
        self._engine = engine
        self._timeout_s = timeout_s
        self._count = count
        self._is_closed = False
        self._farewells: set[asyncio.Task[None]] = set()
        self._free = _Free(count)

    @asynccontextmanager
    async def take(self, *, timeout_s: float | None = None) -> AsyncIterator[Lane]:
        """Lend a lane that is in no transaction; waiting, connecting and working must be done in time.

        Raises:
            DatabaseUnavailableError: they were not; what was under way may or may not have happened.
        """
        if self._is_closed:
            raise DatabaseUnavailableError
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self._timeout_s if timeout_s is None else timeout_s)
        try:
            lane = await self._taken(deadline)
            # Not a cancellation: SQLAlchemy would answer it with a long goodbye to a server that is silent.
            hang_up = loop.call_at(deadline, lane.driver.terminate)
            returned: Lane | None = None
            try:
                yield lane
                returned = lane
            except Exception as error:
                returned = None if is_away(error) else lane
                raise
            finally:
                hang_up.cancel()
                # Also one that was left in the middle of a statement.
                if returned is None:
                    self._abandon(lane)
                self._free.put(returned)
        except Exception as error:
            meant = refusal(error)
            if meant is error:
                raise
            raise meant from error

    async def close(self) -> None:
        """Wait for what is lent, then close every connection."""
        self._is_closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                for _ in range(self._count):
                    lane = await self._free.get()
                    if lane is not None:
                        self._leave(lane)
        await asyncio.gather(*self._farewells)

    async def _taken(self, deadline: float) -> Lane:
        # Most find one that is open, and need no time-out for it.
        held = self._free.pop()
        if held is not None:
            if not held.driver.is_closed():
                return held
            self._free.put(held)
        async with asyncio.timeout_at(deadline):
            held = await self._free.get()
            try:
                return await self._opened(held)
            except BaseException:
                self._free.put(None)
                raise

    async def _opened(self, held: Lane | None) -> Lane:
        if held is not None:
            if not held.driver.is_closed():
                return held
            self._abandon(held)
        connection = await self._engine.connect()
        return Lane(connection, (await connection.get_raw_connection()).driver_connection)

    def _abandon(self, lane: Lane) -> None:
        lane.driver.terminate()
        self._leave(lane)

    def _leave(self, lane: Lane) -> None:
        # A task of its own: whoever had the lane may be cancelled any moment.
        task = asyncio.ensure_future(_farewell(lane))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)


async def _farewell(lane: Lane) -> None:
    with suppress(Exception):
        # First, and by itself: SQLAlchemy tells the log at length when a goodbye is cut short.
        await lane.driver.close(timeout=_FAREWELL_S)
    lane.driver.terminate()
    with suppress(Exception):
        await lane.connection.close()
