"""What a database holds, in a few lines: of each column a checksum over all rows, of each number its sum.

And its schema, as the database itself tells it, to see whether it is that of one revision or of none.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from tests.prove.ground import Ground

_KEYS: Final = {"idempotency_keys": "merchant_id, key", "webhook_attempts": "delivery_id, number"}
"""How rows are put in order where there is no id."""
_AT_ONCE: Final = 5_000
_OURS: Final = "prove"
"""How the names of tables and triggers begin that an attack has put there."""


@dataclass(frozen=True, slots=True)
class Column:
    """All values of one column; `total` is of whole numbers only."""

    rows: int
    checksum: str
    total: int | None


Fingerprint = Mapping[str, Column]
"""By `table.column`."""


def fingerprint(ground: Ground, tables: Collection[str]) -> Fingerprint:
    """Read all rows of these tables."""
    return asyncio.run(_fingerprint(ground, tables))


def differences(before: Fingerprint, after: Fingerprint) -> list[str]:
    """What is not as it was, in words; columns that were added since are passed over."""
    found = []
    for name, was in before.items():
        now = after.get(name)
        if now is None:
            found.append(f"a column is gone: {name}")
        elif was.rows != now.rows:
            found.append(f"rows lost or made: {name}, {was.rows} are {now.rows}")
        elif was.total != now.total:
            found.append(f"another sum: {name}, {was.total} is {now.total}")
        elif was.checksum != now.checksum:
            found.append(f"other values: {name}")
    return sorted(found)


def schema(ground: Ground) -> Sequence[str]:
    """Every table, column, constraint and index but an attack's own, in words of the database, in order."""
    query = _SQLITE_SCHEMA if ground.kind == "sqlite" else _POSTGRESQL_SCHEMA
    lines = (" ".join(str(each) for each in row) for row in asyncio.run(ground.rows(query)))
    # A table that was made anew has its name in quotes.
    return sorted(line.replace('"', "") for line in lines if not line.startswith(_OURS))


_SQLITE_SCHEMA: Final = "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL"
_POSTGRESQL_SCHEMA: Final = """
    SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname, contype::text, convalidated::text,
    pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT c.relname, i.relname, x.indisvalid::text, x.indisready::text, pg_get_indexdef(i.oid)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    WHERE c.relnamespace = 'public'::regnamespace
"""


async def _fingerprint(ground: Ground, tables: Collection[str]) -> Fingerprint:
    found: dict[str, Column] = {}
    for table in tables:
        query = f"SELECT * FROM {table} ORDER BY {_KEYS.get(table, 'id')}"
        read = _of_file(ground.url, query) if ground.kind == "sqlite" else _of_server(ground.url, query)
        # The names come first, whether there are rows or not.
        columns = {str(name): _Sum() for name in await anext(read)}
        async for rows in read:
            for each, values in zip(columns.values(), zip(*rows, strict=True), strict=True):
                each.add(values)
        found |= {f"{table}.{name}": each.column() for name, each in columns.items()}
    return found


async def _of_file(url: str, query: str) -> AsyncGenerator[Sequence[Any]]:
    with closing(sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as database:
        cursor = database.execute(query)
        yield [each[0] for each in cursor.description]
        while rows := cursor.fetchmany(_AT_ONCE):
            yield rows


async def _of_server(url: str, query: str) -> AsyncGenerator[Sequence[Any]]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        async with connection.transaction(readonly=True):
            statement = await connection.prepare(query)
            yield [each.name for each in statement.get_attributes()]
            cursor = await statement.cursor()
            while rows := await cursor.fetch(_AT_ONCE):
                yield rows
    finally:
        await connection.close()


class _Sum:
    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rows = self._total = 0
        self._is_number = True

    def add(self, values: tuple[Any, ...]) -> None:
        """The next values of the column."""
        self._hash.update(repr(values).encode())
        self._rows += len(values)
        numbers = [each for each in values if each is not None]
        self._is_number = self._is_number and all(isinstance(each, int) for each in numbers)
        self._total += sum(numbers) if self._is_number else 0

    def column(self) -> Column:
        """What it comes to."""
        return Column(self._rows, self._hash.hexdigest()[:16], self._total if self._is_number else None)
