"""One healthy receiver among fifty hostile ones: it must not notice them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.bench.sink import Sink, running_sink
from tests.e2e.cluster import new_merchants
from tests.e2e.shop import Shop
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.numbers import percentile
from tests.prove.processes import usage
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.villains import running_villains

SECONDS: Final = 90.0
"""How long payments come at scale 1."""
_PER_S_MIN: Final = 1.5
_PAYMENTS_MIN: Final = 40
"""Slow receivers hold posts for `_TIMEOUT_S`: so many payments would occupy every place there is."""
_TIMEOUT_S: Final = 10.0
_AFTERWARDS_S: Final = 0.1
"""The same when the payments are over: it makes the rest shorter."""
_AHEAD_S: Final = 2 * 3600.0
"""No Retry-After lasts longer than an hour; the clock is put ahead instead of waiting for it."""
_QUIET_S: Final = 1.5
_GIVES_UP_WITHIN_S: Final = 300.0
_P99_S_MAX: Final = 2.0
_GROWTH_MB_MAX: Final = 100
_WARM_AFTER: Final = 10
"""Payments after which everything is imported and connected once."""
_WARM_PER_S: Final = 5.0
_FINAL: Final = ("SUCCEEDED", "EXHAUSTED", "CANCELED")
_ONE_EVENT: Final = ["payment.failed"]


@dataclass(slots=True)
class Memory:
    """Resident memory of a process in MB: when it was warm, and the most since."""

    pid: int
    at_first: float = 0.0
    at_most: float = 0.0

    async def watch(self, stop: asyncio.Event) -> None:
        """Look twice a second."""
        self.at_first = usage(self.pid).rss_mb
        while not stop.is_set():
            self.at_most = max(self.at_most, usage(self.pid).rss_mb)
            await asyncio.sleep(0.5)


@dataclass(slots=True)
class Run:
    """What a run learns. `asked` has the monotonic moment at which each payment was asked for."""

    villains: dict[str, list[str]]
    sink: Sink
    asked: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    healthy_id: str = ""


def prove_hostile(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Payments come steadily for 90 s times the scale; then all hostile deliveries are waited for."""
    setting = setting or Setting(
        timeout_s=_TIMEOUT_S, retries=1, retry_delay_s=0.5, dispatchers=1, hangs=True
    )
    report = Report("prove hostile", kind, scale, seed)
    with open_ground(kind, report) as ground, running_sink() as sink, running_villains() as villains:
        keys = asyncio.run(new_merchants(ground.url, 2))
        with Fleet(ground, setting) as fleet:
            asyncio.run(_run(ground, fleet, Run(villains, sink), keys, report))
            if not report.holds:
                report.evidence["stderr"] = fleet.errors
    return report


async def _run(ground: Ground, fleet: Fleet, run: Run, keys: list[str], report: Report) -> None:
    seconds = max(5.0, SECONDS * report.scale)
    per_s = max(_PER_S_MIN, _PAYMENTS_MIN / seconds)
    memory = Memory(fleet.dispatchers[0].pid)
    async with Shop(lambda: fleet.api.base_url, keys[0]) as first, first.with_key(keys[1]) as second:
        await _invite(run, first, second)
        await _trade(run, (first, second), _WARM_AFTER, _WARM_PER_S)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(memory.watch(stop))
            await _trade(run, (first, second), round(seconds * per_s), per_s)
            stop.set()
        await _until_over(ground, fleet)
        await _tell_of_health(ground, run, report)
        report.hold("memory gained", memory.at_most - memory.at_first, "<=", _GROWTH_MB_MAX, "MB")
        report.note("memory at most", f"{memory.at_most:.0f} MB")
        await _tell_of_villains(run, (first, second), report)


async def _invite(run: Run, first: Shop, second: Shop) -> None:
    """The healthy one and half of the others are one merchant's, the rest another's: 50 are the limit."""
    run.healthy_id = await _endpoint(first, run.sink.url())
    number = 0
    for kind, urls in run.villains.items():
        for url in urls:
            endpoint_id = await _endpoint((first, second)[number % 2], url)
            run.kinds[endpoint_id] = kind
            number += 1


async def _endpoint(shop: Shop, url: str) -> str:
    answer = await shop.post("/webhooks/endpoints", {"url": url, "events": _ONE_EVENT})
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


async def _trade(run: Run, shops: tuple[Shop, Shop], payments: int, per_s: float) -> None:
    """So many payments of each merchant at a steady pace, each with one event."""
    progress = Progress("hostile: payments", payments)
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(payments):
            group.create_task(_pay(run, shops[0]))
            group.create_task(shops[1].pay(100, simulate="bank_error"))
            progress.at(number)
            await asyncio.sleep(max(0.0, started + (number + 1) / per_s - time.monotonic()))
    progress.end()


