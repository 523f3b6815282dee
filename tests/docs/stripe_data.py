"""The Stripe dialect's data, of Stripe's OpenAPI document: how it is made.

`python -m tests.docs.stripe_data [--spec PATH]` makes it anew.

The document is not kept here, only what is derived from it: names and structure, no descriptions. Three
files, sorted and with one entry a line, so that a newer document shows as a readable difference:

operations.json   every operation of /v1: method and path template.
parameters.json   what the operations under `PREFIXES` take. A node is a word ("integer", "string 5000"), a
                  key of "shapes" ("#1a2b3c", what is used more than once), or one of {"object": members,
                  "required": names}, {"array": node}, {"map": node}, {"enum": values}, {"any": nodes}. The
                  empty word among the nodes of "any" says that an empty value unsets the parameter.
schemas.json      what their answers are made of: the members of each schema, and what each operation
                  answers. Each is a word of signs: "!" is never left out, "?" may be null, "*" may be named
                  in `expand`; then ">" an id of, "=" a part that is, "[]" an array of, "{}" a map of, "#" a
                  list object of the schemas that follow, or of plain values when none does.

Source: github.com/stripe/openapi, MIT, Copyright (c) 2011- Stripe, Inc.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SPEC: Final = ROOT / "../shared/reference/stripe-openapi/spec3.json"
FOLDER: Final = ROOT / "src/kessai/dialects/stripe"
PREFIXES: Final = (
    *("/v1/account", "/v1/accounts", "/v1/balance", "/v1/balance_transactions", "/v1/charges"),
    *("/v1/checkout/sessions", "/v1/confirmation_tokens", "/v1/customer_sessions", "/v1/customers"),
    *("/v1/disputes", "/v1/ephemeral_keys", "/v1/events", "/v1/invoice_payments"),
    *("/v1/payment_intents", "/v1/payment_links", "/v1/payment_methods", "/v1/payouts", "/v1/prices"),
    *("/v1/products", "/v1/radar/early_fraud_warnings", "/v1/refunds", "/v1/setup_attempts"),
    *("/v1/setup_intents", "/v1/shipping_rates", "/v1/sources"),
    *("/v1/test_helpers/confirmation_tokens", "/v1/test_helpers/refunds", "/v1/test_helpers/test_clocks"),
    *("/v1/tokens", "/v1/webhook_endpoints"),
)
"""Where the operations begin whose parameters and answers are kept."""

Node = dict[str, Any]
"""Any: JSON, as the document or one of our files has it."""

_OLDER_UI_MODES: Final = ("custom", "embedded", "hosted")
"""What versions before the document's call elements, embedded_page and hosted_page."""
_RECORDED: Final = {"charge": {"dispute": "?*>dispute"}}
"""Members that recorded answers have and the document does not, where they lead somewhere.

Source: expand=["dispute"] of a charge in pretix, `src/pretix/plugins/stripe/views.py`, read 2026-11-27.
"""
_EMPTY: Final = ""
"""The alternative that unsets a parameter."""
_SHARED_MIN: Final = 20
"""Shorter ones are written out each time: a key would save nothing."""
_FORMATS: Final = {"unix-time": "time", "decimal": "decimal"}
_REFERENCE: Final = "#/components/schemas/"
_NAME: Final = re.compile(r"[a-z][\w.]*")
"""A schema's name among signs."""


def made(spec: Node) -> dict[str, str]:
    """Every file's text by its name."""
    return {
        "operations.json": _listed(sorted(_operations(spec), key=lambda each: (each[1], each[0]))),
        "parameters.json": _parameters(spec),
        "schemas.json": _schemas(spec),
    }


def _operations(spec: Node) -> Iterator[tuple[str, str]]:
    for path, operations in spec["paths"].items():
        if path.startswith("/v1/"):
            yield from ((method.upper(), path) for method in operations)


def _kept(spec: Node) -> Iterator[tuple[str, Node]]:
    """The operations whose details are kept, each named by its method and path."""
    for method, path in sorted(_operations(spec)):
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES):
            yield f"{method} {path}", spec["paths"][path][method.lower()]


