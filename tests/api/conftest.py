"""Gateways in this process: on SQLite, on each database, or with settings of a test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from kessai.storage.tables import metadata
from tests.conftest import BOTH_DATABASES, migrate_to_head
from tests.support.gateway import Gateway, GatewayWith, opened_gateway
from tests.support.postgres import Postgres


@pytest.fixture
async def gateway(sqlite_url: str) -> AsyncIterator[Gateway]:
    """A gateway on SQLite."""
    async with opened_gateway(sqlite_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def _kept_postgres(postgres: Postgres) -> Iterator[str]:
    with postgres.fresh_database(migrate_to_head) as url:
        yield url


@pytest.fixture
def emptied_postgres_url(postgres: Postgres, _kept_postgres: str) -> str:
    """The URL of a migrated database without rows; emptying one is much quicker than making one."""
    tables = (table.name for table in reversed(metadata.sorted_tables))
    everything = "; ".join(f"DELETE FROM {table}" for table in tables)
    postgres.sql(everything, database=_kept_postgres.rpartition("/")[2])
    return _kept_postgres


@pytest.fixture(params=BOTH_DATABASES)
def each_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database without rows, on SQLite and on PostgreSQL."""
    fixture = "sqlite_url" if request.param == "sqlite" else "emptied_postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
async def each_gateway(each_url: str) -> AsyncIterator[Gateway]:
    """A gateway on SQLite, and one on PostgreSQL, for where the database matters."""
    async with opened_gateway(each_url) as opened:
        yield opened


@pytest.fixture
async def gateway_with(sqlite_url: str) -> AsyncIterator[GatewayWith]:
    """A function that opens a gateway with settings."""
    async with AsyncExitStack() as stack:

        async def opened(**settings: Any) -> Gateway:
            return await stack.enter_async_context(opened_gateway(sqlite_url, **settings))

        yield opened
