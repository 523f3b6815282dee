"""Databases with a bug: what is written late, and what is written too thoroughly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, delete, select

from kessai.domain.change import Change
from kessai.domain.delivery import DeliveryStatus
from kessai.storage.journal import COMMITTED, CommitResult, Database
from kessai.storage.query import Query
from kessai.storage.tables import webhook_attempts, webhook_deliveries

T = TypeVar("T")

_HELD_BACK_S: Final = 0.25


class _Wrapped:
    """A database that passes everything on."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        return await self._inner.rows(query, **params)

    async def commit(self, change: Change) -> CommitResult:
        return await self._inner.commit(change)

    async def run(self, unit: Callable[[Connection], T]) -> T:
        return await self._inner.run(unit)

    async def close(self) -> None:
        await self._inner.close()


class EventsAfterCommit(_Wrapped):
    """Enqueues in a second transaction, after the answer has left."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._late: set[asyncio.Task[None]] = set()

    async def commit(self, change: Change) -> CommitResult:
        result = await self._inner.commit(replace(change, events=()))
        if result == COMMITTED and change.events:
            late = asyncio.create_task(self._enqueue(Change(events=change.events)))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
        return result

    async def close(self) -> None:
        await asyncio.gather(*self._late)
        await self._inner.close()

    async def _enqueue(self, change: Change) -> None:
        await asyncio.sleep(_HELD_BACK_S)
        await self._inner.commit(change)


class ExhaustedForgotten(_Wrapped):
    """Tidies up: what was given up is deleted in the transaction that gives it up."""

    async def run(self, unit: Callable[[Connection], T]) -> T:
        def tidied(connection: Connection) -> T:
            result = unit(connection)
            exhausted = webhook_deliveries.c.status == DeliveryStatus.EXHAUSTED.value
            those = select(webhook_deliveries.c.id).where(exhausted)
            connection.execute(delete(webhook_attempts).where(webhook_attempts.c.delivery_id.in_(those)))
            connection.execute(delete(webhook_deliveries).where(exhausted))
            return result

        return await self._inner.run(tidied)
