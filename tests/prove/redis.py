"""A Redis-compatible server is flushed or killed every two seconds: nobody who pays notices.

What it keeps is the shared count of requests. So a merchant who stays below the limit is never refused, one
who hammers gets no more than the count allows, whether it is shared or of each process, and no answer is an
error of ours. Whoever hears of the payments hears of all.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiohttp

from tests.bench.sink import Sink, running_sink
from tests.e2e.cluster import new_merchants
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Kind, open_ground
from tests.prove.hearing import heard_by
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.storm import until_settled
from tests.prove.trade import found, kinds_of
from tests.prove.troubles import insist
from tests.support.processes import RunDirectory
from tests.support.valkey import Valkey

SECONDS: Final = 300.0
_EVERY_S: Final = 2.0
_LIMIT: Final = 60
"""Requests a second of one merchant: those who pay ask for far fewer."""
_PAYS_EVERY_S: Final = 0.1
_HAMMERS: Final = 8
_SLOWEST_S: Final = 1.0
"""How long nobody may wait: a server that is away must not be waited for."""
_SHOWN: Final = 30

SHARED: Final = Setting(apis=2, dispatchers=1)
_LIMITS: Final = (("RATE_LIMIT_REQUESTS", str(_LIMIT)), ("RATE_LIMIT_WINDOW_SECONDS", "1"))


@dataclass(slots=True)
class Tally:
    """What both merchants saw. `unlimited` are the spells in which the hammer was never refused, `beyond`
    those in which it was granted more than all counts together hold; `fullest` is how much of that, at most.
    """

    troubles: Counter[str] = field(default_factory=Counter)
    hammered: Counter[str] = field(default_factory=Counter)
    paid: int = 0
    arrived: int = 0
    unlimited: int = 0
    beyond: int = 0
    fullest: float = 0.0
    slowest_s: float = 0.0
    findings: list[str] = field(default_factory=list)


def prove_redis(kind: Kind, scale: float, seed: int, setting: Setting = SHARED) -> Report:
    """Two processes for the API on PostgreSQL, one server on SQLite."""
    report, tally = Report("prove redis", kind, scale, seed), Tally()
    troubles = max(3, round(SECONDS * scale / _EVERY_S))
    with (
        closing(RunDirectory.create()) as run,
        closing(Valkey(run)) as valkey,
        open_ground(kind, report) as ground,
        running_sink() as sink,
    ):
        valkey.start()
        keys = asyncio.run(new_merchants(ground.url, 2))
        limited = replace(setting, options=(*_LIMITS, ("REDIS_URL", valkey.url)))
        with Fleet(ground, limited) as fleet:
            log = ground.directory / "customers.jsonl"
            asyncio.run(_run(fleet, valkey, sink, keys, log, troubles, random.Random(seed), tally))
            if not asyncio.run(until_settled(ground, "redis")):
                tally.findings.append("not settled: there are events or deliveries that nobody takes up")
            hearing = asyncio.run(heard_by(sink, ground))
            tally.arrived = len(hearing.came)
            tally.findings += hearing.findings
            # Audited with the limit away: it asks for much at once.
            fleet.start_again(setting)
            tally.findings += found(log, ground, fleet, keys[0])
        _tell(report, tally, troubles)
    return report


async def _run(
    fleet: Fleet,
    valkey: Valkey,
    sink: Sink,
    keys: list[str],
    log: Path,
    troubles: int,
    chance: random.Random,
    tally: Tally,
) -> None:
    with closing(Journal.logged_to(log)) as journal:
        async with (
            Shop(lambda: chance.choice(fleet.apis).base_url, keys[0], journal) as payer,
            Shop(lambda: chance.choice(fleet.apis).base_url, keys[1]) as hammer,
        ):
            await insist(payer, "POST", "/webhooks/endpoints", {"url": sink.url()})
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(_pay(payer, stop, tally))
                for _ in range(_HAMMERS):
                    group.create_task(_hammer(hammer, stop, tally))
                await _trouble(fleet, valkey, troubles, chance, tally)
                stop.set()
        tally.paid = journal.payments
        tally.findings += unserved(journal)


def unserved(journal: Journal) -> Iterator[str]:
    """Whoever paid got every answer at once: customers ask again when one is lost, and so would hide it."""
    if lost := len(journal.missed):
        yield f"who pays is not answered: {lost} times"
    if journal.not_connected:
        yield f"who pays is not let in: {journal.not_connected} times"


async def _trouble(fleet: Fleet, valkey: Valkey, troubles: int, chance: random.Random, tally: Tally) -> None:
    """Every two seconds it forgets all, or dies and is started after as long."""
    progress = Progress("redis: troubles", troubles)
    while (done := tally.troubles.total()) < troubles:
        trouble = chance.choice(("flushed", "killed"))
        tally.troubles[trouble] += 1
        is_away = trouble == "killed"
        await _spell(valkey.kill if is_away else valkey.clear, len(fleet.apis) + (not is_away), tally)
        if is_away:
            # A process that has not noticed yet counts by itself for a moment.
            await _spell(valkey.start, len(fleet.apis) + 1, tally)
        progress.at(done)
    progress.end()


async def _spell(act: Callable[[], None], counts: int, tally: Tally) -> None:
    """What the hammer gets in the two seconds after this; each count is full at most in the beginning."""
    granted, began = tally.hammered["200"], time.monotonic()
    await asyncio.to_thread(act)
    refused = tally.hammered["429"]
    await asyncio.sleep(_EVERY_S)
    granted = tally.hammered["200"] - granted
    tally.unlimited += tally.hammered["429"] == refused
    # Those who were granted before, and answered since, are as many as there are hammers.
    most = counts * _LIMIT * (1 + time.monotonic() - began) + _HAMMERS
    tally.fullest = max(tally.fullest, granted / most)
    tally.beyond += granted > most


async def _pay(shop: Shop, stop: asyncio.Event, tally: Tally) -> None:
    while not stop.is_set():
        key = str(uuid4())
        asked = time.monotonic()
        answer = await shop.ask("/payments", key, amount=100, reference=key)
        tally.slowest_s = max(tally.slowest_s, time.monotonic() - asked)
        if answer.status != 201 or shop.journal.refused:
            refused = [each.status for _, each in shop.journal.refused]
            tally.findings.append(f"who pays is refused: {answer.status} {refused}")
        await asyncio.sleep(_PAYS_EVERY_S)


async def _hammer(shop: Shop, stop: asyncio.Event, tally: Tally) -> None:
    while not stop.is_set():
        try:
            answer = await shop.get("/merchants/me")
        except (aiohttp.ClientError, OSError) as error:
            tally.findings.append(f"a connection is lost: {error!r}")
            continue
        tally.hammered[str(answer.status)] += 1
        if answer.status not in (200, 429):
            tally.findings.append(f"an error of ours: {answer.status} {answer.body[:200]!r}")
        await asyncio.sleep(0.01)


def _tell(report: Report, tally: Tally, troubles: int) -> None:
    report.hold("troubles", tally.troubles.total(), ">=", troubles, "")
    for name, count in sorted(tally.troubles.items()):
        report.note(name, count)
    report.note("acknowledged payments", tally.paid)
    report.hold("webhooks that arrived", tally.arrived, ">=", tally.paid, "")
    for status, count in sorted(tally.hammered.items()):
        report.note(f"the hammer was answered {status}", count)
    report.hold("spells without a limit", tally.unlimited, "==", 0, "")
    report.hold("spells with more than the counts hold", tally.beyond, "==", 0, "")
    report.note("the most that was granted, of what they hold", f"{tally.fullest:.0%}")
    report.hold("slowest payment", tally.slowest_s, "<=", _SLOWEST_S, "s")
    report.hold("broken promises", len(tally.findings), "==", 0, "")
    if tally.findings:
        report.breaks(kinds_of(tally.findings), findings=tally.findings[:_SHOWN])
