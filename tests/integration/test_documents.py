"""Documents are kept whole on both databases: found, listed both ways, moved by version, told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.customer import Customer
from kessai.domain.event import Cause, DocumentFact, Event, EventType
from kessai.domain.failure import Failure
from kessai.domain.ids import EventId, IntentId
from kessai.domain.intent import Intent, IntentStatus
from kessai.domain.money import Money, zero
from kessai.domain.payment import CaptureMethod
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.storage.document_rows import DOCUMENT_COLUMNS, document_to_row
from kessai.storage.journal import COMMITTED, STALE
from kessai.storage.repositories.documents import DocumentRepository
from kessai.storage.repositories.events import EventRepository
from kessai.storage.repositories.payments import PaymentRepository
from kessai.storage.scanning import SCANNED_MAX, Wanted
from kessai.storage.tables import documents
from kessai.storage.windows import Page
from tests.support.ledger import START, Ledger, opened, write

CARD = SavedCard(
    published="visa",
    brand="visa",
    last4="4242",
    exp_month=12,
    exp_year=2030,
    funding="credit",
    country="US",
    fingerprint="abcdefghijklmnop",
)


class Books(Ledger):
    """A ledger that makes documents too."""

    def customer(self, **facts: Any) -> Customer:
        wanted: dict[str, Any] = {"metadata": {"tier": "gold"}, "details": {"tax_exempt": "none"}, **facts}
        return Customer(**wanted, **self._born())

    def instrument(self, **facts: Any) -> SavedInstrument:
        wanted: dict[str, Any] = {"type": "card", "card": CARD, "billing": {}, "metadata": {}, "details": {}}
        return SavedInstrument(**{**wanted, **facts}, **self._born())

    def intent(self, **facts: Any) -> Intent:
        wanted: dict[str, Any] = {
            "amount": Money(1_000, "USD"),
            "capture_method": CaptureMethod.MANUAL,
            "status": IntentStatus.REQUIRES_INSTRUMENT,
            "captured": zero("USD"),
            "metadata": {},
            "details": {"secret": "s"},
        }
        return Intent(**{**wanted, **facts}, **self._born())

    def _born(self) -> dict[str, Any]:
        return {
            "id": self.new_id(),
            "merchant_id": self.merchant.id,
            "created_at": START,
            "updated_at": START,
        }


async def test_what_is_kept_comes_back_as_it_was(database_url: str) -> None:
    books = Books()
    instrument = books.instrument(customer_id=books.new_id(), is_set_up=True)
    failure = Failure(code="card_declined", message="No.", decline_code="lost_card", instrument=instrument)
    kept = [books.customer(email="a@example.com"), instrument, books.intent(error=failure)]
    async with opened(database_url) as database:
        await write(database, Change(records=(books.merchant,)), Change(records=tuple(kept)))

        for each in kept:
            repository = DocumentRepository(database, type(each))
            assert await repository.get(books.merchant.id, each.id) == each
            assert await repository.get_any(each.id) == each
        # what is of another kind, or another's, is not there
        assert await DocumentRepository(database, Customer).get(books.merchant.id, instrument.id) is None
        assert await DocumentRepository(database, Intent).get_any(instrument.id) is None


async def test_a_version_is_written_once(database_url: str) -> None:
    books = Books()
    first = books.customer(name="Ann")
    second = replace(first, name="Bea", version=2)
    async with opened(database_url) as database:
        await write(database, Change(records=(books.merchant,)), Change(records=(first,)))

        assert await database.commit(Change(records=(second,))) == COMMITTED
        assert await database.commit(Change(records=(replace(second, name="Cleo"),))) == STALE
        found = await DocumentRepository(database, Customer).get(books.merchant.id, first.id)
        assert found == second


async def test_lists_go_both_ways_and_leave_out_what_is_deleted(database_url: str) -> None:
    books = Books()
    made = [books.customer(email=f"{number % 2}@example.com") for number in range(7)]
    gone = replace(made[3], deleted_at=START, version=2)
    async with opened(database_url) as database:
        await write(
            database, Change(records=(books.merchant,)), Change(records=tuple(made)), Change(records=(gone,))
        )
        repository = DocumentRepository(database, Customer)

        async def listed(limit: int, where: Any = lambda _each: True, **wanted: Any) -> list[int]:
            found = await repository.list(books.merchant.id, Wanted(**wanted), limit=limit, where=where)
            return [made.index(each) for each in found]

        assert await listed(3) == [6, 5, 4]
        assert await listed(3, before=made[4].id) == [2, 1, 0]
        assert await listed(2, after=made[1].id) == [4, 2]
        assert await listed(9, lookup="0@example.com") == [6, 4, 2, 0]
        assert await listed(9, where=lambda each: each.email == "1@example.com") == [5, 1]
        assert await listed(1, where=lambda each: each.email == "1@example.com", before=made[5].id) == [1]
        assert await listed(9, created_from=START + timedelta(seconds=1)) == []
        assert len(await listed(9, created_from=START, created_to=START + timedelta(seconds=1))) == 6


async def test_a_page_that_looks_for_what_is_rare_says_where_the_list_goes_on(database_url: str) -> None:
    books = Books()
    rare = books.customer(name="rare")
    others = [document_to_row(books.customer(name="common")) for _ in range(SCANNED_MAX + 200)]

    def add(connection: Connection) -> None:
        rows = [dict(zip(DOCUMENT_COLUMNS, row, strict=True)) for row in others]
        connection.execute(insert(documents), rows)

    async with opened(database_url) as database:
        await write(database, Change(records=(books.merchant,)), Change(records=(rare,)))
        await database.run(add)
        repository = DocumentRepository(database, Customer)

        async def page(before: str | None, name: str) -> Page[Customer]:
            wanted = Wanted(before=before)
            return await repository.page(
                books.merchant.id, wanted, limit=2, where=lambda each: each.name == name
            )

        all_of_it = await repository.list(
            books.merchant.id, Wanted(), limit=2, where=lambda each: each.name == "rare"
        )
        assert all_of_it == [rare]
        first = await page(None, "rare")
        assert (first.found, first.last is None) == ([], False)
        assert await page(first.last, "rare") == Page([rare], None)
        common = await page(None, "common")
        assert (len(common.found), common.last) == (2, common.found[-1].id)
        rest = await page(others[2][0], "common")
        assert ([each.id for each in rest.found], rest.last) == ([others[1][0], others[0][0]], None)


async def test_an_event_tells_of_a_document_as_it_was_and_is(database_url: str) -> None:
    books = Books()
    before = books.customer(name="Ann")
    after = replace(before, name="Bea", version=2)
    told = Event(
        EventId(books.new_id()),
        books.merchant.id,
        EventType.CUSTOMER_UPDATED,
        DocumentFact(after, before),
        START,
        Cause("req_1", "key"),
    )
    async with opened(database_url) as database:
        await write(database, Change(records=(books.merchant,)), Change(records=(before,)))
        assert await database.commit(Change(records=(after,), events=(told,))) == COMMITTED
        assert await EventRepository(database).get(books.merchant.id, told.id) == told


@pytest.mark.parametrize("is_alone", [True, False])
async def test_a_payment_and_its_documents_are_one_change(database_url: str, is_alone: bool) -> None:
    books = Books()
    instrument = books.instrument()
    intent = books.intent()
    details = ChargeDetails(instrument=instrument, metadata={"a": "b"}, billing={}, failure=None)
    paid = books.captured()
    paid = replace(paid, details=details, order=replace(paid.order, intent_id=IntentId(intent.id)))
    changes = [Change(payment=paid, records=(instrument, intent), claim=books.claim("key"))]
    if not is_alone:
        changes.append(Change(records=(books.customer(),)))
    async with opened(database_url) as database:
        await write(database, Change(records=(books.merchant,)), *changes)

        payments = PaymentRepository(database)
        found = await payments.tries(
            books.merchant.id, Wanted(), intent_id=intent.id, limit=5, where=lambda _each: True
        )
        assert found == [paid]
        assert await DocumentRepository(database, Intent).get(books.merchant.id, intent.id) == intent
