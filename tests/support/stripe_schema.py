"""Stripe's OpenAPI document as a judge of answers. It lies beside the checkout and is not part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema_rs import Draft202012, Draft202012Validator, Registry

DEFAULT_SPEC: Final = Path(__file__).parents[2] / "../shared/reference/stripe-openapi/spec3.json"
_DOCUMENT: Final = "urn:stripe"
NEWER: Final = frozenset(
    {
        "card.network",
        "charge.source",
        "checkout.session.allowed_payment_method_types",
        "components.active_entitlements",
        "components.customer_portal",
        "confirmation_token.metadata",
        "dispute.intended_submission_method",
        "ephemeral_key.associated_objects",
        "evidence_details.submission_method",
        "payment_intent.allowed_payment_method_types",
        "payment_intent.payment_record",
        "payment_intent.source",
        "product.tax_details",
        "product.type",
        "refund.customer",
        "refund.customer_account",
        "refund.payment_method",
        "setup_intent.allowed_payment_method_types",
    }
)
"""Members that the document does not know yet, but the version of the API that is answered.

Source: the types of stripe-node 23.1, and what an ephemeral key has for stripe-android's
`EphemeralKeyJsonParser`, read 2026-11-26.
"""
RECORDED: Final = frozenset({"charge.destination", "charge.dispute", "charge.order"})
"""Members that recorded answers have and neither the document nor Stripe's libraries list."""


class Judge:
    """Says what is wrong with answers, by the document at `path`.

    All schemas are taken in at once, each as that of a property: those that it names are read once then.
    """

    def __init__(self, path: Path) -> None:
        spec = json.loads(path.read_bytes())
        self._paths: dict[str, Any] = spec["paths"]
        self._schemas: dict[str, Any] = _nullable_as_type(spec["components"]["schemas"])
        self._answers: dict[str, Any] = {}
        for template, operations in self._paths.items():
            for method, operation in operations.items():
                for status, response in operation["responses"].items():
                    if (shape := response["content"].get("application/json")) is not None:
                        self._answers[_answer(method, template, status)] = _nullable_as_type(shape["schema"])
        objects = {name: {"$ref": f"#/components/schemas/{name}"} for name in self._schemas}
        shapes = _at_document({**self._answers, **objects})
        self._validator = Draft202012Validator(
            # what has no schema is not let through
            {"properties": shapes, "additionalProperties": False},
            registry=Registry([(_DOCUMENT, {"components": {"schemas": self._schemas}})], draft=Draft202012),
        )
        self._templates = sorted(self._paths, key=lambda each: each.count("{"))

    def operation(self, method: str, path: str) -> str | None:
        """The path template of the document that a request went to; None if there is none."""
        parts = path.split("/")
        for template in self._templates:
            names = template.split("/")
            fits = len(names) == len(parts) and all(
                name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
            )
            if fits and method.lower() in self._paths[template]:
                return str(template)
        return None

    def problems(self, method: str, path: str, status: int, answer: Any) -> list[str]:
        """What the document does not allow, the worst first; nothing for what it does not have."""
        template = self.operation(method, path)
        if template is None:
            return []
        known = _answer(method, template, status)
        shape = known if known in self._answers else _answer(method, template, "default")
        return [*self._misfits(shape, answer), *self._strangers(self._answers[shape], answer, "")][:10]

    def event_problems(self, event: Any) -> list[str]:
        """The same of an event, its envelope and the object inside."""
        shown = event["data"]["object"]
        return [*self._misfits("event", event), *self._misfits(shown["object"], shown)]

    def _misfits(self, shape: str, value: Any) -> list[str]:
        """Where a value is not of a shape: an object's name, or an operation's answer."""
        errors = self._validator.iter_errors({shape: value})
        return [f"{'/'.join(map(str, each.instance_path[1:]))}: {each.message[:300]}" for each in errors]

    def _strangers(self, schema: Any, value: Any, where: str) -> Iterator[str]:
        """Members that no alternative of the schema knows."""
        if isinstance(value, list):
            items = [each["items"] for each in self._alternatives(schema) if "items" in each]
            for index, each in enumerate(value):
                yield from self._strangers({"anyOf": items}, each, f"{where}/{index}")
        if not isinstance(value, dict):
            return
        objects = [each for each in self._alternatives(schema) if "properties" in each]
        if not objects or any(each.get("additionalProperties") for each in self._alternatives(schema)):
            return
        owner = value.get("object") or where.rpartition("/")[2]
        for name, each in value.items():
            if f"{owner}.{name}" in NEWER | RECORDED:
                continue
            known = [other["properties"][name] for other in objects if name in other["properties"]]
            if not known:
                yield f"{where}/{name}: no member of {objects[0].get('title') or objects[0].get('type')}"
            else:
                yield from self._strangers({"anyOf": known}, each, f"{where}/{name}")

    def _alternatives(self, schema: Any) -> list[Any]:
        if "$ref" in schema:
            return self._alternatives(self._schemas[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return [each for one in schema["anyOf"] for each in self._alternatives(one)]
        return [schema]


@cache
def judge(path: Path = DEFAULT_SPEC) -> Judge | None:
    """The judge, if the document is there."""
    return Judge(path) if path.exists() else None


def _answer(method: str, template: str, status: int | str) -> str:
    return f"{method.upper()} {template} {status}"


def _nullable_as_type(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` in JSON Schema's words."""
    if isinstance(node, list):
        return [_nullable_as_type(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {name: _nullable_as_type(each) for name, each in node.items() if name != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") is True else made


def _at_document(node: Any) -> Any:
    if isinstance(node, list):
        return [_at_document(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: f"{_DOCUMENT}{each}" if name == "$ref" else _at_document(each) for name, each in node.items()
    }
