"""A database that answers as told, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from kessai.domain.change import Change
from kessai.domain.merchant import ApiKey, Merchant
from kessai.storage.journal import COMMITTED, CommitResult
from kessai.storage.query import Query
from kessai.storage.record_rows import KEY_COLUMNS, MERCHANT_COLUMNS, record_values

Row = tuple[Any, ...]


def row_of(key: ApiKey, merchant: Merchant) -> Row:
    """A key and its merchant as they are read together."""
    of_key, of_merchant = record_values(key), record_values(merchant)
    return (*(of_key[name] for name in KEY_COLUMNS), *(of_merchant[name] for name in MERCHANT_COLUMNS))


class FakeDatabase:
    """Answers every read with `answer(params)`, and keeps what it was asked and given."""

    def __init__(self, answer: Callable[[dict[str, Any]], Sequence[Row]] = lambda _params: []) -> None:
        self.answer = answer
        self.reads: list[dict[str, Any]] = []
        self.commits: list[Change] = []
        self.units = 0
        self.result: CommitResult = COMMITTED

    async def rows(self, query: Query, **params: object) -> Sequence[Row]:
        self.reads.append(params)
        return self.answer(params)

    async def commit(self, change: Change) -> CommitResult:
        self.commits.append(change)
        return self.result

    async def run(self, unit: Callable[[Connection], Any]) -> Any:
        self.units += 1
        return 0

    async def close(self) -> None:
        return
