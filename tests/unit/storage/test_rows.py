"""What is taken apart into a row comes together again, whatever is in it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson
from hypothesis import given, settings

from kessai.domain.delivery import Delivery
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event, EventType, PaymentFact
from kessai.domain.idempotency import KeyClaim
from kessai.domain.ids import EventId
from kessai.domain.instrument import Instrument
from kessai.domain.merchant import ApiKey, Merchant
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.storage.event_rows import EVENT_COLUMNS, event_from_row, event_to_row
from kessai.storage.key_rows import CLAIM_COLUMNS, claim_from_row, claim_to_row
from kessai.storage.payment_rows import (
    ORDER_COLUMNS,
    PAYMENT_COLUMNS,
    REFUND_COLUMNS,
    payment_from_row,
    payment_to_row,
    refund_from_row,
    refund_to_row,
)
from kessai.storage.record_rows import (
    delivery_from,
    endpoint_from,
    key_from,
    merchant_from,
    record_table,
    record_values,
)
from kessai.storage.tables import metadata
from tests.support.ledger import Ledger
from tests.unit.storage import values


@settings(max_examples=50)
@given(values.payments())
def test_payments(payment: Payment) -> None:
    row = payment_to_row(payment)

    assert len(row) == len(PAYMENT_COLUMNS)
    assert payment_from_row(row) == payment


def test_a_payment_has_a_column_for_all_that_was_ordered_and_for_where_it_stands() -> None:
    assert sorted(PAYMENT_COLUMNS) == sorted(column.name for column in metadata.tables["payments"].columns)


@given(values.refunds())
def test_refunds(refund: Refund) -> None:
    row = refund_to_row(refund)

    assert len(row) == len(REFUND_COLUMNS)
    assert refund_from_row(row) == refund


@settings(max_examples=30)
@given(values.events())
def test_events_with_what_they_tell_of(event: Event) -> None:
    row = event_to_row(event)

    assert len(row) == len(EVENT_COLUMNS)
    assert event_from_row((*row, *_ordered(event))) == event


def _ordered(event: Event) -> tuple[Any, ...]:
    """What a select of events reads beside it."""
    if isinstance(event.fact, PaymentFact):
        payment = event.fact.payment
        return (*payment_to_row(payment)[: len(ORDER_COLUMNS)], payment.order.amount.minor)
    return (None,) * (len(ORDER_COLUMNS) + 1)


@settings(max_examples=10)
@given(values.payments())
def test_events_whose_snapshot_holds_the_order_too_as_older_versions_wrote_it(payment: Payment) -> None:
    told = Event(
        EventId("e"), payment.merchant_id, EventType.PAYMENT_CREATED, PaymentFact(payment), payment.created_at
    )
    row = list(event_to_row(told))
    snapshot = orjson.loads(row[EVENT_COLUMNS.index("snapshot")])
    snapshot["payment"] |= {"id": "other", "simulate": "other", "created_at": "2000-01-01T00:00:00+00:00"}
    row[EVENT_COLUMNS.index("snapshot")] = orjson.dumps(snapshot).decode()

    assert event_from_row((*row, *_ordered(told))) == told


@settings(max_examples=10)
@given(values.payments())
def test_events_whose_snapshot_lacks_the_amount_as_older_versions_wrote_it(payment: Payment) -> None:
    fact = PaymentFact(payment, before=payment)
    told = Event(EventId("e"), payment.merchant_id, EventType.PAYMENT_UPDATED, fact, payment.created_at)
    row = list(event_to_row(told))
    snapshot = orjson.loads(row[EVENT_COLUMNS.index("snapshot")])
    del snapshot["payment"]["amount"], snapshot["before"]["amount"]
    row[EVENT_COLUMNS.index("snapshot")] = orjson.dumps(snapshot).decode()

    assert event_from_row((*row, *_ordered(told))) == told


@settings(max_examples=10)
@given(values.payments(), values.refunds())
def test_events_whose_snapshot_lacks_what_a_refund_goes_back_to_as_older_versions_wrote_it(
    payment: Payment, refund: Refund
) -> None:
    paid_with = payment.order.instrument.type if payment.order.instrument else None
    refund = replace(refund, instrument_type=paid_with)
    fact = PaymentFact(payment, refund, refund_before=refund)
    told = Event(EventId("e"), payment.merchant_id, EventType.REFUND_UPDATED, fact, payment.created_at)
    row = list(event_to_row(told))
    snapshot = orjson.loads(row[EVENT_COLUMNS.index("snapshot")])
    del snapshot["refund"]["instrument_type"], snapshot["refund_before"]["instrument_type"]
    row[EVENT_COLUMNS.index("snapshot")] = orjson.dumps(snapshot).decode()

    assert event_from_row((*row, *_ordered(told))) == told


@given(values.claims())
def test_claimed_keys(claim: KeyClaim) -> None:
    row = claim_to_row(claim)

    assert len(row) == len(CLAIM_COLUMNS)
    assert claim_from_row(row) == claim


@given(values.merchants())
def test_merchants(merchant: Merchant) -> None:
    assert merchant_from(tuple(record_values(merchant).values())) == merchant


@given(values.keys())
def test_api_keys(key: ApiKey) -> None:
    assert key_from(tuple(record_values(key).values())) == key


@given(values.endpoints())
def test_endpoints(endpoint: Endpoint) -> None:
    assert endpoint_from(tuple(record_values(endpoint).values())) == endpoint


@given(values.deliveries())
def test_deliveries(delivery: Delivery) -> None:
    assert delivery_from(tuple(record_values(delivery).values())) == delivery


def test_an_events_row_names_its_subjects() -> None:
    ledger = Ledger()
    change = ledger.refunding(ledger.captured(), 1)
    assert change.refund is not None

    row = dict(zip(EVENT_COLUMNS, event_to_row(change.events[0]), strict=True))

    assert row["payment_id"] == change.refund.payment_id
    assert row["refund_id"] == change.refund.id
    assert row["endpoint_id"] is None
    # for a dispatcher to fan out
    assert row["fanned_out_at"] is None


def test_metadata_keeps_its_order_and_may_be_any_mapping() -> None:
    plain = Ledger().captured(metadata=MappingProxyType({"b": "1", "a": "2"}))

    row = dict(zip(PAYMENT_COLUMNS, payment_to_row(plain), strict=True))

    assert row["metadata"] == '{"b":"1","a":"2"}'
    assert list(payment_from_row(tuple(row.values())).order.metadata) == ["b", "a"]


def test_of_a_card_only_brand_and_last_digits_have_a_place() -> None:
    assert set(Instrument.__slots__) == {"type", "brand", "last4"}
    columns = {f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.columns}
    assert {name for name in columns if "cvc" in name or "card" in name or "pan" in name} == set()


def test_every_kind_of_record_has_its_table() -> None:
    ledger = Ledger()

    for record in (ledger.merchant, ledger.new_key(), ledger.new_endpoint()):
        assert list(record_values(record)) == [column.name for column in record_table(record).columns]
        assert set(record_values(record)) == set(type(record).__slots__)
        assert record_values(replace(record, version=2))["version"] == 2
