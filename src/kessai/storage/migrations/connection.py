"""The connection to migrate on, and a lock that lets one migrator in at a time; here, for a SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from kessai.storage.address import sqlite_file
from kessai.storage.sqlite.connections import is_trouble
from kessai.storage.sqlite.lock import DatabaseFileError, FileLock


class DatabaseUnreachableError(Exception):
    """The server does not answer or does not let us in; the message is a sentence that says why."""


def migrating(url: str, work: Callable[[Connection], None]) -> None:
    """Call `work` with a connection on which DDL is transactional, while no one else migrates.

    Raises:
        DatabaseInUseError: a server, or another migrator, has the SQLite file.
        DatabaseFileError: the SQLite file cannot be used.
        DatabaseUnreachableError: PostgreSQL cannot.
    """
    path = sqlite_file(url)
    if path is None:
        from kessai.storage.migrations.server import on_server

        asyncio.run(on_server(url, work))
    else:
        _on_file(path, work)


def _on_file(path: Path, work: Callable[[Connection], None]) -> None:
    lock = FileLock(path)
    lock.take()
    try:
        # Python's driver begins no transaction before DDL, so it is told to begin none, and we do.
        engine = create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(path, isolation_level=None), poolclass=NullPool
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.connect() as connection:
            work(connection)
    except (sqlite3.Error, DBAPIError) as error:
        if is_trouble(error):
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseFileError(f"{path} cannot be migrated: {reason}") from error
        raise
    finally:
        lock.release()
