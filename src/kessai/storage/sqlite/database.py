"""The embedded database as the services see it: reads beside the journal, and a lock on the file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from kessai.domain.change import Change
from kessai.domain.errors import DatabaseUnavailableError
from kessai.storage.journal import CommitResult
from kessai.storage.query import SQLITE, Query
from kessai.storage.sqlite.connections import is_trouble, open_reader, refusal
from kessai.storage.sqlite.journal import SqliteJournal
from kessai.storage.sqlite.lock import DatabaseFileError, FileLock

T = TypeVar("T")


class SqliteDatabase:
    """Point reads run where they are asked (they cost less than a thread's hand-over), scans in a thread."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            DatabaseInUseError: another process has it.
            DatabaseFileError: it cannot be opened.
        """
        self._lock = FileLock(path)
        self._lock.take()
        try:
            self._journal = SqliteJournal(path)
            self._here = open_reader(path)
            self._there = open_reader(path)
        except (sqlite3.Error, OSError) as error:
            self._lock.release()
            raise DatabaseFileError(f"{path} cannot be opened: {error}; choose another --db") from error
        self._scans = ThreadPoolExecutor(1, thread_name_prefix="kessai-read")
        self._is_closed = False

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        """Run a read and return its rows."""
        if self._is_closed:
            raise DatabaseUnavailableError
        compiled = query.compiled(SQLITE)
        values = compiled.values(params)
        try:
            if query.is_point:
                found = self._here.execute(compiled.sql, values).fetchall()
            else:
                loop = asyncio.get_running_loop()
                found = await loop.run_in_executor(
                    self._scans, lambda: self._there.execute(compiled.sql, values).fetchall()
                )
        except sqlite3.Error as error:
            if not is_trouble(error):
                raise
            raise refusal(error) from error
        return compiled.decoded(found)

    async def commit(self, change: Change) -> CommitResult:
        """Write a Change; see the journal."""
        return await self._journal.commit(change)

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """Run ordinary statements through the journal."""
        return await self._journal.run(unit)

    async def close(self) -> None:
        """Finish what was accepted, then let the file go."""
        if self._is_closed:
            return
        try:
            await self._journal.finish()
        finally:
            self._is_closed = True
            self._scans.shutdown()
            self._here.close()
            self._there.close()
            # Last of all: the one who writes tidies up.
            self._journal.close()
            self._lock.release()
