"""The disk is full, read-only, broken or out of descriptors, again and again, under load.

Who writes is refused with 507 or 503 and nothing else, who reads is served, nothing acknowledged is lost, and
writing goes on soon after the trouble is over.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.bench.sink import Sink, running_sink
from tests.e2e.audit import Wrong, audit_rows
from tests.e2e.books import read_books
from tests.e2e.disks import remounted_read_only, unread
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Kind
from tests.prove.hearing import heard_by
from tests.prove.outages import NoDescriptors, Outage, Place, a_place
from tests.prove.progress import Progress
from tests.prove.report import PROOF, Report
from tests.prove.storm import until_settled
from tests.prove.trade import found
from tests.prove.troubles import insist
from tests.support.processes import RunDirectory
from tests.support.server import RunningServer, ServerFailedError

CYCLES: Final = 200
CLIENTS: Final = 8
_CYCLES_OF_A_ROUND: Final = 20
_AGAIN_WITHIN_S: Final = 2.0
_REFUSALS: Final = {503: "DATABASE_UNAVAILABLE", 507: "STORAGE_FULL"}
_SHOWN: Final = 20


@dataclass(slots=True)
class Tally:
    """What was seen so far."""

    cycles: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    refusals: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    reads: int = 0
    unserved_by_right: int = 0
    unanswered: int = 0
    dropped: int = 0
    with_refusals: int = 0
    refused_in: Counter[str] = field(default_factory=Counter)
    payments: int = 0
    arrived: int = 0
    kills: int = 0
    starts: Counter[str] = field(default_factory=Counter)
    pauses_s: list[float] = field(default_factory=list)
    newcomers_s: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    not_tried: dict[str, str] = field(default_factory=dict)

    @property
    def is_hopeless(self) -> bool:
        """Whether to go on would tell nothing more."""
        broken = self.wrong or self.kept or self.unserved or self.findings
        return bool(broken) or max(self.pauses_s, default=0) > _AGAIN_WITHIN_S


def prove_disk(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Run every cycle, some on each of several new databases."""
    report = Report("prove disk", kind, scale, seed)
    cycles, tally = max(5, round(CYCLES * scale)), Tally()
    progress = Progress(f"disk on {kind}: cycles", cycles)
    is_over = False
    while not is_over:
        done = tally.cycles.total()
        attack = Attack(random.Random(f"{seed} {done}"), tally, progress)
        with (
            closing(RunDirectory.create()) as run,
            running_sink() as sink,
            a_place(kind, run, report) as place,
        ):
            fleet = Fleet(place.ground, setting or Setting(dispatchers=1))
            fleet.api.env |= place.environment
            with fleet:
                asyncio.run(attack.run(fleet, place, sink, min(_CYCLES_OF_A_ROUND, cycles - done)))
                _judge(report, tally, fleet)
            is_over = tally.cycles.total() >= cycles or tally.is_hopeless
            if is_over:
                _tell(report, cycles, tally)
    progress.end()
    return report


