"""Waiting for what no event tells of: another process, a row in a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_AGAIN_S = 0.02


async def until(found: Callable[[], Awaitable[T | None]], *, within_s: float = 20) -> T:
    """Look again and again until there is something (not None, not False) to be found; returns it.

    Raises:
        TimeoutError: it was not there in time.
    """
    async with asyncio.timeout(within_s):
        while not (what := await found()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(_LOOK_AGAIN_S)
        return what
