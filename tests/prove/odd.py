"""Requests that no client would send: odd values in good requests, altered bytes, heads that lie."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from kessai.dialects.stripe.routes import every_route
from tests.prove.altering import altered
from tests.prove.native_document import Operation
from tests.prove.walked import Left
from tests.support.places import stripe_places
from tests.support.stripe_forms import form
from tests.support.stripe_odd import ODD, asked

FORM: Final = b"application/x-www-form-urlencoded"
JSON: Final = b"application/json"
_HEADERS: Final[Mapping[str, Sequence[bytes]]] = {
    "authorization": (b"", b"Bearer", b"Bearer \xff", b"Basic !!!", b"Basic Og==", b"Bearer " + b"x" * 4000),
    "x-api-key": (b"", b"\xff\xfe", b"sk_live_x", b"sk_test_x y"),
    "idempotency-key": (b"", b"\xe9", b"x" * 256, b"\x7f", b"a\tb"),
    "x-request-id": (b"\xff", b"x" * 129, b"\x00"[:0], b"a\tb"),
    "stripe-account": (b"acct_x", b"\xff", b"acct_" + b"9" * 60, b"null"),
    "stripe-version": (b"2099-99-99", b"x", b"2026-01-01;" + b"=" * 300),
    "content-type": (
        b"",
        b"text/plain",
        b"text/json; charset=utf-7",
        FORM,
        JSON,
        b"multipart/form-data",
    ),
    "accept": (b"", b"text/html", b"*/*;q=x"),
    "x-forwarded-for": (b"::1", b"\xff"),
    "content-encoding": (b"gzip", b"br"),
}
_CUT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it goes over the wire. `of_stripe`: the Stripe API answers it."""

    method: str
    path: str
    of_stripe: bool
    headers: dict[str, bytes] = field(default_factory=dict)
    content: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path[:_CUT]} {self.headers} {self.content[:_CUT]!r}"


class Odd:
    """Makes them, of a seed, without end. A third each: odd forms, odd places in good ones, altered bytes."""

    def __init__(self, seed: int, left: Left, known: Sequence[Operation], ids: Mapping[str, str]) -> None:
        self._chance = random.Random(f"{seed} odd")
        self._left = left
        self._known = [each for each in known if each.examples]
        self._ids = ids
        self._routes = every_route()

    def __iter__(self) -> Iterator[Sent]:
        makers = (self._odd_form, self._odd_place, self._altered)
        while True:
            yield self._chance.choice(makers)()

    def _odd_form(self) -> Sent:
        route = self._chance.choice(self._routes)
        path, fields = asked(route, self._chance)
        return _sent_form(route.method, path, fields)

    def _odd_place(self) -> Sent:
        """A request that was taken, with an odd value in a place or two."""
        route = self._chance.choice(self._routes)
        known = self._left.asked.get((route.method, route.template))
        if not known:
            return self._odd_form()
        base = self._chance.choice(known)
        parameters: dict[str, Any] = {
            name: base.parameters[name] for name in base.parameters if name != "headers"
        }
        places = stripe_places(route)
        for place in self._chance.sample(places, min(len(places), self._chance.randint(1, 2))):
            parameters = place.put(parameters, self._value())
        return _sent_form(route.method, base.path, form(parameters))

    def _value(self) -> Any:
        if self._chance.random() < 0.8:
            return self._chance.choice(ODD)
        return self._chance.choice(self._chance.choice([each for each in self._left.ids.values() if each]))

    def _altered(self) -> Sent:
        """A good request of either API, whose bytes or heads are not quite so."""
        if self._chance.random() < 0.5:
            sent = self._odd_place()
        else:
            operation = self._chance.choice(self._known)
            content = json.dumps(operation.body(self._ids)).encode()
            sent = Sent(operation.method, operation.at(self._ids), False, {"content-type": JSON}, content)
        headers = {**sent.headers, **self._heads()}
        content = altered(sent.content, self._chance) if sent.content else b""
        return Sent(sent.method, sent.path, sent.of_stripe, headers, content)

    def _heads(self) -> dict[str, bytes]:
        if self._chance.random() < 0.5:
            return {}
        name = self._chance.choice(list(_HEADERS))
        return {name: self._chance.choice(_HEADERS[name])}


def _sent_form(method: str, path: str, fields: Mapping[str, str]) -> Sent:
    content = urlencode(fields, errors="surrogatepass")
    if method == "GET":
        return Sent(method, f"{path}?{content}", True)
    return Sent(method, path, True, {"content-type": FORM}, content.encode())
