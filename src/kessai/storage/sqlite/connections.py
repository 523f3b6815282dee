"""How the file is opened: durable for the writer, read-only for everybody else."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError

from kessai.domain.errors import DatabaseUnavailableError, StorageFullError

# A full disk is FULL; a quota, a limit on files and a full disk under the shared memory have other names.
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_TROUBLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_PRIMARY: Final = 0xFF
"""An extended result code has its primary one in the low byte."""


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes, and also checkpoints.

    `synchronous=FULL` syncs the log at each commit. Automatic checkpoints are off: inside a commit they
    double its tail, and a second connection that checkpoints is what a known fault of old versions needs.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "wal_autocheckpoint = 0",
        "busy_timeout = 0",
        "cache_size = -16384",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, so it neither locks nor checkpoints."""
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -8192")
    return connection


def driver_error(error: BaseException) -> BaseException:
    """The error as sqlite3 raised it, also when SQLAlchemy has wrapped it."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_trouble(error: BaseException) -> bool:
    """Whether the database itself is in trouble; if not, the statement or its values are a bug of ours."""
    cause = driver_error(error)
    if not isinstance(cause, sqlite3.DatabaseError):
        return False
    return getattr(cause, "sqlite_errorcode", 0) & _PRIMARY in _TROUBLE


def refusal(error: BaseException) -> BaseException:
    """What an error means to whoever asked; a bug of ours stays what it is."""
    if not is_trouble(error):
        return error
    code = getattr(driver_error(error), "sqlite_errorcode", None)
    meant = StorageFullError() if code in _FULL else DatabaseUnavailableError()
    meant.__cause__ = error
    return meant
