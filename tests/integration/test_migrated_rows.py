"""What a database holds is what it held before it was migrated, and what it refused it refuses still."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from kessai.domain.change import Change
from kessai.domain.outcome import Declined
from kessai.storage.migrate import PAST, downgrade, upgrade
from kessai.storage.migrations.connection import migrating
from tests.support.ledger import Ledger, opened, write

Rows = dict[str, list[tuple[Any, ...]]]

FILLED: Final = ("merchants", "payments", "refunds", "webhook_events", "idempotency_keys")
UNTRUE: Final = (
    "UPDATE payments SET status = 'LOST'",
    "UPDATE payments SET capture_method = 'by hand'",
    "UPDATE refunds SET status = 'LOST'",
    "UPDATE refunds SET payment_status = 'captured'",
)


def rows(url: str) -> Rows:
    """Everything in the tables that `fill` writes to."""
    found: Rows = {}

    def read(connection: Connection) -> None:
        for table in FILLED:
            all_of_it = connection.execute(text(f"SELECT * FROM {table}"))
            found[table] = sorted((tuple(row) for row in all_of_it), key=repr)

    migrating(url, read)
    return found


def fill(url: str) -> None:
    """A row or more in each of these tables."""
    ledger = Ledger()
    captured, held, declined = ledger.captured(), ledger.held(), ledger.decided(Declined("BANK_ERROR", "no"))

    async def save() -> None:
        async with opened(url) as database:
            await write(
                database,
                Change(records=(ledger.merchant,)),
                *(ledger.saving(each, claim=ledger.claim(each.id)) for each in (captured, held, declined)),
                ledger.refunding(captured, 100),
            )

    asyncio.run(save())


def is_refused(url: str, statement: str) -> bool:
    """Whether the database itself keeps this from being written."""
    refusals: list[DBAPIError] = []

    def attempt(connection: Connection) -> None:
        try:
            connection.execute(text(statement))
        except DBAPIError as refusal:
            refusals.append(refusal)

    migrating(url, attempt)
    return bool(refusals) and "check" in str(refusals[0]).lower()


def test_rows_stay_as_they_are_on_the_way_up_and_down(empty_database_url: str) -> None:
    # given a database as the last revision left it, with rows
    upgrade(empty_database_url, PAST[-1])
    fill(empty_database_url)
    before = rows(empty_database_url)
    assert all(before.values())

    # when it is migrated, then nothing is lost, neither there
    upgrade(empty_database_url)
    assert rows(empty_database_url) == before

    # nor back again
    downgrade(empty_database_url, PAST[-1])
    assert rows(empty_database_url) == before


@pytest.mark.parametrize("statement", UNTRUE)
def test_what_cannot_be_is_refused_before_and_after(empty_database_url: str, statement: str) -> None:
    upgrade(empty_database_url, PAST[-1])
    fill(empty_database_url)
    assert is_refused(empty_database_url, statement)

    upgrade(empty_database_url)

    assert is_refused(empty_database_url, statement)
    upgrade(empty_database_url)
