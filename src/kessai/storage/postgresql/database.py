"""The server database as the services see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kessai.domain.change import Change
from kessai.storage.journal import COMMITTED, CommitResult
from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.postgresql.errors import is_away
from kessai.storage.postgresql.journal import LANES, PostgresJournal
from kessai.storage.postgresql.lanes import Lane, Lanes
from kessai.storage.postgresql.reads import LANES as POINT_LANES
from kessai.storage.postgresql.reads import GroupReads
from kessai.storage.query import Query
from kessai.storage.saving import is_usual, save

T = TypeVar("T")

_RARE: Final = 2
"""Connections beside the journal's, for ordinary statements."""
_LOCK_WAIT: Final = 0.25
"""The part of our time that a statement may wait for a lock; then there is time to try again, alone."""
_BY_KEY: Final = {"enable_seqscan": "off"}
"""A batch touches the rows it names, by their keys. Left alone, the planner reads the whole table of payments
for it as long as that looks small: on a new database until it is analyzed, ten thousand payments later.
"""


class PostgresDatabase:
    """`pool_size` connections: two lanes to write, two to read by key, two for rare statements, the rest, at
    least one, for lists.

    Whatever is asked is answered, or refused, within `timeout_s`.
    """

    def __init__(self, url: str, *, pool_size: int, timeout_s: float) -> None:
        self._engine = _engine(url, timeout_s)
        self._by_key = _engine(url, timeout_s, **_BY_KEY)
        lanes = Lanes(self._by_key, LANES, timeout_s=timeout_s)
        self._journal = PostgresJournal(lanes, timeout_s=timeout_s)
        self._points = GroupReads(Lanes(self._by_key, POINT_LANES, timeout_s=timeout_s), timeout_s=timeout_s)
        self._rare = Lanes(self._engine, _RARE, timeout_s=timeout_s)
        left = pool_size - LANES - POINT_LANES - _RARE
        self._reads = Lanes(self._engine, max(1, left), timeout_s=timeout_s)

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        """Run a read and return its rows."""
        if query.by_key:
            return await self._points.rows(query, params)
        compiled = query.compiled(POSTGRESQL)
        async with self._reads.take() as lane:
            found = await lane.driver.fetch(compiled.sql, *compiled.values(params))
        return compiled.decoded(found)

    async def commit(self, change: Change) -> CommitResult:
        """Write a Change: with others in a batch, or in a transaction of its own if it is of a rare kind."""
        if is_usual(change):
            return await self._journal.commit(change)
        async with self._rare.take() as lane:
            result = await _attempt(lane, lambda connection: save(connection, change))
            await (lane.connection.commit() if result == COMMITTED else lane.connection.rollback())
        return result

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """Run ordinary statements in a transaction of their own."""
        async with self._rare.take() as lane:
            result = await _attempt(lane, unit)
            await lane.connection.commit()
        return result

    async def close(self) -> None:
        """Finish what was accepted, then close every connection."""
        parts = (self._journal, self._points, self._rare, self._reads)
        await asyncio.gather(*(part.close() for part in parts))
        await self._engine.dispose()
        await self._by_key.dispose()


def _engine(url: str, timeout_s: float, **server_settings: str) -> AsyncEngine:
    return create_async_engine(
        url,
        # Lanes keep the connections.
        poolclass=NullPool,
        connect_args={
            "timeout": timeout_s,
            "command_timeout": timeout_s,
            "server_settings": {
                "application_name": "kessai",
                "synchronous_commit": "on",
                "lock_timeout": str(int(timeout_s * _LOCK_WAIT * 1000)),
                "jit": "off",
                **server_settings,
            },
        },
    )


async def _attempt(lane: Lane, unit: Callable[[Connection], T]) -> T:
    try:
        return await lane.connection.run_sync(unit)
    except Exception as error:
        # Not where nobody answers; and who is cancelled has no time for it: that lane is abandoned.
        if not is_away(error):
            await lane.connection.rollback()
        raise
