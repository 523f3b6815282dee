"""The connection to migrate on, and a lock that lets one migrator in at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, NullPool, create_engine, event, func, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from kessai.storage.address import sqlite_file
from kessai.storage.postgresql.errors import driver_error, is_away
from kessai.storage.sqlite.connections import is_trouble
from kessai.storage.sqlite.lock import DatabaseFileError, FileLock

_MIGRATOR: Final = int.from_bytes(b"kessai")
"""Names our advisory lock among those of the database."""
_CONNECT_S: Final = 5.0


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
        asyncio.run(_on_server(url, work))
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


async def _on_server(url: str, work: Callable[[Connection], None]) -> None:
    async with server_connection(url) as connection:
        # The session's lock: it outlasts the transactions of the migrations and ends with the connection.
        await connection.execute(select(func.pg_advisory_lock(_MIGRATOR)))
        await connection.commit()
        await connection.run_sync(work)


@asynccontextmanager
async def server_connection(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection of its own to PostgreSQL.

    Raises:
        DatabaseUnreachableError: there is none to be had, or it was lost.
    """
    settings: dict[str, Any] = {
        "timeout": _CONNECT_S,
        "server_settings": {"application_name": "kessai migrate"},
    }
    engine = create_async_engine(url, poolclass=NullPool, connect_args=settings)
    try:
        async with engine.connect() as connection:
            yield connection
    except Exception as error:
        if not is_away(error):
            raise
        raise DatabaseUnreachableError(_sentence(url, error)) from error
    finally:
        await engine.dispose()


def _sentence(url: str, error: Exception) -> str:
    server = make_url(url)
    cause = driver_error(error)
    reason = "no answer in time" if isinstance(cause, TimeoutError) else str(cause) or type(cause).__name__
    return f"the database {server.database} on {server.host or 'this machine'} cannot be used: {reason}"
