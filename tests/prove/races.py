"""Races for idempotency keys: many ask for one thing at once, some of them with something else in mind.

Each key is asked for by twenty who want the same at the same time, over every API process there is, beside
other bodies, another path, people who hang up in the middle, another merchant with the same key. A process is
killed now and then. Afterwards the clock is nearly a day later, and the keys are still known; then a day, and
they are free again.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp

from tests.e2e.cluster import new_merchants
from tests.e2e.journal import Answer, Ask
from tests.e2e.shop import API, Shop
from tests.prove.bookkeeping import wrong_books
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.planted.schemas import plant_in_schema
from tests.prove.progress import Progress
from tests.prove.raced import Race, effects_judged
from tests.prove.report import Report
from tests.prove.trade import kinds_of
from tests.support.server import RunningServer

KEYS: Final = 10_000
DUPLICATES: Final = 20
_AT_ONCE: Final = 8
"""Keys that are raced for at the same time."""
_KEYS_PER_KILL: Final = 250
_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.05
_DAY_S: Final = 24 * 3600.0
_DAY_LATER_S: Final = _DAY_S + 60
_BEFORE_S: Final = 120.0
"""How long before their time is over keys are asked for once more: starting and asking take their time."""
_EXPIRED: Final = 0.02
"""The part of the keys that is used again a day later."""
_SHOWN: Final = 30
_UNKNOWN: Final = "0199d3c2-5f00-7000-8000-0000000000ff"

RACING: Final = Setting(apis=2, dispatchers=0, ahead_s=0.001)
"""A clock of ours from the beginning, since it is to be put forward."""


@dataclass(slots=True)
class Tally:
    """What the whole run came to; `won` is of each key one that was told of its payment."""

    requests: int = 0
    duplicates: int = 0
    kills: int = 0
    lost: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    won: dict[str, tuple[Ask, Answer]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


class Racers:
    """Two merchants' programs at every API process."""

    def __init__(self, fleet: Fleet, keys: list[str], chance: random.Random, tally: Tally) -> None:
        self.mine = [_shop(fleet, number, keys[0]) for number in range(len(fleet.apis))]
        self.theirs = _shop(fleet, 0, keys[1])
        self.fleet = fleet
        self.my_key = keys[0]
        self.chance = chance
        self.tally = tally

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connections for a while; after a restart they are others."""
        async with AsyncExitStack() as stack:
            for shop in (*self.mine, self.theirs):
                await stack.enter_async_context(shop)
            yield

    async def race(self, key: str) -> None:
        """Have all ask for one key at once; look at what each was told."""
        race = Race(key)
        order = {"amount": 1000 + self.chance.randrange(1000), "reference": key}
        asks = [Ask(key, "/payments", order)] * DUPLICATES
        asks += [
            Ask(key, "/payments", each) for each in ({**order, "amount": 1}, {**order, "description": "x"})
        ]
        asks.append(Ask(key, "/refunds", {"payment_id": _UNKNOWN}))
        theirs = Ask(key, "/payments", {"amount": 7, "reference": key})
        async with asyncio.TaskGroup() as group:
            for ask in self.chance.sample(asks, len(asks)):
                group.create_task(self._ask(race, ask))
            group.create_task(self._hang_up(key, order))
            others = group.create_task(self._answered(self.theirs, theirs))
        self.tally.codes.update(race.codes)
        self.tally.duplicates += sum(ask.body == order for ask, _ in race.told)
        self.tally.findings += race.judged((theirs, others.result()))
        for won in race.won[:1]:
            self.tally.won[key] = won

    async def remind(self, key: str) -> None:
        """Ask once more for what has won: its answer is still known."""
        ask, answer = self.tally.won[key]
        again = await self._answered(self.chance.choice(self.mine), ask)
        if not again.is_replay or again.body != answer.body:
            self.tally.findings.append(f"forgotten early: {key} is answered {again.status} {again.body!r}")

    async def _ask(self, race: Race, ask: Ask) -> None:
        race.told.append((ask, await self._answered(self.chance.choice(self.mine), ask)))

    async def _answered(self, shop: Shop, ask: Ask) -> Answer:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                self.tally.requests += 1
                try:
                    answer = await shop.post(ask.path, ask.body, key=ask.key)
                except (aiohttp.ClientError, OSError):
                    self.tally.lost += 1
                else:
                    if answer.status not in (409, 503):
                        return answer
                await asyncio.sleep(_PAUSE_S)

    async def _hang_up(self, key: str, order: dict[str, Any]) -> None:
        """Send a request whole or in part, and leave without waiting for the answer."""
        body = json.dumps(order)
        request = (
            f"POST {API}/payments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.my_key}\r\n"
            f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            f"{body}"
        ).encode()
        self.tally.requests += 1
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.chance.choice(self.fleet.apis).port)
            writer.write(request[: self.chance.choice((len(request) // 2, len(request) - 1, len(request)))])
            with suppress(OSError):
                await writer.drain()
            writer.transport.abort()


def prove_races(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Race for every key, then count what there is."""
    report = Report("prove races", kind, scale, seed)
    keys = max(20, round(KEYS * scale))
    tally = Tally()
    with open_ground(kind, report) as ground:
        asyncio.run(plant_in_schema(ground, setting.plant if setting else None))
        merchants = asyncio.run(new_merchants(ground.url, 2))
        with Fleet(ground, setting or RACING) as fleet:
            asyncio.run(_run(ground, fleet, merchants, keys, random.Random(seed), tally))
        _tell(report, tally, keys)
    return report


