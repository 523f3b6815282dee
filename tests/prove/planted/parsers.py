"""Parsers with a bug."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kessai.dialects.stripe import form


def _any_kind_of_value() -> None:
    """Forms that say of one name that it is a text, and later that it is more, are not refused."""

    # Any: texts, and dicts and lists of them.
    def inside(holder: dict[str, Any], name: str, kind: type[Any], _key: str) -> Any:
        return holder.setdefault(name, kind())

    form._inside = inside  # type: ignore[assignment]


PLANTS: Final[Mapping[str, tuple[str, Callable[[], None]]]] = {
    "form-of-any-kind": ("form", _any_kind_of_value)
}
"""By name: the target that meets the bug, and what plants it."""
