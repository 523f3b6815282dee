"""A database that is open, on SQLite and on PostgreSQL, with one merchant in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kessai.domain.change import Change
from kessai.storage.journal import Database
from tests.support.ledger import Ledger, opened, write


@pytest.fixture
def ledger() -> Ledger:
    """Makes values of the merchant that is in the database."""
    return Ledger()


@pytest.fixture
async def database(database_url: str, ledger: Ledger) -> AsyncIterator[Database]:
    """A database with the ledger's merchant and nothing else."""
    async with opened(database_url) as open_database:
        await write(open_database, Change(records=(ledger.merchant,)))
        yield open_database
