"""What every object of the Stripe API has in common: how times, lists and bytes are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

API_VERSION: Final = "2026-10-28.endive"
"""The version whose shapes are spoken. Others are accepted and echoed.

Source: the version that Stripe's Python library 16.1 pins, read 2026-11-26.
"""

_LAST: Final = 253_402_214_400
"""The last day of the year 9999."""

Object = dict[str, Any]
"""Any: JSON, whose shape the API's document gives."""


def seconds(at: datetime) -> int:
    """A moment as the API writes it: whole seconds since 1970."""
    return int(at.timestamp())


def seconds_or_none(at: datetime | None) -> int | None:
    """The same of a moment that may not have come."""
    return None if at is None else int(at.timestamp())


def moment(unix: int) -> datetime:
    """A moment as it was given; what no calendar has is the first or the last that one has."""
    return datetime.fromtimestamp(min(max(unix, 0), _LAST), UTC)


def pretty(content: Any) -> bytes:
    """The bytes of an answer: indented by two, as people grep for them."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def list_object(url: str, data: Sequence[Object], *, has_more: bool) -> Object:
    """A page of a list. `url` is what the SDKs' auto-paging goes on with."""
    return {"object": "list", "data": list(data), "has_more": has_more, "url": url}


def deleted(object_name: str, object_id: str) -> Object:
    """What is left of something that was deleted."""
    return {"id": object_id, "object": object_name, "deleted": True}