@dataclass(slots=True)
class Attack:
    """On one server with a new database; all chance is from one seed."""

    chance: random.Random
    tally: Tally
    progress: Progress

    async def run(self, fleet: Fleet, place: Place, sink: Sink, cycles: int) -> None:
        """Some cycles, a kill in the middle of the last outage, and the audit."""
        tally = self.tally
        tally.left_out |= place.left_out
        tally.not_tried |= place.not_tried
        # Beside the disk that is in trouble.
        log = place.ground.directory / "customers.jsonl"
        with closing(Journal.logged_to(log)) as journal:
            await self._trade(fleet.api, place, sink, cycles, journal)
        _count(journal, tally)
        if tally.wrong:
            # Some gave up what they had begun: nobody waits for what may never come.
            books = await read_books(place.ground.url)
            tally.findings += [f"{each.wrong}: {each.where}" for each in audit_rows(books, journal)]
            return
        if not await until_settled(place.ground, "disk"):
            tally.findings.append(f"{Wrong.DELIVERIES}: some that nobody takes up")
        hearing = await heard_by(sink, place.ground)
        tally.payments += journal.payments
        tally.arrived += len(hearing.came)
        tally.findings += [*hearing.findings, *await asyncio.to_thread(found, log, place.ground, fleet)]

    async def _trade(
        self, server: RunningServer, place: Place, sink: Sink, cycles: int, journal: Journal
    ) -> None:
        async with (
            Shop(lambda: server.base_url, server.api_key, journal) as shop,
            shop.on_another_connection() as reader,
        ):
            await insist(shop, "POST", "/webhooks/endpoints", {"url": sink.url()})
            try:
                async with shop.customers(CLIENTS):
                    await shop.until_more(CLIENTS)
                    deck: list[Outage] = []
                    for _ in range(cycles):
                        deck = deck or self.chance.sample(place.outages, len(place.outages))
                        await self._cycle(server, shop, reader, deck.pop())
                        self.progress.at(self.tally.cycles.total())
                        if self.tally.is_hopeless:
                            break
                    else:
                        await self._killed(server, shop, place)
            except* (AssertionError, TimeoutError) as errors:
                self.tally.wrong += [f"a customer gave up: {error!r}" for error in _leaves(errors)]

    async def _cycle(self, server: RunningServer, shop: Shop, reader: Shop, outage: Outage) -> None:
        """One outage of some length at some moment, and the first write after it."""
        tally, missed, refused = self.tally, len(shop.journal.missed), len(shop.journal.refused)
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        # Whoever reads has connected before.
        await _read(reader, tally)
        await asyncio.to_thread(outage.begin, server, self.chance)
        ends_at = time.monotonic() + self.chance.uniform(0.05, 0.5)
        newcomer = asyncio.create_task(_newcomer(shop, ends_at))
        try:
            while time.monotonic() < ends_at:
                await _read(reader, tally, must=outage.reads)
        finally:
            await asyncio.to_thread(outage.end, server)
        ended = time.monotonic()
        await shop.until_more(1)
        tally.pauses_s.append(time.monotonic() - ended)
        tally.newcomers_s.append(max(0.0, await newcomer - ended))
        tally.cycles[outage.name] += 1
        refused = len(shop.journal.refused) - refused
        tally.with_refusals += refused > 0
        tally.refused_in[outage.name] += refused
        if outage.drops:
            tally.dropped += len(shop.journal.missed) - missed

    async def _killed(self, server: RunningServer, shop: Shop, place: Place) -> None:
        """`kill -9` during an outage; on a read-only file system it says why it does not start."""
        missed, outage = len(shop.journal.missed), self.chance.choice(place.outages)
        self.tally.kept += _kept(shop)
        await asyncio.to_thread(outage.begin, server, self.chance)
        await asyncio.sleep(self.chance.uniform(0.05, 0.3))
        await asyncio.to_thread(server.kill)
        if place.file_system is not None:
            with remounted_read_only(place.file_system):
                self.tally.starts[await asyncio.to_thread(_start, server)] += 1
        await asyncio.to_thread(outage.end, server)
        await asyncio.to_thread(server.start)
        await shop.until_more(CLIENTS)
        self.tally.kills += 1
        self.tally.dropped += len(shop.journal.missed) - missed


def _start(server: RunningServer) -> str:
    """Try to start it where it cannot; what came of it."""
    try:
        server.start()
    except ServerFailedError:
        last = server.stderr.rstrip().rpartition("\n")[2]
        return "a sentence" if last.startswith('{"event": "failed"') else last
    server.kill()
    return "started"


async def _read(reader: Shop, tally: Tally, *, must: bool = True) -> None:
    """Read everything once; where reading may fail it may only do so with 503."""
    tally.reads += 1
    try:
        missing = await unread(reader)
    except (aiohttp.ClientError, OSError) as error:
        missing = [repr(error)]
    tally.unserved += [each for each in missing if must or ": 503 " not in each]
    tally.unserved_by_right += 0 if must else len(missing)


async def _newcomer(shop: Shop, until: float) -> float:
    """Somebody connects and reads, again and again, until the outage is over; returns when it was served."""
    while True:
        try:
            async with asyncio.timeout(5), shop.on_another_connection() as another:
                if (await another.get("/health")).status == 200 and time.monotonic() > until:
                    return time.monotonic()
        except (aiohttp.ClientError, OSError):
            pass
        await asyncio.sleep(0.05)


