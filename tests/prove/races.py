"""Races for idempotency keys: many ask for one thing at once, some of them with something else in mind.

Each key is asked for by twenty requests at the same time, over every API process there is: duplicates, other
bodies, another path, people who hang up in the middle, another merchant with the same key. A process is
killed now and then. Afterwards the clock is a day later, and the keys are free again.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp

from tests.e2e.cluster import new_merchants
from tests.e2e.journal import Answer
from tests.e2e.shop import API, Shop
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.trade import kinds_of

KEYS: Final = 10_000
DUPLICATES: Final = 20
_AT_ONCE: Final = 8
"""Keys that are raced for at the same time."""
_KEYS_PER_KILL: Final = 250
_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.05
_DAY_LATER_S: Final = 24 * 3600 + 60.0
_EXPIRED: Final = 0.02
"""The part of the keys that is used again a day later."""
_SHOWN: Final = 30
_UNKNOWN: Final = "0199d3c2-5f00-7000-8000-0000000000ff"
_REFUSALS: Final = ("IDEMPOTENCY_KEY_REUSED", "NOT_FOUND")
"""What another body and another path may be told, by whether they came first."""

RACING: Final = Setting(apis=2, dispatchers=0, ahead_s=0.001)
"""A clock of ours from the beginning, since it is to be put forward."""


@dataclass(slots=True)
class Race:
    """One key: who won it, and how often others were told so. `answers` are the different bodies of a 201."""

    key: str
    answers: set[bytes] = field(default_factory=set)
    firsts: int = 0
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Tally:
    """What the whole run came to."""

    requests: int = 0
    kills: int = 0
    lost: int = 0
    codes: Counter[str] = field(default_factory=Counter)
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

    async def race(self, key: str) -> Race:
        """Ask for one key twenty times at once; look at what each was told."""
        race = Race(key)
        order = {"amount": 1000 + self.chance.randrange(1000), "reference": key}
        bodies: list[dict[str, Any]] = [order] * (DUPLICATES - 4)
        bodies += [{**order, "amount": 1}, {**order, "description": "another"}]
        async with asyncio.TaskGroup() as group:
            for body in self.chance.sample(bodies, len(bodies)):
                group.create_task(self._ask(race, self.chance.choice(self.mine), "/payments", body))
            group.create_task(self._ask(race, self.mine[-1], "/refunds", {"payment_id": _UNKNOWN}))
            group.create_task(self._hang_up(key, order))
            others = group.create_task(self._others_own(key))
        self._judge(race, others.result())
        return race

    async def _ask(self, race: Race, shop: Shop, path: str, body: dict[str, Any]) -> None:
        answer = await self._answered(shop, path, body, race.key)
        race.codes[_code(answer)] += 1
        if answer.status == 201:
            race.answers.add(answer.body)
            race.firsts += not answer.is_replay

    async def _others_own(self, key: str) -> Answer:
        """Another merchant's payment under the same key."""
        return await self._answered(self.theirs, "/payments", {"amount": 7, "reference": key}, key)

    async def _answered(self, shop: Shop, path: str, body: dict[str, Any], key: str) -> Answer:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                self.tally.requests += 1
                try:
                    answer = await shop.post(path, body, key=key)
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

    def _judge(self, race: Race, others: Answer) -> None:
        self.tally.codes.update(race.codes)
        if len(race.answers) != 1 or race.firsts > 1:
            self._finds(f"one key, one answer: {race.key} had {len(race.answers)}, {race.firsts} new ones")
        if set(race.codes) - {"201", *_REFUSALS}:
            self._finds(f"an unexpected answer: {race.key} {dict(race.codes)}")
        if others.status != 201 or others.body in race.answers or others.json["amount"] != 7:
            self._finds(f"another merchant's key: {race.key} {others.status}")

    def _finds(self, finding: str) -> None:
        self.tally.findings.append(finding)


def prove_races(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Race for every key, then count what there is."""
    report = Report("prove races", kind, scale, seed)
    keys = max(40, round(KEYS * scale))
    tally = Tally()
    with open_ground(kind, report) as ground:
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
    async with racers.opened():
        await _all(racers, fleet, names, tally)
    await _count(ground, keys, tally)
    reused = max(10, round(keys * _EXPIRED))
    await asyncio.to_thread(fleet.start_again, replace(fleet.setting, ahead_s=_DAY_LATER_S))
    async with racers.opened():
        await _all(racers, None, names[:reused], tally)
    await _count(ground, keys + reused, tally)


async def _all(racers: Racers, fleet: Fleet | None, names: list[str], tally: Tally) -> None:
    progress = Progress("races: keys", len(names))
    for begin in range(0, len(names), _AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for name in names[begin : begin + _AT_ONCE]:
                group.create_task(racers.race(name))
            if fleet is not None and begin % _KEYS_PER_KILL < _AT_ONCE:
                group.create_task(asyncio.to_thread(_kill, racers.chance.choice(fleet.apis)))
                tally.kills += 1
        progress.at(begin)
    progress.end()


def _kill(server: Any) -> None:
    server.kill()
    server.start()


async def _count(ground: Ground, wanted: int, tally: Tally) -> None:
    """As many effects as keys, of either merchant, and no reference more often than its key was new."""
    rows = await ground.rows("SELECT merchant_id, count(*) FROM payments GROUP BY merchant_id")
    counts = sorted(count for _, count in rows)
    if counts != [wanted, wanted]:
        tally.findings.append(f"one key, one effect: {counts} payments for {wanted} keys of each merchant")
    twice = await ground.count(
        "SELECT count(*) FROM"
        " (SELECT 1 FROM idempotency_keys GROUP BY merchant_id, key HAVING count(*) > 1) keys"
    )
    if twice:
        tally.findings.append(f"one key, one row: {twice} keys are there more than once")


def _shop(fleet: Fleet, number: int, api_key: str) -> Shop:
    return Shop(lambda: fleet.apis[number].base_url, api_key)


def _code(answer: Answer) -> str:
    return "201" if answer.status == 201 else str(answer.json["error"]["code"])


def _tell(report: Report, tally: Tally, keys: int) -> None:
    report.hold("keys raced for", keys, ">=", round(KEYS * report.scale), "")
    report.note("requests", tally.requests)
    report.note("processes killed meanwhile", tally.kills)
    report.note("requests that lost their answer", tally.lost)
    for code, count in sorted(tally.codes.items()):
        report.note(f"answered {code}", count)
    report.hold("broken promises", len(tally.findings), "==", 0, "")
    if tally.findings:
        report.breaks(kinds_of(tally.findings), findings=tally.findings[:_SHOWN])
