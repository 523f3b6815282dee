"""The reference of the API's routes, made of the OpenAPI document that the server gives out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from kessai.control import health_routes
from kessai.control.metrics import Metrics
from kessai.control.reference import build_reference
from kessai.dialects.native.dialect import NativeDialect
from tests.docs.tables import table

# A part of the OpenAPI document is whatever JSON holds.
Tree = dict[str, Any]

_GROUPS: Final = ("payments", "refunds", "payer", "merchants", "webhooks", "operations")


@cache
def document() -> Tree:
    """The OpenAPI document."""
    native = NativeDialect()
    routers = [*native.routers, ("", health_routes.router), ("", Metrics().router())]
    return build_reference(routers, native).openapi()


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
    shown = {name for _, _, operation in _operations() for name in _answer_names(operation)}
    shapes = document()["components"]["schemas"]
    nested = {name for each in shown for name in _nested(shapes[each])}
    return "\n\n".join(
        f"### {name}\n\n{_described(shapes[name])}{_fields(shapes[name], is_answer=True)}"
        for name in sorted(shown | nested)
        if shapes[name].get("properties")
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
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        parts.append(_fields(_resolved(body), is_answer=False))
    parts.append(_answers(operation))
    return "\n\n".join(part for part in parts if part)


def _answers(operation: Tree) -> str:
    lines = []
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            names = list(_schema_names(answer))
            shape = f": [{names[0]}](#{names[0].lower()})" if names else ""
            lines.append(f"Answers {status}{shape}.")
    refusals = [
        f"{status} {', '.join(f'`{code}`' for code in codes)}"
        for status, answer in operation["responses"].items()
        if (codes := answer.get("content", {}).get("application/json", {}).get("examples"))
        and int(status) >= 400
    ]
    if refusals:
        lines.append(f"Refuses with {'; '.join(refusals)}.")
    return " ".join(lines)


def _answer_names(operation: Tree) -> Iterator[str]:
    for answer in operation["responses"].values():
        yield from _schema_names(answer)


def _schema_names(answer: Tree) -> Iterator[str]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]


def _nested(schema: Tree) -> Iterator[str]:
    for field in schema.get("properties", {}).values():
        for each in (field, field.get("items", {}), *field.get("anyOf", ())):
            if "$ref" in each:
                name = each["$ref"].rpartition("/")[2]
                yield name
                yield from _nested(_resolved(each))


def _resolved(schema: Tree) -> Tree:
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            found: Tree = document()["components"]["schemas"][each["$ref"].rpartition("/")[2]]
            return found
    return schema


def _described(schema: Tree) -> str:
    return f"{schema['description']}\n\n" if schema.get("description") else ""


def _fields(schema: Tree, *, is_answer: bool) -> str:
    required = schema.get("required", ())
    return table(
        ("Field", "Type", "Notes"),
        (
            (
                f"`{name}`" + (" (required)" if name in required and not is_answer else ""),
                _type(field),
                _notes(field, {}),
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
    return name.endswith(("Out", "Page", "Body"))


def _values(schema: Tree) -> str:
    if "const" in schema:
        return f"`{schema['const']}`".lower()
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "properties" in schema:
        return "object with " + ", ".join(f"`{name}`" for name in schema["properties"])
    return str(schema.get("type", "any"))


def _notes(schema: Tree, parameter: Tree) -> str:
    notes = [str(parameter.get("description") or schema.get("description") or "").strip().rstrip(".")]
    for each in (schema, *schema.get("anyOf", ())):
        if "minimum" in each and "maximum" in each:
            notes.append(f"{each['minimum']} to {each['maximum']}")
        if "maxLength" in each:
            notes.append(f"at most {each['maxLength']} characters")
        if "maxProperties" in each:
            notes.append(f"at most {each['maxProperties']} keys")
    if schema.get("default") not in (None, ""):
        notes.append(f"default `{_plain(schema['default'])}`")
    return "; ".join(dict.fromkeys(note for note in notes if note))


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
