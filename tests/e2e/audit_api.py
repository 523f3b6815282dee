"""The auditor's other half: it asks the API about everything that was acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from tests.e2e.audit import Finding, Wrong
from tests.e2e.diagram import Step, expected_events, is_a_way, moved
from tests.e2e.journal import Answer, Ask
from tests.e2e.known import Known, known_of
from tests.e2e.shop import Shop

_AT_ONCE: Final = 16


async def audit_api(shop: Shop) -> list[Finding]:
    """Ask the server about everything that was acknowledged: each key again, each payment, the list."""
    journal = shop.journal
    effects = list(journal.effects)
    replays = await _all(_replay(shop, ask, answer) for ask, answer in effects)
    payment_ids = [answer.json["id"] for ask, answer in effects if ask.path == "/payments"]
    known, unknown = known_of(journal), {ask.key for ask in journal.unknown}
    stories = await _all(_story(shop, payment_id, known[payment_id]) for payment_id in payment_ids)
    payments = await _listed(shop, "/payments")
    listed, told = {payment["id"] for payment in payments}, set(payment_ids)
    findings = [each for group in (*replays, *stories) for each in group]
    findings += [Finding(Wrong.LOST, f"payment {each}, from the list") for each in told - listed]
    # One that nobody was told of may be there, if it was asked for.
    findings += [
        Finding(Wrong.UNASKED, f"payment {each['id']}")
        for each in payments
        if each["id"] not in told and each["reference"] not in unknown
    ]
    return findings


async def _replay(shop: Shop, ask: Ask, answer: Answer) -> list[Finding]:
    again = await shop.post(ask.path, ask.body, key=ask.key)
    if (again.status, again.body, again.is_replay) == (answer.status, answer.body, True):
        return []
    return [Finding(Wrong.REPLAY, f"{ask.path} {ask.key}: {again.status} {again.body!r}")]


async def _story(shop: Shop, payment_id: str, known: Known) -> list[Finding]:
    """Its answer, timeline and refunds are one, and what customers were told."""
    path = f"/payments/{payment_id}"
    answers = [await shop.get(path + part) for part in ("", "/timeline")]
    if any(answer.status != 200 for answer in answers):
        return [Finding(Wrong.LOST, f"{path}: {[answer.status for answer in answers]}")]
    payment, timeline = (answer.json for answer in answers)
    told = [entry for entry in timeline["data"] if entry["kind"] == "event"]
    steps: list[Step] = [
        (entry["action"], entry.get("from_status"), entry["to_status"], entry["at"], entry.get("amount"))
        for entry in timeline["data"]
        if entry["kind"] == "transition"
    ]
    given = sum([refund["amount"] for refund in await _listed(shop, f"{path}/refunds")])
    amounts = Counter({name: payment[name] for name in ("captured_amount", "refunded_amount")})
    is_one_story = (
        amounts == Counter(captured_amount=moved(steps, "capture"), refunded_amount=given)
        and known.fits(payment)
        and payment["status"] == steps[-1][2]
        and is_a_way(steps)
    )
    findings = [] if is_one_story else [Finding(Wrong.STORY, f"{path}: {payment} {steps} {known}")]
    if Counter(entry["event"] for entry in told) != expected_events(steps, payment):
        findings.append(Finding(Wrong.EVENTS, path))
    return findings


async def _listed(shop: Shop, path: str) -> list[dict[str, Any]]:
    """Every page of a list."""
    found: list[dict[str, Any]] = []
    query = {"limit": "100"}
    while True:
        page = (await shop.get(path, **query)).json
        found += page["data"]
        if not page["has_more"]:
            return found
        query["cursor"] = page["next_cursor"]


async def _all(works: Iterable[Any]) -> list[list[Finding]]:
    """Do all, some at a time."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(work: Any) -> list[Finding]:
        async with places:
            found: list[Finding] = await work
            return found

    return await asyncio.gather(*(one(work) for work in works))
