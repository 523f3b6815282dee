"""Group commit on one connection: what arrives during a commit is the next transaction.

Statements run on the event loop's thread, where nobody competes for the interpreter; only COMMIT, which
waits for the disk, goes to a thread. The next batch starts before the answers of the last one leave, so
that its sync overlaps with sending them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine

from kessai.domain.change import Change
from kessai.domain.errors import DatabaseUnavailableError
from kessai.storage.journal import BATCH_MAX, COMMITTED, CommitResult
from kessai.storage.saving import is_usual, save
from kessai.storage.sqlite.connections import is_trouble, open_writer, refusal
from kessai.storage.sqlite.log import Log
from kessai.storage.sqlite.statements import write_usual

T = TypeVar("T")
Unit = Callable[[Connection], Any]

_LOG_BYTES_IDLE: Final = 1 << 20
_LOG_BYTES_MAX: Final = 4 << 20
_PAUSE_S: Final = 0.2
"""When the log is copied into the database: in a pause once it is worth it, anyway when it is large.

Whoever writes waits meanwhile: some 10 ms for 4 MiB, of which a busy gateway writes a few in a second.
"""


@dataclass(slots=True, eq=False)
class _Item:
    """One thing to write and who waits for it."""

    work: Change | Unit
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def release(self) -> None:
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)


class _BrokenBatchError(Exception):
    """Something unforeseen in a batch: each of its items is to be tried alone."""


@dataclass(slots=True)
class _Queue:
    """Waiting items; `alone` are those of a broken batch, to be tried one at a time."""

    together: deque[_Item] = field(default_factory=deque)
    alone: deque[_Item] = field(default_factory=deque)

    def __bool__(self) -> bool:
        return bool(self.together or self.alone)

    def take(self) -> list[_Item]:
        if self.alone:
            return [self.alone.popleft()]
        return [self.together.popleft() for _ in range(min(BATCH_MAX, len(self.together)))]


def _is_usual(item: _Item) -> bool:
    return isinstance(item.work, Change) and is_usual(item.work)


class SqliteJournal:
    """The writer. `finish` what was accepted, then `close`."""

    def __init__(self, path: Path) -> None:
        self._connection = open_writer(path)
        try:
            self._log = Log(self._connection)
        except BaseException:
            self._connection.close()
            raise
        self._is_long = False
        # SQLAlchemy's view of the same connection, for ordinary statements; transactions stay ours.
        self._core = create_engine(
            "sqlite://",
            creator=lambda: self._connection,
            poolclass=StaticPool,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
        ).connect()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kessai-commit")
        self._queue = _Queue()
        self._is_busy = False
        self._is_closed = False
        self._pause: asyncio.TimerHandle | None = None
        self._rests_since = 0.0
        self._idle = asyncio.Event()
        self._idle.set()

    async def commit(self, change: Change) -> CommitResult:
        """Write a Change with whatever else is waiting; return once it is durable."""
        result: CommitResult = await self._put(change)
        return result

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """Run ordinary statements as one item of a batch; once more if the rest of the batch is broken."""
        result: T = await self._put(unit)
        return result

    async def finish(self) -> None:
        """Accept nothing more and write what was accepted."""
        self._is_closed = True
        await self._idle.wait()

    def close(self) -> None:
        """Checkpoint and let the file go, once all is written."""
        if self._pause is not None:
            self._pause.cancel()
        self._thread.shutdown()
        # What cannot be copied now, on a full disk, stays safe in the log.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._core.close()
        self._core.engine.dispose()
        self._connection.close()
        self._log.close()

    def _put(self, work: Change | Unit) -> asyncio.Future[Any]:
        if self._is_closed:
            raise DatabaseUnavailableError
        loop = asyncio.get_running_loop()
        item = _Item(work, loop.create_future())
        self._queue.together.append(item)
        if not self._is_busy:
            self._is_busy = True
            self._idle.clear()
            loop.call_soon(self._next_batch)
        return item.done

    def _next_batch(self) -> None:
        """Apply what waits; its COMMIT goes to the thread, the rest follows when that is done."""
        while items := self._queue.take():
            try:
                self._apply(items)
            except _BrokenBatchError:
                self._queue.alone.extend(items)
                continue
            except Exception as error:
                for item in items:
                    item.error = refusal(error)
                    item.release()
                continue
            self._in_thread(
                lambda: self._connection.execute("COMMIT"), lambda error: self._committed(items, error)
            )
            return
        self._rest()

    def _apply(self, items: list[_Item]) -> None:
        self._roll_back()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            # Who has stopped waiting wants nothing written.
            waiting = [item for item in items if not item.done.done()]
            for usual, some in groupby(waiting, _is_usual):
                if usual:
                    self._apply_usual(list(some))
                else:
                    for item in some:
                        self._apply_one(item)
        except Exception as error:
            self._roll_back()
            if len(items) > 1 and not is_trouble(error):
                raise _BrokenBatchError from error
            raise

    def _apply_usual(self, items: list[_Item]) -> None:
        changes = [item.work for item in items if isinstance(item.work, Change)]
        results = write_usual(self._connection, changes)
        for item, result in zip(items, results, strict=True):
            item.result = result

    def _apply_one(self, item: _Item) -> None:
        work = item.work
        self._connection.execute("SAVEPOINT item")
        # In a batch that is now tried one by one, it may have failed before.
        item.error = None
        try:
            item.result = save(self._core, work) if isinstance(work, Change) else work(self._core)
        except Exception as error:
            if is_trouble(error):
                raise
            item.error = error
        failed = item.error is not None or (isinstance(work, Change) and item.result != COMMITTED)
        if failed:
            self._connection.execute("ROLLBACK TO item")
        self._connection.execute("RELEASE item")

    def _committed(self, items: list[_Item], error: BaseException | None) -> None:
        if error is not None:
            self._roll_back()
            for item in items:
                item.error = refusal(error)
        if self._log.bytes_left > _LOG_BYTES_MAX:
            self._is_long = True
            self._checkpoint("PASSIVE")
        else:
            self._next_batch()
        for item in items:
            item.release()

    def _checkpoint(self, mode: Literal["PASSIVE", "TRUNCATE"]) -> None:
        self._in_thread(
            lambda: self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall(),
            lambda _error: self._next_batch() if self._queue else self._rest(),
        )

    def _rest(self) -> None:
        self._is_busy = False
        self._idle.set()
        loop = asyncio.get_running_loop()
        self._rests_since = loop.time()
        if self._pause is None and (self._is_long or self._log.bytes_left > _LOG_BYTES_IDLE):
            self._pause = loop.call_later(_PAUSE_S, self._after_pause)

    def _after_pause(self) -> None:
        self._pause = None
        if self._is_busy or self._is_closed:
            return
        # There may have been work meanwhile: to put the timer off each time would cost more than to look.
        loop = asyncio.get_running_loop()
        pause_ends = self._rests_since + _PAUSE_S
        if loop.time() < pause_ends:
            self._pause = loop.call_at(pause_ends, self._after_pause)
            return
        self._is_busy = True
        self._idle.clear()
        self._is_long = False
        self._checkpoint("TRUNCATE")

    def _roll_back(self) -> None:
        # Fails when the disk does; the next batch tries again before it begins.
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _in_thread(self, work: Callable[[], object], after: Callable[[BaseException | None], None]) -> None:
        loop = asyncio.get_running_loop()
        self._thread.submit(work).add_done_callback(
            lambda done: loop.call_soon_threadsafe(after, done.exception())
        )
