"""Brings a database's schema to a revision, and tells at which it is. Alembic is loaded only to migrate."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from kessai.storage.address import sqlite_file
from kessai.storage.sqlite.lock import DatabaseFileError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0007"
"""The newest revision, as a constant: a server that starts compares it without loading Alembic."""

PAST: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
"""The revisions before it. A database at any other one is ahead of this version."""

_REVISION: Final = "SELECT version_num FROM alembic_version"
# Alembic keeps what it works on in module globals.
_one_at_a_time: Final = Lock()


class MigrationError(Exception):
    """Alembic knows no way to the revision; the message is a sentence that says why."""


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up to `revision`, each migration in a transaction. Blocks; not for an event loop's thread.

    Raises:
        DatabaseInUseError: a server, or another migrator, has the SQLite file.
        DatabaseFileError: the SQLite file cannot be used.
        DatabaseUnreachableError: PostgreSQL cannot.
        MigrationError: there is no such revision, or the database is at one we do not know.
    """
    from alembic import command

    _migrate(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision`, "base" for none; raises what `upgrade` does."""
    from alembic import command

    _migrate(url, lambda config: command.downgrade(config, revision))


def current_revision(url: str) -> str | None:
    """The revision a database is at, None for one that was never migrated. Blocks.

    Raises:
        DatabaseFileError: the SQLite file cannot be read.
        DatabaseUnreachableError: PostgreSQL cannot.
    """
    path = sqlite_file(url)
    return _of_file(path) if path is not None else asyncio.run(current_revision_of(url))


async def current_revision_of(url: str) -> str | None:
    """`current_revision` for an event loop."""
    path = sqlite_file(url)
    return _of_file(path) if path is not None else await _of_server(url)


def _migrate(url: str, command: Callable[[Config], None]) -> None:
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    place = str(files("kessai.storage").joinpath("migrations"))
    config.set_main_option("script_location", place.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    with _one_at_a_time:
        try:
            command(config)
        except CommandError as error:
            raise MigrationError(f"cannot migrate: {error}") from error


def _of_file(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        try:
            return _read(path, "ro")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
                raise
            # What a killed process left half done has to be rolled back before anybody can read.
            return _read(path, "rw")
    except sqlite3.Error as error:
        raise DatabaseFileError(f"{path} cannot be read: {error}") from error


def _read(path: Path, mode: str) -> str | None:
    uri = f"file:{quote(str(path.resolve()))}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        try:
            row = connection.execute(_REVISION).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # no such table
                return None
            raise
    return str(row[0]) if row else None


async def _of_server(url: str) -> str | None:
    from asyncpg import UndefinedTableError
    from sqlalchemy.exc import DBAPIError

    from kessai.storage.migrations.server import server_connection
    from kessai.storage.postgresql.errors import driver_error

    async with server_connection(url) as connection:
        try:
            row = (await connection.exec_driver_sql(_REVISION)).first()
        except DBAPIError as error:
            if isinstance(driver_error(error), UndefinedTableError):
                return None
            raise
    return str(row[0]) if row else None