def _count(journal: Journal, tally: Tally) -> None:
    tally.unanswered += len(journal.missed)
    for ask, answer in journal.refused:
        tally.refusals[answer.status] += 1
        code = answer.json["error"]["code"]
        if _REFUSALS[answer.status] != code:
            tally.wrong.append(f"{ask.path}: {answer.status} {code}")
    tally.wrong += [
        f"{journal.asked[key].path}: {answer.status} {answer.body!r}"
        for key, answer in journal.acknowledged.items()
        if answer.status >= 300
    ]
    tally.acknowledged += len(journal.acknowledged)


def _kept(shop: Shop) -> list[str]:
    """What was refused for want of space, and proved to be there when it was asked for again."""
    journal = shop.journal
    perhaps = {ask.key for ask, answer in journal.refused if answer.status != 507}
    return [
        f"{ask.path} {ask.key}"
        for ask, _ in journal.refused
        if ask.key in journal.acknowledged
        and ask.key not in perhaps
        and journal.acknowledged[ask.key].is_replay
    ]


def _leaves(errors: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf
        for error in errors.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def _judge(report: Report, tally: Tally, fleet: Fleet) -> None:
    broken = {
        "refusals are 507 or 503": tally.wrong,
        "what is refused with 507 is not kept": tally.kept,
        "reading goes on": tally.unserved,
        "nothing acknowledged is lost, nothing is half": tally.findings,
    }
    for promise, evidence in broken.items():
        if evidence:
            report.breaks(promise, **{promise: evidence[:_SHOWN], "stderr": fleet.errors})


def _tell(report: Report, cycles: int, tally: Tally) -> None:
    damage = [each for each in tally.findings if each.startswith(Wrong.DAMAGE)]
    report.hold("cycles", tally.cycles.total(), ">=", cycles, "")
    for name, count in sorted(tally.cycles.items()):
        report.note(f"of them {name}", count)
    for name, reason in tally.left_out.items():
        report.leave_out(name, reason)
    for name, reason in tally.not_tried.items():
        report.note(name, f"not tried: {reason}")
    report.note("of all, with refusals", tally.with_refusals)
    report.note("kills in an outage", tally.kills)
    report.note("acknowledged", tally.acknowledged)
    report.hold("webhooks that arrived", tally.arrived, ">=", tally.payments, "")
    for status in sorted(_REFUSALS):
        report.note(f"refused with {status}", tally.refusals[status])
    # Who writes to what is open needs no descriptor. One cycle may be over before anybody writes.
    biting = sorted(tally.cycles.keys() - {NoDescriptors.name})
    report.hold("refused", tally.refusals.total(), ">=", int(bool(biting)), "")
    for name in biting:
        report.hold(f"refused: {name}", tally.refused_in[name], ">=", int(report.scale >= PROOF), "")
    report.hold("answered with anything else", len(tally.wrong), "==", 0, "")
    report.hold("refused with 507, and kept", len(tally.kept), "==", 0, "")
    report.hold("not answered, though connected", tally.unanswered - tally.dropped, "==", 0, "")
    report.note("rounds of reads meanwhile", tally.reads)
    report.note("reads not served while PostgreSQL was down", tally.unserved_by_right)
    report.hold("reads not served", len(tally.unserved), "==", 0, "")
    report.hold("acknowledged, and lost or half", len(tally.findings) - len(damage), "==", 0, "")
    report.hold("damage", len(damage), "==", 0, "")
    silent = tally.starts.total() - tally.starts["a sentence"]
    report.note("starts on a read-only file system", tally.starts.total())
    report.hold("of them without a sentence that says why not", silent, "==", 0, "")
    if silent:
        report.evidence["starts"] = dict(tally.starts)
    for what, pauses_s in (("write", tally.pauses_s), ("new connection", tally.newcomers_s)):
        report.hold(f"to the next {what}, at most", max(pauses_s, default=0), "<=", _AGAIN_WITHIN_S, "s")
