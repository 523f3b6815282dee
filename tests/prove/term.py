"""SIGTERM at random moments under load: in full flow, with slow requests under way, twice, while starting
and while migrating.

Whoever is told to end does so in time and with exit code 0, and answers what it has let in: every request
that began before the signal is answered, and nothing is done without its answer being given.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, cycle
from math import ceil
from typing import Final

from tests.bench.sink import running_sink
from tests.e2e.shop import Shop
from tests.prove.ending import Ended, Ending, in_start_up, while_migrating
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.numbers import percentile
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.trade import Trade, kinds_of, trade
from tests.support.server import RunningServer

CYCLES: Final = 200
ENDS_WITHIN_S: Final = 10.0
_CYCLES_PER_ROUND: Final = 25
_SLOW: Final = 8
_FLOW: Final = 60
"""Acknowledgements at most before the next signal."""
_SHOWN: Final = 30
MODES: Final = ("flow", "slow", "twice", "starting", "flow", "slow", "twice", "migrating")
"""The deck that is dealt from."""

PLAIN: Final = Setting(retry_delay_s=0.1, dispatchers=1)
SETTINGS: Final = {"sqlite": (PLAIN,), "postgresql": (PLAIN, replace(PLAIN, workers=2))}


@dataclass(slots=True)
class Tally:
    """What all rounds came to. `late` are requests that came after the signal and were turned away."""

    modes: Counter[str] = field(default_factory=Counter)
    endings: list[Ended] = field(default_factory=list)
    payments: int = 0
    deliveries: int = 0
    late: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def cycles(self) -> int:
        """How often something was told to end."""
        return self.modes.total()


@dataclass(slots=True)
class Trouble:
    """Of one round: tells processes to end, one after the other or all at once, and starts them again."""

    ground: Ground
    fleet: Fleet
    deck: Iterator[str]
    chance: random.Random
    tally: Tally
    away: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the API was not to be reached, by the loop's clock."""

    async def cycle(self, shop: Shop) -> None:
        """One more."""
        mode = next(self.deck)
        self.tally.modes[mode] += 1
        await shop.until_more(self.chance.randint(1, _FLOW))
        await asyncio.sleep(self.chance.uniform(0, 0.1))
        if mode == "migrating":
            endings = await asyncio.to_thread(while_migrating, self.ground, self.chance)
        else:
            endings = await self._of_the_fleet(mode, shop)
        self.tally.endings += endings
        self.tally.findings += [f"{each.wrong}: {mode}, {each.who}" for each in endings if each.wrong]

    async def _of_the_fleet(self, mode: str, shop: Shop) -> list[Ended]:
        victims = self._victims(mode)
        async with asyncio.TaskGroup() as group:
            if mode in ("slow", "twice"):
                for _ in range(_SLOW):
                    delay_s = self.chance.randint(1, 2)
                    group.create_task(shop.pay(1, simulate="slow", delay_s=delay_s))
                await asyncio.sleep(self.chance.uniform(0, 0.5))
            endings = [Ending(each, self._again_after(mode)) for each in victims]
            ended = await asyncio.gather(*(asyncio.to_thread(each.end) for each in endings))
            lives = [await self._started(mode, *each) for each in zip(victims, ended, strict=True)]
        return [each for life in lives for each in life]

    async def _started(self, mode: str, victim: RunningServer, end: Ended) -> list[Ended]:
        """Start it again; when it is to be interrupted in that, once more. All its ends."""
        ended = [end]
        if mode == "starting":
            ended.append(await asyncio.to_thread(in_start_up, victim, self.chance))
        await asyncio.to_thread(victim.start)
        if victim is self.fleet.api:
            back = [*(each.ready_at for each in ended[1:]), asyncio.get_running_loop().time()]
            self.away += zip((each.told_at for each in ended), back, strict=True)
        return ended

    def _victims(self, mode: str) -> list[RunningServer]:
        servers = self.fleet.servers
        choices = [[each] for each in servers if mode in ("flow", "starting") or each is self.fleet.api]
        return self.chance.choice([*choices, servers])

    def _again_after(self, mode: str) -> float | None:
        return self.chance.uniform(0, 1) if mode == "twice" else None

    def judge(self, done: Trade) -> None:
        """Which requests were cut though they were let in."""
        journal = done.journal
        cut = [each for each in journal.missed if not any(begin <= each < end for begin, end in self.away)]
        lost = sum(answer.is_replay for answer in journal.acknowledged.values())
        self.tally.late += len(journal.missed) - len(cut)
        self.tally.payments += journal.payments
        self.tally.deliveries += done.deliveries
        self.tally.findings += done.findings
        for each in cut:
            early_s = min((begin - each for begin, _ in self.away if begin > each), default=math.inf)
            self.tally.findings.append(f"let in, and cut: a request of {early_s:.3f} s before the signal")
        if lost:
            self.tally.findings.append(f"done, and not answered: {lost} requests")


def prove_term(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Round after round, each on a new database; on PostgreSQL each second one has workers."""
    report = Report("prove term", kind, scale, seed)
    cycles, chance, tally = max(2, round(CYCLES * scale)), random.Random(seed), Tally()
    settings = (setting,) if setting else SETTINGS[kind]
    next_setting = cycle(settings)
    progress = Progress(f"term on {kind}", cycles)
    deck = _dealt(chance)
    for number in count(1):
        some = min(_CYCLES_PER_ROUND, ceil(cycles / len(settings)), cycles - tally.cycles)
        with open_ground(kind, report) as ground, Fleet(ground, next(next_setting)) as fleet:
            _round(Trouble(ground, fleet, deck, chance, tally), some, progress)
            if tally.findings:
                evidence = {"findings": tally.findings[:_SHOWN], "stderr": fleet.errors, "round": number}
                report.breaks(kinds_of(tally.findings), **evidence)
            is_over = tally.cycles >= cycles or bool(report.broken)
            if is_over:
                _tell(report, tally, cycles)
        if is_over:
            break
    progress.end()
    return report


def _dealt(chance: random.Random) -> Iterator[str]:
    """Each mode soon, also in a short run."""
    while True:
        yield from chance.sample(MODES, len(MODES))


def _round(trouble: Trouble, cycles: int, progress: Progress) -> None:
    async def troubles(shop: Shop) -> None:
        for _ in range(cycles):
            await trouble.cycle(shop)
            progress.at(trouble.tally.cycles)
        await shop.until_more(1)

    async def work() -> None:
        with running_sink() as sink:
            trouble.judge(await trade(trouble.ground, trouble.fleet, sink, "term", troubles))

    asyncio.run(work())


def _tell(report: Report, tally: Tally, cycles: int) -> None:
    seconds = [each.seconds for each in tally.endings]
    report.hold("cycles", tally.cycles, ">=", cycles, "")
    for mode, number in sorted(tally.modes.items()):
        report.note(f"cycles {mode}", number)
    report.note("acknowledged payments", tally.payments)
    report.hold("deliveries", tally.deliveries, ">=", tally.payments, "")
    report.hold("ended, at the latest after", max(seconds, default=0), "<=", ENDS_WITHIN_S, "s")
    report.note("ended, median", f"{percentile(seconds, 50):.2f} s")
    report.note("ended before they could catch a signal", sum(not each.could_catch for each in tally.endings))
    report.note("requests after the signal that were turned away", tally.late)
    report.hold("broken promises", len(tally.findings), "==", 0, "")
