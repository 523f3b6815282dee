"""Half an hour at 50 requests a second with webhooks: what is taken up is given back.

Business time runs so fast that the half-hour is six days, since bodies are kept for whole ones: then all that
retention forgets has been forgotten five times over. What is kept for ever (payments, refunds, who heard of
what) grows, by so many bytes per payment and no more.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.sink import Sink, running_sink
from tests.e2e.shop import Shop
from tests.prove.bookkeeping import wrong_books
from tests.prove.fleet import Fleet, Setting
from tests.prove.gauge import KEYS, Gauge
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.hearing import heard_by
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.steady import Stream
from tests.prove.storm import until_settled
from tests.prove.trade import kinds_of
from tests.prove.trend import rise_per_hour, risen
from tests.prove.troubles import insist

SECONDS: Final = 1_800
RATE: Final = 50
RISE_MB_MAX: Final = 2.0
"""Resident memory per hour."""
DESCRIPTORS_MAX: Final = 4
"""Connections come and go; none may stay."""
_UNEVEN: Final = 1.1
"""Requests do not come as evenly as they are counted."""
_LOG_MB_MAX: Final = 64.0
_KEPT_BYTES_MAX: Final = 5_500
"""Of a payment, for ever; where the room of what is forgotten is not used again, it is half as much again."""
_WARM_UP: Final = 1 / 3
_WARM_AFTER_S: Final = 600
"""Caches are filled by then: that of recent keys takes 10,000 of them."""
_STILL_WARMING_MB: Final = 8.0
"""What caches and the allocator may take meanwhile: in a short run nobody can tell that from a leak."""
_STILL_WARMING_DESCRIPTORS: Final = 40
"""Connections that are kept open once there was use for them, which a busy machine has late."""
_DAYS: Final = 6
_SPEED_MAX: Final = 600
"""At more a lease of minutes would be over before a post is answered."""
_DAY_S: Final = 86_400
_HOUR_S: Final = 3_600
_ROUND_S: Final = 90
"""The housekeeper comes a minute after its last round, which may take half of one."""
_SHOWN: Final = 30
FORGETFUL: Final = Setting(
    timeout_s=300,
    retry_delay_s=1,
    dispatchers=1,
    options=(("EVENT_RETENTION_DAYS", "1"), ("IDEMPOTENCY_TTL_HOURS", "1")),
)
"""As short as kessai can be told to remember."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and from when on it is measured; in real seconds."""

    seconds: float
    speed: float

    @classmethod
    def of(cls, scale: float) -> Plan:
        """For a part of the whole."""
        seconds = max(4.0, SECONDS * scale)
        return cls(seconds, min(_SPEED_MAX, _DAYS * _DAY_S / seconds))

    @property
    def warm_s(self) -> float:
        """When measuring begins."""
        return self.seconds * _WARM_UP

    @property
    def measured_s(self) -> float:
        """For how long."""
        return self.seconds - self.warm_s

    @property
    def is_warm(self) -> bool:
        """Whether it has been when measuring begins."""
        return self.warm_s >= _WARM_AFTER_S

    def stays_s(self, kept_s: float) -> float:
        """How long is there what is kept for so many seconds of business time."""
        return kept_s / self.speed + _ROUND_S

    @property
    def rise_mb_max(self) -> float:
        """The bound per hour, as far as a run of this length can tell."""
        return RISE_MB_MAX + (0.0 if self.is_warm else _STILL_WARMING_MB / (self.measured_s / 3600))

    @property
    def descriptors_max(self) -> int:
        """The bound of the whole rise, likewise."""
        return DESCRIPTORS_MAX + (0 if self.is_warm else _STILL_WARMING_DESCRIPTORS)


def prove_soak(kind: Kind, scale: float, seed: int, setting: Setting = FORGETFUL) -> Report:
    """Let it run, and look at it all the while."""
    report, plan = Report("prove soak", kind, scale, seed), Plan.of(scale)
    with open_ground(kind, report) as ground, running_sink() as sink:
        with Fleet(ground, replace(setting, speed=plan.speed)) as fleet:
            gauge = Gauge(ground, fleet)
            stream = asyncio.run(_soak(report, plan, gauge, sink, random.Random(seed)))
            if report.broken:
                report.evidence["stderr"] = fleet.errors
        _tell_of_processes(report, plan, gauge)
        _tell_of_rows(report, plan, gauge, stream, sink.state()["distinct"])
        _tell_of_growth(report, plan, gauge)
        asyncio.run(_tell_of_size(report, ground))
        if wrong := asyncio.run(wrong_books(ground)):
            report.breaks(kinds_of(wrong), findings=wrong[:_SHOWN])
    return report


