"""Two questions at a time: with an id of another merchant, and with one that nothing has."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote_plus

import httpx

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.routes import every_route
from kessai.domain.ids import canonical, short_id
from tests.prove.ground import Ground
from tests.prove.native_document import Operation
from tests.prove.report import Report
from tests.prove.tenant_rows import Rows, rows_of
from tests.prove.tenant_stock import Theirs
from tests.support.manual_clock import START

REQUEST_ID: Final = "the same for both"
DIFFERS: Final = "another merchant's id is answered as an unknown one is not"
FOUND: Final = "another merchant's id in a path is not answered with 404"
UNREAD: Final = "its owner cannot read what is asked for"
LEAKS: Final = "an answer shows what is another merchant's"
CHANGES: Final = "another merchant's rows changed"
REPLAYS: Final = "another merchant's idempotency key is known"
Request = Callable[[str], tuple[str, str, dict[str, Any]]]
"""Method, path and what httpx takes besides, for an id."""


class Pairs:
    """Asks for `mine` about what is `theirs`, and notes what was answered wrongly. Chance is seeded."""

    def __init__(self, ground: Ground, mine: httpx.AsyncClient, theirs: Theirs, report: Report) -> None:
        self.mine = mine
        self.theirs = theirs
        self.chance = random.Random(report.seed)
        self.share = min(1.0, report.scale)
        self.counts: Counter[str] = Counter()
        promises = (DIFFERS, FOUND, UNREAD, LEAKS, CHANGES, REPLAYS)
        self.broken: dict[str, list[str]] = {each: [] for each in promises}
        self.missed: set[str] = set()
        self.before: Rows = {}
        self.compared: Callable[[float], None] = lambda _times: None
        self._ground = ground
        self._ids = UuidFactory(SeededDice(report.seed))
        mine.event_hooks["response"].append(self._look)

    @cached_property
    def texts(self) -> frozenset[str]:
        """What no answer may show."""
        return self.theirs.texts()

    @staticmethod
    def wanted(known: list[Operation]) -> set[str]:
        """Every operation that a key is needed for."""
        native = {f"{each.method} {each.path}" for each in known if each.needs_key}
        return native | {f"{each.method} {each.template}" for each in every_route()}

    def unknown(self, known: str) -> str:
        """An id of the same kind that nothing has."""
        made = self._ids.new_id(START)
        if canonical(known):
            return made
        if "_secret_" in known:
            bare, _, rest = known.partition("_secret_")
            return f"{self.unknown(bare)}_secret_{rest}"
        prefix = known.rpartition("_")[0]
        return encode_short(short_id(made)) if prefix == "cus" else encode(prefix, made)

    def some(self, all_of_them: list[Any], at_least: int) -> list[Any]:
        """As many as the scale allows, the first ones in any case."""
        first, rest = all_of_them[:at_least], all_of_them[at_least:]
        return [*first, *self.chance.sample(rest, round(len(rest) * self.share))]

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request."""
        headers = {"X-Request-ID": REQUEST_ID, **more.pop("headers", {})}
        return await self.mine.request(method, path, headers=headers, **more)

    async def compare(self, operation: str, where: str, known: str, request: Request) -> httpx.Response:
        """Ask with the other merchant's id and with an unknown one; returns the answer to the first."""
        unknown = self.unknown(known)
        answers = []
        for each in (known, unknown):
            method, path, more = request(each)
            answers.append(await self.ask(method, path, **more))
        self.counts["pairs"] += 1
        first, second = answers
        is_refused = first.status_code >= 400
        # What is carried out makes something new each time.
        is_comparable = is_refused or first.request.method == "GET"
        told = _told(first), _told(second, unknown, known)
        if first.status_code != second.status_code or (is_comparable and told[0] != told[1]):
            self.break_(
                DIFFERS,
                f"{operation}, {where} {known}: {first.status_code} {first.text[:300]}, but unknown"
                f" {second.status_code} {second.text[:300]}",
            )
        self.counts["pairs refused"] += is_refused
        return first

    def misses(self, operation: str, answer: httpx.Response, status: int = 404) -> None:
        """Of what a path names that is theirs, the answer is that there is no such thing."""
        self.missed.add(operation)
        if answer.status_code != status:
            self.break_(FOUND, f"{operation}, {answer.request.url}: {answer.status_code} {answer.text[:300]}")

    async def is_read(self, operation: str, *paths: str) -> None:
        """Look whether whoever has it can read it, at one of these: else it would be missing for anybody."""
        answers = [await self.theirs.client.get(each) for each in paths]
        self.counts["read by their owner"] += 1
        if not any(each.is_success for each in answers):
            self.break_(UNREAD, f"{operation}: {[(str(each.url), each.text[:300]) for each in answers]}")

    async def note_rows(self) -> None:
        """Remember what the other merchant has."""
        self.before = await rows_of(self._ground, self.theirs.key)

    async def compare_rows(self, operation: str) -> None:
        """Look whether any of it has changed since; only what this merchant does could have."""
        now = await rows_of(self._ground, self.theirs.key)
        if changed := [name for name, rows in now.items() if rows != self.before[name]]:
            self.break_(CHANGES, f"{operation}: {', '.join(changed)}")
            self.before = now
        self.counts["operations after which rows were compared"] += 1
        self.compared(self.counts["operations after which rows were compared"])

    def look(self, shown: str, asked: str, what: str) -> None:
        """Whether anything shows what is another merchant's; what was `asked` may be repeated."""
        leaked = [each for each in self.texts if each in shown and each not in asked]
        if leaked:
            self.break_(LEAKS, f"{what} shows {leaked[:3]}")

    def break_(self, promise: str, what: str) -> None:
        """Note what is wrong."""
        self.broken[promise].append(what)

    async def _look(self, answer: httpx.Response) -> None:
        await answer.aread()
        self.counts["requests"] += 1
        request = answer.request
        what = f"{request.method} {request.url}: {answer.status_code}"
        self.look(f"{answer.text}{answer.headers}", unquote_plus(f"{request.url} {request.content!r}"), what)
        if "idempotent-replayed" in answer.headers or "original-request" in answer.headers:
            self.break_(REPLAYS, f"{what}, {request.headers.get('idempotency-key')}")


def _told(answer: httpx.Response, asked: str = "", instead: str = "") -> tuple[int, Mapping[str, str], str]:
    """All that an answer says but for the moment, with one id in place of the one that was asked for."""
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    text = answer.text.replace(asked, instead) if asked else answer.text
    return answer.status_code, headers, text
