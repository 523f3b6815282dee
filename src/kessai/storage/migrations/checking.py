"""Checks of a table, said otherwise: what migrations of both databases need for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def check_otherwise(table: str, column: str, before: str, after: str, *, alike: str = "") -> None:
    """Have a column checked by `after` instead of `before`, or of `alike`, which says the same."""
    name = f"ck_{table}_{column}"
    if op.get_context().dialect.name == "sqlite":
        checks = [f"CONSTRAINT {name} CHECK ({each})" for each in (before, alike, after)]
        anew(table, checks[:2], checks[2])
    else:
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, after)


def anew(table: str, befores: list[str], after: str) -> None:
    """Make a table anew with `after` in its definition for one of `befores`, its rows and indexes the same.

    Foreign keys are not looked at while a file is migrated.
    Source: SQLite, ALTER TABLE, "Making Other Kinds Of Table Schema Changes", read 2026-11-26.
    """
    connection = op.get_bind()
    made = sa.text(
        "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND type = :type AND sql IS NOT NULL"
    )
    definition = connection.execute(made, {"table": table, "type": "table"}).scalar_one()
    indexes = connection.execute(made, {"table": table, "type": "index"}).scalars().all()
    before = next((each for each in befores if each in definition), None)
    if before is None:
        raise ValueError(f"{table} is not defined as this migration knows it")
    whole = definition.replace(before, after)
    # The name is quoted where the table was made anew before.
    quoted = f'"{table}"' if whole.startswith(f'CREATE TABLE "{table}"') else table
    new = f"{table}_anew"
    for statement in (
        whole.replace(f"CREATE TABLE {quoted}", f"CREATE TABLE {new}", 1),
        f"INSERT INTO {new} SELECT * FROM {table}",  # noqa: S608 - the names are those above
        f"DROP TABLE {table}",
        f"ALTER TABLE {new} RENAME TO {table}",
        *indexes,
    ):
        connection.exec_driver_sql(statement)
