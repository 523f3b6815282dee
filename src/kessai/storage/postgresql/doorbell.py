"""The doorbell on PostgreSQL: LISTEN and NOTIFY, on a connection of its own.

A NOTIFY inside the journal's transactions would make their commits wait for each other, for PostgreSQL
puts all notifications in one order under one lock. So it follows the commit, in a transaction of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import make_url

from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.postgresql.errors import is_away

CHANNEL: Final = "kessai_news"
_PAUSE_S: Final = 0.02
"""After each notification: a burst of commits gives fifty of them a second at most."""
_QUIET_S: Final = 30.0
"""After so long without one, ask whether the connection is still there: nobody tells of a cut cable."""
_BACK_OFF_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Pauses while the database is away; the last one is repeated."""
_FAREWELL_S: Final = 1.0
"""How long the server may take to say goodbye."""

log = structlog.get_logger()

Connection = Any
"""asyncpg's, whose stubs make a record class part of its type."""


class PostgresDoorbell:
    """One connection, opened by `run`; while it is away rings are remembered as one."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Have the others told soon."""
        self._rung.set()

    async def run(self, on_ring: Callable[[], None] | None) -> None:
        """Pass on rings, and hear those of others, until cancelled. An outage is waited out."""
        failures = 0
        while True:
            try:
                async with self._connected(on_ring) as connection:
                    if failures:
                        log.info("doorbell_works_again")
                    failures = 0
                    await self._pass_on(connection)
            except Exception as error:
                # Whatever it is, deliveries go on: dispatchers look by themselves twice a second.
                if not failures:
                    log.warning("doorbell_failed", reason=str(error), exc_info=not is_away(error))
                failures += 1
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S)) - 1])

    @asynccontextmanager
    async def _connected(self, on_ring: Callable[[], None] | None) -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(**_arguments(self._url), **self._options())
        try:
            own_pid = connection.get_server_pid()
            # Ends the wait for the next ring, and makes up for one that was lost with the connection.
            connection.add_termination_listener(lambda _connection: self._rung.set())
            if on_ring is not None:
                await connection.add_listener(
                    CHANNEL, lambda _, pid, *_rest: None if pid == own_pid else on_ring()
                )
                on_ring()
            yield connection
        finally:
            with suppress(Exception):
                await connection.close(timeout=_FAREWELL_S)
            connection.terminate()

    async def _pass_on(self, connection: Connection) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_QUIET_S):
                    await self._rung.wait()
            if not self._rung.is_set():
                await connection.execute("SELECT 1")
                continue
            if connection.is_closed():
                raise asyncpg.ConnectionDoesNotExistError("the connection was closed")
            # What is rung from here on is told of by the next one.
            self._rung.clear()
            await connection.execute(f"NOTIFY {CHANNEL}")
            await asyncio.sleep(_PAUSE_S)

    def _options(self) -> dict[str, Any]:
        return {
            "timeout": self._timeout_s,
            "command_timeout": self._timeout_s,
            # A notification says nothing that has to last: nobody need wait for the disk.
            "server_settings": {"application_name": "kessai", "synchronous_commit": "off"},
        }


def _arguments(url: str) -> dict[str, Any]:
    """What asyncpg connects with, of a URL that may also hold options of SQLAlchemy's own."""
    _, arguments = POSTGRESQL.create_connect_args(make_url(url))
    return {name: value for name, value in arguments.items() if not name.startswith("prepared_statement_")}
