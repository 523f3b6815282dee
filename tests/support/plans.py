"""How a database means to answer a read: the words of its plan, for tests that nothing is read in full."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from kessai.domain.change import Change
from kessai.storage.journal import CommitResult, Database
from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.query import SQLITE, Query
from kessai.storage.tables import metadata

T = TypeVar("T")

_ALIASES: Final = {"open": "webhook_deliveries", "earlier": "webhook_deliveries"}


class Listening:
    """A database, and what it was asked to read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.asked: list[tuple[Query, dict[str, object]]] = []

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        self.asked.append((query, params))
        return await self._database.rows(query, **params)

    async def commit(self, change: Change) -> CommitResult:
        return await self._database.commit(change)

    async def run(self, unit: Callable[[Connection], T]) -> T:
        return await self._database.run(unit)

    async def close(self) -> None:
        await self._database.close()

    async def plans(self, *, has_few_rows: bool = False) -> list[list[str]]:
        """The plan of each read; with `has_few_rows` the one for when there are many."""
        return [
            await _plan(self._database, query, params, has_few_rows=has_few_rows)
            for query, params in self.asked
        ]


async def plan(database: Database, query: Query, **params: object) -> list[str]:
    """The lines of the plan."""
    return await _plan(database, query, params)


async def _plan(
    database: Database, query: Query, params: dict[str, object], *, has_few_rows: bool = False
) -> list[str]:
    # PostgreSQL reads a table with few rows in full unless it is told not to.
    def explain(connection: Connection) -> list[str]:
        is_sqlite = connection.dialect.name == "sqlite"
        compiled = query.compiled(SQLITE if is_sqlite else POSTGRESQL)
        values: Any = tuple(compiled.values(params))
        if has_few_rows and not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        how = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        return [str(row[-1]) for row in connection.exec_driver_sql(f"{how} {compiled.sql}", values)]

    return await database.run(explain)


def tables_read_in_full(lines: list[str]) -> set[str]:
    """The tables of a plan that no index narrows."""
    found = set()
    for line in lines:
        if scan := re.match(r"SCAN (\w+)(?! USING)(?:$| )", line) or re.search(r"Seq Scan on (\w+)", line):
            found.add(scan[1])
    # SQLite names tables by the aliases of the query.
    named = {_ALIASES.get(name, name) for name in found}
    return {name for name in named if name in metadata.tables}
