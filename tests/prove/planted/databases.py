"""Databases with a bug: they write late or too thoroughly, do not sync, or take a full disk amiss."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import Connection, delete, select

from kessai.domain.change import Change
from kessai.domain.delivery import DeliveryStatus
from kessai.domain.errors import StorageFullError
from kessai.storage.journal import COMMITTED, CommitResult, Database
from kessai.storage.query import Query
from kessai.storage.sqlite.database import SqliteDatabase
from kessai.storage.tables import webhook_attempts, webhook_deliveries

T = TypeVar("T")

_HELD_BACK_S: Final = 0.25
_LEAKED: Final = 200_000
"""Bytes per commit: enough to be seen within seconds."""


class Wrapped:
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


class _Late(Wrapped):
    """One that writes some things a little later."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._late: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        await asyncio.gather(*self._late)
        await self._inner.close()

    def _commit_later(self, change: Change) -> None:
        late = asyncio.create_task(self._held_back(change))
        self._late.add(late)
        late.add_done_callback(self._late.discard)

    async def _held_back(self, change: Change) -> None:
        await asyncio.sleep(_HELD_BACK_S)
        await self._inner.commit(change)


class EventsAfterCommit(_Late):
    """Enqueues in a second transaction, after the answer has left."""

    async def commit(self, change: Change) -> CommitResult:
        result = await self._inner.commit(replace(change, events=()))
        if result == COMMITTED and change.events:
            self._commit_later(Change(events=change.events))
        return result


class EarlyAnswers(_Late):
    """Says of declined payments that they are committed, and commits them a little later."""

    async def commit(self, change: Change) -> CommitResult:
        if change.payment is None or change.payment.error_code is None:
            return await self._inner.commit(change)
        self._commit_later(change)
        return COMMITTED


class ForgetfulOfKeys(Wrapped):
    """Does not write down one key in seven: what is asked for again under it is done again."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._seen = 0

    async def commit(self, change: Change) -> CommitResult:
        self._seen += change.claim is not None
        return await self._inner.commit(replace(change, claim=None) if self._seen % 7 == 0 else change)


class ForgetfulOfEvents(Wrapped):
    """Does not write down what one change in seven tells of."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._seen = 0

    async def commit(self, change: Change) -> CommitResult:
        self._seen += 1
        return await self._inner.commit(replace(change, events=()) if self._seen % 7 == 0 else change)


class ExhaustedForgotten(Wrapped):
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


class FullIsNoMatter(Wrapped):
    """Says that it has written what did not fit."""

    async def commit(self, change: Change) -> CommitResult:
        try:
            return await self._inner.commit(change)
        except StorageFullError:
            return COMMITTED


class Startled(Wrapped):
    """Takes one error, which it ought to know, for a bug of its own."""

    def __init__(self, inner: Database, error: type[Exception]) -> None:
        super().__init__(inner)
        self._error = error

    async def commit(self, change: Change) -> CommitResult:
        try:
            return await self._inner.commit(change)
        except self._error as error:
            raise RuntimeError("nobody knows what this means") from error


class Sulky(Wrapped):
    """Believes for some seconds that an error, which there was once, would be there again."""

    def __init__(self, inner: Database, error: type[Exception], sulks_s: float) -> None:
        super().__init__(inner)
        self._error = error
        self._sulks_s = sulks_s
        self._until = 0.0

    async def commit(self, change: Change) -> CommitResult:
        if time.monotonic() < self._until:
            raise self._error
        try:
            return await self._inner.commit(change)
        except self._error:
            self._until = time.monotonic() + self._sulks_s
            raise


def sync_less(database: Database, level: Literal["NORMAL", "OFF"]) -> None:
    """Acknowledge what the operating system has, whether or not the disk has it."""
    if not isinstance(database, SqliteDatabase):
        raise TypeError("only SQLite is told how often to sync")
    database._journal._connection.execute(f"PRAGMA synchronous = {level}")


class Hoarding(Wrapped):
    """Remembers something of every Change, and never forgets it."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._hoard: list[bytes] = []

    async def commit(self, change: Change) -> CommitResult:
        self._hoard.append(b"x" * _LEAKED)
        return await self._inner.commit(change)


class LeavesFilesOpen(Wrapped):
    """Opens a file for every Change, and never closes it."""

    async def commit(self, change: Change) -> CommitResult:
        os.open(os.devnull, os.O_RDONLY)
        return await self._inner.commit(change)
