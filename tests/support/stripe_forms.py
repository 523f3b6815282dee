"""Parameters as Stripe's libraries write them into forms and queries."""

from __future__ import annotations

from typing import Any


def form(parameters: dict[str, Any]) -> dict[str, str]:
    """Nested parameters as fields with brackets: lists by index, booleans as words, None as nothing."""
    return dict(_fields(parameters, ""))


def _fields(value: Any, name: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [
            field for key, each in value.items() for field in _fields(each, f"{name}[{key}]" if name else key)
        ]
    if isinstance(value, list):
        return [field for index, each in enumerate(value) for field in _fields(each, f"{name}[{index}]")]
    if value is None:
        return [(name, "")]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]
