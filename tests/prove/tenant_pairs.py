"""Two questions at a time: with an id of another merchant, and with one that nothing has."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import httpx

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.dialects.native.paging import encode_cursor
from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.kinds import KINDS
from kessai.dialects.stripe.routes import every_route
from kessai.domain.ids import canonical, short_id
from tests.prove.native_document import Operation, stocked
from tests.prove.report import Report
from tests.prove.tenant_rows import Rows, rows_of
from tests.prove.walked import Left
from tests.support.gateway import Gateway
from tests.support.webhooks import until

REQUEST_ID: Final = "the same for both"
_SHARED: Final = "a key that both use"
DIFFERS: Final = "another merchant's id is answered as an unknown one is not"
LEAKS: Final = "an answer shows what is another merchant's"
CHANGES: Final = "another merchant's rows changed"
REPLAYS: Final = "another merchant's idempotency key is known"
Request = Callable[[str], tuple[str, str, dict[str, Any]]]
"""Method, path and what httpx takes besides, for an id."""


@dataclass(slots=True)
class Theirs:
    """What the other merchant has: ids of the native API by the names of parameters, those of Stripe's."""

    key: str
    left: Left
    native: dict[str, str] = field(default_factory=dict)

    @property
    def cursors(self) -> list[str]:
        """What the native API would go on from in this merchant's lists."""
        return [encode_cursor(each) for each in self.native.values()]

    def stripe(self) -> Iterator[tuple[str, str]]:
        """One id of each kind of Stripe's, by its prefix."""
        for prefix, ids in self.left.ids.items():
            yield prefix, ids[-1]

    def texts(self) -> frozenset[str]:
        """What nobody else may see: every id, in both APIs' words, and every secret."""
        ids = [each for known in self.left.ids.values() for each in known]
        core = [found for each in ids for kind in KINDS.values() if (found := kind.core_id(each))]
        return frozenset([self.key, *self.native.values(), *ids, *core, *self.left.secrets])


async def stock(client: httpx.AsyncClient, known: list[Operation]) -> dict[str, str]:
    """One of each thing that the native API has, made with idempotency keys that any merchant would use.

    A dispatcher has to be at work.

    Raises:
        AssertionError: such a key was known already, though this merchant has never used it.
    """
    made: Counter[str] = Counter()

    async def send(method: str, path: str, **more: Any) -> httpx.Response:
        made[path] += 1
        headers = {"Idempotency-Key": f"{_SHARED}: {path} {made[path]}"} if method == "POST" else {}
        answer = await client.request(method, path, headers=headers, **more)
        assert "idempotent-replayed" not in answer.headers, f"{REPLAYS}: {path}"
        return answer

    async def is_told() -> bool:
        answer = await client.get("/api/v1/webhooks/deliveries", params={"status": "SUCCEEDED"})
        return bool(answer.json()["data"])

    await stocked(known, send)
    # Whoever listens was there before this, so that it is told.
    assert (await client.post("/api/v1/payments", json={"amount": 100})).is_success
    await until(is_told)
    return await stocked(known, client.request)


class Pairs:
    """Asks for `mine` about what is `theirs`, and notes what was answered wrongly. Chance is seeded."""

    def __init__(
        self,
        gateway: Gateway,
        mine: httpx.AsyncClient,
        theirs: Theirs,
        report: Report,
        chance: random.Random,
    ) -> None:
        self.gateway = gateway
        self.mine = mine
        self.theirs = theirs
        self.chance = chance
        self.share = min(1.0, report.scale)
        self.counts: Counter[str] = Counter()
        self.broken: dict[str, list[str]] = {each: [] for each in (DIFFERS, LEAKS, CHANGES, REPLAYS)}
        self._ids = UuidFactory(SeededDice(report.seed))
        self._before: Rows = {}

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
        made = self._ids.new_id(self.gateway.clock.now())
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

    async def ask(self, operation: str, method: str, path: str, *asked: str, **more: Any) -> httpx.Response:
        """Send one request; `asked` are the other merchant's texts in it, which a refusal may repeat."""
        headers = {"X-Request-ID": REQUEST_ID, **more.pop("headers", {})}
        answer = await self.mine.request(method, path, headers=headers, **more)
        self.counts["requests"] += 1
        shown = f"{answer.text}{answer.headers}"
        leaked = [each for each in self.texts if each in shown and not any(each in one for one in asked)]
        if leaked:
            self._break(LEAKS, f"{operation} with {asked}: {answer.status_code} shows {leaked[:3]}")
        if "idempotent-replayed" in answer.headers or "original-request" in answer.headers:
            self._break(REPLAYS, f"{operation} with {more}")
        return answer

    async def compare(
        self,
        operation: str,
        where: str,
        known: str,
        request: Request,
    ) -> httpx.Response:
        """Ask with the other merchant's id and with an unknown one; returns the answer to the first."""
        unknown = self.unknown(known)
        answers = []
        for each in (known, unknown):
            method, path, more = request(each)
            answers.append(await self.ask(operation, method, path, known, **more))
        self.counts["pairs"] += 1
        first, second = answers
        told = [(each.status_code, dict(each.headers), each.content) for each in answers]
        told[1] = (told[1][0], told[1][1], told[1][2].replace(unknown.encode(), known.encode()))
        is_refused = first.status_code >= 400
        if first.status_code != second.status_code or (is_refused and told[0] != told[1]):
            self._break(
                DIFFERS,
                f"{operation}, {where} {known}: {first.status_code} {first.text[:300]}, but unknown"
                f" {second.status_code} {second.text[:300]}",
            )
        self.counts["pairs refused"] += is_refused
        return first

    async def note_rows(self) -> None:
        """Remember what the other merchant has."""
        self._before = await rows_of(self.gateway, self.theirs.key)

    async def compare_rows(self, operation: str) -> None:
        """Look whether any of it has changed since; only what this merchant does could have."""
        now = await rows_of(self.gateway, self.theirs.key)
        if changed := [name for name, rows in now.items() if rows != self._before[name]]:
            self._break(CHANGES, f"{operation}: {', '.join(changed)}")
            self._before = now
        self.counts["rows of the other merchant"] = sum(len(rows) for rows in now.values())

    def _break(self, promise: str, what: str) -> None:
        self.broken[promise].append(what)
