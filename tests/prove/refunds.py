"""64 captures, refunds and cancels of one payment at once, over every API process, round after round.

What the customers were told, what each API process says, and what the rows of payments, refunds and events
say, must be the same to the minor unit after each round. A part of the requests is sent twice with its key.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any, Final

from tests.e2e.journal import Answer, Ask, Journal
from tests.e2e.shop import Shop
from tests.prove.fleet import Fleet, Setting
from tests.prove.fought_over import AT_ONCE, Fight, Sums, judged
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.trade import found, kinds_of

CALLS: Final = 100_000
_AMOUNT_MAX: Final = 100_000
_TWINS: Final = 8
"""Requests of a round that are sent a second time, with their key, at the same moment."""
_CANCELS: Final = 2
_CAPTURES: Final = 12
_CAPTURED_BEFORE: Final = 0.6
"""The part of the rounds in which refunds may begin at once."""
_EVERYTHING: Final = 0.002
"""The part of the refunds that take all there is."""
_ASK_AGAIN: Final = 0.5
_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.05
_PUT_OFF: Final = ("CONFLICT", "IDEMPOTENCY_KEY_IN_USE", "DATABASE_UNAVAILABLE")
_SHOWN: Final = 30

FOUGHT_OVER: Final = Setting(apis=2, dispatchers=0)


@dataclass(slots=True)
class Tally:
    """What all rounds came to; `codes` are those of every answer."""

    calls: int = 0
    rounds: int = 0
    off: int = 0
    refunds: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


class Crowd:
    """A merchant's program at every API process, which asks for everything at once."""

    def __init__(self, fleet: Fleet, journal: Journal, chance: random.Random, tally: Tally) -> None:
        self.shops = [_shop(fleet, number, journal) for number in range(len(fleet.apis))]
        self.journal = journal
        self.chance = chance
        self.tally = tally

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connections to all of them."""
        async with AsyncExitStack() as stack:
            for shop in self.shops:
                await stack.enter_async_context(shop)
            yield

    async def fight(self, number: int) -> Fight:
        """One payment, in most rounds captured before all others come."""
        chance = self.chance
        amount = chance.randint(2, _AMOUNT_MAX)
        payment_id = await self.shops[0].pay(amount, capture_method="manual")
        fight = Fight(payment_id, amount)
        if chance.random() < _CAPTURED_BEFORE:
            await self._ask(fight, self._capture(fight, f"{number}-first"))
            fight.is_captured_before = True
        asks = [self._ask_of(fight, f"{number}-{place}", place) for place in range(AT_ONCE - _TWINS)]
        crowd = asks + chance.sample(asks, _TWINS)
        async with asyncio.TaskGroup() as group:
            for ask in chance.sample(crowd, len(crowd)):
                group.create_task(self._ask(fight, ask))
        self._note(fight)
        return fight

    def _ask_of(self, fight: Fight, key: str, place: int) -> Ask:
        if place < _CANCELS:
            return Ask(key, f"/payments/{fight.payment_id}/cancel", {})
        return self._capture(fight, key) if place < _CAPTURES else self._refund(fight, key)

    def _capture(self, fight: Fight, key: str) -> Ask:
        path = f"/payments/{fight.payment_id}/capture"
        return Ask(key, path, {"amount": self.chance.randint(fight.amount // 2, fight.amount)})

    def _refund(self, fight: Fight, key: str) -> Ask:
        """By either door; many fit, and the last are too much."""
        body: dict[str, Any] = {"reason": key}
        if self.chance.random() >= _EVERYTHING:
            body["amount"] = self.chance.randint(1, max(1, fight.amount // self.chance.choice((8, 32, 64))))
        if self.chance.random() < 0.5:
            return Ask(key, "/refunds", {**body, "payment_id": fight.payment_id})
        return Ask(key, f"/payments/{fight.payment_id}/refund", body)

    async def _ask(self, fight: Fight, ask: Ask) -> None:
        """Ask until it is decided; who comes too early may ask once more, with the same key."""
        self.journal.ask(ask)
        answers = fight.answers.setdefault(ask.key, [])
        answers.append((ask, await self._answered(ask)))
        if code_of(answers[-1][1]) == "INVALID_PAYMENT_STATE" and self.chance.random() < _ASK_AGAIN:
            answers.append((ask, await self._answered(ask)))

    async def _answered(self, ask: Ask) -> Answer:
        shop = self.chance.choice(self.shops)
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                self.tally.calls += 1
                answer = await shop.post(ask.path, ask.body, key=ask.key)
                code = code_of(answer)
                self.tally.codes[code] += 1
                if code not in _PUT_OFF:
                    return answer
                await asyncio.sleep(_PAUSE_S)

    def _note(self, fight: Fight) -> None:
        """What a key came to: of a twin that was refused and one that was not, the latter counts."""
        for answers in fight.answers.values():
            ask, answer = min(answers, key=lambda each: each[1].status)
            self.journal.acknowledge(ask, answer)


def prove_refunds(kind: Kind, scale: float, seed: int, setting: Setting = FOUGHT_OVER) -> Report:
    """Fight over payment after payment, look at each, and audit everything at the end."""
    report = Report("prove refunds", kind, scale, seed)
    calls, tally = max(10 * AT_ONCE, round(CALLS * scale)), Tally()
    with open_ground(kind, report) as ground, Fleet(ground, setting) as fleet:
        log = ground.directory / "customers.jsonl"
        with closing(Journal.logged_to(log)) as journal:
            crowd = Crowd(fleet, journal, random.Random(seed), tally)
            asyncio.run(_fights(crowd, ground, calls))
        if not tally.findings:
            tally.findings += found(log, ground, fleet)
        _tell(report, tally, calls, fleet)
    return report


async def _fights(crowd: Crowd, ground: Ground, calls: int) -> None:
    tally = crowd.tally
    progress = Progress(f"refunds on {ground.kind}: calls", calls)
    async with crowd.opened():
        while tally.calls < calls and not tally.findings:
            fight = await crowd.fight(tally.rounds)
            tally.rounds += 1
            tally.refunds += len(fight.refunds)
            sources = {"told": fight.told, **await _shown(crowd, fight), **await _rows(ground, fight)}
            tally.off += max(each.off(fight.told) for each in sources.values())
            tally.findings += judged(fight, sources)
            progress.at(tally.calls)
    progress.end()


async def _shown(crowd: Crowd, fight: Fight) -> dict[str, Sums]:
    """What each API process says of the payment and of its refunds."""
    said: dict[str, Sums] = {}
    for number, shop in enumerate(crowd.shops):
        payment = (await shop.get(f"/payments/{fight.payment_id}")).json
        page = (await shop.get(f"/payments/{fight.payment_id}/refunds", limit="100")).json
        captured = payment["captured_amount"]
        said[f"API {number}"] = Sums(captured, payment["refunded_amount"])
        said[f"refunds of API {number}"] = Sums(captured, sum(each["amount"] for each in page["data"]))
    return said


async def _rows(ground: Ground, fight: Fight) -> dict[str, Sums]:
    """What the rows say, and the refunds that events tell of."""
    refunds = "FROM refunds r WHERE r.payment_id = p.id"
    told = "FROM webhook_events e JOIN refunds r ON r.id = e.refund_id WHERE e.payment_id = p.id"
    ((captured, *refunded),) = await ground.rows(
        "SELECT captured_amount, refunded_amount,"
        f" (SELECT coalesce(sum(r.amount), 0) {refunds}), (SELECT coalesce(sum(r.amount), 0) {told})"
        f" FROM payments p WHERE p.id = '{fight.payment_id}'"
    )
    names = ("payment's row", "refunds' rows", "events")
    return {name: Sums(captured, int(each)) for name, each in zip(names, refunded, strict=True)}


def _shop(fleet: Fleet, number: int, journal: Journal) -> Shop:
    return Shop(lambda: fleet.apis[number].base_url, fleet.api.api_key, journal)


def code_of(answer: Answer) -> str:
    """The code of a refusal, or that it is none."""
    return "done" if answer.status < 300 else str(answer.json["error"]["code"])


def _tell(report: Report, tally: Tally, calls: int, fleet: Fleet) -> None:
    report.hold("calls", tally.calls, ">=", calls, "")
    report.note("payments fought over", tally.rounds)
    report.note("refunds acknowledged", tally.refunds)
    for code, count in sorted(tally.codes.items()):
        report.note(f"answered {code}", count)
    report.hold("minor units off", tally.off, "==", 0, "")
    report.hold("broken promises", len(tally.findings), "==", 0, "")
    if tally.findings:
        report.breaks(kinds_of(tally.findings), findings=tally.findings[:_SHOWN], stderr=fleet.errors)
