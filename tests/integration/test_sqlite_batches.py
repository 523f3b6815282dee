"""What only a batch of the SQLite journal can go through: it is undone and tried again, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, func, select

from kessai.domain.change import Change
from kessai.storage.journal import COMMITTED, Database
from kessai.storage.tables import payments
from tests.support.ledger import Ledger, opened, rupees, write


@pytest.fixture
async def database(sqlite_url: str, ledger: Ledger) -> AsyncIterator[Database]:
    """An open SQLite file with the ledger's merchant."""
    async with opened(sqlite_url) as open_database:
        await write(open_database, Change(records=(ledger.merchant,)))
        yield open_database


def broken(ledger: Ledger) -> Change:
    """A Change that a check refuses."""
    return ledger.saving(replace(ledger.captured(), captured=rupees(10_001)))


async def test_a_unit_that_fails_at_first_may_succeed_the_second_time(
    database: Database, ledger: Ledger
) -> None:
    calls = 0

    def sometimes(connection: Connection) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise LookupError("not yet")
        return int(connection.execute(select(func.count()).select_from(payments)).scalar_one())

    results = await asyncio.gather(
        database.commit(ledger.saving(ledger.captured())),
        database.run(sometimes),
        database.commit(broken(ledger)),
        return_exceptions=True,
    )

    assert (results[0], results[1]) == (COMMITTED, 1)
    assert isinstance(results[2], Exception)
    assert calls == 2


async def test_a_unit_sees_what_the_batch_has_written_before_it(database: Database, ledger: Ledger) -> None:
    results = await asyncio.gather(
        database.commit(ledger.saving(ledger.captured())),
        database.run(lambda connection: connection.execute(select(func.count(payments.c.id))).scalar_one()),
        database.commit(ledger.saving(ledger.captured())),
    )

    assert results[1] == 1


async def test_what_arrives_during_a_commit_is_the_next_batch(database: Database, ledger: Ledger) -> None:
    async def one_after_the_other(times: int) -> list[object]:
        return [await database.commit(ledger.saving(ledger.captured())) for _ in range(times)]

    results = await asyncio.gather(*(one_after_the_other(10) for _ in range(20)))

    assert results == [[COMMITTED] * 10] * 20


async def test_a_batch_full_of_bugs_leaves_a_journal_that_works(database: Database, ledger: Ledger) -> None:
    results = await asyncio.gather(
        *(database.commit(broken(ledger)) for _ in range(10)), return_exceptions=True
    )

    assert not [result for result in results if not isinstance(result, Exception)]
    await write(database, ledger.saving(ledger.captured()))
