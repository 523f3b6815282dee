"""What the Stripe API's document has, so that what kessai lacks can be named."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import orjson


@cache
def operations() -> list[tuple[str, str]]:
    """Method and path template of every operation, as the document has them."""
    text = files("kessai.dialects.stripe").joinpath("operations.json").read_bytes()
    return [(method, template) for method, template in orjson.loads(text)]


def is_documented(method: str, path: str) -> bool:
    """Whether the document has an operation there."""
    parts = path.removeprefix("/stripe").split("/")
    return any(each == method and _fits(template.split("/"), parts) for each, template in operations())


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        known == part or (known.startswith("{") and part != "")
        for known, part in zip(template, parts, strict=True)
    )
