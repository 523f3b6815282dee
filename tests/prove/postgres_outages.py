"""PostgreSQL goes away under load in every way it can, and comes back; then its standby is promoted.

Between kessai and the database is a cable of ours: kessai's processes and their database URL stay the same,
whatever the database does. Customers retry with their keys; in the end nothing that was acknowledged may be
missing and nothing be there twice. Meanwhile every answer is a success, or 503 with Retry-After, or 409 with
it while the database has not finished an earlier commit of the same key.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil, nan
from typing import Final

from tests.bench.sink import running_sink
from tests.e2e.shop import Shop
from tests.prove.cable import Cable
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.manners import Manners
from tests.prove.numbers import percentile, shown
from tests.prove.outage import Outages
from tests.prove.pair import Pair
from tests.prove.processes import of_session
from tests.prove.progress import Progress
from tests.prove.report import Report, Table
from tests.prove.trade import CUSTOMERS, kinds_of, trade

OUTAGES: Final = {
    "restart": 200,
    "cut": 100,
    "refuse": 40,
    "hang": 20,
    "crowd": 20,
    "late": 40,
    "never": 200,
    "promotion": 20,
}
BACK_S_MAX: Final = 5.0
BREAK: Final = Setting(retry_delay_s=0.1, dispatchers=1)
_SETTINGS: Final = (BREAK, replace(BREAK, workers=2))
_PER_ROUND: Final = 80
_FLOW: Final = 40
"""Payments at most before the next outage."""
_CONNECTIONS: Final = 60
_SHOWN: Final = 30
_UNUSABLE: Final = ("restart", "refuse", "crowd", "hang")
"""Of the outages those in which nobody can use the database for a while."""
REFUSED_S_MAX: Final = 5.0
"""A second more than DATABASE_TIMEOUT_S, which is 4 unless told."""
_COLUMNS: Final = ("outage", "times", "p50", "p99", "at most")


@dataclass(frozen=True, slots=True)
class Size:
    """How much, derived from the scale. What hangs may do so for longer than kessai waits: `longest_s`."""

    planned: dict[str, int]
    customers: int
    longest_s: float

    @classmethod
    def of(cls, scale: float) -> Size:
        """Each kind at least once."""
        planned = {each: max(1, round(count * scale)) for each, count in OUTAGES.items()}
        return cls(planned, CUSTOMERS, 6.0) if scale >= 0.02 else cls(planned, 4, 0.5)

    @property
    def outages(self) -> int:
        """All of them."""
        return sum(self.planned.values())

    @property
    def rounds(self) -> int:
        """So many that one is not too much to audit."""
        return ceil(self.outages / _PER_ROUND)

    def dealt(self, number: int, chance: random.Random) -> list[str]:
        """What happens in a round, in any order; promotions last, for they need a standby."""
        shares = {
            kind: count * (number + 1) // self.rounds - count * number // self.rounds
            for kind, count in self.planned.items()
        }
        promotions = shares.pop("promotion")
        some = [kind for kind, share in shares.items() for _ in range(share)]
        return [*chance.sample(some, len(some)), *["promotion"] * promotions]


@dataclass(slots=True)
class Tally:
    """What all rounds came to. `back_s`, by kind, is how long after an outage a payment was taken again."""

    outages: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    back_s: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    payments: int = 0
    deliveries: int = 0
    refused: int = 0
    refused_in: Counter[str] = field(default_factory=Counter)
    refused_s_max: float = 0.0
    ill_mannered: int = 0
    in_use: int = 0
    unanswered: int = 0
    findings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Round:
    """One database and its processes, and what is to happen to them."""

    ground: Ground
    fleet: Fleet
    outages: Outages
    kinds: list[str]
    tally: Tally
    progress: Progress

    async def run(self, customers: int) -> None:
        """All of it, and the audit."""
        before = [of_session(each.pid) for each in self.fleet.servers]
        manners = Manners()

        async def trouble(shop: Shop) -> None:
            async with manners.watched(shop):
                for kind in self.kinds:
                    await self._outage(kind, shop)

        with running_sink() as sink:
            done = await trade(self.ground, self.fleet, sink, "outages", trouble, customers)
        manners.judge(done.journal)
        tally = self.tally
        tally.payments += done.journal.payments
        tally.deliveries += done.deliveries
        tally.refused += len(done.journal.refused) - manners.in_use
        tally.in_use += manners.in_use
        tally.refused_s_max = max(tally.refused_s_max, manners.refused_s_max)
        tally.unanswered += len(done.journal.missed) + done.journal.not_connected
        unexpected = [each for each in done.findings if each.startswith("an unexpected answer")]
        tally.ill_mannered += len(manners.findings) + len(unexpected)
        tally.findings += [*done.findings, *manners.findings]
        if before != [of_session(each.pid) for each in self.fleet.servers]:
            tally.findings.append("other processes than before: one of kessai's ended or was replaced")

    async def _outage(self, kind: str, shop: Shop) -> None:
        if kind == "promotion":
            await asyncio.to_thread(self.outages.pair.attach)
        await shop.until_paid(shop.journal.payments + self.outages.chance.randint(1, _FLOW))
        refused = len(shop.journal.refused)
        await self.outages.make(kind)
        began = asyncio.get_running_loop().time()
        await shop.pay(100)
        self.tally.back_s[kind].append(asyncio.get_running_loop().time() - began)
        self.tally.outages[kind] += 1
        self.tally.refused_in[kind] += sum(
            answer.status == 503 for _, answer in shop.journal.refused[refused:]
        )
        self.progress.at(self.tally.outages.total())


def prove_outages(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Round after round, each on a new database and audited by itself; each second one has workers."""
    report = Report("prove outages", kind, scale, seed)
    size, chance, tally = Size.of(scale), random.Random(seed), Tally()
    progress = Progress("outages", size.outages)
    for number in range(size.rounds):
        with _laid(kind, report) as (ground, pair, cable):
            with Fleet(ground, setting or _SETTINGS[number % len(_SETTINGS)]) as fleet:
                outages = Outages(pair, cable, chance, size.longest_s)
                kinds = size.dealt(number, chance)
                asyncio.run(Round(ground, fleet, outages, kinds, tally, progress).run(size.customers))
                if tally.findings:
                    evidence = {"findings": tally.findings[:_SHOWN], "stderr": fleet.errors, "round": number}
                    report.breaks(f"after an outage: {kinds_of(tally.findings)}", **evidence)
            tally.answers += cable.counts
            is_over = number + 1 == size.rounds or bool(report.broken)
            if is_over:
                _tell(report, tally, size.planned)
        if is_over:
            break
    progress.end()
    return report


