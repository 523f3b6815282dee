"""Real card numbers, put wherever text goes: none of them is taken as a card, none is found afterwards."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.api.stripe_dialect.conftest import Stripe
from tests.prove.card_numbers import FORMS, Card, cards
from tests.prove.card_places import Request, Spot, native_spots, page_spots, stripe_spots
from tests.prove.card_search import Search, shows
from tests.prove.card_traces import Traces
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Ground, Kind, open_ground
from tests.prove.native_document import operations, stocked
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.walked import LeavingWalk, walk_through
from tests.support.receiver import Receiver
from tests.support.stripe_forms import form

CARDS: Final = 20_000
_AT_ONCE: Final = 8
_CARD_FIELDS: Final = 12
"""How often each field for card numbers is tried for each other place: there are few of them."""
_PATIENCE_S: Final = 600.0
_TAKEN_MIN: Final = 0.1
"""Of the requests that put a number into free text so many are carried out, or little would be shown."""
_PRICE: Final = {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Tea"}}
_TEA: Final = [{"price_data": _PRICE, "quantity": 1}]
_SHOP: Final = "http://127.0.0.1:9/paid"
_PAGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "payment_links": {"after_completion": {"type": "redirect", "redirect": {"url": _SHOP}}},
    "checkout/sessions": {"mode": "payment", "success_url": _SHOP},
}
"""What is made for payers to open."""
SETTING: Final = Setting(retries=0, retry_delay_s=0, dispatchers=1, options=(("LOG_LEVEL", "DEBUG"),))


@dataclass(frozen=True, slots=True)
class Try:
    """One number in one place, in one form, and what came of it."""

    card: Card
    spot: Spot
    form: str
    status: int
    shows: bool

    @property
    def is_taken(self) -> bool:
        return self.status < 300

    def __str__(self) -> str:
        return f"{self.spot}, {self.form}, {self.card}: {self.status}"


@dataclass(slots=True)
class Tries:
    """What was put where. Each number goes to one place, so that one that is found tells which."""

    client: httpx.AsyncClient
    tries: list[Try] = field(default_factory=list)

    async def put(self, card: Card, spot: Spot, written: str) -> None:
        """Send one request."""
        request = spot.with_number(FORMS[written](card.number), card.cvc)
        answer = await self.client.send(self._asked(request))
        heads = b"\n".join(value for _, value in answer.headers.raw)
        seen = shows(answer.content, card.number) or shows(heads, card.number)
        self.tries.append(Try(card, spot, written, answer.status_code, seen))

    def _asked(self, request: Request) -> httpx.Request:
        more: dict[str, Any] = {"params": request.query} if request.query else {}
        if request.form and request.method != "GET":
            more["data"] = request.form
        elif request.json and request.method != "GET":
            more["json"] = request.json
        headers: Mapping[str, Any] = request.headers
        return self.client.build_request(request.method, request.path, headers=headers, **more)


def prove_cards(kind: Kind, scale: float, seed: int, setting: Setting = SETTING) -> Report:
    """Serve, put every number somewhere, let the webhooks go out, stop, and look for them everywhere."""
    report = Report("prove cards", kind, scale, seed)
    with open_ground(kind, report) as ground:
        with Fleet(ground, setting) as fleet:
            numbers = cards(seed, max(100, round(CARDS * scale)))
            traces = Traces(Search(each.number for each in numbers))
            tries = asyncio.run(_run(ground, fleet, report, numbers, traces))
            if ground.postgres is None:
                # What is in the log of transactions now is moved to the file when the server ends.
                traces.look_at(ground, fleet)
        traces.look_at(ground, fleet)
        _judge(report, tries)
        _judge_traces(report, tries, traces)
    return report


async def _run(
    ground: Ground, fleet: Fleet, report: Report, numbers: Sequence[Card], traces: Traces
) -> list[Try]:
    headers = {"Authorization": f"Bearer {fleet.api.api_key}"}
    async with (
        Receiver() as receiver,
        httpx.AsyncClient(
            base_url=fleet.api.base_url, headers=headers, timeout=60, trust_env=False
        ) as client,
    ):
        tries = Tries(client)
        spots = await _spots(client, receiver.url)
        await _put_all(tries, spots, numbers, report)
        await _until_told(ground, receiver.url)
        traces.look_at_text("/metrics", (await client.get("/metrics")).content)
        for each in receiver.requests:
            traces.look_at_text("webhooks as received", each.body + repr(each.headers).encode())
    report.note("places", len(spots))
    report.note("webhooks received", len(receiver.requests))
    return tries.tries


async def _until_told(ground: Ground, hook: str) -> None:
    """Wait until whoever listens has heard all of it; other endpoints have nobody behind them."""
    untold = "SELECT count(*) FROM webhook_events WHERE fanned_out_at IS NULL"
    unheard = (
        "SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id"
        f" WHERE e.url = '{hook}' AND d.due_at IS NOT NULL"
    )
    async with asyncio.timeout(_PATIENCE_S):
        while await ground.count(untold) + await ground.count(unheard):  # noqa: ASYNC110 - rows do not call
            await asyncio.sleep(0.2)


async def _spots(client: httpx.AsyncClient, hook: str) -> list[Spot]:
    """Every place of both APIs; whoever listens is made first, so that all of it is told."""
    for path, sent in (
        ("/api/v1/webhooks/endpoints", {"json": {"url": hook}}),
        ("/v1/webhook_endpoints", {"data": {"url": hook, "enabled_events[0]": "*"}}),
    ):
        made = await client.post(path, **sent)  # type: ignore[arg-type]
        assert made.is_success, made.text
    known = operations((await client.get("/openapi.json")).json())
    ids = await stocked(known, client.request)
    left = await walk_through(LeavingWalk(Stripe(client, None)))
    pages = page_spots(*[await _page(client, path) for path in _PAGES])
    missing = {name for each in known for name in each.path_names} - ids.keys()
    return [*native_spots(known, {**dict.fromkeys(missing, "x"), **ids}), *stripe_spots(left), *pages]


async def _page(client: httpx.AsyncClient, path: str) -> str:
    """The way to the page of what is made by this."""
    made = await client.post(f"/v1/{path}", data=form({"line_items": _TEA, **_PAGES[path]}))
    assert made.is_success, made.text
    return httpx.URL(made.json()["url"]).raw_path.decode()


async def _put_all(tries: Tries, spots: Sequence[Spot], numbers: Sequence[Card], report: Report) -> None:
    often = [spot for spot in spots for _ in range(_CARD_FIELDS if spot.is_card else 1)]
    pairs = [(spot, each) for spot in often for each in FORMS]
    random.Random(f"{report.seed} places").shuffle(pairs)
    progress = Progress(f"cards on {report.database}", len(numbers))
    waiting = iter(enumerate(numbers))

    async def work() -> None:
        for place, card in waiting:
            await tries.put(card, *pairs[place % len(pairs)])
            progress.at(place)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work())
    progress.end()


def _judge(report: Report, tries: Sequence[Try]) -> None:
    counts = Counter(
        f"{'card fields' if each.spot.is_card else 'other places'}, {each.status // 100}xx" for each in tries
    )
    report.hold("numbers", len(tries), ">=", round(CARDS * report.scale), "")
    for name, count in sorted(counts.items()):
        report.note(name, count)
    free = [each for each in tries if each.spot.place and each.spot.place.is_text]
    share = sum(each.is_taken for each in free) / len(free)
    report.hold("of those in text, carried out", share, ">=", _TAKEN_MIN, "")
    _hold_none(
        report, "a real card was taken", [each for each in tries if each.spot.is_card and each.is_taken]
    )
    _hold_none(report, "a server error", [each for each in tries if each.status >= 500])
    _hold_none(report, "a number is in an answer", [each for each in tries if each.shows])


def _judge_traces(report: Report, tries: Sequence[Try], traces: Traces) -> None:
    by_number = {each.card.number: each for each in tries}
    sizes = ", ".join(f"{name} ({size:,} bytes)" for name, size in traces.sizes.items())
    report.note("looked through", sizes)
    kept = [f"in {where}: {by_number[number]}" for where, number in sorted(traces.found)]
    _hold_none(report, "a number was kept", kept)
    _hold_none(report, "a cvc was kept", [f"in {where}" for where, count in traces.cvcs.items() if count])


def _hold_none(report: Report, promise: str, found: Sequence[object]) -> None:
    report.hold(promise, len(found), "==", 0, "times")
    if found:
        report.breaks(promise, **{promise: [str(each) for each in _spread(found)]})


def _spread(found: Sequence[object], most: int = 60) -> Iterator[object]:
    """Some of all, from the beginning to the end."""
    yield from found[:: max(1, len(found) // most)]
