"""Group commit on PostgreSQL: what arrives while batches are under way forms the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from kessai.domain.change import Change
from kessai.domain.errors import DatabaseUnavailableError, KessaiError, KeyInUseError
from kessai.storage.journal import BATCH_MAX, COMMITTED, STALE, UNHEARD, CommitResult, KeyTaken
from kessai.storage.key_rows import claim_from_row
from kessai.storage.postgresql.batch import SQL, parameters
from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.postgresql.lanes import Lane, Lanes
from kessai.storage.saving import FIND_CLAIM

LANES: Final = 2
"""Batches in flight: one is sent and planned while the other waits for the disk; more only compete."""
_LEAST: Final = 0.25
"""The part of its time that a Change must have left when its batch begins; else it has waited in vain."""

_FIND_CLAIM: Final = FIND_CLAIM.compiled(POSTGRESQL)


@dataclass(slots=True, eq=False)
class _Item:
    """One Change, who waits for it, and until when."""

    change: Change
    done: asyncio.Future[CommitResult]
    deadline: float

    def release(self, result: CommitResult) -> None:
        if not self.done.done():
            self.done.set_result(result)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    @property
    def names(self) -> set[tuple[str, str]]:
        """What two Changes of one statement must not share: a key, a payment that moves."""
        change = self.change
        names: set[tuple[str, str]] = set()
        if change.claim is not None:
            names.add((change.claim.merchant_id, change.claim.key))
        if change.payment is not None and change.payment.version > 1:
            names.add(("payment", change.payment.id))
        return names


class PostgresJournal:
    """Batches usual Changes over its lanes; each is answered or refused within `timeout_s`."""

    def __init__(self, lanes: Lanes, *, timeout_s: float) -> None:
        self._lanes = lanes
        self._timeout_s = timeout_s
        self._is_closed = False
        self._waiting: deque[_Item] = deque()
        self._writing: set[asyncio.Task[None]] = set()
        self._is_due = False

    async def commit(self, change: Change) -> CommitResult:
        """Write a Change with whatever else is waiting; return once it is durable."""
        if self._is_closed:
            raise DatabaseUnavailableError
        loop = asyncio.get_running_loop()
        item = _Item(change, loop.create_future(), loop.time() + self._timeout_s)
        self._waiting.append(item)
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._start)
        return await item.done

    async def close(self) -> None:
        """Finish what was accepted."""
        self._is_closed = True
        while self._writing or self._waiting:
            await asyncio.gather(*self._writing)
            await asyncio.sleep(0)
        await self._lanes.close()

    def _start(self) -> None:
        self._is_due = False
        while len(self._writing) < LANES and (items := self._take()):
            task = asyncio.ensure_future(self._write(items))
            self._writing.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        self._start()

    def _take(self) -> list[_Item]:
        batch: list[_Item] = []
        used: set[tuple[str, str]] = set()
        later: list[_Item] = []
        too_late = asyncio.get_running_loop().time() + self._timeout_s * _LEAST
        while self._waiting and len(batch) < BATCH_MAX:
            item = self._waiting.popleft()
            if item.deadline < too_late:
                item.fail(DatabaseUnavailableError())
            elif not used.isdisjoint(item.names):
                later.append(item)
            # Who has stopped waiting wants nothing written.
            elif not item.done.done():
                used |= item.names
                batch.append(item)
        self._waiting.extendleft(reversed(later))
        return batch

    async def _write(self, items: list[_Item]) -> None:
        try:
            await self._write_together(items)
        except Exception as error:
            is_away = isinstance(error, KessaiError) and not isinstance(error, KeyInUseError)
            if len(items) == 1 or is_away:
                for item in items:
                    item.fail(error)
                return
            # One of them is at fault and nothing was written: each alone, so that only that one fails.
            for item in items:
                await self._write([item])

    async def _write_together(self, items: list[_Item]) -> None:
        time_left = min(item.deadline for item in items) - asyncio.get_running_loop().time()
        async with self._lanes.take(timeout_s=time_left) as lane:
            rows = await lane.driver.fetch(SQL, *parameters([item.change for item in items]))
            # One answer for all of the batch: whether anything in it is to be told to somebody.
            won = {
                position: COMMITTED if is_heard else UNHEARD
                for position, has_won, is_heard in rows
                if has_won
            }
            results = [
                won[position] if position in won else await self._obstacle(lane, item.change)
                for position, item in enumerate(items)
            ]
        for item, result in zip(items, results, strict=True):
            item.release(result)

    async def _obstacle(self, lane: Lane, change: Change) -> CommitResult:
        """Why nothing was written: a key in use tells more than a payment that the same request has moved."""
        claim = change.claim
        if claim is None:
            return STALE
        found = await lane.driver.fetch(_FIND_CLAIM.sql, claim.merchant_id, claim.key)
        # Pruned between the two statements, or to be taken over the next time: as good as never used.
        taken = [claim_from_row(row) for row in _FIND_CLAIM.decoded(found)]
        return KeyTaken(taken[0]) if taken and taken[0].expires_at > claim.created_at else STALE
