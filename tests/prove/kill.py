"""`kill -9` of every process at random moments, under customers that retry with their keys.

A run is made of rounds of at most 100 kills, each on a new database and audited by itself. A round has one
endpoint that hears everything, so that no event and no delivery may be lost either.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from tests.bench.sink import Sink, running_sink
from tests.e2e.shop import Shop
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.numbers import percentile
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.trade import kinds_of, trade
from tests.support.server import RunningServer, ServerFailedError

KILLS: Final = 1_000
PAYMENTS_PER_KILL: Final = 100
READY_S_MAX: Final = 3.0
_KILLS_PER_ROUND: Final = 100
_IN_START_UP: Final = 0.1
"""The part of the kills that hits a process which is not ready yet."""
_START_UP_S: Final = 0.6
_SHOWN: Final = 30


@dataclass(slots=True)
class Tally:
    """What all rounds came to."""

    kills: int = 0
    payments: int = 0
    unanswered: int = 0
    deliveries: int = 0
    ready_s: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def prove_kill(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Kill, start again, audit; until there were enough kills or a promise is broken."""
    report = Report("prove kill", kind, scale, seed)
    kills = max(2, round(KILLS * scale))
    chance, tally = random.Random(seed), Tally()
    progress = Progress(f"kill on {kind}", kills)
    for number in count(1):
        with open_ground(kind, report) as ground, running_sink() as sink:
            some = min(_KILLS_PER_ROUND, _left(tally, kills))
            with Fleet(ground, setting or Setting(retry_delay_s=0.1, dispatchers=1)) as fleet:
                asyncio.run(_round(ground, fleet, sink, some, chance, tally, progress))
                _judge(report, tally, number, fleet)
            is_over = not _left(tally, kills) or bool(report.broken)
            if is_over:
                _tell(report, tally, kills)
        if is_over:
            break
    progress.end()
    return report


def _left(tally: Tally, kills: int) -> int:
    """How many kills are to come. With several processes some hit all of them, and count so often."""
    unpaid = kills * PAYMENTS_PER_KILL - tally.payments
    return max(0, kills - tally.kills, -(-unpaid // PAYMENTS_PER_KILL))


async def _round(
    ground: Ground,
    fleet: Fleet,
    sink: Sink,
    kills: int,
    chance: random.Random,
    tally: Tally,
    progress: Progress,
) -> None:
    async def trouble(shop: Shop) -> None:
        for _ in range(kills):
            await shop.until_paid(shop.journal.payments + chance.randint(1, 2 * PAYMENTS_PER_KILL))
            await asyncio.to_thread(_kill, chance, fleet, tally)
            progress.at(tally.kills)
        await shop.until_paid(kills * PAYMENTS_PER_KILL)

    done = await trade(ground, fleet, sink, "kill", trouble)
    tally.payments += done.journal.payments
    tally.unanswered += len(done.journal.missed)
    tally.deliveries += done.deliveries
    tally.findings += done.findings


def _kill(chance: random.Random, fleet: Fleet, tally: Tally) -> None:
    """Kill one process or all, sometimes once more while they start, and start them again."""
    victims = chance.choice([*([each] for each in fleet.servers), fleet.servers])
    for victim in victims:
        victim.kill()
        tally.kills += 1
    if chance.random() < _IN_START_UP:
        _kill_in_start_up(chance, victims)
    with ThreadPoolExecutor(len(victims)) as threads:
        tally.ready_s += threads.map(_started, victims)


def _kill_in_start_up(chance: random.Random, victims: Sequence[RunningServer]) -> None:
    victim = chance.choice(victims)
    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(victim.start)
        time.sleep(chance.uniform(0.05, _START_UP_S))
        victim.kill()
        with suppress(ServerFailedError):
            starting.result()


def _started(server: RunningServer) -> float:
    began = time.monotonic()
    server.start()
    return time.monotonic() - began


def _judge(report: Report, tally: Tally, number: int, fleet: Fleet) -> None:
    if tally.findings:
        evidence = {"findings": tally.findings[:_SHOWN], "stderr": fleet.errors, "round": number}
        report.breaks(f"after a kill: {kinds_of(tally.findings)}", **evidence)


def _tell(report: Report, tally: Tally, kills: int) -> None:
    report.hold("kills", tally.kills, ">=", kills, "")
    report.hold("acknowledged payments", tally.payments, ">=", kills * PAYMENTS_PER_KILL, "")
    report.hold("broken promises", len(tally.findings), "==", 0, "")
    report.hold("ready again, p99", percentile(tally.ready_s, 99), "<=", READY_S_MAX, "s")
    report.note("requests that lost their answer", tally.unanswered)
    report.hold("deliveries", tally.deliveries, ">=", tally.payments, "")
