"""What a database holds, read with plain SQL: the auditor trusts nothing of kessai's own reading."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import asyncpg

from tests.e2e.shop import Shop

Row = dict[str, Any]

_TABLES: Final = {
    **dict.fromkeys(("payments", "refunds", "webhook_events", "idempotency_keys"), "*"),
    "webhook_endpoints": "id, merchant_id, events, is_enabled, created_at, deleted_at",
    "webhook_deliveries": "id, merchant_id, event_id, endpoint_id, status",
}
"""The tables that matter, and which of their columns."""
_UNIQUE: Final = ["merchant_id", "key"]


@dataclass(frozen=True, slots=True)
class Books:
    """Every row of the tables that matter, by table, and what the database says of its own state."""

    tables: Mapping[str, list[Row]]
    has_unique_keys: bool
    damage: list[str] = field(default_factory=list)

    @property
    def payments(self) -> list[Row]:
        return self.tables["payments"]

    @property
    def refunds(self) -> list[Row]:
        return self.tables["refunds"]

    @property
    def events(self) -> list[Row]:
        return self.tables["webhook_events"]

    @property
    def keys(self) -> list[Row]:
        return self.tables["idempotency_keys"]

    @property
    def endpoints(self) -> list[Row]:
        return self.tables["webhook_endpoints"]

    @property
    def deliveries(self) -> list[Row]:
        return self.tables["webhook_deliveries"]

    def of(self, shop: Shop) -> Books:
        """The rows of a shop's merchant, which is told by its payments."""
        asked = shop.journal.asked
        mine = {row["merchant_id"] for row in self.payments if row["reference"] in asked}
        tables = {
            name: [row for row in rows if row["merchant_id"] in mine] for name, rows in self.tables.items()
        }
        return Books(tables, self.has_unique_keys, self.damage)


async def read_books(url: str, merchant_id: str | None = None) -> Books:
    """Read a database by its URL, whether or not a server has it open.

    With a merchant's id only its rows, and nothing is checked for damage: a large database in parts.
    """
    if url.startswith("sqlite"):
        return read_sqlite(Path(url.removeprefix("sqlite:///")), merchant_id)
    return await _server(url, merchant_id)


async def damage_of(url: str) -> list[str]:
    """What a database says of its own state, in words; without a look at what its rows tell."""
    if url.startswith("sqlite"):
        path = quote(url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return _damage(database)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return [each async for each in _broken_constraints(connection)]
    finally:
        await connection.close()


def read_sqlite(path: Path, merchant_id: str | None = None) -> Books:
    """Read a file, after checking every page and every foreign key of it; or one merchant's rows."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        try:
            damage = _damage(database) if merchant_id is None else []
            tables = {
                table: _plain(database.execute(query)) for table, query in _queries(merchant_id).items()
            }
            unique = [
                [column["name"] for column in database.execute(f"PRAGMA index_info({index['name']})")]
                for index in database.execute("PRAGMA index_list(idempotency_keys)")
                if index["unique"] and not index["partial"]
            ]
        except sqlite3.DatabaseError as error:
            return Books({table: [] for table in _TABLES}, True, [f"cannot be read: {error}"])
    return Books(tables, _UNIQUE in unique, damage)


def _queries(merchant_id: str | None) -> Mapping[str, str]:
    """What reads each table."""
    where = "" if merchant_id is None else f" WHERE merchant_id = '{merchant_id}'"
    return {table: f"SELECT {columns} FROM {table}{where}" for table, columns in _TABLES.items()}


def _damage(database: sqlite3.Connection) -> list[str]:
    checked = [tuple(row) for row in database.execute("PRAGMA integrity_check")]
    orphans = [tuple(row) for row in database.execute("PRAGMA foreign_key_check")]
    damage = [f"integrity_check: {row}" for row in checked if row != ("ok",)]
    return damage + [f"foreign_key_check: {row}" for row in orphans]


async def _server(url: str, merchant_id: str | None) -> Books:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        tables = {
            table: _plain(await connection.fetch(query)) for table, query in _queries(merchant_id).items()
        }
        damage = [] if merchant_id else [each async for each in _broken_constraints(connection)]
        unique = await connection.fetch(
            "SELECT array_agg(a.attname::text ORDER BY k.place) AS columns FROM pg_index i"
            " CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number"
            " WHERE i.indrelid = 'idempotency_keys'::regclass AND i.indisunique AND i.indisvalid"
            " AND i.indpred IS NULL GROUP BY i.indexrelid"
        )
    finally:
        await connection.close()
    return Books(tables, _UNIQUE in [row["columns"] for row in unique], damage)


async def _broken_constraints(connection: asyncpg.Connection[asyncpg.Record]) -> AsyncIterator[str]:
    """Constraints and indexes that do not hold or are not looked after, each asked for with its own query."""
    unwatched = await connection.fetch(
        "SELECT conname AS name FROM pg_constraint WHERE NOT convalidated"
        " UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)"
    )
    for row in unwatched:
        yield f"not valid: {row['name']}"
    checks = await connection.fetch(
        "SELECT conname, conrelid::regclass::text AS of_table, pg_get_expr(conbin, conrelid) AS rule"
        " FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    for row in checks:
        if await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM {row['of_table']} WHERE NOT ({row['rule']}))"
        ):
            yield f"broken: {row['conname']}"
    keys = await connection.fetch(
        "SELECT conname, conrelid::regclass::text AS of_table, confrelid::regclass::text AS to_table,"
        " a.attname AS of_column, b.attname AS to_column FROM pg_constraint"
        " JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]"
        " JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = confkey[1]"
        " WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
    )
    for row in keys:
        orphan = (
            f"SELECT FROM {row['of_table']} c WHERE c.{row['of_column']} IS NOT NULL AND NOT EXISTS"
            f" (SELECT FROM {row['to_table']} p WHERE p.{row['to_column']} = c.{row['of_column']})"
        )
        if await connection.fetchval(f"SELECT EXISTS ({orphan})"):
            yield f"broken: {row['conname']}"


def _plain(rows: Iterable[Any]) -> list[Row]:
    """Rows of either driver as dictionaries, ids as text, JSON parsed."""
    return [{name: _value(name, value) for name, value in _items(row)} for row in rows]


def _items(row: Any) -> Iterable[tuple[str, Any]]:
    items: Mapping[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118 - rows are no dictionaries
    return items.items()


def _value(name: str, value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return json.loads(value) if name in ("transitions", "snapshot", "events") else value