async def _run(
    ground: Ground, fleet: Fleet, merchants: list[str], keys: int, chance: random.Random, tally: Tally
) -> None:
    racers = Racers(fleet, merchants, chance, tally)
    names = [f"key-{number}" for number in range(keys)]
    reused = names[: max(10, round(keys * _EXPIRED))]
    began = time.monotonic()
    async with racers.opened():
        await _all(racers, fleet, names, tally)
    await _count(ground, dict.fromkeys(names, 1), tally)
    # Those who came first are the oldest, and have their time nearly over.
    nearly_s = _DAY_S - _BEFORE_S - (time.monotonic() - began)
    await asyncio.to_thread(fleet.start_again, replace(fleet.setting, ahead_s=nearly_s))
    async with racers.opened():
        for name in reused:
            if name in tally.won:
                await racers.remind(name)
    await asyncio.to_thread(fleet.start_again, replace(fleet.setting, ahead_s=_DAY_LATER_S))
    async with racers.opened():
        await _all(racers, None, reused, tally)
    await _count(ground, {name: 1 + (name in reused) for name in names}, tally)
    tally.findings += await wrong_books(ground)


async def _all(racers: Racers, fleet: Fleet | None, names: list[str], tally: Tally) -> None:
    progress = Progress("races: keys", len(names))
    for begin in range(0, len(names), _AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for name in names[begin : begin + _AT_ONCE]:
                group.create_task(racers.race(name))
            if fleet is not None and begin % _KEYS_PER_KILL < _AT_ONCE:
                group.create_task(_kill(racers.chance.choice(fleet.apis), tally))
        progress.at(begin)
    progress.end()


async def _kill(server: RunningServer, tally: Tally) -> None:
    await asyncio.to_thread(server.kill)
    tally.kills += 1
    await asyncio.to_thread(server.start)


async def _count(ground: Ground, wanted: Mapping[str, int], tally: Tally) -> None:
    """Whether every key of either merchant had as many effects as it was to have, and no more rows."""
    rows = await ground.rows("SELECT merchant_id, reference, count(*) FROM payments GROUP BY 1, 2")
    tally.findings += effects_judged(((str(a), str(b), int(c)) for a, b, c in rows), 2, wanted)
    twice = await ground.count(
        "SELECT count(*) FROM"
        " (SELECT 1 FROM idempotency_keys GROUP BY merchant_id, key HAVING count(*) > 1) keys"
    )
    if twice:
        tally.findings.append(f"one key, one row: {twice} keys are there more than once")


def _shop(fleet: Fleet, number: int, api_key: str) -> Shop:
    return Shop(lambda: fleet.apis[number].base_url, api_key)


def _tell(report: Report, tally: Tally, keys: int) -> None:
    report.hold("keys raced for, with a winner", len(tally.won), ">=", round(KEYS * report.scale), "")
    report.note("requests", tally.requests)
    report.hold("answered duplicates", tally.duplicates, ">=", keys * DUPLICATES, "")
    report.hold("processes killed meanwhile", tally.kills, ">=", max(1, keys // _KEYS_PER_KILL), "")
    report.note("requests that lost their answer", tally.lost)
    for code, count in sorted(tally.codes.items()):
        report.note(f"answered {code}", count)
    report.hold("broken promises", len(tally.findings), "==", 0, "")
    if tally.findings:
        report.breaks(kinds_of(tally.findings), findings=tally.findings[:_SHOWN])
