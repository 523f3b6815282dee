"""What older versions of the Stripe API have otherwise, by the date in `Stripe-Version`.

The shapes of one version are spoken here. What a program written for an older one cannot do without is put
back for it: what a request means that leaves something out, and members that an object once had.

Source: Stripe, "API changelog", the entries named beside each date, read 2026-11-26.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from kessai.dialects.stripe.shape import API_VERSION, Object
from kessai.http.request import Request

AddMember = Callable[[Object, str], Awaitable[Object]]
"""A list that is a member of an object, by its name."""

_VERSION: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.[a-z]+)?(?:;[\w .=,;-]*)?")
_AUTOMATIC_METHODS: Final = "2023-08-16"
"""Enables automatic payment methods by default for PaymentIntents and SetupIntents; before, cards."""
_ASYNC_CAPTURE: Final = "2024-04-10"
"""Changes the default capture method of PaymentIntents to `automatic_async`; before, `automatic`."""
_METHODS: Final = ("payment_method_types", "automatic_payment_methods")
_INTENTS: Final = frozenset({"/v1/payment_intents", "/v1/setup_intents"})
_LISTS: Final[Mapping[str, Mapping[str, str]]] = {
    "charge": {"refunds": "2022-11-15"},
    "customer": {"sources": "2020-08-27", "subscriptions": "2020-08-27", "tax_ids": "2020-08-27"},
    "payment_intent": {"charges": "2022-11-15"},
}
"""Lists that an object had whether they were expanded or not, each with the version that took it out."""
_NULLS: Final[Mapping[str, Mapping[str, str]]] = {
    "charge": {"invoice": "2025-03-31"},
    "payment_intent": {"invoice": "2025-03-31"},
}
"""Members that are null without invoices, likewise."""
_MOVED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "checkout.session": {"shipping_details": ("2025-03-31", "collected_information")},
}
"""Members that moved into a part of their object, each with the version that moved it, and the part."""
SHOWN_SINCE: Final = "2025-03-31"
"""From this version on objects are shown as they are here."""
_SNAPSHOTS: Final = frozenset({"event"})
"""What keeps the version it was made with."""


def is_counted(object_name: str, member: str, version: str) -> bool:
    """Whether a list in an object says how many there are in all: of those that it once had unasked."""
    return version < SHOWN_SINCE and member in _LISTS.get(object_name, {})


def is_null(object_name: str, member: str, version: str) -> bool:
    """Whether an object of this version shows a member that is always null."""
    return version < _NULLS.get(object_name, {}).get(member, "")


def asked_version(request: Request) -> str:
    """The version that a request asks for, or the one that is spoken here."""
    asked = request.header(b"stripe-version")
    return asked if asked and _VERSION.fullmatch(asked) else API_VERSION


def as_meant(method: str, path: str, given: dict[str, Any], version: str) -> dict[str, Any]:
    """The parameters of a request with what its version takes for granted. `path` is the route's template."""
    if version >= _ASYNC_CAPTURE or method != "POST" or path not in _INTENTS:
        return given
    meant = dict(given)
    if version < _AUTOMATIC_METHODS and not any(meant.get(name) for name in _METHODS):
        meant["payment_method_types"] = ["card"]
    if path == "/v1/payment_intents":
        meant.setdefault("capture_method", "automatic")
    return meant


async def as_once_shown(content: Object, version: str, add: AddMember) -> Object:
    """An answer with the members that its version still had, however deep; what is there already stays."""
    for found, name in lacking(content, version):
        found[name] = await add(found, name)
    return content


def lacking(content: Object, version: str) -> Iterator[tuple[Object, str]]:
    """Each object in an answer, with the name of a list that its version still had: it is to be added now.

    What is added is walked too: a charge of an intent's has its refunds. Members that are null are put back.
    """
    if version >= SHOWN_SINCE:
        return
    waiting: list[Any] = [content]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield from _lacking(found, version)
        waiting.extend(_inside(found))


def _lacking(found: Object, version: str) -> Iterator[tuple[Object, str]]:
    name = found.get("object")
    if not isinstance(name, str) or found.get("deleted"):
        return
    for member in _NULLS.get(name, {}):
        if is_null(name, member, version):
            found.setdefault(member, None)
    for member, (until, part) in _MOVED.get(name, {}).items():
        if version < until:
            found.setdefault(member, (found.get(part) or {}).get(member))
    for member, until in _LISTS.get(name, {}).items():
        if version < until and member not in found:
            yield found, member


def _inside(found: Any) -> Iterator[Any]:
    """What is to be looked at inside a value. Any: JSON."""
    if isinstance(found, list):
        yield from found
    elif isinstance(found, dict) and found.get("object") not in _SNAPSHOTS:
        # What a merchant writes into metadata is no object, whatever it says.
        inside = (each for name, each in found.items() if name != "metadata")
        yield from (each for each in inside if isinstance(each, dict | list))
