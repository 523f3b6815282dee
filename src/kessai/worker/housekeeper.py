"""What every server process does now and then, whether it dispatches or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from kessai.domain.errors import KessaiError

EVERY_S: Final = 60.0
"""Often enough that little piles up: what is done are small transactions."""

log = structlog.get_logger()


class Housekeeper:
    """Does its chore at the start, every `every_s`, and once more at the end."""

    def __init__(self, chore: Callable[[], Awaitable[object]], *, every_s: float = EVERY_S) -> None:
        self._chore = chore
        self._every_s = every_s
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep house until `stop` is called. What fails is done the next time."""
        while True:
            is_last = self._stopping.is_set()
            await self._do()
            if is_last:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._stopping.wait()

    def stop(self) -> None:
        """End `run` after one last time."""
        self._stopping.set()

    async def _do(self) -> None:
        try:
            await self._chore()
        except KessaiError as error:
            log.warning("housekeeping_failed", reason=error.code)
        except Exception:
            # A bug of ours; nothing that a request or a webhook waits for.
            log.exception("housekeeping_broke")