def _source(spec: Node) -> str:
    return f"Stripe's OpenAPI document {spec['info']['version']}; MIT, Copyright (c) 2011- Stripe, Inc."


# --- what operations take


def _parameters(spec: Node) -> str:
    """What each operation takes, equal parts shared."""
    trees = {name: _taken(operation) for name, operation in _kept(spec)}
    card = trees["POST /v1/payment_methods"]["object"]["card"]
    for tree in trees.values():
        _add_card(tree, card)
    ui_mode = trees["POST /v1/checkout/sessions"]["object"]["ui_mode"]
    ui_mode["enum"] = sorted([*ui_mode["enum"], *_OLDER_UI_MODES])
    counted: Counter[str] = Counter()
    for tree in trees.values():
        _count(tree, counted)
    keys = {text: _key(text) for text, count in counted.items() if count > 1 and len(text) > _SHARED_MIN}
    shapes = {key: _with_keys(json.loads(text), keys, is_whole=True) for text, key in keys.items()}
    if len(shapes) < len(keys):
        raise ValueError("two shapes have the same key: take a longer one")
    operations = {name: _with_keys(tree, keys) for name, tree in trees.items()}
    return _document({"operations": operations, "shapes": shapes, "source": _source(spec)})


def _add_card(tree: Node, card: Node) -> None:
    """Let `payment_method_data` be of a card.

    The document leaves that out, as raw cards are not for everybody. The original takes it, just as
    POST /v1/payment_methods does.
    """
    data = tree["object"].get("payment_method_data", {}).get("object", {})
    if "type" in data and "card" not in data:
        data["card"] = card
        data["type"] = {"enum": sorted([*data["type"]["enum"], "card"])}


def _key(text: str) -> str:
    """Of the content, so that a key stays the same whatever else is new."""
    return f"#{sha256(text.encode()).hexdigest()[:6]}"


def _taken(operation: Node) -> Node:
    """An operation's query or body as one object; no operation has both."""
    (content,) = operation["requestBody"]["content"].values()
    query = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    members = content["schema"]["properties"] | {each["name"]: each["schema"] for each in query}
    required = [each["name"] for each in query if each["required"]]
    return _object(members, [*content["schema"].get("required", ()), *required])


def _object(members: Mapping[str, Node], required: list[str]) -> Node:
    made: Node = {"object": {name: _node(each, name) for name, each in members.items()}}
    return {**made, "required": sorted(required)} if required else made


def _node(schema: Node, name: str) -> Any:
    if "anyOf" in schema:
        return _any([_node(each, name) for each in schema["anyOf"]])
    match schema["type"]:
        case "array":
            return {"array": _node(schema["items"], name)}
        case "object" if schema.get("additionalProperties"):
            values = _node(schema["additionalProperties"], name)
            return "metadata" if name == "metadata" else {"map": values}
        case "object":
            return _object(schema.get("properties", {}), schema.get("required", []))
        case "string":
            return _string(schema)
        case plain:
            return _FORMATS.get(schema.get("format", ""), plain)


def _string(schema: Node) -> Any:
    if "enum" in schema:
        values = sorted(set(schema["enum"]) - {_EMPTY})
        alternatives = [
            *([{"enum": values}] if values else []),
            *([_EMPTY] if _EMPTY in schema["enum"] else []),
        ]
        return _any(alternatives)
    length = schema.get("maxLength")
    return _FORMATS.get(schema.get("format", ""), f"string {length}" if length else "string")


def _any(alternatives: list[Any]) -> Any:
    flat = [
        each
        for node in alternatives
        for each in (node["any"] if isinstance(node, dict) and "any" in node else [node])
    ]
    # Metadata can always be unset as a whole.
    found = [each for each in flat if each != _EMPTY or "metadata" not in flat]
    return found[0] if len(found) == 1 else {"any": found}


def _count(node: Any, counted: Counter[str]) -> None:
    if not isinstance(node, dict):
        return
    text = _text(node)
    counted[text] += 1
    # What is inside a part that is shared stands there once.
    if counted[text] == 1:
        for each in _parts(node):
            _count(each, counted)


