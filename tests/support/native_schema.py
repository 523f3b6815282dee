"""The native API's own OpenAPI document as a judge of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jsonschema_rs import Draft202012Validator

_JSON: Final = "application/json"


class NativeJudge:
    """Says what a document does not allow; all its schemas are taken in at once, each as a property's."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._templates = sorted(document["paths"], key=lambda each: each.count("{"))
        self._validator = Draft202012Validator(
            {
                "properties": {
                    _name(method, template, int(status)): shape["content"][_JSON]["schema"]
                    for template, operations in document["paths"].items()
                    for method, operation in operations.items()
                    for status, shape in operation["responses"].items()
                    if _JSON in shape.get("content", ())
                },
                # what the document does not have is not let through
                "additionalProperties": False,
                "components": document["components"],
            },
            validate_formats=True,
        )

    def problems(self, method: str, path: str, status: int, answer: Any) -> list[str]:
        """What the document does not allow; any JSON is an answer."""
        name = _name(method, self._template(path), status)
        errors = self._validator.iter_errors({name: answer})
        return [f"{'/'.join(map(str, each.instance_path[1:]))}: {each.message[:300]}" for each in errors]

    def _template(self, path: str) -> str:
        parts = path.split("/")
        fitting = (each for each in self._templates if _fits(each.split("/"), parts))
        return next(fitting, path)


def _fits(names: list[str], parts: list[str]) -> bool:
    return len(names) == len(parts) and all(
        name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
    )


def _name(method: str, template: str, status: int) -> str:
    return f"{method.upper()} {template} {status}"
