"""Every webhook verifies, in two ways that receivers use; with one bit flipped anywhere it does not."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.shop import Shop
from tests.prove.fleet import Fleet, Setting
from tests.prove.flips import STANDARD, flips_that_pass, is_genuine, verifies
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.moody import Diary, Orders, Receipt, running_moody
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.storm import until_settled
from tests.prove.troubles import insist

PAYMENTS: Final = 400
FLIPPED: Final = 200
"""Messages of which each bit is flipped at scale 1, some thousand bits each."""
_SECRETS: Final = (None, "whsec_" + "QUJD" * 21 + "QUI=", "my-webhook-secret")
"""One that is made, the longest there is, and a text, which only the snippet can use."""
_GRACE_S: Final = 3600
_OFF_BY_S: Final = 2.5
"""What is signed is the moment of sending, in whole seconds."""
_FACTS: Final = (
    {"simulate": "success", "description": 'déjà vu "決済" \\ 🧾'},
    {"simulate": "insufficient_funds"},
    {"simulate": "bank_error", "metadata": {"order": "n°1"}},
)


@dataclass(slots=True)
class Signed:
    """An endpoint as the harness knows it, with all its secrets."""

    number: int
    id: str
    secrets: list[str] = field(default_factory=list)


def prove_signatures(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Payments of several kinds, failures that make for retries, and a rotation in the middle."""
    setting = setting or Setting(retry_delay_s=0.1)
    report = Report("prove signatures", kind, scale, seed)
    with open_ground(kind, report) as ground:
        orders = Orders(seed, str(ground.directory / "receipts.jsonl"), slow_s=0, keeps_bodies=True)
        with running_moody(orders) as diary, Fleet(ground, setting) as fleet:
            asyncio.run(_run(ground, fleet, diary, report))
    return report


async def _run(ground: Ground, fleet: Fleet, diary: Diary, report: Report) -> None:
    payments = max(6, round(PAYMENTS * report.scale))
    async with Shop(lambda: fleet.api.base_url, fleet.api.api_key) as shop:
        endpoints = [await _endpoint(shop, diary, number) for number in range(len(_SECRETS))]
        await _trade(shop, payments // 2)
        assert await until_settled(ground, "signatures")
        before = diary.seen()
        for endpoint in endpoints:
            await _rotate(shop, endpoint)
        await _trade(shop, payments - payments // 2)
        assert await until_settled(ground, "signatures")
    _judge(report, {diary.path(each.number): each for each in endpoints}, list(diary.receipts()), before)


async def _endpoint(shop: Shop, diary: Diary, number: int) -> Signed:
    secret = _SECRETS[number]
    body = {"url": diary.url(number), **({} if secret is None else {"secret": secret})}
    made = (await insist(shop, "POST", "/webhooks/endpoints", body)).json
    return Signed(number, made["id"], [made["secret"]])


async def _rotate(shop: Shop, endpoint: Signed) -> None:
    path = f"/webhooks/endpoints/{endpoint.id}/rotate-secret"
    endpoint.secrets.append((await insist(shop, "POST", path, {"grace_period_s": _GRACE_S})).json["secret"])


async def _trade(shop: Shop, payments: int) -> None:
    for number in range(payments):
        payment_id = await shop.pay(100 + number, **_FACTS[number % len(_FACTS)])
        if number % len(_FACTS) == 0:
            await shop.refund(payment_id, 50)


def _judge(report: Report, by_path: dict[str, Signed], receipts: Sequence[Receipt], before: int) -> None:
    """`before` are the receipts from before the rotation: they have one signature each."""
    wrong = Counter[str]()
    for number, receipt in enumerate(receipts):
        endpoint = by_path[receipt.path]
        secrets = endpoint.secrets[:1] if number < before else endpoint.secrets
        wrong.update(_what_is_wrong(receipt, secrets))
    report.note("webhooks", len(receipts))
    report.note("of them retries", sum(each.attempt > 1 for each in receipts))
    report.note("of them with two signatures", len(receipts) - before)
    report.note("events", ", ".join(sorted({json.loads(each.body or "{}")["event"] for each in receipts})))
    report.hold("do not verify with standardwebhooks", wrong["standard"], "==", 0, "")
    report.hold("do not verify with the published snippet", wrong["snippet"], "==", 0, "")
    report.hold("signed with another time than that of sending", wrong["time"], "==", 0, "")
    if wrong:
        report.breaks("a webhook does not verify", wrong=dict(wrong))
    _judge_flips(report, by_path, receipts[:before])


def _what_is_wrong(receipt: Receipt, secrets: Sequence[str]) -> list[str]:
    """In which ways this one cannot be verified, under any of the secrets in force, the oldest first."""
    body, headers = (receipt.body or "").encode(), receipt.headers
    wrong = [
        "standard" for each in secrets if each.startswith(STANDARD) and not verifies(each, body, headers)
    ]
    if not is_genuine(body, headers["x-webhook-signature"], secrets[-1]):
        wrong.append("snippet")
    previous = headers.get("x-webhook-signature-previous", "")
    if len(secrets) > 1 and not is_genuine(body, previous, secrets[0]):
        wrong.append("snippet")
    if abs(receipt.at - int(headers["webhook-timestamp"])) > _OFF_BY_S:
        wrong.append("time")
    return wrong


def _judge_flips(report: Report, by_path: dict[str, Signed], receipts: Sequence[Receipt]) -> None:
    wanted = max(3, round(FLIPPED * report.scale))
    step = max(1, len(receipts) // wanted)
    chosen = receipts[::step][:wanted]
    progress = Progress("signatures: flips", len(chosen))
    flips, allowed = 0, 0
    passed: list[str] = []
    for number, receipt in enumerate(chosen):
        found = flips_that_pass(
            by_path[receipt.path].secrets[0], (receipt.body or "").encode(), receipt.headers
        )
        flips, allowed = flips + found.count, allowed + found.unused_bits
        passed += found.passed
        progress.at(number)
    progress.end()
    report.note("webhooks of which each bit was flipped", len(chosen))
    report.note("bits flipped", flips)
    report.note("of them in bits of base64 that say nothing", allowed)
    report.hold("flips that verify all the same", len(passed), "==", 0, "")
    if passed:
        report.breaks("an altered webhook verifies", passed=passed[:30])
