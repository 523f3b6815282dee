"""The auditor's program: what it reads of a log is what was written, and it says what is wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.audit import Wrong, audit_rows
from tests.e2e.books import Books, Row, read_sqlite
from tests.e2e.journal import Answer, Ask, Journal
from tests.e2e.shop import Shop
from tests.prove.auditor import audited, undelivered
from tests.support.server import Serve

pytestmark = pytest.mark.slow


async def test_it_finds_nothing_where_nothing_is_wrong_and_names_what_is(
    sqlite_url: str, serve: Serve, tmp_path: Path
) -> None:
    # given customers whose journal is on paper
    server, log = serve("--db", sqlite_url), tmp_path / "log.jsonl"
    with closing(Journal.logged_to(log)) as journal:
        async with Shop(lambda: server.base_url, server.api_key, journal) as shop:
            await shop.refund(await shop.pay(500), 100)
            await shop.pay(700, simulate="bank_error")
    assert Journal.read(log).asked == journal.asked

    # then the auditor finds nothing, whether it asks the API or looks at the rows alone
    assert audited(log, sqlite_url, server.base_url, server.api_key) == []
    server.kill()
    assert audited(log, sqlite_url) == []

    # and one lost refund is found
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as database, database:
        database.execute("DELETE FROM refunds")
    assert Wrong.LOST in {finding["wrong"] for finding in audited(log, sqlite_url)}


async def test_what_nobody_was_told_of_may_be_there_once_and_what_was_refused_may_not(
    sqlite_url: str, serve: Serve
) -> None:
    # given a payment
    server = serve("--db", sqlite_url)
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        await shop.pay(500)
        known = shop.journal
    books = read_sqlite(Path(sqlite_url.removeprefix("sqlite:///")))
    ((key, answer),) = known.acknowledged.items()

    # when its answer never came, then that it is there is no fault
    untold = Journal(asked=known.asked)
    assert audit_rows(books, untold) == []
    # and neither that another request, whose answer never came either, left nothing
    untold.ask(Ask("another", "/payments", {}))
    assert audit_rows(books, untold) == []

    # but when it was refused for good, then it is
    refused = Journal(asked=known.asked, acknowledged={key: _refusal(answer)})
    assert {each.wrong for each in audit_rows(books, refused)} == {Wrong.REFUSED}


def _refusal(answer: Answer) -> Answer:
    return replace(answer, status=422)


def test_whoever_hears_all_the_time_hears_everything() -> None:
    # given what was fanned out, with one that was given up and one that was left behind
    statuses = ("SUCCEEDED", "EXHAUSTED", "PENDING")
    rows = [{"id": f"d{number}", "status": status} for number, status in enumerate(statuses)]

    # and an event that nobody took up
    events: list[Row] = [{"id": "e1", "fanned_out_at": "2026-11-27"}, {"id": "e2", "fanned_out_at": None}]

    # then these three are found
    books = Books({"webhook_deliveries": rows, "webhook_events": events}, has_unique_keys=True)
    assert [each.where for each in undelivered(books)] == [
        "event e2 was told to nobody",
        "delivery d1 is EXHAUSTED",
        "delivery d2 is PENDING",
    ]
