"""What a merchant names by an id is there, or unknown: the one answer for all that is not theirs."""

from __future__ import annotations

from typing import TypeVar

from kessai.domain.document import Document
from kessai.domain.errors import NotFoundError

T = TypeVar("T")
D = TypeVar("D", bound=Document)


def found(thing: T | None, kind: str) -> T:
    """What was looked for; `kind` is what it is called.

    Raises:
        NotFoundError: there is none.
    """
    if thing is None:
        raise NotFoundError(kind)
    return thing


def living(document: D | None, kind: str) -> D:
    """The same, and a deleted one is as unknown."""
    return found(None if document is None or document.deleted_at is not None else document, kind)