async def _soak(report: Report, plan: Plan, gauge: Gauge, sink: Sink, chance: random.Random) -> Stream:
    api = gauge.fleet.api
    async with Shop(lambda: api.base_url, api.api_key) as shop:
        await insist(shop, "POST", "/webhooks/endpoints", {"url": sink.url()})
        stream = Stream(shop, chance)
        progress = Progress(f"soak on {gauge.ground.kind}, seconds", plan.seconds)
        async with asyncio.TaskGroup() as group:
            flowing = group.create_task(stream.flow(RATE, plan.seconds, progress.at))
            group.create_task(gauge.watch(plan.seconds))
        progress.end()
    report.hold("requests per second", stream.answered / flowing.result(), ">=", 0.95 * RATE, "")
    report.note("requests", stream.answered)
    report.note("seconds, business days", f"{plan.seconds:.0f}, {plan.seconds * plan.speed / _DAY_S:.1f}")
    if stream.unexpected:
        report.breaks("an answer that nobody expects", answers=stream.unexpected[:_SHOWN])
    if not await until_settled(gauge.ground, "soak"):
        report.breaks("not settled: there are events or deliveries that nobody takes up")
    hearing = await heard_by(sink, gauge.ground)
    report.hold("webhooks that arrived", len(hearing.came), "==", len(hearing.events), "")
    left = "SELECT count(*) FROM webhook_deliveries WHERE status <> 'SUCCEEDED'"
    report.hold("deliveries without success", await gauge.ground.count(left), "==", 0, "")
    if hearing.findings:
        report.breaks(kinds_of(hearing.findings), unheard=hearing.findings[:_SHOWN])
    return stream


def _tell_of_processes(report: Report, plan: Plan, gauge: Gauge) -> None:
    # Thirty points of each are enough to see where it goes.
    report.evidence["memory"] = {name: some[:: len(some) // 30 or 1] for name, some in gauge.rss_mb.items()}
    for name, points in gauge.after(plan.warm_s, gauge.rss_mb).items():
        first, last = points[0][1], points[-1][1]
        report.note(f"memory of {name}", f"{first:.1f} MB after warming up, {last:.1f} MB in the end")
        report.hold(f"memory of {name} rises by", rise_per_hour(points), "<=", plan.rise_mb_max, "MB/h")
    for name, points in gauge.after(plan.warm_s, gauge.descriptors).items():
        note = f"{points[0][1]:.0f} to {points[-1][1]:.0f}"
        report.note(f"descriptors of {name}, without its clients'", note)
        report.hold(f"descriptors of {name} rise by", risen(points), "<=", plan.descriptors_max, "")


def _tell_of_rows(report: Report, plan: Plan, gauge: Gauge, stream: Stream, webhooks: int) -> None:
    """No more than what has come in since retention and the housekeeper's last round let go."""
    for name, points in gauge.kept.items():
        kept_s, came = (_HOUR_S, stream.keyed) if name == KEYS else (_DAY_S, webhooks)
        stays_s = plan.stays_s(kept_s)
        most = max(value for _, value in points)
        if stays_s < plan.seconds:
            report.hold(f"rows: {name}", most, "<=", _UNEVEN * stays_s * came / plan.seconds, "at most")
        else:
            report.note(f"rows: {name}", f"{most:.0f} at most; nothing is forgotten before {stays_s:.0f} s")
    if gauge.log_mb:
        most = max(value for _, value in gauge.log_mb)
        report.hold("write-ahead log, at most", most, "<=", _LOG_MB_MAX, "MB")


def _tell_of_growth(report: Report, plan: Plan, gauge: Gauge) -> None:
    """What grows once as much is forgotten as comes in, if it lasts so long."""
    made, grown = (
        [value for at, value in points if at >= plan.stays_s(_DAY_S)]
        for points in (gauge.payments, gauge.size_mb)
    )
    if len(made) > 1:
        kept = (grown[-1] - grown[0]) * 1e6 / max(1, made[-1] - made[0])
        report.hold("growth per payment, once retention lets go", kept, "<=", _KEPT_BYTES_MAX, "bytes")


async def _tell_of_size(report: Report, ground: Ground) -> None:
    """What is left on disk once everything has ended."""
    payments = await ground.count("SELECT count(*) FROM payments")
    report.note("payments", payments)
    if ground.kind == "sqlite":
        size, free = await _pages(ground)
        report.note("file", f"{size / 1e6:.1f} MB, of which {free / 1e6:.1f} MB to be used again")
        used = size - free
    else:
        used = await ground.count("SELECT pg_database_size(current_database())")
        report.note("database", f"{used / 1e6:.1f} MB")
    report.note("bytes per payment, with its refunds and who heard of it", used // max(1, payments))


async def _pages(ground: Ground) -> tuple[int, int]:
    """Bytes of the file, and of its free pages."""
    names = ("page_size", "page_count", "freelist_count")
    page, count, free = [await ground.count(f"PRAGMA {name}") for name in names]
    return page * count, page * free
