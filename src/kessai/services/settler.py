"""Writes down what attempts came to, in batches: what ends while one is written forms the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from kessai.domain.errors import KessaiError
from kessai.storage.repositories.settling import Settlement

_AT_ONCE: Final = 256
"""Attempts of one transaction."""

log = structlog.get_logger()


class Settler:
    """Keeps what could not be written until it can: `write` is tried again with what comes next.

    `write` takes a batch and raises KessaiError when the database does not take it. `dropped` is told of what
    a bug of ours keeps from ever being written.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Settlement]], Awaitable[None]],
        dropped: Callable[[Settlement], None] = lambda _settlement: None,
    ) -> None:
        self._write = write
        self._dropped = dropped
        self._waiting: list[Settlement] = []
        self._writing: asyncio.Task[None] | None = None
        self._is_failing = False

    def add(self, settlement: Settlement) -> None:
        """Have it written soon."""
        self._waiting.append(settlement)
        self._started()

    async def try_again(self) -> int:
        """Write what could not be written before; return how much that was.

        Raises:
            KessaiError: the database still does not take it; it is kept.
        """
        if self._writing is not None or not self._waiting:
            return 0
        count = len(self._waiting)
        await asyncio.shield(self._started())
        return count

    async def flush(self) -> None:
        """Write all there is.

        Raises:
            KessaiError: the database does not take it; it is kept.
        """
        while self._waiting:
            await asyncio.shield(self._started())

    def _started(self) -> asyncio.Task[None]:
        """The one task that writes, whoever wants it to: two would write the same."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
            self._writing.add_done_callback(self._ended)
        return self._writing

    def _ended(self, writing: asyncio.Task[None]) -> None:
        self._writing = None
        error = None if writing.cancelled() else writing.exception()
        if isinstance(error, KessaiError) and not self._is_failing:
            log.warning("attempts_not_settled", reason=error.code)
        self._is_failing = error is not None

    async def _write_all(self) -> None:
        while batch := self._waiting[:_AT_ONCE]:
            try:
                await self._write(batch)
            except KessaiError:
                raise
            except Exception:
                # A bug of ours, in one of them: each alone, so that only that one is tried again.
                for settlement in batch:
                    await self._write_alone(settlement)
            del self._waiting[: len(batch)]

    async def _write_alone(self, settlement: Settlement) -> None:
        try:
            await self._write([settlement])
        except KessaiError:
            raise
        except Exception:
            log.exception("attempt_not_settled", delivery_id=settlement.delivery.id)
            self._dropped(settlement)
