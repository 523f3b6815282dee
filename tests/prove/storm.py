"""The storm: receivers that fail, dispatchers that die or sleep, endpoints and secrets that change."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from tests.e2e.audit import Wrong
from tests.e2e.shop import Shop
from tests.prove.bookkeeping import wrong_books
from tests.prove.fleet import SWIFT, Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.moody import Diary, Orders, Receipt, running_moody
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.storm_audit import EVENTS_OF_A_PAYMENT, Rows, Storm, audit, is_signed, read_rows
from tests.prove.troubles import Heard, Troubles, insist
from tests.prove.watch import set_watch, what_was_noted

DELIVERIES: Final = 100_000
_SWITCHED: Final = 0.3
"""The part of the endpoints that is switched off and on; the others must hear everything."""
_SURPLUS: Final = 1.25
"""Payments more than enough: what happens while an endpoint is off is not heard."""
_PAYMENTS_MIN: Final = 40
"""Of a short storm endpoints may be off for a greater part."""
_SETTLES_WITHIN_S: Final = 600.0
_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class Size:
    """How much, derived from the scale. `seconds` is how long payments keep coming."""

    deliveries: int
    endpoints: int
    payments: int
    seconds: float
    gap_s: float

    @classmethod
    def of(cls, scale: float) -> Size:
        """At scale 1 more than 100,000 deliveries to 20 endpoints in three minutes and a bit."""
        deliveries = max(100, round(DELIVERIES * scale))
        endpoints = 20 if scale >= 0.1 else 6
        enough = round(deliveries * _SURPLUS / endpoints / EVENTS_OF_A_PAYMENT) + 1
        payments = max(_PAYMENTS_MIN, enough)
        seconds = min(180.0, max(4.0, 180 * scale))
        return cls(deliveries, endpoints, payments, seconds, min(4.0, max(0.6, seconds / 12)))


def prove_storm(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Run one storm on a new database."""
    setting = setting or (Setting() if scale >= 0.2 else SWIFT)
    report = Report("prove storm", kind, scale, seed)
    with open_ground(kind, report) as ground:
        log = ground.directory / "receipts.jsonl"
        orders = Orders(
            seed, str(log), slow_s=setting.timeout_s * 1.5, answers_within_s=setting.answers_within_s
        )
        asyncio.run(set_watch(ground))
        with running_moody(orders) as diary, Fleet(ground, setting) as fleet:
            asyncio.run(_storm(ground, fleet, diary, Size.of(scale), report))
            if not report.holds:
                report.evidence["stderr"] = fleet.errors
    return report


async def _storm(ground: Ground, fleet: Fleet, diary: Diary, size: Size, report: Report) -> None:
    api_key = fleet.api.api_key
    async with Shop(lambda: fleet.api.base_url, api_key) as shop:
        endpoints = await _endpoints(shop, diary, size)
        troubles = Troubles(fleet, shop, endpoints, report.seed, size.gap_s)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(troubles.run(stop))
            payment_ids = await _trade(shop, size, ground.kind)
            stop.set()
        is_settled = await until_settled(ground, "storm")
        if not is_settled:
            report.breaks(f"not everything is final {_SETTLES_WITHIN_S:.0f} s after the last trouble")
        storm = Storm(payment_ids, endpoints, troubles.stops, fleet.clock, fleet.setting.retries)
        rows, receipts = await read_rows(ground), list(diary.receipts())
        _tell(report, size, rows, receipts, troubles)
        findings = [*audit(storm, rows, receipts), *await what_was_noted(ground)]
        findings += await _audit_list(shop, rows)
        findings += await _audit_signatures(ground, endpoints, receipts)
        # Who was switched off when is known here, and has been audited.
        findings += await wrong_books(ground, leaving_out=Wrong.DELIVERIES)
        _judge(report, findings)


async def _endpoints(shop: Shop, diary: Diary, size: Size) -> list[Heard]:
    made = []
    switched = max(1, round(size.endpoints * _SWITCHED))
    for number in range(size.endpoints):
        answer = await insist(shop, "POST", "/webhooks/endpoints", {"url": diary.url(number)})
        facts = answer.json
        made.append(Heard(facts["id"], number, number < switched, [facts["secret"]]))
    return made


