"""Trouble of the database is told as such, and a bug of ours is never taken for it."""

from __future__ import annotations

import asyncio
import sqlite3

import asyncpg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from kessai.domain.errors import DatabaseUnavailableError, KessaiError, KeyInUseError, StorageFullError
from kessai.storage.postgresql import errors as postgresql
from kessai.storage.sqlite import connections as sqlite


def raised_by_sqlite(statement: str) -> sqlite3.Error:
    """What the driver raises."""
    with pytest.raises(sqlite3.Error) as raised:
        sqlite3.connect(":memory:").executescript(statement)
    return raised.value


def of_code(code: int) -> sqlite3.OperationalError:
    """An error as the operating system causes it."""
    error = sqlite3.OperationalError("some words")
    error.sqlite_errorcode = code
    return error


FULL = "PRAGMA page_size = 512; PRAGMA max_page_count = 2; CREATE TABLE a (b); CREATE TABLE c (d);"


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (raised_by_sqlite(FULL), StorageFullError),
        (of_code(sqlite3.SQLITE_IOERR_WRITE), StorageFullError),
        (of_code(sqlite3.SQLITE_BUSY), DatabaseUnavailableError),
        (of_code(sqlite3.SQLITE_IOERR_FSYNC), DatabaseUnavailableError),
        (of_code(sqlite3.SQLITE_CORRUPT), DatabaseUnavailableError),
        (raised_by_sqlite("PRAGMA query_only = ON; CREATE TABLE a (b);"), DatabaseUnavailableError),
    ],
)
def test_trouble_of_sqlite(error: sqlite3.Error, meant: type[KessaiError]) -> None:
    wrapped = OperationalError("INSERT", None, error)

    for each in (error, wrapped):
        assert sqlite.is_trouble(each)
        told = sqlite.refusal(each)
        assert type(told) is meant
        assert told.__cause__ is each


@pytest.mark.parametrize(
    "error",
    [
        raised_by_sqlite("SELECT * FROM nowhere"),
        raised_by_sqlite("CREATE TABLE a (b CHECK (b > 0)); INSERT INTO a VALUES (0);"),
        sqlite3.ProgrammingError("Incorrect number of bindings supplied."),
        ValueError("ours"),
    ],
)
def test_a_bug_is_no_trouble_of_sqlite(error: Exception) -> None:
    assert not sqlite.is_trouble(error)
    assert sqlite.refusal(error) is error


def wrapped_as_sqlalchemy_does(error: Exception) -> DBAPIError:
    """An error of asyncpg behind the two that SQLAlchemy puts before it."""
    between = Exception(str(error))
    between.__cause__ = error
    return DBAPIError("SELECT", None, between)


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (asyncpg.ConnectionDoesNotExistError("gone"), DatabaseUnavailableError),
        (asyncpg.CannotConnectNowError("starting up"), DatabaseUnavailableError),
        (asyncpg.AdminShutdownError("terminated"), DatabaseUnavailableError),
        (asyncpg.TooManyConnectionsError("too many"), DatabaseUnavailableError),
        (asyncpg.InvalidPasswordError("no"), DatabaseUnavailableError),
        (asyncpg.InvalidCatalogNameError("no such database"), DatabaseUnavailableError),
        (asyncpg.ReadOnlySQLTransactionError("standby"), DatabaseUnavailableError),
        (asyncpg.InterfaceError("connection is closed"), DatabaseUnavailableError),
        (asyncpg.DiskFullError("full"), StorageFullError),
        (asyncpg.LockNotAvailableError("waited"), KeyInUseError),
        (asyncpg.DeadlockDetectedError("ring"), KeyInUseError),
    ],
)
def test_trouble_of_postgresql(error: Exception, meant: type[KessaiError]) -> None:
    for each in (error, wrapped_as_sqlalchemy_does(error)):
        told = postgresql.refusal(each)
        assert type(told) is meant
        assert told.__cause__ is each
        assert postgresql.is_away(each) == (meant is DatabaseUnavailableError)


async def test_a_time_out_is_trouble_whatever_caused_it() -> None:
    with pytest.raises(TimeoutError) as late:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    for error in (late.value, PoolTimeoutError("no connection in time"), ConnectionRefusedError()):
        assert isinstance(postgresql.refusal(error), DatabaseUnavailableError)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("twice"),
        asyncpg.CheckViolationError("too much"),
        asyncpg.UndefinedTableError("nowhere"),
        LookupError("ours"),
    ],
)
def test_a_bug_is_no_trouble_of_postgresql(error: Exception) -> None:
    for each in (error, wrapped_as_sqlalchemy_does(error)):
        assert postgresql.refusal(each) is each
        assert not postgresql.is_away(each)


def test_statements_of_sqlalchemy_raise_what_is_recognized() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    engine.dispose()

    assert not sqlite.is_trouble(raised.value)
    assert isinstance(sqlite.driver_error(raised.value), sqlite3.OperationalError)
