"""What of the Stripe API is there: docs/reference/stripe-coverage.md, made of what routes declare."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kessai.dialects.stripe.parameters import UNDOCUMENTED, by_head

FOLDER: Final = Path(__file__).parents[2] / "src/kessai/dialects/stripe"
IMPLEMENTED: Final = "implemented"
PARTLY: Final = "partly"
REFUSED: Final = "refused"

Declared = tuple[str, str, frozenset[str]]
"""A route: its method, its path in the API's document, and the dotted names of the parameters it heeds."""

_NAMED_MAX: Final = 8
"""Of more refused members of one parameter, those that are left are named instead."""


@dataclass(frozen=True)
class Operation:
    """One operation and how far it is there. `refused` are the parameters that it does not take."""

    method: str
    path: str
    state: str
    refused: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"`{self.method} {self.path}`"


def coverage(routes: Iterable[Declared]) -> str:
    """Totals, and a section for each resource, in Markdown.

    Raises:
        LookupError: a route that the document does not have, or a parameter that it does not have there.
    """
    operations = _operations({(method, path): simulated for method, path, simulated in routes})
    groups: dict[str, list[Operation]] = defaultdict(list)
    resource_of = _resources([each.path for each in operations])
    for each in operations:
        groups[resource_of[each.path]].append(each)
    there = {name: group for name, group in groups.items() if any(each.state != REFUSED for each in group)}
    lacking = {name: group for name, group in groups.items() if name not in there}
    parts = [_totals(operations), *(_section(name, group) for name, group in there.items())]
    return "\n".join([*parts, *([_lacking(lacking)] if lacking else [])]).strip()


def _operations(declared: Mapping[tuple[str, str], frozenset[str]]) -> list[Operation]:
    known = [(method, path) for method, path in _data("operations.json")]
    undocumented = {tuple(each.split(" ")) for each in UNDOCUMENTED}
    if strange := declared.keys() - set(known) - undocumented:
        raise LookupError(f"the document has no {', '.join(' '.join(each) for each in sorted(strange))}")
    return [
        _operation(*each, declared[each]) if each in declared else Operation(*each, REFUSED) for each in known
    ]


def _operation(method: str, path: str, simulated: frozenset[str]) -> Operation:
    data = _data("parameters.json")
    tree, shapes = data["operations"][f"{method} {path}"], data["shapes"]
    found = [each for each in _refused(tree, simulated, shapes) if each != "expand"]
    refused = tuple(sorted(dict.fromkeys(found)))
    return Operation(method, path, PARTLY if refused else IMPLEMENTED, refused)


def _refused(node: Any, names: frozenset[str], shapes: Mapping[str, Any], way: str = "") -> Iterator[str]:
    """The parameters in a node that none of `names` covers. Any: JSON, as in parameters.json."""
    found = shapes.get(node, {}) if isinstance(node, str) else node
    for inside in (*found.get("any", ()), *([found["array"]] if "array" in found else [])):
        yield from _refused(inside, names, shapes, way)
    members = found.get("object", {})
    heads = by_head(names)
    lacking = [name for name in members if name not in heads]
    if way and len(lacking) > _NAMED_MAX:
        there = ", ".join(sorted(heads.keys() & members.keys()))
        yield f"{way[:-1]} other than {there}"
    else:
        yield from (f"{way}{name}" for name in lacking)
    for name in heads.keys() & members.keys():
        if "" not in heads[name]:
            yield from _refused(members[name], heads[name], shapes, f"{way}{name}.")


def _resources(paths: Iterable[str]) -> dict[str, str]:
    """What each path is about: its first part, and the second where the first is but a place for several."""
    parts = {path: path.removeprefix("/v1/").split("/") for path in paths}
    own = {first for first, *rest in parts.values() if not rest or rest[0].startswith("{")}
    return {path: found[0] if found[0] in own else "/".join(found[:2]) for path, found in parts.items()}


def _totals(operations: Iterable[Operation]) -> str:
    count = Counter(each.state for each in operations)
    rows = [f"| {state} | {count[state]} |" for state in (IMPLEMENTED, PARTLY, REFUSED)]
    return "\n".join(["| Operations | Number |", "|---|---|", *rows, f"| together | {count.total()} |", ""])


def _section(resource: str, group: Iterable[Operation]) -> str:
    rows = [f"| {each} | {each.state} | {', '.join(map(_named, each.refused))} |" for each in group]
    head = [f"## {resource}", "", "| Operation | State | Refused parameters |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _named(refused: str) -> str:
    name, _, there = refused.partition(" other than ")
    but = " and ".join(f"`{each}`" for each in there.split(", "))
    return f"`{name}` other than {but}" if there else f"`{name}`"


def _lacking(groups: Mapping[str, list[Operation]]) -> str:
    rows = [f"| {name} | {len(group)} | {', '.join(map(str, group))} |" for name, group in groups.items()]
    head = ["## Refused as a whole", "", "| Resource | Number | Operations |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _data(name: str) -> Any:
    """One of the dialect's files. Any: JSON."""
    return json.loads((FOLDER / name).read_bytes())