async def _trade(shop: Shop, size: Size, kind: str) -> list[str]:
    """Payments at a steady pace, each asked for until it is acknowledged; returns their ids."""
    progress = Progress(f"storm on {kind}: payments", size.payments)
    places = asyncio.Semaphore(64)
    paid: list[str] = []

    async def pay(number: int) -> None:
        async with places:
            paid.append(await shop.pay(100 + number, simulate="bank_error" if number % 2 else "success"))
            progress.at(len(paid))

    async with asyncio.TaskGroup() as group:
        for number in range(size.payments):
            group.create_task(pay(number))
            await asyncio.sleep(size.seconds / size.payments)
    progress.end()
    return paid


async def until_settled(ground: Ground, title: str) -> bool:
    """Wait until every event is fanned out and every delivery is final."""
    events = "SELECT count(*) FROM webhook_events WHERE fanned_out_at IS NULL"
    open_ones = "SELECT count(*) FROM webhook_deliveries WHERE due_at IS NOT NULL"
    progress = Progress(f"{title} on {ground.kind}: settling", await ground.count(open_ones))
    try:
        async with asyncio.timeout(_SETTLES_WITHIN_S):
            while left := await ground.count(events) + await ground.count(open_ones):
                # What is fanned out meanwhile makes more of them.
                progress.goal = max(progress.goal, left)
                progress.at(progress.goal - left)
                await asyncio.sleep(0.5)
    except TimeoutError:
        return False
    progress.end()
    return True


async def _audit_list(shop: Shop, rows: Rows) -> list[str]:
    """The API lists every delivery, each once, as its row says: none is silent."""
    listed: dict[str, str] = {}
    findings = []
    query = {"limit": "100"}
    progress = Progress("storm: listing", len(rows.deliveries))
    while True:
        page = (await shop.get("/webhooks/deliveries", **query)).json
        for each in page["data"]:
            if each["id"] in listed:
                findings.append(f"listed twice: {each['id']}")
            listed[each["id"]] = each["status"]
        progress.at(len(listed))
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    progress.end()
    findings += [
        f"unlisted: {row.id} is {row.status}, listed as {listed.get(row.id)}"
        for row in rows.deliveries
        if listed.get(row.id) != row.status
    ]
    return findings


async def _audit_signatures(ground: Ground, endpoints: list[Heard], receipts: list[Receipt]) -> list[str]:
    """Each receipt verifies under a secret its endpoint has had."""
    found = await ground.rows("SELECT event_id, endpoint_id, body FROM webhook_deliveries")
    bodies = {(endpoint_id, event_id): bytes(body) for event_id, endpoint_id, body in found}
    by_path = {f"/e/{each.number}": each for each in endpoints}
    wrong = []
    for receipt in receipts:
        endpoint = by_path[receipt.path]
        body = bodies.get((endpoint.id, receipt.key[1]))
        if body is not None and not is_signed(receipt, body, endpoint.secrets):
            wrong.append(f"signature: {receipt.key} attempt {receipt.attempt}")
    return wrong


def _tell(report: Report, size: Size, rows: Rows, receipts: list[Receipt], troubles: Troubles) -> None:
    statuses = Counter(row.status for row in rows.deliveries)
    report.hold("deliveries", len(rows.deliveries), ">=", size.deliveries, "")
    for status, count in sorted(statuses.items()):
        report.note(status.lower(), count)
    report.note("attempts at the receiver", len(receipts))
    report.note("of them answered badly", sum(not each.was_acknowledged for each in receipts))
    again = Counter(each.key for each in receipts)
    report.note("deliveries that came more than once", sum(count > 1 for count in again.values()))
    for name, count in sorted(troubles.counts.items()):
        report.note(name, count)


def _judge(report: Report, findings: list[str]) -> None:
    kinds = Counter(each.split(":")[0] for each in findings)
    report.hold("broken promises", len(findings), "==", 0, "")
    evidence: dict[str, Any] = {"findings": findings[:_SHOWN], "kinds": dict(kinds)}
    if findings:
        report.breaks("; ".join(f"{kind} ({count})" for kind, count in kinds.items()), **evidence)
