"""The benchmark of speed: kessai, bare references and peers by turns, against the bounds they are to hold."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal

from tests.bench.asked import STEPS
from tests.bench.bounds import HELLO, IDLE_MB_MAX, LOADED_MB_MAX, PGBENCH, START_CPU_S_MAX, bounds
from tests.bench.figures import Figure, Figures, Key, as_facts
from tests.bench.footprint import Footprint, footprint
from tests.bench.hammer import Saw
from tests.bench.peers import PEERS, NotInstallableError, install, running
from tests.bench.pgbench import pgbench
from tests.bench.raw_sqlite import raw_sqlite
from tests.bench.sample import first_create
from tests.bench.stage import BARE, Length, Target, bare, kessai, measure
from tests.prove.ground import KINDS, Ground, Kind, open_ground
from tests.prove.progress import Progress
from tests.prove.report import Report

Group = Literal["kessai", "two", "bare", "pgbench", "loop", "footprint", "peers"]
GROUPS: Final[tuple[Group, ...]] = ("kessai", "two", "bare", "pgbench", "loop", "footprint")
_BATCHES: Final = (16, 32)
_FULL_S: Final = 4.0
_SERVED: Final = 0.9
"""About how much of a round the servers take; the rest is measured alone."""

Solo = tuple[Key, Callable[[Length], Awaitable[Saw]]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure, how often and how long; `creates` is how many are to fill the memory."""

    kinds: Sequence[Kind] = KINDS
    groups: Sequence[Group] = GROUPS
    rounds: int = 3
    length: Length = Length(_FULL_S, 1.0)  # noqa: RUF009 - frozen, so all may share it
    creates: int = 100_000

    @property
    def scale(self) -> float:
        return self.length.seconds / _FULL_S


FULL: Final = Wanted()
QUICK: Final = Wanted(rounds=2, length=Length(0.4, 0.15), creates=4_000)
"""Less than two minutes, for figures that say less."""


@dataclass(slots=True)
class _Run:
    wanted: Wanted
    report: Report
    grounds: list[Ground]
    figures: Figures = field(default_factory=Figures)
    footprints: list[Footprint] = field(default_factory=list)
    endpoints: int = 0
    busy: float = field(default_factory=lambda: os.getloadavg()[0])

    def has(self, group: Group) -> bool:
        return group in self.wanted.groups

    def ground(self, kind: Kind) -> Ground | None:
        return next((each for each in self.grounds if each.kind == kind), None)


def bench_speed(wanted: Wanted) -> Report:
    """Measure; the report holds the bounds of whatever was measured."""
    report = Report("bench speed", " and ".join(wanted.kinds), wanted.scale, seed=0)
    with ExitStack() as stack:
        grounds = [stack.enter_context(open_ground(kind)) for kind in wanted.kinds]
        for ground in grounds:
            first_create(ground)
        run = _Run(wanted, report, grounds)
        if run.has("peers"):
            _install_peers(report)
        asyncio.run(_rounds(run))
    _tell(run)
    return report


async def _rounds(run: _Run) -> None:
    progress = Progress("speed, percent", 100)
    rounds = run.wanted.rounds
    for number in range(rounds):

        def tell(share: float, note: str, number: int = number) -> None:
            progress.at(100 * (number + share) / rounds, note)

        await _served(run, tell)
        for key, measured in _solos(run):
            tell(_SERVED, key.target)
            run.figures.add(key, await measured(run.wanted.length))
        sqlite = run.ground("sqlite")
        if run.has("footprint") and sqlite is not None:
            tell(_SERVED, "footprint")
            # Filling takes long and does not depend on luck: once is enough.
            run.footprints.append(footprint(sqlite, 0 if number else run.wanted.creates))
    progress.end()


async def _served(run: _Run, tell: Callable[[float, str], None]) -> None:
    """One round of what answers requests: all are started, then take each step by turns."""
    with ExitStack() as stack:
        targets = list(_targets(stack, run))
        planned = list(_planned(targets))
        for done, (step, target) in enumerate(planned):
            operation, connections = STEPS[step]
            tell(_SERVED * done / len(planned), f"{target.name}: {operation} on {connections}")
            saw = await measure(target, operation, connections, step, run.wanted.length)
            key = Key(target.name, operation, connections)
            run.figures.add(key, saw)
            _judge(run.report, key, saw, target.asks[operation].status)
        run.endpoints += sum([await _endpoints(target) for target in targets])


