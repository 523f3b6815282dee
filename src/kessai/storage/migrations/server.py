"""The same for PostgreSQL, apart from it since its driver comes with this module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Connection, NullPool, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from kessai.storage.migrations.connection import DatabaseUnreachableError
from kessai.storage.postgresql.errors import driver_error, is_away

_MIGRATOR: Final = int.from_bytes(b"kessai")
"""Names our advisory lock among those of the database."""
_CONNECT_S: Final = 5.0


async def on_server(url: str, work: Callable[[Connection], None]) -> None:
    """Call `work` with a connection, while no one else migrates.

    Raises:
        DatabaseUnreachableError: there is none to be had, or it was lost.
    """
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
