"""PostgreSQL goes away: who was waiting is told in time, and the next are served without a restart."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kessai.domain.change import Change
from kessai.domain.errors import DatabaseUnavailableError, KessaiError
from kessai.domain.ids import KeyId
from kessai.storage.journal import BATCH_MAX, COMMITTED, Database, KeyTaken
from kessai.storage.migrate import upgrade
from kessai.storage.repositories.idempotency import IdempotencyRepository
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.repositories.payments import PaymentRepository
from tests.support.ledger import START, Ledger, opened, write
from tests.support.postgres import Postgres, PrivatePostgres

pytestmark = pytest.mark.postgresql

TERMINATE = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'kessai'"


@pytest.fixture
async def database(postgres_url: str, ledger: Ledger) -> AsyncIterator[Database]:
    """A database on the shared server, with the ledger's merchant."""
    async with opened(postgres_url) as open_database:
        await write(open_database, Change(records=(ledger.merchant,)))
        yield open_database


@pytest.fixture
async def fragile(private_postgres: PrivatePostgres, ledger: Ledger) -> AsyncIterator[Database]:
    """A database on a server that may be stopped; patience is short there."""
    url = private_postgres.url()
    await asyncio.to_thread(upgrade, url)
    async with opened(url, timeout_s=2) as open_database:
        await write(open_database, Change(records=(ledger.merchant,)))
        yield open_database


def name_of(url: str) -> str:
    """The database's name."""
    return url.rpartition("/")[2]


async def outcome(database: Database, change: Change) -> object:
    """What became of a Change: the answer, or the refusal."""
    try:
        return await database.commit(change)
    except KessaiError as refusal:
        return type(refusal)


async def test_connections_that_are_killed_are_replaced(
    database: Database, postgres: Postgres, postgres_url: str, ledger: Ledger
) -> None:
    kill = f"{TERMINATE} AND datname = '{name_of(postgres_url)}'"
    told: dict[str, object] = {}

    async def keep_paying(name: str) -> None:
        for number in range(60):
            key = f"{name} {number}"
            told[key] = await outcome(database, ledger.saving(ledger.captured(), claim=ledger.claim(key)))

    payers = [asyncio.ensure_future(keep_paying(f"payer {number}")) for number in range(8)]
    killed = sum([int((await asyncio.to_thread(postgres.sql, kill))[0]) for _ in range(4)])
    await asyncio.gather(*payers)

    assert killed > 0
    assert set(told.values()) <= {COMMITTED, DatabaseUnavailableError}
    await write(database, ledger.saving(ledger.captured()))
    # what was acknowledged is there; of the others some may be
    claims = IdempotencyRepository(database)
    for key, result in told.items():
        if result == COMMITTED:
            assert await claims.get(ledger.merchant.id, key, at=START) is not None


async def test_an_idle_connection_that_was_killed_is_not_noticed(
    database: Database, postgres: Postgres, postgres_url: str, ledger: Ledger
) -> None:
    await write(database, ledger.saving(ledger.captured()))

    await asyncio.to_thread(postgres.sql, f"{TERMINATE} AND datname = '{name_of(postgres_url)}'")

    await everything_works_again(database, ledger)


async def everything_is_refused(database: Database, ledger: Ledger) -> None:
    """Every way in says that the database is away, and does not take long about it."""
    started = asyncio.get_running_loop().time()
    results = await asyncio.gather(
        *(database.commit(ledger.saving(ledger.captured())) for _ in range(2 * BATCH_MAX + 9)),
        *(MerchantRepository(database).get(ledger.merchant.id) for _ in range(10)),
        database.commit(Change(records=(ledger.new_key(),))),
        database.run(lambda connection: connection.exec_driver_sql("SELECT 1")),
        return_exceptions=True,
    )
    assert {type(result) for result in results} == {DatabaseUnavailableError}
    assert asyncio.get_running_loop().time() - started < 4.5


async def everything_works_again(database: Database, ledger: Ledger) -> None:
    """Each way in works within some seconds, without anybody's help."""
    async with asyncio.timeout(20):
        while await outcome(database, ledger.saving(ledger.captured())) != COMMITTED:
            pass
        while await outcome(database, Change(records=(ledger.new_key(),))) != COMMITTED:
            pass
        assert await MerchantRepository(database).get(ledger.merchant.id) == ledger.merchant


async def test_a_server_that_is_stopped_is_said_to_be_away_until_it_is_back(
    fragile: Database, private_postgres: PrivatePostgres, ledger: Ledger
) -> None:
    claim = ledger.claim("before")
    await write(fragile, ledger.saving(ledger.captured(), claim=claim))

    await asyncio.to_thread(private_postgres.stop)
    await everything_is_refused(fragile, ledger)
    await everything_is_refused(fragile, ledger)

    await asyncio.to_thread(private_postgres.start)
    await everything_works_again(fragile, ledger)
    assert await fragile.commit(Change(claim=ledger.claim("before"))) == KeyTaken(claim)


@contextmanager
def frozen(postmaster: int) -> Iterator[None]:
    """The server neither answers nor hangs up, as behind a cable that was cut."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = [postmaster, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the server's processes in /proc")
async def test_a_server_that_hangs_is_not_waited_for(
    fragile: Database, private_postgres: PrivatePostgres, ledger: Ledger
) -> None:
    await write(fragile, ledger.saving(ledger.captured()))
    assert await MerchantRepository(fragile).get(ledger.merchant.id)

    with frozen(private_postgres.pid):
        await everything_is_refused(fragile, ledger)
        # now with connections that are still to be made
        await everything_is_refused(fragile, ledger)

    await everything_works_again(fragile, ledger)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the server's processes in /proc")
async def test_however_much_is_asked_for_each_is_refused_in_time(
    private_postgres: PrivatePostgres, ledger: Ledger
) -> None:
    url, timeout_s = private_postgres.url(), 1.0
    await asyncio.to_thread(upgrade, url)
    async with opened(url, timeout_s=timeout_s) as database:
        await write(database, Change(records=(ledger.merchant,)))
        merchant, payment = ledger.merchant.id, ledger.captured()
        merchants, payments = MerchantRepository(database), PaymentRepository(database)
        reads = (
            merchants.get(merchant),
            merchants.by_digest("d"),
            merchants.get_key(merchant, KeyId(payment.id)),
            payments.get(merchant, payment.id),
            payments.get_any(payment.id),
            payments.get_refund(merchant, payment.id),
        )
        with frozen(private_postgres.pid):
            asked_at = asyncio.get_running_loop().time()
            results = await asyncio.gather(*reads, return_exceptions=True)
            took_s = asyncio.get_running_loop().time() - asked_at

    assert [type(each) for each in results] == [DatabaseUnavailableError] * len(reads)
    assert took_s < 1.8 * timeout_s


async def test_a_database_that_is_not_there_is_away(postgres: Postgres, ledger: Ledger) -> None:
    async with opened(postgres.url("never_made")) as database:
        await everything_is_refused(database, ledger)


async def test_closing_while_the_server_is_away(private_postgres: PrivatePostgres, ledger: Ledger) -> None:
    url = private_postgres.url()
    await asyncio.to_thread(upgrade, url)
    async with opened(url, timeout_s=2) as database:
        await write(database, Change(records=(ledger.merchant,)))
        await asyncio.to_thread(private_postgres.stop)