def _targets(stack: ExitStack, run: _Run) -> Iterator[Target]:
    """All servers of a round, started: the references first, since each step asks them first."""
    directory = run.grounds[0].directory
    if run.has("bare"):
        yield from (stack.enter_context(bare(app, directory)) for app in BARE)
    for ground in run.grounds:
        if run.has("kessai"):
            yield stack.enter_context(kessai(ground))
            yield stack.enter_context(kessai(ground, is_limited=True))
        if run.has("two") and ground.kind == "postgresql":
            yield stack.enter_context(kessai(ground, processes=2))
    if run.has("peers"):
        yield from _peers(stack, run.report, directory)


def _peers(stack: ExitStack, report: Report, directory: Path) -> Iterator[Target]:
    for peer in PEERS:
        if (peer.home / "complete").exists():
            try:
                yield stack.enter_context(running(peer, directory))
            except NotInstallableError as error:
                report.note(f"{peer.package}, not measured", str(error))


def _install_peers(report: Report) -> None:
    for peer in PEERS:
        try:
            install(peer)
        except NotInstallableError as error:
            report.note(f"{peer.package}, not installed", str(error))


def _planned(targets: Sequence[Target]) -> Iterator[tuple[int, Target]]:
    for step, (operation, connections) in enumerate(STEPS):
        for target in targets:
            if operation in target.asks and connections in target.connections:
                yield step, target


def _solos(run: _Run) -> Iterator[Solo]:
    """What is measured alone, after the servers of a round have ended."""
    sqlite, postgresql = run.ground("sqlite"), run.ground("postgresql")
    if run.has("pgbench") and postgresql is not None:
        yield PGBENCH, partial(pgbench, postgresql)
    if run.has("loop") and sqlite is not None:
        for batch in _BATCHES:
            yield (
                Key(f"raw SQLite, batches of {batch}", "create", 0),
                partial(raw_sqlite, sqlite, batch=batch),
            )


async def _endpoints(target: Target) -> int:
    ground = target.ground
    return 0 if ground is None else await ground.count("SELECT count(*) FROM webhook_endpoints")


def _judge(report: Report, key: Key, saw: Saw, status: int) -> None:
    """A figure of other answers than those wanted is none."""
    if set(saw.statuses) != {str(status)} or saw.hang_ups:
        said = {"statuses": saw.statuses, "hang-ups": saw.hang_ups, "last answer": saw.last_body[:500]}
        where = f"{key.target}: {key.operation} on {key.connections} connections"
        report.breaks(f"{where} was not always answered {status}", **{where: said})


def _tell(run: _Run) -> None:
    report, figures = run.report, run.figures
    report.note("cores", "server on 0, load and PostgreSQL on 1; two processes and pgbench on both")
    report.note("load average of the machine before it began", run.busy)
    title = f"{run.wanted.rounds} rounds of {run.wanted.length.seconds:g} s each: median (range)"
    report.tables.append(figures.table(title, Figure("server", HELLO)))
    report.evidence["figures"] = as_facts(figures)
    if run.has("kessai"):
        report.hold("webhook endpoints", run.endpoints, "==", 0, "")
    for kind in run.wanted.kinds:
        for bound in bounds(kind):
            bound.tell(report, figures)
    if run.footprints:
        _tell_of_footprints(report, run.footprints)


def _tell_of_footprints(report: Report, footprints: Sequence[Footprint]) -> None:
    starts = [each.start_cpu_s for each in footprints]
    report.hold_median("CPU until the first answer", starts, "<=", START_CPU_S_MAX, "s")
    report.hold_median("memory, idle", [each.idle_mb for each in footprints], "<=", IDLE_MB_MAX, "MB")
    loaded = footprints[0]
    if loaded.creates != loaded.wanted:
        report.breaks(f"of {loaded.wanted} creates {loaded.creates} were answered 201")
    report.hold(f"memory after {loaded.creates:,} creates", loaded.loaded_mb, "<=", LOADED_MB_MAX, "MB")
