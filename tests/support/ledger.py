"""Values that fit together, for tests of what is written and read: a merchant, payments, their Changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.change import Change
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event, EventType, PaymentFact
from kessai.domain.idempotency import KeyClaim, StoredAnswer
from kessai.domain.ids import EndpointId, EventId, KeyId, MerchantId, PaymentId, RefundId
from kessai.domain.merchant import ApiKey, Merchant
from kessai.domain.money import Money
from kessai.domain.outcome import Approved, Outcome
from kessai.domain.payment import CaptureMethod, Order, Payment, new_payment, new_refund
from kessai.domain.refund import Refund
from kessai.storage.address import sqlite_file
from kessai.storage.journal import COMMITTED, Database

START: Final = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)
DAY: Final = timedelta(days=1)


def rupees(minor: int) -> Money:
    """So many paise."""
    return Money(minor, "INR")


class Ledger:
    """One merchant and what happens to it. Another seed makes other ids, for another process."""

    def __init__(self, seed: int = 1, *, merchant: Merchant | None = None) -> None:
        self._ids = UuidFactory(SeededDice(seed))
        self.merchant = merchant or self.new_merchant()

    def new_id(self, at: datetime = START) -> str:
        """An id that nothing has yet."""
        return self._ids.new_id(at)

    def new_merchant(self, **facts: Any) -> Merchant:
        """A merchant."""
        plain = Merchant(
            id=MerchantId(self.new_id()),
            name="Kyoto Tea",
            email="till@kyoto.example",
            default_currency="INR",
            is_active=True,
            webhook_endpoint_id=None,
            created_at=START,
            updated_at=START,
        )
        return replace(plain, **facts)

    def new_key(self, **facts: Any) -> ApiKey:
        """A key that opens the merchant's door."""
        key_id = self.new_id()
        plain = ApiKey(
            id=KeyId(key_id),
            merchant_id=self.merchant.id,
            name="till",
            public_key=f"pk_test_{key_id}",
            digest=key_id,
            last4=key_id[-4:],
            previous_digest=None,
            previous_expires_at=None,
            created_at=START,
            last_used_at=None,
            expires_at=None,
            revoked_at=None,
        )
        return replace(plain, **facts)

    def new_endpoint(self, **facts: Any) -> Endpoint:
        """An endpoint that hears everything."""
        plain = Endpoint(
            id=EndpointId(self.new_id()),
            merchant_id=self.merchant.id,
            url="https://shop.example/hooks",
            events=("*",),
            description=None,
            dialect="native",
            is_enabled=True,
            disabled_reason=None,
            sealed_secret="sealed",
            previous_sealed_secret=None,
            previous_expires_at=None,
            failing_since=None,
            created_at=START,
            updated_at=START,
            deleted_at=None,
        )
        return replace(plain, **facts)

    def asked(self, amount: int = 10_000, *, at: datetime = START, **facts: Any) -> Payment:
        """A payment that was asked for and not decided."""
        plain = Order(
            merchant_id=self.merchant.id,
            amount=rupees(amount),
            capture_method=CaptureMethod.AUTOMATIC,
            simulate="success",
            metadata={},
        )
        return new_payment(PaymentId(self.new_id(at)), replace(plain, **facts), at=at)

    def captured(self, amount: int = 10_000, *, at: datetime = START, **facts: Any) -> Payment:
        """A payment that went well."""
        return self.decided(Approved(), amount, at=at, **facts)

    def held(self, amount: int = 10_000, *, at: datetime = START, **facts: Any) -> Payment:
        """A payment that waits to be captured."""
        return self.decided(Approved(), amount, at=at, capture_method=CaptureMethod.MANUAL, **facts)

    def decided(
        self, outcome: Outcome, amount: int = 10_000, *, at: datetime = START, **facts: Any
    ) -> Payment:
        """A payment of which the bank said `outcome`."""
        return self.asked(amount, at=at, **facts).follow(outcome, at=at)

    def event(
        self,
        payment: Payment,
        refund: Refund | None = None,
        *,
        type: EventType = EventType.PAYMENT_CREATED,  # noqa: A002 - the field's name
    ) -> Event:
        """Something that happened to a payment."""
        fact = PaymentFact(payment, refund)
        return Event(EventId(self.new_id()), payment.merchant_id, type, fact, payment.updated_at)

    def saving(self, payment: Payment, *, claim: KeyClaim | None = None) -> Change:
        """What writes a payment as it stands, with its event."""
        return Change(payment=payment, events=(self.event(payment),), claim=claim)

    def capturing(self, held: Payment, *, claim: KeyClaim | None = None) -> Change:
        """What captures a payment that was read as `held`."""
        return self.saving(held.capture(None, at=START + DAY).saved_again(), claim=claim)

    def refunding(self, captured: Payment, amount: int | None, *, claim: KeyClaim | None = None) -> Change:
        """What refunds a payment that was read as `captured`."""
        at = START + DAY
        payment, given = captured.refund(None if amount is None else rupees(amount), at=at)
        payment = payment.saved_again()
        refund = new_refund(RefundId(self.new_id()), payment, given, "changed their mind", at=at)
        event = self.event(payment, refund, type=EventType.PAYMENT_REFUNDED)
        return Change(payment=payment, refund=refund, events=(event,), claim=claim)

    def claim(self, key: str, *, fingerprint: str = "f" * 64, at: datetime = START) -> KeyClaim:
        """A key as a request claims it; each call has an answer of its own."""
        body = f'{{"id":"{self.new_id()}"}}'.encode()
        answer = StoredAnswer(201, "application/json", body)
        return KeyClaim(self.merchant.id, key, fingerprint, answer, at, at + DAY)


PATIENCE_S: Final = 30.0
"""A disk that stands still for some seconds is no failure of ours; who tests that gives a shorter one."""


def open_database(url: str, *, timeout_s: float = PATIENCE_S, pool_size: int = 6) -> Database:
    """The database of a fixture's URL, whichever it is."""
    path = sqlite_file(url)
    if path is not None:
        from kessai.storage.sqlite.database import SqliteDatabase

        return SqliteDatabase(path)
    from kessai.storage.postgresql.database import PostgresDatabase

    return PostgresDatabase(url, pool_size=pool_size, timeout_s=timeout_s)


@asynccontextmanager
async def opened(url: str, *, timeout_s: float = PATIENCE_S, pool_size: int = 6) -> AsyncIterator[Database]:
    """The same, closed at the end."""
    database = open_database(url, timeout_s=timeout_s, pool_size=pool_size)
    try:
        yield database
    finally:
        await database.close()


async def write(database: Database, *changes: Change) -> None:
    """Write Changes that nothing is in the way of, one after the other."""
    for change in changes:
        assert await database.commit(change) == COMMITTED
