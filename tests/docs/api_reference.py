"""The reference of the API's routes, made of the OpenAPI document that the server gives out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from kessai.control import health_routes
from kessai.control.document import openapi_document
from kessai.control.metrics import Metrics
from kessai.dialects.native.dialect import NativeDialect
from kessai.dialects.native.errors import STATUS, reading, writing
from kessai.dialects.native.events import EVENT_NAMES
from kessai.domain.event import EventType
from kessai.domain.transitions import Status
from kessai.simulation.table import SIMULATIONS
from tests.docs.tables import table

# A part of the OpenAPI document is whatever JSON holds.
Tree = dict[str, Any]

_GROUPS: Final = (
    *("payments", "refunds", "customers", "instruments", "intents", "setups", "payer"),
    *("disputes", "balance", "payouts"),
    *("merchants", "webhooks", "operations"),
)
_LISTED_ELSEWHERE: Final = {
    tuple(SIMULATIONS): "[a simulation](simulations.md)",
    tuple(EventType): "[an event](webhooks.md#events)",
    EVENT_NAMES: "[event](webhooks.md#events) or `*`",
    tuple(Status): "[a status](states.md)",
}


@cache
def document() -> Tree:
    """The OpenAPI document."""
    native = NativeDialect()
    routers = [*native.routers, ("", health_routes.router), ("", Metrics().router())]
    return openapi_document(routers)


def _operations() -> Iterator[tuple[str, str, Tree]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _grouped() -> list[tuple[str, list[tuple[str, str, Tree]]]]:
    groups: dict[str, list[tuple[str, str, Tree]]] = defaultdict(list)
    for method, path, operation in _operations():
        groups[operation["tags"][-1]].append((method, path, operation))
    return [(name, groups[name]) for name in sorted(groups, key=_GROUPS.index)]


def routes() -> str:
    """Every route with its operation id, grouped."""
    return table(
        ("Route", "Does", "Operation id"),
        (
            (
                f"`{method} {path}`",
                operation["summary"],
                f"[`{operation['operationId']}`](#{operation['operationId']})",
            )
            for _, group in _grouped()
            for method, path, operation in group
        ),
    )


def operations() -> str:
    """Each operation: what it reads, how it answers, how it refuses."""
    parts = []
    for name, group in _grouped():
        parts.append(f"### {name.capitalize()}")
        parts += [_operation(method, path, operation) for method, path, operation in group]
    return "\n\n".join(parts)


def schemas() -> str:
    """Each shape that operations answer with."""
    known = document()["components"]["schemas"]
    shown = {name for _, _, operation in _operations() for name in _answer_names(operation) if name in known}

    nested = {name for each in shown for name in _nested(known[each])}
    nested |= {name for _, _, operation in _operations() for name in _nested(_body(operation))}
    return "\n\n".join(
        f"### {name}\n\n{_described(known[name])}{_fields(known[name], is_answer=not name.endswith('In'))}"
        for name in sorted(shown | nested)
        if known[name].get("properties")
    )


def _operation(method: str, path: str, operation: Tree) -> str:
    parts = [
        f"#### {operation['operationId']}",
        f"`{method} {path}`",
        operation.get("description", "").strip(),
    ]
    query = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    if query:
        parts.append(
            table(
                ("Query", "Type", "Notes"),
                (
                    (f"`{each['name']}`", _type(each["schema"]), _notes(each["schema"], each))
                    for each in query
                ),
            )
        )
    if body := _body(operation):
        # A change of something leaves alone what is not sent: defaults say nothing there.
        parts.append(_fields(body, is_answer=False, has_defaults=method != "PATCH"))
    parts.append(_answers(operation))
    return "\n\n".join(part for part in parts if part)


def _body(operation: Tree) -> Tree:
    content = operation.get("requestBody", {}).get("content", {})
    return _resolved(content.get("application/json", {}).get("schema", {}))


def _answers(operation: Tree) -> str:
    lines = []
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            names = list(_schema_names(answer))
            shape = f": [{names[0]}](#{names[0].lower()})" if names else ""
            lines.append(f"Answers {status}{shape}.")
    own = [code for code in _codes(operation) if code not in _usual(operation)]
    if own:
        lines.append(f"Refuses with {', '.join(f'`{code}`' for code in own)}.")
    return " ".join(lines)


def _codes(operation: Tree) -> list[str]:
    return [
        code
        for status, answer in operation["responses"].items()
        if int(status) >= 400
        for code in answer.get("content", {}).get("application/json", {}).get("examples", ())
    ]


def _usual(operation: Tree) -> set[str]:
    codes = set(_codes(operation))
    return next(
        (usual for usual in (_documented(writing()), _documented(reading())) if usual <= codes), set()
    )


def _documented(responses: dict[int | str, Tree]) -> set[str]:
    return {
        code for answer in responses.values() for code in answer["content"]["application/json"]["examples"]
    }


def usual_refusals() -> str:
    """What every route with a key, and every one that writes, can refuse with."""
    read, write = _documented(reading()), _documented(writing())
    return table(
        ("Every route that", "can refuse with"),
        (
            ("needs a key", _in_order(read)),
            ("takes `POST` or `PATCH` with a key", "these, and " + _in_order(write - read)),
        ),
    )


def _in_order(codes: set[str]) -> str:
    return ", ".join(f"`{code}`" for code in STATUS if code in codes)


def _answer_names(operation: Tree) -> Iterator[str]:
    for answer in operation["responses"].values():
        yield from _schema_names(answer)


def _schema_names(answer: Tree) -> Iterator[str]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]


def _nested(schema: object) -> Iterator[str]:
    """The shapes that a part of the document refers to, and those that these refer to."""
    if isinstance(schema, list):
        for each in schema:
            yield from _nested(each)
    elif isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
            yield from _nested(_resolved(schema))
        for each in schema.values():
            yield from _nested(each)


def _resolved(schema: Tree) -> Tree:
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            found: Tree = document()["components"]["schemas"][each["$ref"].rpartition("/")[2]]
            return found
    return schema


def _described(schema: Tree) -> str:
    return f"{schema['description']}\n\n" if schema.get("description") else ""


def _fields(schema: Tree, *, is_answer: bool, has_defaults: bool = True) -> str:
    required = schema.get("required", ())
    return table(
        ("Field", "Type", "Notes"),
        (
            (
                f"`{name}`" + (" (required)" if name in required and not is_answer else ""),
                _type(field),
                _notes(field if has_defaults else {**field, "default": None}, {}),
            )
            for name, field in schema["properties"].items()
        ),
    )


def _type(schema: Tree) -> str:
    choices = schema.get("anyOf")
    if choices:
        return " or ".join(_type(choice) for choice in choices)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        shape = _resolved(schema)
        return f"[{name}](#{name.lower()})" if shape.get("properties") and _is_shown(name) else _values(shape)
    if "enum" in schema or "const" in schema:
        return _values(schema)
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    names = {"date-time": "moment", "email": "email"}
    return names.get(schema.get("format", ""), str(schema.get("type", "any")))


def _is_shown(name: str) -> bool:
    return name.endswith(("In", "Out", "Page", "Body"))


def _values(schema: Tree) -> str:
    if "const" in schema:
        return f"`{schema['const']}`".lower()
    if "enum" in schema:
        listed = _LISTED_ELSEWHERE.get(tuple(schema["enum"]))
        return listed or ", ".join(f"`{value}`" for value in schema["enum"])
    if "properties" in schema:
        return "object with " + ", ".join(f"`{name}`" for name in schema["properties"])
    return str(schema.get("type", "any"))


def _notes(schema: Tree, parameter: Tree) -> str:
    notes = [str(parameter.get("description") or schema.get("description") or "").strip().rstrip(".")]
    for each in (schema, *schema.get("anyOf", ())):
        if "minimum" in each and "maximum" in each:
            notes.append(f"{int(each['minimum'])} to {int(each['maximum'])}")
        if "maxLength" in each:
            notes.append(f"at most {each['maxLength']} characters")
        if "maxProperties" in each:
            notes.append(f"at most {each['maxProperties']} keys")
    if schema.get("default") not in (None, ""):
        notes.append(f"default `{_plain(schema['default'])}`")
    return "; ".join(dict.fromkeys(note for note in notes if note))


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
