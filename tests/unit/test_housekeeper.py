"""Whether the house is kept at the start, now and then, and at the end, and goes on when something fails."""

from __future__ import annotations

import asyncio

from kessai.domain.errors import DatabaseUnavailableError
from kessai.worker.housekeeper import Housekeeper


class Chore:
    """Counts; fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.times = 0
        self._failures = list(failures)
        self._done = asyncio.Condition()

    async def __call__(self) -> None:
        self.times += 1
        async with self._done:
            self._done.notify_all()
        if self._failures:
            raise self._failures.pop(0)

    async def is_done(self, times: int) -> None:
        async with asyncio.timeout(10), self._done:
            await self._done.wait_for(lambda: self.times >= times)


async def test_the_chore_is_done_at_the_start_and_at_the_end() -> None:
    chore = Chore()
    housekeeper = Housekeeper(chore, every_s=3600)
    keeping = asyncio.create_task(housekeeper.run())
    await chore.is_done(1)

    housekeeper.stop()
    await keeping

    assert chore.times == 2


async def test_the_chore_is_done_now_and_then_also_after_failures() -> None:
    chore = Chore(DatabaseUnavailableError(), ValueError("a bug"))
    housekeeper = Housekeeper(chore, every_s=0.01)
    keeping = asyncio.create_task(housekeeper.run())

    await chore.is_done(4)

    housekeeper.stop()
    await keeping
