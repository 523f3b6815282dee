"""The parameters of the Stripe API's operations: checked and typed, by what the API's document says.

The document's data is parsed when somebody first asks, and an operation's reader is made of closures once.
What single values mean is in `parameter_values`; how the data is made, and what its words mean, in
`tests/docs/stripe_data.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from kessai.dialects.stripe import parameter_values as values
from kessai.dialects.stripe.parameter_values import ParameterError, Read

__all__ = [
    "UNDOCUMENTED",
    "ParameterError",
    "Reader",
    "by_head",
    "choices",
    "expandable",
    "expansions",
    "reader_for",
]

_TEXT_MAX: Final = 5_000
"""For text without a limit of its own: the usual one of the document, whose answers hold no longer text."""
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_PLAIN: Final[Mapping[str, Read]] = {
    "boolean": values.boolean,
    "decimal": values.decimal,
    "integer": values.integer,
    "metadata": values.metadata,
    "number": values.number,
    "time": values.integer,
}
_CLEARED: Final = frozenset(
    {"city", "description", "email", "line1", "line2", "phone", "postal_code", "state"}
)
"""Free text that an empty value unsets, though the document does not say so.

Source: stripe-dotnet, pull request 1956 and issue 68 (clearing a customer's `email`), read 2026-11-26.
"""
ALLOWED_TYPES: Final = "allowed_payment_method_types"
METHOD_TYPES: Final = "payment_method_types"
"""Two names of one list. The first took the place of the second in version 2026-09-30.endive, which is newer
than the document; both are heeded, whatever version is asked for.

Source: stripe-node, changes of 23.0.0, and the parameters of stripe-python 16.1, read 2026-11-26.
"""
UNDOCUMENTED: Final[Mapping[str, Any]] = {
    "POST /v1/events/{id}/retry": {
        "object": {"for_stripecli": "boolean", "webhook_endpoint": "string 5000"},
    }
}
"""What the document does not have and Stripe's own command line uses: `stripe events resend`."""
_VERSION: Final = "api_version"
"""What has more values than the document lists, which is older than the newest of them."""
_EMPTY: Final = ""
"""The node of what unsets a parameter."""
_ALL: Final = frozenset({""})
"""The names below one that is simulated with all that it has."""


class Reader:
    """Reads the parameters of one operation."""

    def __init__(self, readers: Mapping[str, Read], required: tuple[str, ...]) -> None:
        self._readers = readers
        self._required = required

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, each of the type that the document says. Any: the form's, then the document's.

        One that was sent empty to unset it is None; so is metadata as a whole, but a key of it stays empty.

        Raises:
            ParameterError: unknown, missing, not of its type, or not simulated.
        """
        readers, read = self._readers, {}
        for name, value in given.items():
            reader = readers.get(name)
            if reader is None:
                raise values.unknown(name, name, readers)
            read[name] = reader(value, name)
        for name in self._required:
            if name not in read:
                raise values.missing(name)
        return _under_both_names(read)


def reader_for(method: str, path: str, simulated: frozenset[str]) -> Reader:
    """The reader of an operation. `path` is its template, `simulated` the dotted names that are heeded.

    A name covers all that is below it, through lists too: `line_items.price` is of each element.

    Raises:
        LookupError: the document has no such operation, or no such name there.
    """
    node = _resolved(_operation(method, path))
    readers, required = _members(node, simulated)
    # Every operation of the original can expand, whether it says so or not.
    readers["expand"] = _list(values.string(5000))
    if METHOD_TYPES in simulated:
        readers.setdefault(ALLOWED_TYPES, readers[METHOD_TYPES])
    return Reader(readers, required)


def _under_both_names(read: dict[str, Any]) -> dict[str, Any]:
    """The same, where what came under the newer name is found under the older one as well."""
    if ALLOWED_TYPES in read:
        if METHOD_TYPES in read:
            raise values.exclusive(ALLOWED_TYPES, METHOD_TYPES)
        read[METHOD_TYPES] = read[ALLOWED_TYPES]
    return read


@cache
def _data(name: str) -> Any:
    """One of the files beside this module. Any: JSON."""
    return orjson.loads(files("kessai.dialects.stripe").joinpath(name).read_bytes())


def _operation(method: str, path: str) -> Any:
    """What an operation takes, as a node. Any: JSON.

    Raises:
        LookupError: the data has no such operation.
    """
    name = f"{method} {path}"
    return UNDOCUMENTED.get(name) or _data("parameters.json")["operations"][name]


@cache
def choices(method: str, path: str, name: str) -> tuple[str, ...]:
    """The values of which a parameter of an operation is a list."""
    listed = _resolved(_resolved(_operation(method, path))["object"][name])
    return tuple(_resolved(listed["array"])["enum"])


def _resolved(node: Any) -> Any:
    """The node itself, where another stands for it."""
    is_key = isinstance(node, str) and node.startswith("#")
    return _data("parameters.json")["shapes"][node] if is_key else node


# --- readers of nodes


@cache
def _whole(key: str) -> Read:
    """The reader of a word, or of a shape that many operations share, all of it simulated."""
    if key.startswith("#"):
        return _made(_resolved(key), _ALL)
    kind, _, length_max = key.partition(" ")
    return values.string(int(length_max or _TEXT_MAX)) if kind == "string" else _PLAIN[kind]


def _reader(node: Any, names: frozenset[str]) -> Read:
    """The reader of a node of which `names` are simulated."""
    if not isinstance(node, str):
        return _made(node, names)
    return _whole(node) if "" in names else _made(_resolved(node), names)


def _made(node: Any, names: frozenset[str]) -> Read:
    if isinstance(node, str) or not node.keys() & {"any", "array", "object"}:
        # A word gets here only with names below it, of which it has none.
        _refuse_below(names)
    if "object" in node:
        return _object(node, names)
    if "array" in node:
        return _list(_reader(node["array"], names))
    if "map" in node:
        return _map(_reader(node["map"], _ALL))
    return values.choice(node["enum"]) if "enum" in node else _any(node["any"], names)


def _refuse_below(names: frozenset[str]) -> None:
    if "" not in names:
        raise LookupError(f"nothing in the document is named {', '.join(sorted(names))} there")


def _members(node: Any, names: frozenset[str]) -> tuple[dict[str, Read], tuple[str, ...]]:
    """The readers of an object's members, and which of these are required."""
    members: dict[str, Any] = node["object"]
    heads = dict.fromkeys(members, _ALL) if "" in names else by_head(names)
    if strange := heads.keys() - members.keys():
        _refuse_below(frozenset(strange))
    readers = {
        name: _reader(each, heads[name]) if name in heads else values.not_simulated
        for name, each in members.items()
    }
    required = tuple(name for name in node.get("required", ()) if name in heads)
    # Who has a telephone is somebody, and may lose their name; a product may not.
    cleared = _CLEARED | {"name"} if "phone" in members else _CLEARED
    for name in cleared & heads.keys() - set(required):
        readers[name] = values.clearable(readers[name])
    if _VERSION in heads:
        readers[_VERSION] = values.version(_resolved(members[_VERSION])["enum"])
    return readers, required


def by_head(names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Dotted names by their first part, each with what follows it."""
    heads: dict[str, set[str]] = defaultdict(set)
    for name in names:
        head, _, rest = name.partition(".")
        heads[head].add(rest)
    return {head: frozenset(rests) for head, rests in heads.items()}


def _object(node: Any, names: frozenset[str]) -> Read:
    readers, required = _members(node, names)

    def read(value: Any, param: str) -> dict[str, Any] | None:
        if type(value) is not dict:
            if value == "" and not readers:
                # Without a parameter of its own it can be sent in no other way.
                return {}
            raise values.invalid("object", value, param)
        found = {}
        for name, each in value.items():
            reader = readers.get(name)
            if reader is None:
                raise values.unknown(f"{param}[{name}]", name, readers)
            found[name] = reader(each, f"{param}[{name}]")
        for name in required:
            if name not in found:
                raise values.missing(f"{param}[{name}]")
        return found

    return read


def _map(read_value: Read) -> Read:
    def read(value: Any, param: str) -> dict[str, Any]:
        if type(value) is not dict:
            raise values.invalid("object", value, param)
        return {name: read_value(each, f"{param}[{name}]") for name, each in value.items()}

    return read


def _list(read_element: Read) -> Read:
    def read(value: Any, param: str) -> list[Any]:
        elements = enumerate(value) if type(value) is list else _in_order(value, param)
        return [read_element(each, f"{param}[{index}]") for index, each in elements]

    return read


def _in_order(value: Any, param: str) -> list[tuple[str, Any]]:
    """The elements of a list that was sent with an index each, however far apart."""
    if type(value) is not dict or not all(map(_INDEX.fullmatch, value)):
        raise values.invalid("array", value, param)
    return sorted(value.items(), key=lambda each: int(each[0]))


def _any(nodes: list[Any], names: frozenset[str]) -> Read:
    """The reader of what may be one thing or another, or empty to unset it."""
    is_clearable = _EMPTY in nodes
    others = [node for node in nodes if node != _EMPTY]
    structured = _structured([node for node in others if _is_structured(node)], names)
    texts = [_reader(node, _ALL) for node in others if not _is_structured(node)]

    def read(value: Any, param: str) -> Any:
        if is_clearable and value == "":
            return None
        is_text = type(value) is str
        return _first((texts or structured) if is_text else (structured or texts), value, param)

    return read


def _is_structured(node: Any) -> bool:
    found = _resolved(node)
    return not isinstance(found, str) and bool(found.keys() & {"array", "map", "object"})


def _structured(nodes: list[Any], names: frozenset[str]) -> list[Read]:
    """The readers of alternatives; a name that is simulated is of one of them at least."""
    if not nodes:
        _refuse_below(names)
    if len(nodes) < 2 or "" in names:
        return [_reader(node, names) for node in nodes]
    known = [frozenset(name for name in names if _head(name) in _resolved(node)["object"]) for node in nodes]
    if strange := names - frozenset().union(*known):
        _refuse_below(strange)
    return [_reader(node, each) for node, each in zip(nodes, known, strict=True)]


def _head(name: str) -> str:
    return name.partition(".")[0]


def _first(readers: list[Read], value: Any, param: str) -> Any:
    """What the first reader makes of it that can; if none, the first refusal that knows every name in it."""
    refusals = []
    for reader in readers:
        try:
            return reader(value, param)
        except ParameterError as refusal:
            refusals.append(refusal)
    raise next((each for each in refusals if each.stripe_code != "parameter_unknown"), refusals[0])


# --- what can be expanded

_MEMBER: Final = re.compile(r"[!?]*(?P<expandable>\*?)(?:\[\]|\{\}|#|=|>)*(?P<schemas>.*)")


def expandable(object_name: str, name: str) -> str | None:
    """The first kind that a member of an object leads to when it is expanded; None when it cannot be.

    `name` has dots where it is inside a part that says no name of its own. A part that may be named in
    `expand`, though it is there whole, has the kind of that part.
    """
    return next(iter(expansions(object_name, name)), None)


def expansions(object_name: str, name: str) -> tuple[str, ...]:
    """Every such kind, of which the id tells one; those of deleted objects left out."""
    *way, last = name.split(".")
    reached = [object_name]
    for part in way:
        reached = [each for schema in reached for each in _leads_to(schema, part, needs_star=False)]
    found = [each for schema in reached for each in _leads_to(schema, last, needs_star=True)]
    return tuple(dict.fromkeys(each for each in found if not each.startswith("deleted_")))


def _leads_to(schema: str, name: str, *, needs_star: bool) -> Iterator[str]:
    member = _data("schemas.json")["schemas"].get(schema, {}).get(name)
    found = None if member is None else _MEMBER.fullmatch(member)
    if found is not None and found["schemas"] and (found["expandable"] or not needs_star):
        yield from found["schemas"].split(",")
