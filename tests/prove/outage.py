"""The ways in which a database goes away, each by itself, under whatever load there is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from tests.prove.cable import Cable, Fate
from tests.prove.pair import Pair

_DOWN_S: Final = 1.5
_SETTLED_S: Final = 0.2
"""How long nobody must have got in before all places count as taken."""

Connection = Any
"""asyncpg's, whose stubs make a record class part of its type."""


@dataclass(frozen=True, slots=True)
class Outages:
    """Makes them; each returns once the database accepts connections again.

    Hanging and waiting for a commit take up to `longest_s`.
    """

    pair: Pair
    cable: Cable
    chance: random.Random
    longest_s: float

    async def make(self, kind: str) -> None:
        """One of a kind."""
        await _KINDS[kind](self)

    async def restart(self) -> None:
        """Stopped without a word (`-m immediate`), away for a while, started; sometimes nobody listens."""
        is_refused = self.chance.random() < 0.5
        if is_refused:
            await asyncio.to_thread(self.cable.unplug)
        await asyncio.to_thread(self.pair.primary.stop, "immediate")
        await self._for_up_to(_DOWN_S)
        await asyncio.to_thread(self.pair.primary.start)
        if is_refused:
            await asyncio.to_thread(self.cable.plug)

    async def cut(self) -> None:
        """Every connection ends, and new ones are accepted at once."""
        await asyncio.to_thread(self.cable.cut)

    async def refuse(self) -> None:
        """Every connection ends, and new ones are refused for a while."""
        await asyncio.to_thread(self.cable.unplug)
        await self._for_up_to(_DOWN_S)
        await asyncio.to_thread(self.cable.plug)

    async def hang(self) -> None:
        """Nothing comes through for a while, and nothing is cut."""
        self.cable.hang()
        await self._for_up_to(self.longest_s)
        self.cable.resume()

    async def crowd(self) -> None:
        """Others take every connection that the server has, and stay for a while."""
        async with _crowded(self.pair, self.cable):
            await self._for_up_to(_DOWN_S)

    async def late(self) -> None:
        """Commits are acknowledged late, some later than anybody waits."""
        await self._doomed(
            ["late"] * self.chance.randint(1, 2), hold_s=self.chance.uniform(0, self.longest_s)
        )

    async def never(self) -> None:
        """Commits are done, and the connection ends before or amid the answer."""
        await self._doomed(self.chance.choices(("never", "torn"), k=self.chance.randint(1, 3)))

    async def promote(self) -> None:
        """The primary is gone and its standby there, sometimes without commits that still waited."""
        if self.chance.random() < 0.5:
            self.pair.replication.hang()
            await self._for_up_to(self.longest_s)
        await asyncio.to_thread(self.pair.fail_over)

    async def _doomed(self, fates: list[Fate], *, hold_s: float = 0.0) -> None:
        self.cable.doom(*fates, hold_s=hold_s)
        async with asyncio.timeout(60):
            while self.cable.is_doomed:  # noqa: ASYNC110 - it happens in another thread
                await asyncio.sleep(0.01)
        await asyncio.sleep(hold_s)

    async def _for_up_to(self, seconds: float) -> None:
        await asyncio.sleep(self.chance.uniform(0, seconds))


_KINDS: Final[Mapping[str, Callable[[Outages], Awaitable[None]]]] = {
    "restart": Outages.restart,
    "cut": Outages.cut,
    "refuse": Outages.refuse,
    "hang": Outages.hang,
    "crowd": Outages.crowd,
    "late": Outages.late,
    "never": Outages.never,
    "promotion": Outages.promote,
}


@asynccontextmanager
async def _crowded(pair: Pair, cable: Cable) -> AsyncIterator[None]:
    url = pair.primary.url().replace("+asyncpg", "")
    crowd: list[Connection] = []
    try:
        await asyncio.to_thread(cable.unplug)
        # Who was cut off needs a moment to leave its place.
        while await _let_in(url, crowd):  # noqa: ASYNC110 - no event tells of a place that is free
            await asyncio.sleep(_SETTLED_S)
        await asyncio.to_thread(cable.plug)
        yield
    finally:
        for each in crowd:
            each.terminate()


async def _let_in(url: str, crowd: list[Connection]) -> int:
    """Take every free place; returns how many there were."""
    before = len(crowd)
    options: dict[str, Any] = {"timeout": 10, "server_settings": {"application_name": "a crowd"}}
    while True:
        try:
            crowd.append(await asyncpg.connect(url, **options))
        except asyncpg.TooManyConnectionsError:
            return len(crowd) - before
