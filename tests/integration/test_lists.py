"""Lists stay quick: whatever they are narrowed by, no table is read in full, no page looks at everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import fields
from datetime import timedelta
from itertools import combinations
from typing import Any, Final

import pytest

from kessai.domain.change import Change
from kessai.domain.delivery import DeliveryStatus
from kessai.domain.ids import DeliveryId, EndpointId, EventId, PaymentId, RefundId
from kessai.domain.payment import Payment
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.repositories.deliveries import DeliveryFilter, DeliveryRepository
from kessai.storage.repositories.endpoints import EndpointRepository
from kessai.storage.repositories.events import EventFilter, EventRepository
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.repositories.payments import PaymentFilter, PaymentRepository
from kessai.storage.windows import LOOKED_AT_MAX, Page
from tests.support.backlog import Backlog, fill
from tests.support.gateway import UNKNOWN
from tests.support.ledger import Ledger, opened, write
from tests.support.manual_clock import START
from tests.support.plans import Listening, tables_read_in_full
from tests.support.stock import APART, Stock, lay_in
from tests.support.webhooks import Office, open_office

MANY: Final = 20_000
LATER: Final = START + timedelta(seconds=5)
A_SECOND: Final[dict[str, Any]] = {"created_from": LATER, "created_to": LATER + timedelta(seconds=1)}
DELIVERY_FILTERS: Final = (
    DeliveryFilter(),
    DeliveryFilter(endpoint_id=UNKNOWN),
    DeliveryFilter(event_id=UNKNOWN),
    DeliveryFilter(event_type="payment.created"),
    DeliveryFilter(status="EXHAUSTED"),
    DeliveryFilter(payment_id=UNKNOWN),
    DeliveryFilter(created_from=LATER),
    DeliveryFilter(created_to=LATER),
    DeliveryFilter(**A_SECOND),
    DeliveryFilter(status="EXHAUSTED", endpoint_id=UNKNOWN),
    DeliveryFilter(endpoint_id=UNKNOWN, payment_id=UNKNOWN),
    DeliveryFilter(endpoint_id=UNKNOWN, payment_id=UNKNOWN, event_id=UNKNOWN, status="EXHAUSTED"),
    DeliveryFilter(event_type="payment.created", created_from=LATER),
)
EVENT_FILTERS: Final = (
    EventFilter(),
    EventFilter(payment_id=UNKNOWN),
    EventFilter(type="payment.created"),
    EventFilter(type="payment.created", payment_id=UNKNOWN),
    EventFilter(type="payment.created", created_to=LATER),
    EventFilter(created_from=LATER),
    EventFilter(created_to=LATER),
    EventFilter(**A_SECOND),
)

STORED: Final = 2 * LOOKED_AT_MAX + 4_000
"""Payments, of which every second is the first merchant's: more than one page looks at."""
MIDDLE: Final = START + STORED // 2 * APART
PAYMENT_FILTERS: Final[dict[str, Any]] = {
    "status": "FAILED",
    "currency": "USD",
    "customer_email": "customer-31@example.com",
    "reference": "order-1",
    "simulate": "bank_error",
    "created_from": MIDDLE,
    "created_to": MIDDLE,
    "amount_min": 50_000,
    "amount_max": 60_000,
}
RARE: Final[tuple[dict[str, Any], ...]] = (
    {"currency": "KWD"},
    {"simulate": "requires_action"},
    {"currency": "USD", "amount_max": 2_000},
    {"status": "CAPTURED", "currency": "KWD"},
    {"status": "FAILED", "currency": "USD", "created_to": MIDDLE},
    {"status": "EXPIRED"},
    {"amount_min": 200_000},
    {"customer_email": "customer-31@example.com", "status": "FAILED"},
    {"reference": "order-1", "customer_email": "customer-31@example.com"},
)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """Many events of one merchant, of many payments and some minutes, each delivered."""
    async with open_office(database_url) as opened_office:
        endpoints = [await opened_office.endpoint(events=["payment.failed"]) for _ in range(4)]
        backlogs = []
        for number in range(20):
            payment = await opened_office.pay()
            at = START + timedelta(seconds=number)
            moments = [at + timedelta(milliseconds=each) for each in range(MANY // 20)]
            backlogs.append(Backlog(payment, endpoints, DeliveryStatus.SUCCEEDED, moments, seed=100 + number))
        await fill(opened_office.database, *backlogs)
        yield opened_office


class Busy(Listening):
    """A database where somebody pays between any two reads."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        super().__init__(database)
        self._ledger = ledger

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        if self.asked:
            paid = (self._ledger.captured() for _ in range(60))
            await write(self, *(self._ledger.saving(payment) for payment in paid))
        return await super().rows(query, **params)


async def test_what_is_paid_meanwhile_shifts_nothing(database: Database, ledger: Ledger) -> None:
    # given payments of which few are small, none of the first window's in the second
    made = [ledger.captured(1 if number % 25 == 0 else 1_000) for number in range(600)]
    await write(database, *(ledger.saving(payment) for payment in made))
    small = [payment.id for payment in reversed(made) if payment.captured.minor == 1]

    # when somebody lists those while others pay
    page = await PaymentRepository(Busy(database, ledger)).list(
        ledger.merchant.id, PaymentFilter(amount_max=1), before=None, limit=20
    )

    # then each is there once, newest first
    assert [payment.id for payment in page.found] == small[:20]


@pytest.fixture
async def merchants(database_url: str) -> list[Ledger]:
    """The owners of STORED payments."""
    ledgers = [Ledger(seed) for seed in range(1, 5)]
    async with opened(database_url) as database:
        await write(database, *(Change(records=(each.merchant,)) for each in ledgers))
    return ledgers


@pytest.fixture
async def stocked(database_url: str, merchants: list[Ledger]) -> AsyncIterator[Database]:
    """A database with STORED payments."""
    stock = Stock([each.merchant.id for each in merchants], START, 0, STORED)
    await asyncio.to_thread(lay_in, database_url, stock)
    async with opened(database_url) as database:
        yield database


def nothing_is_read_in_full(plans: list[list[str]], *, but: str = "") -> None:
    assert plans
    for lines in plans:
        assert tables_read_in_full(lines) <= {but}, lines


def sorts(lines: list[str]) -> bool:
    """Whether rows are put in order after they were found, so that all of them have to be."""
    return any("TEMP B-TREE" in line or "Sort Key" in line for line in lines)


# Payments and refunds


async def test_payments_are_listed_along_an_index(stocked: Database, merchants: list[Ledger]) -> None:
    names = [field.name for field in fields(PaymentFilter)]
    some = [*((name,) for name in names), *combinations(names, 2), tuple(names), ()]
    for wanted in [{name: PAYMENT_FILTERS[name] for name in each} for each in some] + list(RARE):
        for before in (None, PaymentId(UNKNOWN)):
            listening = Listening(stocked)
            await PaymentRepository(listening).list(
                merchants[0].merchant.id, PaymentFilter(**wanted), before=before, limit=20
            )
            nothing_is_read_in_full(await listening.plans())


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "ix_payments_merchant_id_id"),
        ({"currency": "USD", "amount_min": 5}, "ix_payments_merchant_id_id"),
        ({"status": "CAPTURED"}, "ix_payments_merchant_id_id"),
        ({"status": "FAILED"}, "ix_payments_status"),
        ({"status": "FAILED", "customer_email": "a@example.com"}, "ix_payments_customer_email"),
        (PAYMENT_FILTERS, "ix_payments_reference"),
    ],
)
async def test_the_index_that_leaves_least_is_taken_on_sqlite(
    sqlite_url: str, wanted: dict[str, Any], index: str
) -> None:
    async with opened(sqlite_url) as database:
        listening = Listening(database)
        await PaymentRepository(listening).list(
            Ledger().merchant.id, PaymentFilter(**wanted), before=None, limit=20
        )
        for lines in await listening.plans():
            assert all(index in line for line in lines if line.startswith("SEARCH")), lines
            assert not sorts(lines)


async def every_page(
    database: Database, ledger: Ledger, wanted: dict[str, Any], *, limit: int
) -> list[Page[Payment]]:
    """All pages of a list, by going on from where each ends."""
    pages: list[Page[Payment]] = []
    while not pages or pages[-1].last is not None:
        before = None if not pages else PaymentId(pages[-1].last or "")
        pages.append(
            await PaymentRepository(database).list(
                ledger.merchant.id, PaymentFilter(**wanted), before=before, limit=limit
            )
        )
    return pages


async def test_every_payment_that_matches_is_on_one_page(stocked: Database, merchants: list[Ledger]) -> None:
    # given all payments of a merchant, by pages of an unfiltered list
    ledger = merchants[0]
    plain = await every_page(stocked, ledger, {}, limit=1_000)
    everything = [payment for page in plain for payment in page.found]
    assert len(everything) == STORED // 2

    for wanted in RARE:
        # when those are listed that match something rare
        pages = await every_page(stocked, ledger, wanted, limit=20)

        # then each is found once, in order, though no page had to find any
        found = [payment for page in pages for payment in page.found]
        assert found == [payment for payment in everything if matches(payment, wanted)], wanted
        assert all(len(page.found) <= 20 for page in pages)


def matches(payment: Payment, wanted: dict[str, Any]) -> bool:
    facts = {
        "status": payment.status.value,
        "currency": payment.order.amount.currency,
        "simulate": payment.order.simulate,
        "customer_email": payment.order.customer_email,
        "reference": payment.order.reference,
    }
    amount = payment.order.amount.minor
    return (
        all(facts[name] == value for name, value in wanted.items() if name in facts)
        and wanted.get("amount_min", 0) <= amount <= wanted.get("amount_max", amount)
        and ("created_to" not in wanted or payment.created_at < wanted["created_to"])
    )


async def test_a_page_looks_at_so_many_payments_and_says_where_to_go_on(
    stocked: Database, merchants: list[Ledger]
) -> None:
    pages = await every_page(stocked, merchants[0], {"amount_min": 200_000}, limit=20)

    # nothing matches: as many pages as it takes to look at all of them
    assert [len(page.found) for page in pages] == [0] * -(-STORED // 2 // LOOKED_AT_MAX)


async def test_refunds_are_listed_along_an_index(database: Database, ledger: Ledger) -> None:
    listening = Listening(database)
    for before in (None, RefundId(UNKNOWN)):
        await PaymentRepository(listening).refunds_of(
            ledger.merchant.id, PaymentId(UNKNOWN), before=before, limit=21
        )
    nothing_is_read_in_full(await listening.plans(has_few_rows=True))


# Events, deliveries and their attempts


async def test_deliveries_are_listed_along_an_index(office: Office) -> None:
    listening = Listening(office.database)
    repository = DeliveryRepository(listening)
    for wanted in DELIVERY_FILTERS:
        for before in (None, DeliveryId(UNKNOWN)):
            await repository.list(office.merchant.id, wanted, before=before, limit=21)
    nothing_is_read_in_full(await listening.plans())


async def test_events_are_listed_along_an_index(office: Office) -> None:
    listening = Listening(office.database)
    repository = EventRepository(listening)
    for wanted in EVENT_FILTERS:
        for before in (None, EventId(UNKNOWN)):
            await repository.list(office.merchant.id, wanted, before=before, limit=21)
    await repository.of_payment(office.merchant.id, UNKNOWN, limit=100)
    # these are of a few payments only
    nothing_is_read_in_full(await listening.plans(), but="payments")
    nothing_is_read_in_full(await listening.plans(has_few_rows=True))


@pytest.mark.parametrize(
    ("repository", "wanted", "index"),
    [
        (EventRepository, EventFilter(), "ix_webhook_events_merchant_id_id"),
        (EventRepository, EventFilter(type="payment.failed"), "ix_webhook_events_merchant_id_id"),
        (EventRepository, EventFilter(type="payment.failed", payment_id=UNKNOWN), "_payment_id"),
        (DeliveryRepository, DeliveryFilter(status="EXHAUSTED"), "ix_webhook_deliveries_merchant_id_id"),
        (DeliveryRepository, DeliveryFilter(endpoint_id=UNKNOWN), "ix_webhook_deliveries_endpoint_id_id"),
        (DeliveryRepository, DeliveryFilter(event_id=UNKNOWN), "sqlite_autoindex_webhook_deliveries_2"),
    ],
)
async def test_what_few_rows_share_is_found_without_all_rows_of_its_merchant_on_sqlite(
    sqlite_url: str, repository: Any, wanted: EventFilter | DeliveryFilter, index: str
) -> None:
    async with opened(sqlite_url) as database:
        listening = Listening(database)
        await repository(listening).list(Ledger().merchant.id, wanted, before=None, limit=20)
        for lines in await listening.plans():
            assert all(index in line for line in lines if line.startswith("SEARCH webhook_")), lines


# What a merchant has a few of


async def test_endpoints_and_keys_are_listed_along_an_index(database: Database, ledger: Ledger) -> None:
    listening = Listening(database)
    for before in (None, EndpointId(UNKNOWN)):
        await EndpointRepository(listening).list(ledger.merchant.id, before=before, limit=21)
    await MerchantRepository(listening).keys(ledger.merchant.id, 100)
    nothing_is_read_in_full(await listening.plans(has_few_rows=True))
