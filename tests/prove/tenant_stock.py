"""What two merchants have of everything: one of whom the other must not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import httpx

from kessai.dialects.native.paging import encode_cursor
from kessai.dialects.stripe.kinds import KINDS
from tests.prove.native_document import Operation, stocked
from tests.prove.walked import Asked, LeavingWalk, Left
from tests.support.webhooks import until


@dataclass(slots=True)
class Theirs:
    """What the other merchant has: ids of the native API by the names of parameters, those of Stripe's."""

    key: str
    client: httpx.AsyncClient
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

    def asked(self, method: str, template: str) -> Asked | None:
        """The last request of this operation that this merchant was answered; rather one that reads."""
        asked = self.left.asked.get(("GET", template)) or self.left.asked.get((method, template))
        return asked[-1] if asked else None

    def texts(self) -> frozenset[str]:
        """What nobody else may see: every id, in both APIs' words, and every secret."""
        ids = [each for known in self.left.ids.values() for each in known]
        core = [found for each in ids for kind in KINDS.values() if (found := kind.core_id(each))]
        return frozenset([self.key, *self.native.values(), *ids, *core, *self.left.secrets])


async def stock(client: httpx.AsyncClient, known: list[Operation], hook: str) -> dict[str, str]:
    """One of each thing that the native API has. A dispatcher has to be at work, and somebody at `hook`."""

    async def is_told() -> bool:
        answer = await client.get("/api/v1/webhooks/deliveries", params={"status": "SUCCEEDED"})
        return bool(answer.json()["data"])

    # Whoever listens is there before the rest, so that it is told.
    made = await client.post("/api/v1/webhooks/endpoints", json={"url": hook})
    assert made.is_success, made.text
    await stocked(known, client.request)
    await until(is_told)
    return await stocked(known, client.request)


async def leave_more(walk: LeavingWalk) -> None:
    """What a walk takes away again behind itself."""
    customer = (await walk("POST /customers", source="tok_visa"))["id"]
    source = (await walk("GET /customers/{customer}/sources", customer))["data"][0]["id"]
    await walk("GET /customers/{customer}/sources/{id}", customer, source)
    method = (await walk("POST /payment_methods", type="card", card={"token": "tok_visa"}))["id"]
    await walk("POST /payment_methods/{payment_method}/attach", method, customer=customer)
    await walk("GET /customers/{customer}/payment_methods/{payment_method}", customer, method)
    endpoint = await walk("POST /webhook_endpoints", url="http://receiver.test/", enabled_events=["*"])
    # Nobody is there: it would be tried for days.
    await walk("POST /webhook_endpoints/{webhook_endpoint}", endpoint["id"], disabled=True)
    await walk("POST /test_helpers/test_clocks", frozen_time=1_800_000_000)


def keys_of_anybody() -> Callable[[httpx.Request], Awaitable[None]]:
    """A hook for a client's requests: gives each POST an idempotency key that any merchant would use."""
    made: Counter[str] = Counter()

    async def add(request: httpx.Request) -> None:
        path = request.url.path
        if request.method == "POST" and not request.headers.keys() & {"idempotency-key", "x-request-id"}:
            made[path] += 1
            request.headers["Idempotency-Key"] = f"{path} {made[path]}"

    return add