async def _pay(run: Run, shop: Shop) -> None:
    asked = time.monotonic()
    run.asked[await shop.pay(100, simulate="bank_error")] = asked


async def _until_over(ground: Ground, fleet: Fleet) -> None:
    """Until nothing is open: what waits for another hour waits for a server whose clock is ahead."""
    for hours in range(1, 5):
        ahead = replace(fleet.setting, timeout_s=_AFTERWARDS_S, retry_delay_s=0.02, ahead_s=hours * _AHEAD_S)
        await asyncio.to_thread(fleet.start_again, ahead)
        if await _until_quiet(ground) == 0:
            return


async def _until_quiet(ground: Ground) -> int:
    """Wait until nothing moves any more; return how much is open."""
    open_ones = "SELECT count(*) FROM webhook_deliveries WHERE due_at IS NOT NULL"
    attempts = "SELECT count(*) FROM webhook_attempts"
    first = left = await ground.count(open_ones)
    progress = Progress("hostile: giving up", first)
    started = moved_at = time.monotonic()
    seen = 0
    while left and time.monotonic() - moved_at < _QUIET_S and time.monotonic() - started < _GIVES_UP_WITHIN_S:
        await asyncio.sleep(0.5)
        left, before, seen = await ground.count(open_ones), seen, await ground.count(attempts)
        moved_at = moved_at if before == seen else time.monotonic()
        progress.at(first - left)
    progress.end()
    return left


async def _tell_of_health(ground: Ground, run: Run, report: Report) -> None:
    """From the request for a payment to the first attempt at the healthy receiver."""
    rows = await ground.rows(
        "SELECT id, payment_id FROM webhook_events WHERE type = 'payment.failed' AND payment_id IS NOT NULL"
    )
    event_of = {payment_id: event_id for event_id, payment_id in rows}
    arrivals = {key.rpartition(" ")[2]: at for key, at in run.sink.arrivals().items()}
    waits = [
        arrivals[event_of[payment_id]] - asked
        for payment_id, asked in run.asked.items()
        if event_of.get(payment_id) in arrivals
    ]
    report.note("payments of the healthy one's merchant", len(run.asked))
    report.hold("of them never heard of", len(run.asked) - len(waits), "==", 0, "")
    report.note("healthy first attempts, p50", f"{percentile(waits, 50):.3f} s")
    report.hold("healthy first attempts, p99", percentile(waits, 99), "<=", _P99_S_MAX, "s")
    report.note("healthy first attempts, slowest", f"{max(waits, default=0):.3f} s")
    undelivered = await ground.count(
        "SELECT count(*) FROM webhook_deliveries"
        f" WHERE endpoint_id = '{run.healthy_id}' AND status <> 'SUCCEEDED'"
    )
    report.hold("healthy ones not delivered", undelivered, "==", 0, "")


async def _tell_of_villains(run: Run, shops: tuple[Shop, Shop], report: Report) -> None:
    """Each ends disabled or with nothing but exhausted deliveries, and the API lists them."""
    ends: dict[str, Counter[str]] = {}
    unfinished: list[str] = []
    for shop in shops:
        for endpoint in await listed(shop, "/webhooks/endpoints"):
            kind = run.kinds.get(endpoint["id"])
            if kind is None:
                continue
            found = await listed(shop, "/webhooks/deliveries", endpoint_id=endpoint["id"])
            statuses = Counter(each["status"] for each in found)
            ends.setdefault(kind, Counter()).update(statuses)
            ends[kind]["disabled"] += not endpoint["enabled"]
            if not _is_over(endpoint, statuses):
                unfinished.append(f"{kind}: {endpoint['url']} {dict(statuses)}")
    for kind, counts in ends.items():
        report.note(kind, ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count))
    report.hold("hostile endpoints", sum(len(urls) for urls in run.villains.values()), "==", 50, "")
    report.hold("neither disabled nor exhausted and listed", len(unfinished), "==", 0, "")
    if unfinished:
        report.breaks("a hostile endpoint neither ends disabled nor exhausted", unfinished=unfinished)


def _is_over(endpoint: dict[str, Any], statuses: Counter[str]) -> bool:
    is_final = all(status in _FINAL for status in statuses)
    if not endpoint["enabled"]:
        return is_final
    return is_final and statuses["EXHAUSTED"] > 0 and not statuses["SUCCEEDED"]


async def listed(shop: Shop, path: str, **query: str) -> list[dict[str, Any]]:
    """Every page of a list."""
    found: list[dict[str, Any]] = []
    query["limit"] = "100"
    while True:
        answer = await shop.get(path, **query)
        assert answer.status == 200, answer.body
        found += answer.json["data"]
        if not answer.json["has_more"]:
            return found
        query["cursor"] = answer.json["next_cursor"]
