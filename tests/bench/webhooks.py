"""The benchmark of webhooks: drains and floors by turns, and how soon a lone event is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.drain import DISPATCHER_CORE, OTHERS_CORE, Drained, Profile, drain
from tests.bench.due import ENDPOINTS, Backlog, make_backlog
from tests.bench.floor import Floor, measure_floor
from tests.bench.sink import Sink, running_sink
from tests.bench.wakeup import Wakeups, measure_wakeups
from tests.prove.ground import Ground, Kind, on_a_copy, open_ground
from tests.prove.numbers import spread
from tests.prove.processes import pinned
from tests.prove.report import Report

DELIVERIES: Final = 100_000
LONE_PAYMENTS: Final = 200
_DRAIN_S_MAX: Final = 120
_P99_MS_MAX: Final = 250
_PEAK_MB_MAX: Final = 400
_RATIO_MIN: Final = 0.6
_WAKE_MS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: `rounds` of a drain and a floor each, `parts` of drain and wake."""

    scale: float
    seed: int
    rounds: int
    parts: Sequence[str]
    profile: Profile | None


def bench_webhooks(kind: Kind, wanted: Wanted) -> Report:
    """Measure on one kind of database."""
    report = Report("bench webhooks", kind, wanted.scale, wanted.seed)
    with open_ground(kind) as ground, pinned(OTHERS_CORE), running_sink() as sink:
        if "wake" in wanted.parts:  # first: the server makes itself a merchant only in an empty database
            with on_a_copy(ground) as copy:
                woken = asyncio.run(measure_wakeups(copy, sink, max(1, round(LONE_PAYMENTS * wanted.scale))))
            _tell_of_wakeups(report, woken)
        if "drain" in wanted.parts:
            asyncio.run(_drains(ground, sink, wanted, report))
    return report


async def _drains(ground: Ground, sink: Sink, wanted: Wanted, report: Report) -> None:
    urls = [sink.url(number) for number in range(ENDPOINTS)]
    backlog = await make_backlog(ground, urls, round(DELIVERIES * wanted.scale))
    ((body,),) = await ground.rows("SELECT body FROM webhook_deliveries ORDER BY id LIMIT 1")
    drained: list[Drained] = []
    floors: list[Floor] = []
    for _ in range(wanted.rounds):
        drained.append(await _one_drain(ground, sink, backlog, wanted.profile))
        url, connections = sink.url(), drained[-1].connections
        floors.append(
            await asyncio.to_thread(
                measure_floor, url, backlog.deliveries, connections, bytes(body), core=DISPATCHER_CORE
            )
        )
    report.note("bytes of a body", len(body))
    _tell_of_drains(report, drained, floors)


async def _one_drain(ground: Ground, sink: Sink, backlog: Backlog, profile: Profile | None) -> Drained:
    with on_a_copy(ground) as copy:
        return await drain(copy, sink, backlog, profile)


def _tell_of_drains(report: Report, drained: Sequence[Drained], floors: Sequence[Floor]) -> None:
    report.note("deliveries", drained[0].deliveries)
    report.hold("seconds to drain", median(each.seconds for each in drained), "<=", _DRAIN_S_MAX, "s")
    report.note("deliveries per second", spread([each.deliveries / each.seconds for each in drained]))
    report.note("API meanwhile, p50 ms", spread([each.load.p50_ms for each in drained]))
    report.hold("API meanwhile, p99", max(each.load.p99_ms for each in drained), "<=", _P99_MS_MAX, "ms")
    report.note("API requests", sum(len(each.load.latencies) for each in drained))
    report.hold("API failures", sum(len(each.load.failures) for each in drained), "==", 0, "")
    report.hold("peak memory", max(each.used.peak_mb for each in drained), "<=", _PEAK_MB_MAX, "MB")
    report.note("CPU seconds of the dispatcher", spread([each.used.cpu_s for each in drained]))
    report.note("deliveries per CPU second", spread([each.per_cpu_s for each in drained]))
    report.note("bare client, posts per CPU second", spread([each.per_cpu_s for each in floors]))
    report.note("connections at once", max(each.connections for each in drained))
    ratios = [one.per_cpu_s / floor.per_cpu_s for one, floor in zip(drained, floors, strict=True)]
    report.note("ratio to the bare client", spread(ratios))
    report.hold("median of that", median(ratios), ">=", _RATIO_MIN, "")
    report.hold("not acknowledged", sum(each.unsettled for each in drained), "==", 0, "")
    report.hold("posts too many", sum(each.posts - each.distinct for each in drained), "==", 0, "")
    for each in drained:
        if each.load.failures:
            report.breaks("the API fails meanwhile", failures=each.load.failures[:20])


def _tell_of_wakeups(report: Report, woken: Wakeups) -> None:
    report.note("lone payments", len(woken.from_answer_ms))
    report.note("answer to arrival, p50", f"{woken.p50_ms:.1f} ms")
    report.hold("request to arrival, p99", woken.p99_from_request_ms, "<=", _WAKE_MS_MAX, "ms")
    report.hold("answer to arrival, p99", woken.p99_ms, "<=", _WAKE_MS_MAX, "ms")


def profile_at(path: Path | None, kind: str) -> Profile | None:
    """A profile if there is a path for it."""
    return Profile(path.resolve(), kind) if path else None
