"""A watch inside the database: triggers that note every change of a delivery which must never happen.

A late result that overwrites a newer one leaves no trace in the end; here it does.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import asyncpg

from tests.prove.ground import Ground

_TABLE: Final = "CREATE TABLE prove_watch (delivery_id TEXT, rule TEXT, before TEXT, after TEXT)"
_FINAL: Final = "old.status IN ('SUCCEEDED', 'EXHAUSTED', 'CANCELED')"
# A version counts the moves; only the end of a lease, and what pruning does, are none.
_RULES: Final = (
    ("a final delivery moved", f"{_FINAL} AND new.status <> old.status"),
    ("a version went back", "new.version < old.version"),
    ("an attempt was taken back", "new.attempt_count < old.attempt_count"),
    (
        "a delivery moved without its version",
        "(new.status <> old.status OR new.attempt_count <> old.attempt_count)"
        " AND new.version <> old.version + 1",
    ),
)
_SHOWN: Final = "%s.status || ' attempt ' || %s.attempt_count || ' version ' || %s.version"


def _note(rule: str) -> str:
    before, after = (_SHOWN.replace("%s", row) for row in ("old", "new"))
    return f"INSERT INTO prove_watch VALUES (CAST(new.id AS TEXT), '{rule}', {before}, {after});"


async def set_watch(ground: Ground) -> None:
    """Put it up; before any process writes."""
    if ground.kind == "sqlite":
        with closing(sqlite3.connect(Path(ground.url.removeprefix("sqlite:///")))) as database:
            database.executescript(_TABLE + ";" + _sqlite_triggers())
        return
    connection = await asyncpg.connect(ground.url.replace("+asyncpg", ""))
    try:
        await connection.execute(_TABLE)
        await connection.execute(_postgresql_triggers())
    finally:
        await connection.close()


async def what_was_noted(ground: Ground) -> list[str]:
    """Every forbidden change, in words."""
    rows = await ground.rows("SELECT rule, delivery_id, before, after FROM prove_watch")
    return [f"{rule}: {delivery} from {before} to {after}" for rule, delivery, before, after in rows]


def _sqlite_triggers() -> str:
    updates = [
        f"CREATE TRIGGER prove_watch_{number} AFTER UPDATE ON webhook_deliveries WHEN {condition}"
        f" BEGIN {_note(rule)} END;"
        for number, (rule, condition) in enumerate(_RULES)
    ]
    gone = _note("a delivery was deleted").replace("new.", "old.")
    return "".join(updates) + (
        f"CREATE TRIGGER prove_watch_gone AFTER DELETE ON webhook_deliveries BEGIN {gone} END;"
    )


def _postgresql_triggers() -> str:
    updates = "".join(f"IF {condition} THEN {_note(rule)} END IF;" for rule, condition in _RULES)
    gone = _note("a delivery was deleted").replace("new.", "old.")
    return f"""
        CREATE FUNCTION prove_moved() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN {updates} RETURN new; END $$;
        CREATE FUNCTION prove_gone() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN {gone} RETURN old; END $$;
        CREATE TRIGGER prove_moved AFTER UPDATE ON webhook_deliveries
            FOR EACH ROW EXECUTE FUNCTION prove_moved();
        CREATE TRIGGER prove_gone AFTER DELETE ON webhook_deliveries
            FOR EACH ROW EXECUTE FUNCTION prove_gone();
    """
