"""How a database means to answer a read: the words of its plan, for tests that nothing is read in full."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Connection

from kessai.storage.journal import Database
from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.query import SQLITE, Query

_ALIASES: Final = {"open": "webhook_deliveries", "earlier": "webhook_deliveries"}


async def plan(database: Database, query: Query, **params: object) -> list[str]:
    """The lines of the plan."""

    def explain(connection: Connection) -> list[str]:
        is_sqlite = connection.dialect.name == "sqlite"
        compiled = query.compiled(SQLITE if is_sqlite else POSTGRESQL)
        values: Any = tuple(compiled.values(params))
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
    return {name for name in named if name.startswith("webhook_")}
