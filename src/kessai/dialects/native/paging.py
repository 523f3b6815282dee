"""Cursors: where a list goes on, in text that means nothing to anybody else."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from kessai.domain.errors import InvalidFieldError


class HasId(Protocol):
    """Anything listed: ids sort by time."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=HasId)


def encode_cursor(last_id: str) -> str:
    """The cursor after which the next page begins."""
    return urlsafe_b64encode(UUID(last_id).bytes).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The id a cursor stands for.

    Raises:
        InvalidFieldError: we never gave out such a cursor.
    """
    if cursor is None:
        return None
    try:
        last_id = str(UUID(bytes=urlsafe_b64decode(cursor + "==")))
    except (Error, ValueError):
        raise not_a_cursor() from None
    # Decoding passes over what does not belong there.
    if encode_cursor(last_id) != cursor:
        raise not_a_cursor()
    return last_id


def not_a_cursor() -> InvalidFieldError:
    """The refusal of a cursor that we never gave out."""
    return InvalidFieldError(
        "this is not a cursor", param="cursor", hint="pass next_cursor of the page before, unchanged"
    )


def page(items: Sequence[T], limit: int, render: Callable[[T], Any]) -> dict[str, Any]:
    """A page of at most `limit`; `items` holds one more when there is a next page."""
    shown = items[:limit]
    return page_after(shown, shown[-1].id if len(items) > limit else None, render)


def page_after(items: Sequence[T], last: str | None, render: Callable[[T], Any]) -> dict[str, Any]:
    """A page of these, and a cursor to go on from `last` if the list does."""
    return {
        "data": [render(item) for item in items],
        "has_more": last is not None,
        "next_cursor": None if last is None else encode_cursor(last),
    }
