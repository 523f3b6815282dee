"""What a body may have been before somebody rewrote it: the usual ways, some twenty of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Final

_BOM: Final = b"\xef\xbb\xbf"
_LAYOUTS: Final[tuple[dict[str, Any], ...]] = (
    {"separators": (",", ":")},
    {"separators": (", ", ": ")},
    {"indent": 2},
)
_PARSED_MAX: Final = 16 * 1024
"""Bytes of a body that is written anew: no webhook of ours is longer, and writing holds up other requests."""
_DEPTH_MAX: Final = 16
"""Levels of one: each is indented further than the one before."""


@dataclass(frozen=True)
class Body:
    """A body as it was received."""

    raw: bytes

    @cached_property
    def rewritings(self) -> Sequence[tuple[bytes, str]]:
        """What else it may have been, each with what was done to it since."""
        found: dict[bytes, str] = {}
        for before, how in (*_of_text(self.raw), *_of_json(self.raw)):
            found.setdefault(before, how)
        found.pop(self.raw, None)
        return list(found.items())


def _of_text(body: bytes) -> Iterator[tuple[bytes, str]]:
    yield body.removeprefix(_BOM), "given a byte order mark"
    yield _BOM + body, "stripped of its byte order mark"
    yield body.removeprefix(_BOM).strip(), "given white space around it"
    for end in (b"\n", b"\r\n"):
        yield body + end, "stripped of the line break at its end"
    unix = body.replace(b"\r\n", b"\n")
    yield unix, "given line breaks of Windows"
    yield unix.replace(b"\n", b"\r\n"), "stripped of its line breaks of Windows"


def _of_json(body: bytes) -> Iterator[tuple[bytes, str]]:
    if len(body) > _PARSED_MAX:
        return
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(parsed, str):
        yield _encoded(parsed), "encoded as a JSON string"
    if not _is_deep(parsed, _DEPTH_MAX):
        for layout, is_escaped, is_sorted in product(_LAYOUTS, (False, True), (False, True)):
            text = json.dumps(parsed, **layout, ensure_ascii=is_escaped, sort_keys=is_sorted)
            yield _encoded(text), "parsed and written anew"


def _is_deep(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_is_deep(each, levels - 1) for each in inner)


def _encoded(text: str) -> bytes:
    # Half of a surrogate pair can be escaped in JSON, but not written.
    return text.encode("utf-8", "replace")
