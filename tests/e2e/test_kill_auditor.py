"""Whether the auditor is worth its money: bugs are planted, and it must name each of them."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.audit import Finding, Wrong, audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_books, read_sqlite
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop
from tests.support.postgres import Postgres
from tests.support.processes import UNMEASURED
from tests.support.server import RunningServer

ANSWERS: Final = 80


@dataclass(frozen=True, slots=True)
class Evening:
    """What is left of a day without accidents: the database, and what the customers know."""

    database: Path
    journal: Journal


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    home = tmp_path_factory.mktemp("evening")
    database = home / "kessai.db"

    async def trade(server: RunningServer) -> Journal:
        async with Shop(lambda: server.base_url, server.api_key) as shop:
            async with shop.customers(4):
                await shop.until_acknowledged(ANSWERS)
            assert await audit_api(shop) == []
            return shop.journal

    with RunningServer(
        "--db", f"sqlite:///{database}", "--rate-limit", "0", directory=home, env=UNMEASURED
    ) as server:
        journal = asyncio.run(trade(server))
    assert audit_rows(read_sqlite(database), journal) == []
    return Evening(database, journal)


@pytest.fixture
def copy(evening: Evening, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the evening's database to tamper with, its own checks switched off."""
    with closing(sqlite3.connect(_copied(evening, tmp_path), isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("PRAGMA ignore_check_constraints = ON")
        yield database


def _copied(evening: Evening, directory: Path) -> Path:
    return Path(shutil.copyfile(evening.database, directory / "kessai.db"))


def _kinds(findings: list[Finding]) -> set[Wrong]:
    return {finding.wrong for finding in findings}


REFUNDED: Final = "(SELECT id FROM payments WHERE status = 'REFUNDED' LIMIT 1)"
WITHOUT_UNIQUE: Final = (
    "CREATE TABLE copied AS SELECT * FROM idempotency_keys",
    "DROP TABLE idempotency_keys",
    "ALTER TABLE copied RENAME TO idempotency_keys",
)
PLANTS: Final[dict[str, tuple[tuple[str, ...], set[Wrong]]]] = {
    "a payment is lost": ((f"DELETE FROM payments WHERE id = {REFUNDED}",), {Wrong.LOST, Wrong.DAMAGE}),
    "a payment is lost without a trace": (
        (
            "CREATE TEMP TABLE lost AS SELECT * FROM payments WHERE status = 'FAILED' LIMIT 1",
            "DELETE FROM webhook_events WHERE payment_id IN (SELECT id FROM lost)",
            "DELETE FROM idempotency_keys WHERE key IN (SELECT reference FROM lost)",
            "DELETE FROM payments WHERE id IN (SELECT id FROM lost)",
        ),
        {Wrong.LOST, Wrong.KEY},
    ),
    "a refund is lost": (
        (
            "CREATE TEMP TABLE lost AS SELECT id FROM refunds LIMIT 1",
            "DELETE FROM webhook_events WHERE refund_id IN (SELECT id FROM lost)",
            "DELETE FROM refunds WHERE id IN (SELECT id FROM lost)",
        ),
        {Wrong.LOST, Wrong.MONEY, Wrong.EVENTS},
    ),
    "a capture is undone": (
        (
            "UPDATE payments SET status = 'AUTHORIZED', captured_amount = 0, refunded_amount = 0,"
            " transitions = json_remove(json_remove(transitions, '$[#-1]'), '$[#-1]')"
            " WHERE id = (SELECT id FROM payments WHERE capture_method = 'manual' AND status = 'CAPTURED'"
            " AND json_array_length(transitions) = 5 LIMIT 1)",
        ),
        {Wrong.BEHIND, Wrong.LOST, Wrong.MONEY, Wrong.EVENTS},
    ),
    "less was taken than was answered": (
        (
            "UPDATE payments SET captured_amount = captured_amount - 1,"
            " transitions = json_set(transitions, '$[3][4]', json_extract(transitions, '$[3][4]') - 1)"
            " WHERE id = (SELECT id FROM payments WHERE json_array_length(transitions) = 5"
            " AND transitions LIKE '%\"increment\"%' LIMIT 1)",
        ),
        {Wrong.BEHIND, Wrong.EVENTS},
    ),
    "a raised hold is as low as before": (
        (
            "UPDATE payments SET amount = amount - 100 WHERE id ="
            " (SELECT id FROM payments WHERE transitions LIKE '%\"increment\"%' LIMIT 1)",
        ),
        {Wrong.BEHIND, Wrong.MONEY},
    ),
    "an event is missing": (
        ("DELETE FROM webhook_events WHERE rowid = (SELECT max(rowid) FROM webhook_events)",),
        {Wrong.EVENTS},
    ),
    "every event of one kind is missing": (
        ("DELETE FROM webhook_events WHERE type = 'payment.created'",),
        {Wrong.EVENTS},
    ),
    "an event is there twice": (
        (
            "CREATE TEMP TABLE twice AS SELECT * FROM webhook_events LIMIT 1",
            "UPDATE twice SET id = 'another'",
            "INSERT INTO webhook_events SELECT * FROM twice",
        ),
        {Wrong.EVENTS},
    ),
    "an event tells of the future": (
        (
            "UPDATE webhook_events SET snapshot = (SELECT snapshot FROM webhook_events AS later"
            " WHERE later.payment_id <> webhook_events.payment_id LIMIT 1) WHERE rowid = 1",
        ),
        {Wrong.EVENTS},
    ),
    "an endpoint was not told": (
        (
            "INSERT INTO webhook_endpoints (id, merchant_id, url, events, dialect, is_enabled, sealed_secret,"
            " created_at, updated_at, version) SELECT 'heard', merchant_id, 'http://127.0.0.1:9/', '[\"*\"]',"
            " 'native', 1, '', min(created_at), min(created_at), 1 FROM payments",
        ),
        {Wrong.DELIVERIES},
    ),
    "a key is missing": (
        ("DELETE FROM idempotency_keys WHERE rowid = 1",),
        {Wrong.KEY},
    ),
    "an answer is not the one that was given": (
        ("UPDATE idempotency_keys SET body = CAST(body || ' ' AS BLOB) WHERE rowid = 1",),
        {Wrong.KEY},
    ),
    "keys are unique no more": (WITHOUT_UNIQUE, {Wrong.SCHEMA}),
    "a key had two effects": (
        (
            *WITHOUT_UNIQUE,
            "INSERT INTO idempotency_keys SELECT * FROM idempotency_keys LIMIT 1",
            "CREATE TEMP TABLE twice AS SELECT * FROM payments WHERE status = 'FAILED' LIMIT 1",
            "UPDATE twice SET id = 'another'",
            "INSERT INTO payments SELECT * FROM twice",
        ),
        {Wrong.SCHEMA, Wrong.DOUBLED, Wrong.EVENTS},
    ),
    "a refund was made twice": (
        (
            "CREATE TEMP TABLE twice AS SELECT * FROM refunds LIMIT 1",
            "UPDATE twice SET id = 'another'",
            "INSERT INTO refunds SELECT * FROM twice",
        ),
        {Wrong.DOUBLED, Wrong.MONEY, Wrong.EVENTS},
    ),
    "a payment nobody asked for": (
        ("UPDATE payments SET reference = 'nobody' WHERE id = " + REFUNDED,),
        {Wrong.LOST, Wrong.UNASKED},
    ),
    "more was given back than taken": (
        ("UPDATE payments SET refunded_amount = captured_amount + 1 WHERE id = " + REFUNDED,),
        {Wrong.BEHIND, Wrong.MONEY},
    ),
    "more was taken than held": (
        ("UPDATE payments SET captured_amount = amount + 1 WHERE id = " + REFUNDED,),
        {Wrong.BEHIND, Wrong.MONEY},
    ),
    "a status has no transition": (
        ("UPDATE payments SET status = 'CAPTURED' WHERE id = " + REFUNDED,),
        {Wrong.TRANSITIONS},
    ),
    "a transition is missing": (
        (
            "UPDATE payments SET transitions = json_remove(transitions, '$[1]')"
            " WHERE id = (SELECT id FROM payments WHERE status = 'VOIDED' LIMIT 1)",
        ),
        {Wrong.BEHIND, Wrong.TRANSITIONS, Wrong.EVENTS},
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_the_auditor_finds_what_is_wrong_in_the_rows(
    plant: str, copy: sqlite3.Connection, evening: Evening, tmp_path: Path
) -> None:
    statements, expected = PLANTS[plant]
    for statement in statements:
        copy.execute(statement)
    assert _kinds(audit_rows(read_sqlite(tmp_path / "kessai.db"), evening.journal)) == expected


def test_the_auditor_finds_a_damaged_page(evening: Evening, tmp_path: Path) -> None:
    database = _copied(evening, tmp_path)
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_refunds_payment_id_id'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        # Rows fill a page from its end.
        file.seek(page * size - 64)
        file.write(b"\xff" * 64)
    assert Wrong.DAMAGE in _kinds(audit_rows(read_sqlite(database), evening.journal))


async def test_the_auditor_finds_what_is_wrong_in_the_api(
    copy: sqlite3.Connection, evening: Evening, tmp_path: Path
) -> None:
    # given a database in which an event, a payment and the bytes of an answer went wrong
    for plant in ("a payment is lost without a trace", "an event is missing"):
        for statement in PLANTS[plant][0]:
            copy.execute(statement)
    copy.execute("UPDATE idempotency_keys SET body = CAST(body || ' ' AS BLOB) WHERE rowid = 10")
    copy.execute("UPDATE payments SET refunded_amount = refunded_amount - 1 WHERE status = 'CAPTURED'")
    copy.close()

    # when its server is asked
    url = f"sqlite:///{tmp_path / 'kessai.db'}"
    with RunningServer("--db", url, "--rate-limit", "0", directory=tmp_path, env=UNMEASURED) as server:
        async with Shop(lambda: server.base_url, server.api_key) as shop:
            shop.journal = evening.journal
            findings = await audit_api(shop)

    # then each is found; asking again has made the lost payment anew, with another id
    expected = {Wrong.LOST, Wrong.REPLAY, Wrong.EVENTS, Wrong.STORY, Wrong.UNASKED}
    assert _kinds(findings) == expected


@pytest.mark.postgresql
async def test_the_auditor_reads_postgresql_as_well(postgres: Postgres, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    assert audit_rows(await read_books(postgres_url), Journal()) == []
    # The constraint, and the index behind it.
    postgres.sql(
        "ALTER TABLE idempotency_keys DROP CONSTRAINT uq_idempotency_keys_merchant_id_key", database=name
    )
    assert _kinds(audit_rows(await read_books(postgres_url), Journal())) == {Wrong.SCHEMA}
