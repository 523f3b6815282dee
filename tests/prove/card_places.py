"""Where a card number is put: all that either API takes, by its documents, and the heads of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from kessai.dialects.stripe.routes import every_route
from tests.prove.native_document import PREFIX, Operation
from tests.prove.walked import Asked, Left
from tests.support.places import Place, stripe_places
from tests.support.stripe_forms import form

HEADERS: Final = (
    *("user-agent", "idempotency-key", "x-request-id", "referer", "authorization", "x-api-key", "cookie"),
    *("stripe-version", "stripe-account", "x-stripe-client-user-agent", "x-forwarded-for", "origin"),
)
_FIELDS: Final = ("number", "card")
"""How the names of places end that are for card numbers."""
_CVC: Final = "cvc"
_URL: Final = "http://127.0.0.1:9/paid?card={}"
"""Nobody listens there."""
_ROOMY: Final = ("description", "metadata", "reason", "name", "reference", "client_reference_id")
_CARD: Final = {"exp_month": 12, "exp_year": 2031}
_BESIDES_A_CARD: Final = ("amount", "currency", "customer")
"""What stays of a form of the Stripe API when it gets a card: the rest may say how else to pay."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `content` is a form or JSON; a path is sent as it stands."""

    method: str
    path: str
    headers: dict[str, bytes] = field(default_factory=dict)
    json: Any = None
    form: dict[str, str] | None = None
    query: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """One place of one operation. `is_card`: a field for card numbers."""

    dialect: str
    operation: str
    where: str
    is_card: bool
    request: Request
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.dialect} {self.operation}: {self.where}"

    def with_number(self, written: str, cvc: str) -> Request:
        """The request with the number in it."""
        asked = self.request
        if self.where.startswith("header "):
            headers = {self.where.removeprefix("header "): _in_header(self.where, written)}
            return Request(asked.method, asked.path, headers, asked.json, asked.form, asked.query)
        if self.where.startswith("path"):
            return Request(asked.method, asked.path.format(quote(written)), json=asked.json, form=asked.form)
        return self._with_value(_worded(self.place, written, cvc), cvc)

    def _with_value(self, value: str, cvc: str) -> Request:
        asked, place = self.request, self.place
        assert place is not None
        if self.where.startswith("query "):
            return Request(asked.method, asked.path, query=form(place.put({}, value)))
        given = place.put((asked.json if asked.form is None else asked.form) or {}, value)
        if self.is_card and place.way[-1] == "number":
            given = _with_card(given, place, {**_CARD, "number": value, _CVC: cvc})
        if self.dialect == "native":
            return Request(asked.method, asked.path, json=given)
        return Request(asked.method, asked.path, form=form(given))


def native_spots(known: list[Operation], ids: Mapping[str, str]) -> list[Spot]:
    """Of the native API. `ids` fill the paths."""
    spots: list[Spot] = []
    for each in known:
        asked = Request(each.method, each.at(ids), json=each.body(ids) or {})
        make = _Maker("native", f"{each.method} {each.path.removeprefix(PREFIX)}", asked)
        spots += [make(f"body {place.name}", place) for place in each.places]
        spots += [make(f"query {place.name}", place) for place in each.queries]
        if each.path_names:
            spots.append(make.in_path(each.path))
        if each.name in ("create_payment", "list_payments", "update_webhook_endpoint"):
            spots += [make(f"header {name}") for name in HEADERS]
    return spots


def stripe_spots(left: Left) -> list[Spot]:
    """Of the Stripe API, beside what a walk has asked there."""
    spots: list[Spot] = []
    for route in every_route():
        known = left.asked.get((route.method, route.template))
        base = known[-1] if known else Asked(route.method, route.template, ("x",) * 3, {})
        asked = Request(route.method, base.path, form=dict(base.parameters))
        make = _Maker("stripe", f"{route.method} {route.template}", asked)
        where = "query" if route.method == "GET" else "body"
        spots += [make(f"{where} {place.name}", place) for place in stripe_places(route)]
        if "{" in route.template:
            spots.append(make.in_path(route.template))
        if route.template == "/v1/customers":
            spots += [make(f"header {name}") for name in HEADERS]
    return spots


def page_spots(link: str, session: str) -> list[Spot]:
    """Of the payer's pages: what the address of a payment link says, and the form of a Checkout session."""
    opened = _Maker("pages", "GET payment link", Request("GET", link))
    said = ("utm_source", "utm_term", "client_reference_id", "prefilled_email", "locked_prefilled_email")
    spots = [opened(f"query {name}", Place((name,), "string")) for name in said]
    for method in ("visa", "none"):
        asked = Request("POST", session, form={"method": method, "email": "kim@example.com"})
        paid = _Maker("pages", f"POST checkout, {method}", asked)
        spots += [paid(f"body {name}", Place((name,), "string")) for name in ("email", "method", "name")]
    return spots


@dataclass(frozen=True, slots=True)
class _Maker:
    dialect: str
    operation: str
    request: Request

    def __call__(self, where: str, place: Place | None = None) -> Spot:
        is_card = place is not None and place.way[-1] in _FIELDS and "card" in place.name
        return Spot(self.dialect, self.operation, where, is_card, self.request, place)

    def in_path(self, template: str) -> Spot:
        """The number in the place of every id."""
        path = "/".join("{0}" if part.startswith("{") else part for part in template.split("/"))
        asked = self.request
        return Spot(
            self.dialect,
            self.operation,
            "path",
            False,
            Request(asked.method, path, json=asked.json, form=asked.form),
        )


def _with_card(given: dict[str, Any], place: Place, card: dict[str, Any]) -> dict[str, Any]:
    """What pays is a card, and nothing else that was asked for is in its way."""
    kept = {name: value for name, value in given.items() if name in _BESIDES_A_CARD}
    holder = place.way[:-2]
    made = Place((*holder, "card"), "").put(kept, card)
    # Where something else could be meant, it is said.
    is_typed = bool(holder) or ("type" in given and "card" not in given.get("source", ""))
    return Place((*holder, "type"), "").put(made, "card") if is_typed else made


def _in_header(where: str, written: str) -> bytes:
    text = f"Bearer {written}" if where.endswith("authorization") else written
    return text.encode()


def _worded(place: Place | None, written: str, cvc: str) -> str:
    """The number as it would be written in such a place, with its cvc where there is room for it."""
    leaf = place.leaf if place else ""
    if "url" in leaf or leaf == "images":
        return _URL.format(written)
    if "email" in leaf:
        return f"a{written}@example.com".replace(" ", "")
    return f"{written}, cvc {cvc}" if leaf in _ROOMY else written
