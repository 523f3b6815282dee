"""Databases that lack something which their schema has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final

import asyncpg

from tests.prove.ground import Ground
from tests.prove.planted.keys import NO_UNIQUE_KEYS

# A constraint of a file's table goes only with the table.
_SQLITE: Final = """
    CREATE TABLE copied AS SELECT * FROM idempotency_keys;
    DROP TABLE idempotency_keys;
    ALTER TABLE copied RENAME TO idempotency_keys;
"""
_POSTGRESQL: Final = "ALTER TABLE idempotency_keys DROP CONSTRAINT uq_idempotency_keys_merchant_id_key"


async def plant_in_schema(ground: Ground, name: str | None) -> None:
    """Take away what the bug of this name lacks; does nothing when it lacks nothing."""
    if name != NO_UNIQUE_KEYS:
        return
    if ground.kind == "sqlite":
        with closing(sqlite3.connect(ground.url.removeprefix("sqlite:///"))) as database:
            database.executescript(_SQLITE)
        return
    connection = await asyncpg.connect(ground.url.replace("+asyncpg", ""))
    try:
        await connection.execute(_POSTGRESQL)
    finally:
        await connection.close()
