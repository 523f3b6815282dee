"""A recording of a server under load: all it did to its database's files, and when each answer left it."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.bench.sink import Sink, running_sink
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop
from tests.prove.disk_watch import Act, Did, DiskWatch
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground
from tests.prove.troubles import insist
from tests.support.server import RunningServer

CLIENTS: Final = 16
_PAUSE_S: Final = 0.4
"""Long enough for the log to be copied into the database, and cut."""
_SOON_NS: Final = 200_000


@dataclass(frozen=True)
class Recording:
    """What a server did, in order, and what its customers were told.

    `answered` has the moment at which each acknowledgement had left the server, which on the loopback
    interface is when it reached its client, and the key.
    """

    database: Path
    acts: list[Act]
    journal: Journal
    api_key: str
    answered: list[tuple[int, str]]

    def known_at(self, moment_ns: int) -> Journal:
        """What the customers know by then."""
        count = bisect_right(self.answered, moment_ns, key=lambda each: each[0])
        known = {key: self.journal.acknowledged[key] for _, key in self.answered[:count]}
        return Journal(asked=self.journal.asked, acknowledged=known)

    def moment(self, chance: random.Random) -> int:
        """Any moment after the first answer; often one at which something was being done."""
        first, last = self.answered[0][0], self.acts[-1].until_ns
        match chance.randrange(4):
            case 0:
                return chance.randint(first, last)
            case 1:
                return chance.choice(self.answered)[0] + chance.randrange(_SOON_NS)
            case 2:
                act = chance.choice(self.acts)
            case _:
                act = chance.choice(self._turns)
        return max(first, chance.randint(act.from_ns, act.until_ns + _SOON_NS))

    @cached_property
    def _turns(self) -> list[Act]:
        """What is rare and changes everything: syncs, cuts, names that come and go."""
        return [act for act in self.acts if act.did not in (Did.WROTE, Did.ANSWERED)]


def record(directory: Path, setting: Setting, *, lives: int, answers: int) -> Recording:
    """Have customers buy at a server that makes a new database, stops in order and starts again.

    It answers this often in each of its `lives`, and half as often once more after a pause.
    """
    home = directory / "recorded"
    home.mkdir(parents=True)
    database = home.resolve() / "kessai.db"
    watch = DiskWatch(directory, database)
    fleet = Fleet(Ground(f"sqlite:///{database}", directory), setting)
    fleet.api.env |= watch.environment(recording=True)
    with running_sink() as sink, fleet:
        journal = asyncio.run(_trade(fleet.api, sink, lives, answers))
        api_key = fleet.api.api_key
    acts = list(watch.acts())
    return Recording(database, acts, journal, api_key, _answered(acts, journal))


async def _trade(server: RunningServer, sink: Sink, lives: int, answers: int) -> Journal:
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        await insist(shop, "POST", "/webhooks/endpoints", {"url": sink.url()})
        for life in range(lives):
            if life:
                await asyncio.to_thread(server.terminate)
                await asyncio.to_thread(server.start)
            async with shop.customers(CLIENTS):
                await shop.until_more(answers)
            await asyncio.sleep(_PAUSE_S)
            async with shop.customers(CLIENTS):
                await shop.until_more(answers // 2)
        return shop.journal


def _answered(acts: list[Act], journal: Journal) -> list[tuple[int, str]]:
    left: dict[bytes, int] = {}
    for act in acts:
        if act.did is Did.ANSWERED:
            # With its head or without.
            before, end, after = act.data.partition(b"\r\n\r\n")
            left.setdefault(after if end else before, act.until_ns)
    return sorted((left[answer.body], key) for key, answer in journal.acknowledged.items())
