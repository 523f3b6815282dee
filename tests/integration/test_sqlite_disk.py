"""The SQLite journal and its disk: when the log is copied, and what happens when there is no room."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Connection, insert

from kessai.domain.change import Change
from kessai.domain.errors import StorageFullError
from kessai.domain.idempotency import StoredAnswer
from kessai.storage.address import sqlite_file
from kessai.storage.journal import COMMITTED, Database
from kessai.storage.key_rows import CLAIM_COLUMNS, claim_to_row
from kessai.storage.repositories.idempotency import IdempotencyRepository
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.tables import idempotency_keys
from tests.support.ledger import START, Ledger, opened, write
from tests.support.processes import plain_environment, wait_until

_MEGABYTE: Final = 1 << 20


@pytest.fixture
async def database(sqlite_url: str, ledger: Ledger) -> AsyncIterator[Database]:
    """An open SQLite file with the ledger's merchant."""
    async with opened(sqlite_url) as open_database:
        await write(open_database, Change(records=(ledger.merchant,)))
        yield open_database


@pytest.fixture
def log(sqlite_url: str) -> Path:
    """The file's write-ahead log."""
    path = sqlite_file(sqlite_url)
    assert path is not None
    return path.with_name(f"{path.name}-wal")


def size_of(log: Path) -> int:
    """Its length in bytes."""
    return log.stat().st_size


def heavy(ledger: Ledger, key: str, size: int = _MEGABYTE) -> Change:
    """A Change of about `size` bytes."""
    claim = ledger.claim(key)
    return Change(claim=replace(claim, answer=StoredAnswer(200, "text/plain", b"x" * size)))


# The log


async def test_the_log_is_copied_in_a_pause(database: Database, ledger: Ledger, log: Path) -> None:
    for number in range(3):
        await write(database, heavy(ledger, f"key {number}"))
    assert size_of(log) > 3 * _MEGABYTE

    await asyncio.to_thread(
        wait_until, lambda: size_of(log) == 0, timeout_s=10, what="the checkpoint of a pause"
    )

    assert await IdempotencyRepository(database).get(ledger.merchant.id, "key 2", at=START)
    await write(database, heavy(ledger, "after the pause"))


async def test_a_large_log_is_copied_even_if_there_is_no_pause(
    database: Database, ledger: Ledger, log: Path
) -> None:
    sizes = []

    async def keep_writing(name: str) -> None:
        for number in range(20):
            await write(database, heavy(ledger, f"{name} {number}"))
            sizes.append(size_of(log))

    # of two writers one always waits, so the journal never rests
    await asyncio.gather(keep_writing("one"), keep_writing("other"))

    # what was copied is written over: forty megabytes went through a log of a few
    assert 4 * _MEGABYTE < max(sizes) < 10 * _MEGABYTE


# A full disk


def _allow_pages(connection: Connection, pages: int) -> None:
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


async def fill(database: Database, ledger: Ledger) -> int:
    """Write until there is no more room; return how much there was."""
    await database.run(lambda connection: _allow_pages(connection, 100))
    for number in range(1_000):
        try:
            await write(database, heavy(ledger, f"key {number}", 20_000))
        except StorageFullError:
            return number
    raise AssertionError("there was room for everything")


async def test_a_full_disk_refuses_what_does_not_fit_and_keeps_what_did(
    database: Database, ledger: Ledger
) -> None:
    kept = await fill(database, ledger)

    results = await asyncio.gather(
        *(database.commit(ledger.saving(ledger.captured(), claim=ledger.claim(f"n{n}"))) for n in range(60)),
        return_exceptions=True,
    )

    assert {type(result) for result in results} == {StorageFullError}
    claims = IdempotencyRepository(database)
    assert kept > 0
    assert await claims.get(ledger.merchant.id, f"key {kept - 1}", at=START)
    assert await claims.get(ledger.merchant.id, f"key {kept}", at=START) is None


async def test_a_full_disk_refuses_ordinary_statements_alike(database: Database, ledger: Ledger) -> None:
    await fill(database, ledger)
    claim = heavy(ledger, "by hand", 100_000).claim
    assert claim is not None
    row = dict(zip(CLAIM_COLUMNS, claim_to_row(claim), strict=True))

    results = await asyncio.gather(
        database.run(lambda connection: connection.execute(insert(idempotency_keys), row)),
        database.commit(Change(records=tuple(ledger.new_endpoint(url="u" * 2_000) for _ in range(50)))),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [StorageFullError, StorageFullError]


async def test_reading_goes_on_and_writing_too_once_there_is_room(database: Database, ledger: Ledger) -> None:
    await fill(database, ledger)
    assert await MerchantRepository(database).get(ledger.merchant.id) == ledger.merchant

    await database.run(lambda connection: _allow_pages(connection, 1_000_000))

    assert await database.commit(heavy(ledger, "after")) == COMMITTED
    assert await IdempotencyRepository(database).get(ledger.merchant.id, "after", at=START)


# Files may not grow beyond a limit: the operating system itself refuses to write.
_UNDER_A_LIMIT: Final = """
import asyncio, resource, sys
from dataclasses import replace
from kessai.domain.change import Change
from kessai.domain.errors import StorageFullError
from kessai.domain.idempotency import StoredAnswer
from kessai.storage.repositories.merchants import MerchantRepository
from tests.support.ledger import Ledger, opened, write

async def main(url):
    ledger = Ledger()
    answer = StoredAnswer(200, "text/plain", b"x" * 200_000)
    def heavy(key):
        return Change(claim=replace(ledger.claim(key), answer=answer))
    async with opened(url) as database:
        await write(database, Change(records=(ledger.merchant,)))
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
        refused = []
        for number in range(20):
            try:
                await write(database, heavy(f"key {number}"))
            except StorageFullError:
                refused.append(number)
        assert await MerchantRepository(database).list(9) == [ledger.merchant]
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await write(database, heavy("after"))
    print(len(refused))

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_operating_systems_refusal_is_a_full_disk(sqlite_url: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", _UNDER_A_LIMIT, sqlite_url],
        env=plain_environment({"PYTHONPATH": "."}),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert 10 < int(process.stdout) < 20
