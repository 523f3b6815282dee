"""A database that is open, on SQLite and on PostgreSQL, with one merchant in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Connection, delete

from kessai.domain.change import Change
from kessai.storage.journal import Database
from kessai.storage.tables import metadata
from tests.conftest import BOTH_DATABASES, migrate_to_head
from tests.support.ledger import Ledger, opened, write
from tests.support.postgres import Postgres


@pytest.fixture
def ledger() -> Ledger:
    """Makes values of the merchant that is in the database."""
    return Ledger()


@pytest.fixture(scope="session")
def _emptied_postgres_url(postgres: Postgres) -> Iterator[str]:
    # One for all tests of this process: to empty it is ten times faster than to make a new one.
    with postgres.fresh_database(migrate_to_head) as url:
        yield url


@pytest.fixture(params=BOTH_DATABASES)
def _url(request: pytest.FixtureRequest) -> str:
    fixture = "sqlite_url" if request.param == "sqlite" else "_emptied_postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
async def database(_url: str, ledger: Ledger) -> AsyncIterator[Database]:
    """A database with the ledger's merchant and nothing else."""
    async with opened(_url) as open_database:
        await open_database.run(_empty)
        await write(open_database, Change(records=(ledger.merchant,)))
        yield open_database


def _empty(connection: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))
