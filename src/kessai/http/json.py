"""JSON as it leaves: compact, and moments as RFC 3339 in UTC with `Z`, microseconds only if not zero."""

from __future__ import annotations

from typing import Any

import orjson


def to_json(content: Any) -> bytes:
    """The bytes of a JSON-able value; moments in it are aware and UTC."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
