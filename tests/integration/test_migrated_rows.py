"""What a database holds is what it held before it was migrated, and what it refused it refuses still."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sqlite3
import sys
from ctypes.util import find_library
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from kessai.domain.change import Change
from kessai.domain.event import EventType
from kessai.domain.instrument import Instrument, InstrumentType
from kessai.domain.outcome import Declined
from kessai.domain.payment import BOOKED_AFTER
from kessai.domain.refund import RefundStatus
from kessai.storage.migrate import PAST, downgrade, upgrade
from kessai.storage.migrations.connection import migrating
from kessai.storage.tables import metadata
from tests.support.ledger import DAY, START, Ledger, opened, write

_DEFENSIVE: Final = 1010
"""SQLITE_DBCONFIG_DEFENSIVE."""

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


def without_snapshots(found: Rows) -> Rows:
    """The same, but for what an event remembers."""
    return {**found, "webhook_events": [(*row[:6], *row[7:]) for row in found["webhook_events"]]}


def without_new_columns(found: Rows, before: Rows) -> Rows:
    """The same, but for what a revision added at the end of each row."""
    return {table: [row[: len(before[table][0])] for row in found[table]] for table in found}


def snapshots(url: str) -> list[dict[str, Any]]:
    """What each event remembers."""
    return [json.loads(row[6]) for row in rows(url)["webhook_events"]]


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
    upgrade(empty_database_url)
    fill(empty_database_url)
    downgrade(empty_database_url, PAST[-1])
    before = rows(empty_database_url)
    assert all(before.values())

    # when it is migrated, then nothing is lost, neither there
    upgrade(empty_database_url)
    assert without_new_columns(rows(empty_database_url), before) == before

    # nor back again
    downgrade(empty_database_url, PAST[-1])
    assert without_snapshots(rows(empty_database_url)) == without_snapshots(before)


def test_on_the_way_down_nobody_is_asked_where_a_refund_is_to_go(empty_database_url: str) -> None:
    # given a refund whose payer is asked, one whose payer has said it, and what is not booked yet
    upgrade(empty_database_url)
    ledger = Ledger()
    told = (RefundStatus.REQUIRES_ACTION, RefundStatus.PENDING)

    async def save() -> None:
        async with opened(empty_database_url) as database:
            await write(database, Change(records=(ledger.merchant,)))
            for status in told:
                await write(database, *asked_of(ledger, status))

    asyncio.run(save())

    # when the database goes a step back
    downgrade(empty_database_url, "0006")

    # then that version finds statuses it knows, in the events too, and nothing due that it cannot move
    refunds, payments = (rows(empty_database_url)[table] for table in ("refunds", "payments"))
    assert sorted(row[5] for row in refunds) == ["PENDING", "PROCESSED"]
    remembered = [each["refund"] for each in snapshots(empty_database_url) if each["refund"]]
    assert [each["status"] for each in remembered] == ["PENDING", "PENDING"]
    due = metadata.tables["payments"].columns.keys().index("due_at")
    assert [row[due] for row in payments] == [None, None]

    # and what a refund goes back to is known again on the way up
    upgrade(empty_database_url)
    assert {row[-1] for row in rows(empty_database_url)["refunds"]} == {"konbini"}


def asked_of(ledger: Ledger, status: RefundStatus) -> tuple[Change, Change]:
    """A payment that is booked soon, and its refund that stands so."""
    captured = ledger.captured(instrument=Instrument(InstrumentType.KONBINI))
    captured = replace(captured, due_at=START + DAY + BOOKED_AFTER)
    refunding = ledger.refunding(captured, 100)
    assert refunding.payment is not None
    assert refunding.refund is not None
    details = {"instructions_email": "ann@example.com"}
    asked = replace(refunding.refund, status=status, details=details, due_at=START + 30 * DAY)
    event = ledger.event(refunding.payment, asked, type=EventType.REFUND_PENDING)
    return ledger.saving(captured), replace(refunding, refund=asked, events=(event,))


def test_on_the_way_down_snapshots_get_back_what_was_ordered(empty_database_url: str) -> None:
    # given events as this version writes them, which leave to the payment what it was ordered with
    upgrade(empty_database_url)
    fill(empty_database_url)
    assert all("currency" not in each["payment"] for each in snapshots(empty_database_url))

    # when the database goes back to the version before
    downgrade(empty_database_url, "0004")

    # then that one finds in each snapshot the whole payment, as it reads it
    found = snapshots(empty_database_url)
    assert found
    for each in found:
        payment = each["payment"]
        assert set(payment) >= {column.name for column in metadata.tables["payments"].columns} - {"intent_id"}
        assert (payment["amount"], payment["currency"], payment["metadata"]) == (10_000, "INR", "{}")
        assert datetime.fromisoformat(payment["created_at"]) == START


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="looks into an object of CPython's")
def test_where_sqlite_lets_nobody_write_definitions_they_stay(tmp_path: Path) -> None:
    """macOS opens every connection so."""
    revision = import_module("kessai.storage.migrations.versions.0005_cheaper_rows")
    library = ctypes.CDLL(find_library("sqlite3"))

    def defended() -> sqlite3.Connection:
        connection = sqlite3.connect(tmp_path / "defended.db")
        handle = ctypes.c_void_p.from_address(id(connection) + object.__basicsize__)
        assert library.sqlite3_db_config(handle, _DEFENSIVE, 1, None) == 0
        return connection

    engine = create_engine("sqlite://", creator=defended, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a TEXT, CONSTRAINT c CHECK (a IN ('x')))")
        with Operations.context(MigrationContext.configure(connection)):
            revision.in_place("t", "a IN ('x')", "a = 'x'")
        connection.exec_driver_sql("INSERT INTO t VALUES ('x')")
        (definition,) = connection.exec_driver_sql("SELECT sql FROM sqlite_master").scalars()

    assert "a IN ('x')" in definition


@pytest.mark.parametrize("statement", UNTRUE)
def test_what_cannot_be_is_refused_before_and_after(empty_database_url: str, statement: str) -> None:
    upgrade(empty_database_url)
    fill(empty_database_url)
    downgrade(empty_database_url, "0004")
    assert is_refused(empty_database_url, statement)

    upgrade(empty_database_url)

    assert is_refused(empty_database_url, statement)
    upgrade(empty_database_url)
