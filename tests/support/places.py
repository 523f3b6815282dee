"""Where in a request something can be put: found in the documents, so that what is new joins by itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from kessai.dialects.stripe.declaring import StripeRoute
from kessai.dialects.stripe.parameters import UNDOCUMENTED

ELEMENT: Final = "[]"
"""In a way: the first element of a list."""
KEY: Final = "{}"
"""In a way: what is put there is a key, not a value."""
_DEPTH_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """The way to one value of a body, a form or a query. `kind` is the document's word for it."""

    way: tuple[str, ...]
    kind: str

    @property
    def name(self) -> str:
        """The way, with dots."""
        return ".".join(self.way)

    @property
    def leaf(self) -> str:
        """The last part of it that is a name."""
        return next((part for part in reversed(self.way) if part not in (ELEMENT, KEY)), "")

    @property
    def is_text(self) -> bool:
        """Whether any text goes there."""
        return self.kind in ("string", "key")

    def put(self, parameters: Mapping[str, Any], value: Any) -> dict[str, Any]:
        """The parameters with the value at this place; what is missing on the way is made."""
        return dict(_put(copy.deepcopy(dict(parameters)), self.way, value))


def _put(holder: Any, way: tuple[str, ...], value: Any) -> Any:
    """Any: as far down as JSON goes."""
    if not way:
        return value
    first, rest = way[0], way[1:]
    if first == ELEMENT:
        elements = holder if isinstance(holder, list) and holder else [None]
        return [_put(elements[0], rest, value), *elements[1:]]
    known = holder if isinstance(holder, dict) else {}
    if first == KEY:
        return {**known, str(value): "of a key"}
    return {**known, first: _put(known.get(first), rest, value)}


# --- the Stripe API


def stripe_places(route: StripeRoute) -> list[Place]:
    """Every single value that a route heeds, and what can be expanded."""
    data = _stripe_data()
    name = f"{route.method} {route.template}"
    node = UNDOCUMENTED.get(name) or data["operations"][name]
    found = [
        place for place in _stripe_leaves(data["shapes"], node, ()) if _is_heeded(place, route.simulated)
    ]
    return [*dict.fromkeys([*found, Place(("expand", ELEMENT), "string")])]


@cache
def _stripe_data() -> Any:
    """What the dialect itself reads. Any: JSON."""
    return json.loads(files("kessai.dialects.stripe").joinpath("parameters.json").read_bytes())


def _stripe_leaves(shapes: Any, node: Any, way: tuple[str, ...]) -> Iterator[Place]:
    if isinstance(node, str) and node.startswith("#"):
        node = shapes[node]
    if isinstance(node, str):
        yield from _word(node, way)
    elif len(way) < _DEPTH_MAX:
        for name, each in node.get("object", {}).items():
            yield from _stripe_leaves(shapes, each, (*way, name))
        for each in node.get("any", ()):
            yield from _stripe_leaves(shapes, each, way)
        if "array" in node:
            yield from _stripe_leaves(shapes, node["array"], (*way, ELEMENT))
        if "map" in node:
            yield from _stripe_leaves(shapes, node["map"], (*way, "a_key"))
        if "enum" in node:
            yield Place(way, "choice")


def _word(word: str, way: tuple[str, ...]) -> Iterator[Place]:
    kind = word.partition(" ")[0]
    if kind == "metadata":
        yield Place((*way, "a_key"), "string")
        yield Place((*way, KEY), "key")
    elif kind:
        yield Place(way, kind)


def _is_heeded(place: Place, simulated: frozenset[str]) -> bool:
    name = ".".join(part for part in place.way if part != ELEMENT)
    return any(name == each or name.startswith(f"{each}.") for each in simulated)


# --- the native API


def native_places(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Place]:
    """Every single value below a schema of the OpenAPI document."""
    return [*dict.fromkeys(_native_leaves(document, schema, ()))]


def _native_leaves(
    document: Mapping[str, Any], schema: Mapping[str, Any], way: tuple[str, ...]
) -> Iterator[Place]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if len(way) > _DEPTH_MAX:
        return
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from _native_leaves(document, each, way)
    for name, each in schema.get("properties", {}).items():
        yield from _native_leaves(document, each, (*way, name))
    if (values := _values_of_a_map(schema)) is not None:
        yield Place((*way, KEY), "key")
        yield from _native_leaves(document, values, (*way, "a_key"))
    if "items" in schema:
        yield from _native_leaves(document, schema["items"], (*way, ELEMENT))
    if way and (kind := _native_kind(schema)):
        yield Place(way, kind)


def _values_of_a_map(schema: Mapping[str, Any]) -> Any:
    """The schema of what an object with keys of the caller's choice holds; None where there are none."""
    if schema.get("type") != "object" or "properties" in schema:
        return None
    values = schema.get("additionalProperties", True)
    return {"type": "string"} if values is True else values or None


def _native_kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return "choice"
    kind = str(schema.get("format") or schema.get("type", ""))
    return "" if kind in ("array", "object", "null", "") else kind
