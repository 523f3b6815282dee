"""One process owns the SQLite file, opens it for durability, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from kessai.domain.change import Change
from kessai.storage.address import sqlite_file
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.sqlite.connections import open_reader, open_writer
from kessai.storage.sqlite.database import SqliteDatabase
from kessai.storage.sqlite.lock import DatabaseFileError, DatabaseInUseError, FileLock
from kessai.storage.sqlite.log import Log
from tests.support.ledger import Ledger, opened, write
from tests.support.processes import plain_environment

# Opens the file, says so, and stays until it is killed or its input ends.
_OWNER: Final = """
import sys
from pathlib import Path
from kessai.storage.sqlite.database import SqliteDatabase
try:
    database = SqliteDatabase(Path(sys.argv[1]))
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
print("opened", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(sqlite_url: str) -> Path:
    """A migrated file."""
    found = sqlite_file(sqlite_url)
    assert found is not None
    return found


@contextmanager
def owner(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(path)],
        env=plain_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "opened\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_is_refused_and_told_who_is_there(path: Path) -> None:
    lock = FileLock(path)
    lock.take()

    second = subprocess.run(
        [sys.executable, "-c", _OWNER, str(path)],
        env=plain_environment(),
        input="",
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.returncode == 1
    assert f"DatabaseInUseError: {path} is in use by another kessai (process {os.getpid()})" in second.stderr
    assert "use PostgreSQL for several processes" in second.stderr
    lock.release()


async def test_the_next_one_gets_in_when_the_owner_is_killed(path: Path, ledger: Ledger) -> None:
    with owner(path) as process:
        with pytest.raises(DatabaseInUseError, match=f"process {process.pid}"):
            SqliteDatabase(path)
        process.kill()
        process.wait()

        async with opened(f"sqlite:///{path}") as database:
            await write(database, Change(records=(ledger.merchant,)))


def test_the_same_process_is_refused_too(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    first.take()
    with pytest.raises(DatabaseInUseError):
        second.take()
    first.release()

    second.take()
    second.release()


def test_a_lock_taken_in_one_thread_is_released_in_another(path: Path) -> None:
    lock, next_one = FileLock(path), FileLock(path)
    thread = Thread(target=lock.take)
    thread.start()
    thread.join()

    lock.release()

    next_one.take()
    next_one.release()


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "kesai" / "kessai.db"

    with pytest.raises(DatabaseFileError, match="there is no directory"):
        SqliteDatabase(path)

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_and_let_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but somebody's notes\n" * 99)

    with pytest.raises(DatabaseFileError, match="file is not a database"):
        SqliteDatabase(path)

    assert path.read_text().startswith("not a database")
    FileLock(path).take()


async def test_the_writer_syncs_every_commit_and_checkpoints_only_when_we_say(sqlite_url: str) -> None:
    names = ("journal_mode", "synchronous", "wal_autocheckpoint", "foreign_keys")
    async with opened(sqlite_url) as database:
        settings = await database.run(
            lambda connection: [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]
        )

    full = 2
    assert settings == ["wal", full, 0, 1]


async def test_a_link_to_the_file_is_as_good_as_the_file(
    path: Path, sqlite_url: str, ledger: Ledger, tmp_path: Path
) -> None:
    async with opened(sqlite_url) as database:
        await write(database, Change(records=(ledger.merchant,)))
    link = tmp_path / "elsewhere.db"
    link.symlink_to(path)

    async with opened(f"sqlite:///{link}") as database:
        await write(database, ledger.saving(ledger.captured()))
        assert await MerchantRepository(database).get(ledger.merchant.id) == ledger.merchant


def test_a_log_that_is_closed_has_nothing_left(sqlite_url: str, path: Path) -> None:
    connection = open_writer(path)
    log = Log(connection)
    connection.execute("CREATE TABLE more (text)")
    assert log.bytes_left > 0

    connection.close()
    log.close()

    assert log.bytes_left == 0


async def test_readers_cannot_write(path: Path, sqlite_url: str) -> None:
    async with opened(sqlite_url):
        with (
            closing(open_reader(path)) as reader,
            pytest.raises(sqlite3.OperationalError, match="readonly database"),
        ):
            reader.execute("DELETE FROM payments")


async def test_readers_see_what_was_committed_at_once(sqlite_url: str, ledger: Ledger) -> None:
    async with opened(sqlite_url) as database:
        repository = MerchantRepository(database)
        assert await repository.is_empty()

        await write(database, Change(records=(ledger.merchant,)))

        assert not await repository.is_empty()
        assert await repository.get(ledger.merchant.id) == ledger.merchant
        assert await repository.list(9) == [ledger.merchant]


async def test_closing_leaves_one_file_with_everything_in_it(path: Path, ledger: Ledger) -> None:
    async with opened(f"sqlite:///{path}") as database:
        await write(database, Change(records=(ledger.merchant,)))

    assert {file.name for file in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}
    moved = path.with_name("elsewhere.db")
    shutil.move(path, moved)
    async with opened(f"sqlite:///{moved}") as database:
        assert await MerchantRepository(database).list(9) == [ledger.merchant]


async def test_closing_twice_is_closing_once(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        await database.close()
