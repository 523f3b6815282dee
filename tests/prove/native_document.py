"""The native API by its OpenAPI document: what can be asked, bodies that are taken, ids that are known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.support.places import Place, native_places

PREFIX: Final = "/api/v1"
_SOMEBODYS, _NOBODYS = "http://localhost:3000", "http://127.0.0.1:9"
"""Where the examples' webhooks go, and where they go here: a developer may run something at the former."""
_FIRST: Final = {"available_at_once": 100_000, "dispute": 1_000}
"""Payments without which there are no payouts and no disputes, with their amounts."""
Send = Callable[..., Awaitable[httpx.Response]]
"""Method, path and what httpx takes besides."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One path and method. `examples` are bodies that the document shows, `places` what a body can say."""

    method: str
    path: str
    name: str
    needs_key: bool
    path_names: tuple[str, ...]
    queries: tuple[Place, ...]
    places: tuple[Place, ...]
    examples: tuple[dict[str, Any], ...]

    def at(self, ids: Mapping[str, str]) -> str:
        """The path with ids filled in."""
        return self.path.format(**ids)

    def body(self, ids: Mapping[str, str]) -> dict[str, Any] | None:
        """The first example, whose ids are those given; None where no body is shown."""
        if not self.examples:
            return None
        return {name: ids.get(name, value) for name, value in self.examples[0].items()}


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """All of them, in the document's order."""
    return [
        _operation(document, method.upper(), path, declared)
        for path, methods in document["paths"].items()
        for method, declared in methods.items()
    ]


def _operation(document: Mapping[str, Any], method: str, path: str, declared: Any) -> Operation:
    parameters = declared.get("parameters", ())
    asked = declared.get("requestBody", {}).get("content", {}).get("application/json", {})
    queries = {each["name"]: each["schema"] for each in parameters if each["in"] == "query"}
    return Operation(
        method,
        path,
        declared["operationId"],
        bool(declared.get("security")),
        tuple(each["name"] for each in parameters if each["in"] == "path"),
        tuple(native_places(document, {"properties": queries})),
        tuple(native_places(document, asked.get("schema", {}))),
        tuple(_to_nobody(each["value"]) for each in asked.get("examples", {}).values()),
    )


def _to_nobody(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace(_SOMEBODYS, _NOBODYS) if isinstance(value, str) else value
        for name, value in body.items()
    }


async def stocked(known: Sequence[Operation], send: Send) -> dict[str, str]:
    """One of each thing that a path can name, by the name of the path's parameter.

    What a collection's POST makes of the document's first example; where nothing can be made, the newest of
    the collection. What is missing afterwards was neither made nor found.
    """
    by_place = {(each.method, each.path): each for each in known}
    for simulate, amount in _FIRST.items():
        paid = {"amount": amount, "currency": "INR", "simulate": simulate}
        await send("POST", f"{PREFIX}/payments", json=paid)
    ids: dict[str, str] = {}
    for _ in range(2):
        # Twice: what is made of something else may come first in the document.
        for name, collection in _collections(known).items():
            if name not in ids and (found := await _one_of(by_place, collection, ids, send)):
                ids[name] = found
    return ids


def _collections(known: Sequence[Operation]) -> dict[str, str]:
    """Path parameters, each with the path of the collection whose members it names."""
    return {
        each.path_names[0]: each.path.rpartition("/")[0]
        for each in known
        if len(each.path_names) == 1 and each.path.endswith("}") and each.path.startswith(PREFIX)
    }


async def _one_of(
    known: Mapping[tuple[str, str], Operation], collection: str, ids: Mapping[str, str], send: Send
) -> str | None:
    maker, lister = known.get(("POST", collection)), known.get(("GET", collection))
    if maker is not None:
        made = await send("POST", collection, json=maker.body(ids) or {})
        return str(made.json()["id"]) if made.is_success else None
    if lister is None:
        return None
    found = (await send("GET", collection)).json()["data"]
    return str(found[0]["id"]) if found else None
