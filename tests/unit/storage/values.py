"""Any value that may have to be stored, for property tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from kessai.domain.currencies import EXPONENTS
from kessai.domain.delivery import Delivery, DeliveryStatus
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import EndpointFact, Event, EventType, PaymentFact
from kessai.domain.idempotency import KeyClaim, StoredAnswer
from kessai.domain.instrument import Instrument, InstrumentType
from kessai.domain.merchant import ApiKey, Merchant
from kessai.domain.money import AMOUNT_MAX, Money
from kessai.domain.payment import CaptureMethod, Order, Payment
from kessai.domain.refund import Refund, RefundStatus
from kessai.domain.transitions import Action, Status, Transition

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What the API lets in: neither NUL nor half a character.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
ids: Any = st.uuids().map(str)
moments = st.timedeltas(timedelta(0), timedelta(days=40_000)).map(lambda since: _EPOCH + since)
versions = st.integers(1, 1_000)


def instruments() -> st.SearchStrategy[Instrument]:
    """What pays."""
    return st.builds(
        Instrument, st.sampled_from(InstrumentType), st.none() | st.just("visa"), st.none() | st.just("4242")
    )


@st.composite
def payments(draw: st.DrawFn) -> Payment:
    """A payment with any value in every field."""
    currency = draw(st.sampled_from(sorted(EXPONENTS)))
    money = st.integers(0, AMOUNT_MAX).map(lambda minor: Money(minor, currency))
    order = st.builds(
        Order,
        merchant_id=ids,
        amount=money,
        capture_method=st.sampled_from(CaptureMethod),
        simulate=texts,
        delay=st.none() | st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
        hold_lasts=st.none() | st.integers(1, 604_800).map(lambda seconds: timedelta(seconds=seconds)),
        description=st.none() | texts,
        customer_email=st.none() | texts,
        reference=st.none() | texts,
        metadata=st.dictionaries(texts, texts, max_size=3),
        instrument=st.none() | instruments(),
    )
    move = st.builds(
        Transition,
        st.sampled_from(Action),
        st.none() | st.sampled_from(Status),
        st.sampled_from(Status),
        moments,
        st.none() | st.integers(1, AMOUNT_MAX),
    )
    optional = st.none() | moments
    return draw(
        st.builds(
            Payment,
            id=ids,
            order=order,
            status=st.sampled_from(Status),
            captured=money,
            refunded=money,
            error_code=st.none() | texts,
            error_message=st.none() | texts,
            created_at=moments,
            updated_at=moments,
            authorized_at=optional,
            captured_at=optional,
            expires_at=optional,
            due_at=optional,
            transitions=st.lists(move, max_size=4).map(tuple),
            version=versions,
        )
    )


def refunds() -> st.SearchStrategy[Refund]:
    """A refund with any value in every field."""
    return st.builds(
        Refund,
        id=ids,
        merchant_id=ids,
        payment_id=ids,
        amount=st.builds(Money, st.integers(1, AMOUNT_MAX), st.sampled_from(sorted(EXPONENTS))),
        status=st.sampled_from(RefundStatus),
        reason=st.none() | texts,
        payment_status=st.sampled_from(Status),
        error_code=st.none() | texts,
        due_at=st.none() | moments,
        created_at=moments,
        updated_at=moments,
        version=versions,
        instrument_type=st.none() | st.sampled_from(InstrumentType),
    )


def merchants() -> st.SearchStrategy[Merchant]:
    """Any merchant."""
    return st.builds(
        Merchant,
        id=ids,
        name=texts,
        email=st.none() | texts,
        default_currency=st.sampled_from(sorted(EXPONENTS)),
        is_active=st.booleans(),
        webhook_endpoint_id=st.none() | ids,
        created_at=moments,
        updated_at=moments,
        version=versions,
    )


def keys() -> st.SearchStrategy[ApiKey]:
    """Any key."""
    optional = st.none() | moments
    return st.builds(
        ApiKey,
        id=ids,
        merchant_id=ids,
        name=st.none() | texts,
        public_key=texts,
        digest=texts,
        last4=texts,
        previous_digest=st.none() | texts,
        previous_expires_at=optional,
        created_at=moments,
        last_used_at=optional,
        expires_at=optional,
        revoked_at=optional,
        version=versions,
    )


def endpoints() -> st.SearchStrategy[Endpoint]:
    """Any endpoint."""
    optional = st.none() | moments
    return st.builds(
        Endpoint,
        id=ids,
        merchant_id=ids,
        url=texts,
        events=st.lists(texts, max_size=3).map(tuple),
        description=st.none() | texts,
        dialect=texts,
        is_enabled=st.booleans(),
        disabled_reason=st.none() | texts,
        sealed_secret=texts,
        previous_sealed_secret=st.none() | texts,
        previous_expires_at=optional,
        failing_since=optional,
        created_at=moments,
        updated_at=moments,
        deleted_at=optional,
        version=versions,
    )


def deliveries() -> st.SearchStrategy[Delivery]:
    """Any delivery."""
    optional = st.none() | moments
    return st.builds(
        Delivery,
        id=ids,
        merchant_id=ids,
        event_id=ids,
        endpoint_id=ids,
        event_type=texts,
        status=st.sampled_from(DeliveryStatus),
        body=st.binary(max_size=40),
        attempt_count=st.integers(0, 99),
        retry_count=st.integers(0, 99),
        due_at=optional,
        leased_until=optional,
        last_error=st.none() | texts,
        created_at=moments,
        updated_at=moments,
        version=versions,
    )


def claims() -> st.SearchStrategy[KeyClaim]:
    """Any claimed key."""
    answer = st.builds(StoredAnswer, st.integers(100, 599), texts, st.binary(max_size=40), st.booleans())
    return st.builds(KeyClaim, ids, texts, texts, answer, moments, moments)


def _payment_fact(payment: Payment, refund: Refund | None, was_changed: bool) -> PaymentFact:
    earlier = replace(payment, updated_at=payment.created_at, details=None) if was_changed else None
    return PaymentFact(payment, refund, earlier)


def events() -> st.SearchStrategy[Event]:
    """Something that happened to a payment, a refund or an endpoint."""
    payment_facts = st.builds(_payment_fact, payments(), st.none() | refunds(), st.booleans())
    endpoint_facts = st.builds(EndpointFact, endpoints(), texts)
    return st.builds(Event, ids, ids, st.sampled_from(EventType), payment_facts | endpoint_facts, moments)