@contextmanager
def _laid(kind: Kind, report: Report) -> Iterator[tuple[Ground, Pair, Cable]]:
    """A database behind a cable: the ground's URL leads through it."""
    with open_ground(kind, report, settings=[f"max_connections={_CONNECTIONS}"]) as ground:
        assert ground.postgres is not None, "there is nothing between kessai and a file"
        port = ground.postgres.port
        with Cable(port) as cable, Pair(ground.postgres, cable) as pair:
            yield replace(ground, url=ground.url.replace(f":{port}/", f":{cable.port}/")), pair, cable


def _tell(report: Report, tally: Tally, planned: dict[str, int]) -> None:
    for kind, count in planned.items():
        report.hold(f"outages: {kind}", tally.outages[kind], ">=", count, "")
    back_s = [each for some in tally.back_s.values() for each in some]
    report.hold("broken promises", len(tally.findings), "==", 0, "")
    report.hold(
        "answers neither success nor 503 or 409 that say when to ask again", tally.ill_mannered, "==", 0, ""
    )
    report.hold("requests that lost their answer", tally.unanswered, "==", 0, "")
    report.hold("a payment is taken again, p99", percentile(back_s, 99), "<=", BACK_S_MAX, "s")
    report.hold("a payment is taken again, at the latest", max(back_s, default=nan), "<=", BACK_S_MAX, "s")
    report.note("acknowledged payments", tally.payments)
    report.hold("answers 503", tally.refused, ">=", 1, "")
    for kind in _UNUSABLE if report.scale >= 1 else ():
        report.hold(f"answers 503 around: {kind}", tally.refused_in[kind], ">=", 1, "")
    report.note("answers 409, a commit of the same key being unfinished", tally.in_use)
    report.hold("the slowest of these", tally.refused_s_max, "<=", REFUSED_S_MAX, "s")
    late, lost = tally.answers["late"], tally.answers["never"] + tally.answers["torn"]
    report.hold("commits acknowledged late", late, ">=", planned["late"], "")
    report.hold("commits acknowledged never or in part", lost, ">=", planned["never"], "")
    report.hold("deliveries", tally.deliveries, ">=", tally.payments, "")
    rows = [
        (each, f"{len(some)}", *(shown(percentile(some, part)) for part in (50, 99, 100)))
        for each, some in tally.back_s.items()
    ]
    report.tables.append(Table("seconds until a payment is taken again", _COLUMNS, rows))
