"""What surrounds the subject of an event is read by the index that narrows it most."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kessai.storage.among import listed
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.repositories.surroundings import GIVEN_BACK, INSTRUMENTS, TRIES
from tests.support.gateway import UNKNOWN
from tests.support.ledger import opened
from tests.support.plans import Listening, tables_read_in_full


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as found:
        yield found


async def test_no_read_goes_through_all_that_a_merchant_has(database: Database, database_url: str) -> None:
    kind = database_url.partition(":")[0].partition("+")[0]
    given_back = GIVEN_BACK[kind]
    reads: list[tuple[Query, str, dict[str, object]]] = [
        (TRIES, "ix_payments_intent", {"intent_id": UNKNOWN, "before": UNKNOWN}),
        (given_back, "payment_id", {"payment_ids": listed([UNKNOWN], kind), "before": UNKNOWN}),
        (INSTRUMENTS, "ix_documents_owner", {"customer_id": UNKNOWN}),
    ]
    asked = Listening(database)
    for query, _, params in reads:
        assert await asked.rows(query, merchant_id=UNKNOWN, **params) == []
    for lines, (_, index, _) in zip(await asked.plans(has_few_rows=True), reads, strict=True):
        assert tables_read_in_full(lines) == set(), lines
        assert any(index in line for line in lines), lines