def _parts(node: Node) -> Iterator[Any]:
    yield from node.get("object", {}).values()
    yield from node.get("any", ())
    yield from (node[kind] for kind in ("array", "map") if kind in node)


def _with_keys(node: Any, keys: Mapping[str, str], *, is_whole: bool = False) -> Any:
    if not isinstance(node, dict):
        return node
    if not is_whole and (key := keys.get(_text(node))) is not None:
        return key
    made = dict(node)
    if "object" in node:
        made["object"] = {name: _with_keys(each, keys) for name, each in node["object"].items()}
    if "any" in node:
        made["any"] = [_with_keys(each, keys) for each in node["any"]]
    for kind in node.keys() & {"array", "map"}:
        made[kind] = _with_keys(node[kind], keys)
    return made


# --- what answers are made of


def _schemas(spec: Node) -> str:
    """The members of the schemas that answers reach, and what each operation answers."""
    known: Node = spec["components"]["schemas"]
    answers = {name: _leads_to(_answer(operation)) for name, operation in _kept(spec)}
    schemas = {
        name: _members(known[name]) | _RECORDED.get(name, {}) for name in _reached(answers.values(), known)
    }
    return _document({"answers": answers, "schemas": schemas, "source": _source(spec)})


def _answer(operation: Node) -> Node:
    answer: Node = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return answer


def _reached(answers: Iterable[str], known: Node) -> set[str]:
    """The names of all schemas that these answers lead to, near or far."""
    waiting = deque(name for answer in answers for name in _NAME.findall(answer))
    reached: set[str] = set()
    while waiting:
        name = waiting.popleft()
        if name not in reached:
            reached.add(name)
            waiting += (each for member in _members(known[name]).values() for each in _NAME.findall(member))
    return reached


def _members(schema: Node) -> dict[str, str]:
    """A schema's members. One that is but a choice of others has a single one, "|"."""
    if "anyOf" in schema:
        return {"|": _leads_to(schema)}
    required, expandable = schema.get("required", ()), schema.get("x-expandableFields", ())
    return {
        name: ("!" if name in required else "")
        + ("?" if each.get("nullable") else "")
        + ("*" if name in expandable else "")
        + _leads_to(each)
        for name, each in schema.get("properties", {}).items()
    }


def _leads_to(schema: Node) -> str:
    """What a value leads to: the sign of how, and the schemas' names."""
    if "x-expansionResources" in schema:
        return ">" + _references({"anyOf": schema["x-expansionResources"]["oneOf"]})
    if schema.get("type") == "array":
        return "[]" + _leads_to(schema["items"]).removeprefix("=")
    if isinstance(values := schema.get("additionalProperties"), dict):
        return "{}" + _leads_to(values).removeprefix("=")
    properties = schema.get("properties", {})
    if {"data", "has_more"} <= properties.keys():
        return "#" + _references(properties["data"]["items"])
    return f"={names}" if (names := _references(schema)) else ""


def _references(schema: Node) -> str:
    """The names of the schemas that this is one of."""
    alternatives = schema.get("anyOf", [schema])
    return ",".join(each["$ref"].removeprefix(_REFERENCE) for each in alternatives if "$ref" in each)


# --- how files are written


def _text(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _listed(entries: list[Any]) -> str:
    return "[\n" + ",\n".join(_text(each) for each in entries) + "\n]\n"


def _document(content: Node) -> str:
    """One entry a line, of the document and of each of its parts."""
    return (
        "{\n" + ",\n".join(f"{_text(name)}:{_part(part)}" for name, part in sorted(content.items())) + "\n}\n"
    )


def _part(part: Any) -> str:
    if isinstance(part, list):
        return _listed(part).rstrip()
    if isinstance(part, dict):
        return (
            "{\n" + ",\n".join(f"{_text(name)}:{_text(each)}" for name, each in sorted(part.items())) + "\n}"
        )
    return _text(part)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description="Make the Stripe dialect's data anew.")
    parser.add_argument("--spec", type=Path, default=SPEC)
    spec = json.loads(parser.parse_args().spec.read_text(encoding="utf-8"))
    for name, text in made(spec).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}: {len(text)} bytes")


if __name__ == "__main__":
    main()
