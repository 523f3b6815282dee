"""What the journal promises, on either database: the one door for everything that is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection

from kessai.domain.change import Change
from kessai.domain.idempotency import KeyClaim
from kessai.storage.query import Query

T = TypeVar("T")

BATCH_MAX: Final = 256
"""Changes of one transaction: bounds the answer time of the first and the memory of all."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Durable: the answer may leave.

    `is_heard`: somebody may have to be told of its events. It is so unless the database knows better.
    """

    is_heard: bool = field(default=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """The idempotency key was used before; `claim` holds what for and how it was answered."""

    claim: KeyClaim


@dataclass(frozen=True, slots=True)
class Stale:
    """A row has moved on since it was read: load and decide again."""


CommitResult = Committed | KeyTaken | Stale

COMMITTED: Final = Committed()
UNHEARD: Final = Committed(is_heard=False)
STALE: Final = Stale()


Observer = Callable[[Change, Committed], None]
"""Who is told of what was committed."""


class Database(Protocol):
    """Reads, and the journal. Both raise DatabaseUnavailableError, the journal StorageFullError."""

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        """Run a read and return its rows."""
        ...

    async def commit(self, change: Change) -> CommitResult:
        """Write a Change, all or nothing, and return once it is durable."""
        ...

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """Run ordinary statements as one transaction of their own; rare writes and batches of rows."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of every connection."""
        ...
