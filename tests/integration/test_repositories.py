"""What is read comes back as it was written, to its own merchant only, in order, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from kessai.domain.change import Change
from kessai.domain.ids import KeyId, MerchantId, PaymentId
from kessai.domain.money import Money, zero
from kessai.domain.outcome import ActionRequired, Declined, Deferred
from kessai.domain.payment import Payment
from kessai.domain.refund import RefundStatus
from kessai.storage.journal import Database
from kessai.storage.migrate import HEAD
from kessai.storage.repositories.idempotency import PRUNED_AT_ONCE, IdempotencyRepository
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.repositories.payments import PaymentFilter, PaymentRepository
from kessai.storage.repositories.schema import SchemaRepository
from tests.support.ledger import DAY, START, Ledger, rupees, write

HOUR = timedelta(hours=1)


async def listed(database: Database, merchant_id: MerchantId, **wanted: Any) -> list[Payment]:
    """A merchant's payments, newest first."""
    page = await PaymentRepository(database).list(
        merchant_id, PaymentFilter(**wanted), before=None, limit=100
    )
    return list(page.found)


# Payments


async def test_a_payment_is_its_merchants_only(database: Database, ledger: Ledger) -> None:
    other = Ledger(2)
    payment = ledger.captured()
    await write(database, Change(records=(other.merchant,)), ledger.saving(payment))
    payments = PaymentRepository(database)

    assert await payments.get(ledger.merchant.id, payment.id) == payment
    assert await payments.get(other.merchant.id, payment.id) is None
    assert await payments.get(ledger.merchant.id, ledger.new_id()) is None
    assert await listed(database, other.merchant.id) == []
    # the payer and the clock know no merchant
    assert await payments.get_any(payment.id) == payment


async def test_payments_are_listed_newest_first_page_by_page(database: Database, ledger: Ledger) -> None:
    made = [ledger.captured(number + 1) for number in range(7)]
    await write(database, *(ledger.saving(payment) for payment in made))
    payments = PaymentRepository(database)

    seen: list[Payment] = []
    last: str | None = None
    while not seen or last is not None:
        before = None if last is None else PaymentId(last)
        page = await payments.list(ledger.merchant.id, PaymentFilter(), before=before, limit=3)
        assert len(page.found) <= 3
        seen += page.found
        last = page.last

    assert seen == made[::-1]


async def test_every_filter_narrows(database: Database, ledger: Ledger) -> None:
    yen = replace(ledger.asked().order, amount=Money(500, "JPY"))
    made = [
        replace(ledger.asked(), order=yen, captured=zero("JPY"), refunded=zero("JPY")),
        ledger.captured(400, at=START),
        wanted := ledger.decided(
            Declined("CARD_DECLINED", "The card was declined."),
            500,
            at=START + HOUR,
            customer_email="a@b.example",
            reference="order 1",
            simulate="card_declined",
        ),
        ledger.captured(600, at=START + 2 * HOUR),
    ]
    await write(database, *(ledger.saving(payment) for payment in made))

    for narrowed in (
        {"status": "FAILED"},
        {"customer_email": "a@b.example"},
        {"reference": "order 1"},
        {"simulate": "card_declined"},
        {"created_from": START + HOUR, "created_to": START + 2 * HOUR},
        {"amount_min": 500, "amount_max": 500, "currency": "INR"},
        {"status": "FAILED", "currency": "INR", "reference": "order 1", "created_from": START},
    ):
        assert await listed(database, ledger.merchant.id, **narrowed) == [wanted], narrowed
    assert len(await listed(database, ledger.merchant.id, currency="JPY")) == 1
    assert await listed(database, ledger.merchant.id, reference="order 2") == []


async def test_a_range_of_time_takes_its_start_and_leaves_its_end(database: Database, ledger: Ledger) -> None:
    payment = ledger.captured(at=START)
    await write(database, ledger.saving(payment))
    moment = timedelta(microseconds=1)

    for start, end, expected in (
        (START, START + moment, [payment]),
        (START - moment, START, []),
        (START + moment, START + DAY, []),
        (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), [payment]),
    ):
        found = await listed(database, ledger.merchant.id, created_from=start, created_to=end)
        assert found == expected, (start, end)


async def test_a_moment_may_be_written_in_any_zone(database: Database, ledger: Ledger) -> None:
    payment = ledger.captured(at=START)
    await write(database, ledger.saving(payment))
    tokyo = START.astimezone(timezone(timedelta(hours=9)))

    assert await listed(database, ledger.merchant.id, created_from=tokyo) == [payment]
    assert await listed(database, ledger.merchant.id, created_to=tokyo) == []


async def test_payments_made_while_the_clock_stood_still_are_found(
    database: Database, ledger: Ledger
) -> None:
    # 4096 ids fill a millisecond, then they run ahead of their moment
    for _ in range(20_000):
        ledger.new_id()
    payment = ledger.captured(at=START)
    await write(database, ledger.saving(payment))

    found = await listed(database, ledger.merchant.id, created_to=START + timedelta(microseconds=1))

    assert found == [payment]


async def test_what_the_clock_is_to_move_is_found_when_it_is_due(database: Database, ledger: Ledger) -> None:
    soon = ledger.decided(Deferred(HOUR))
    later = ledger.decided(Deferred(2 * HOUR))
    held = ledger.held()
    waits_for_its_payer = ledger.decided(ActionRequired())
    for payment in (later, soon, held, waits_for_its_payer, ledger.captured()):
        await write(database, ledger.saving(payment))
    payments = PaymentRepository(database)

    assert await payments.due(START + HOUR - timedelta(microseconds=1), 10) == []
    assert await payments.due(START + HOUR, 10) == [soon]
    assert await payments.due(START + 30 * DAY, 10) == [soon, later, held]
    assert await payments.due(START + 30 * DAY, 2) == [soon, later]


# Refunds


async def test_refunds_are_listed_newest_first_page_by_page(database: Database, ledger: Ledger) -> None:
    payment = ledger.captured()
    await write(database, ledger.saving(payment))
    changes = []
    for amount in (1, 2, 3):
        change = ledger.refunding(payment, amount)
        await write(database, change)
        assert change.payment is not None
        payment = change.payment
        changes.append(change)
    third, second, first = (change.refund for change in reversed(changes))
    payments = PaymentRepository(database)

    page = await payments.refunds_of(ledger.merchant.id, payment.id, before=None, limit=2)
    assert page == [third, second]
    assert await payments.refunds_of(ledger.merchant.id, payment.id, before=page[-1].id, limit=2) == [first]
    assert await payments.refunds_of(MerchantId(ledger.new_id()), payment.id, before=None, limit=2) == []
    assert first is not None
    assert await payments.get_refund(ledger.merchant.id, first.id) == first
    assert await payments.get_refund(MerchantId(ledger.new_id()), first.id) is None


async def test_refunds_that_are_due_are_found(database: Database, ledger: Ledger) -> None:
    payment = ledger.captured()
    change = ledger.refunding(payment, None)
    assert change.refund is not None
    pending = replace(change.refund, status=RefundStatus.PENDING, due_at=START + 2 * DAY)
    await write(database, ledger.saving(payment), replace(change, refund=pending))
    payments = PaymentRepository(database)

    assert await payments.due_refunds(START + DAY, 10) == []
    assert await payments.due_refunds(START + 2 * DAY, 10) == [pending]


# Merchants and keys


async def test_merchants_are_listed_oldest_first(database: Database, ledger: Ledger) -> None:
    later = [ledger.new_merchant(name=f"Merchant {number}", email=None) for number in range(3)]
    await write(database, Change(records=tuple(later)))
    merchants = MerchantRepository(database)

    assert await merchants.list(3) == [ledger.merchant, *later[:2]]
    assert await merchants.get(later[0].id) == later[0]
    assert await merchants.get(ledger.new_id()) is None
    assert not await merchants.is_empty()


async def test_a_key_is_found_by_its_digest_and_by_the_one_before(database: Database, ledger: Ledger) -> None:
    rotated = ledger.new_key(digest="new", previous_digest="old", previous_expires_at=START + DAY)
    plain = ledger.new_key(digest="plain")
    await write(database, Change(records=(rotated, plain)))
    merchants = MerchantRepository(database)

    assert await merchants.by_digest("new") == (rotated, ledger.merchant)
    assert await merchants.by_digest("old") == (rotated, ledger.merchant)
    assert await merchants.by_digest("plain") == (plain, ledger.merchant)
    assert await merchants.by_digest("unknown") is None


async def test_keys_are_listed_newest_first_to_their_merchant(database: Database, ledger: Ledger) -> None:
    first, second = ledger.new_key(), ledger.new_key(name=None, revoked_at=START)
    await write(database, Change(records=(first, second)))
    merchants = MerchantRepository(database)

    assert await merchants.keys(ledger.merchant.id, 10) == [second, first]
    assert await merchants.keys(ledger.merchant.id, 1) == [second]
    assert await merchants.get_key(ledger.merchant.id, first.id) == first
    assert await merchants.get_key(MerchantId(ledger.new_id()), first.id) is None


async def test_the_last_use_of_keys_is_noted_without_a_new_version(
    database: Database, ledger: Ledger
) -> None:
    first, second = ledger.new_key(), ledger.new_key()
    await write(database, Change(records=(first, second)))
    merchants = MerchantRepository(database)

    await merchants.note_use({first.id: START + DAY, KeyId(ledger.new_id()): START})

    assert await merchants.keys(ledger.merchant.id, 10) == [second, replace(first, last_used_at=START + DAY)]


# Stored answers


async def test_a_key_is_forgotten_when_it_expires(database: Database, ledger: Ledger) -> None:
    claim = ledger.claim("daily")
    await write(database, Change(claim=claim))
    claims = IdempotencyRepository(database)

    assert await claims.get(ledger.merchant.id, "daily", at=START + DAY - timedelta(microseconds=1)) == claim
    assert await claims.get(ledger.merchant.id, "daily", at=START + DAY) is None
    assert await claims.get(MerchantId(ledger.new_id()), "daily", at=START) is None


async def test_a_stored_answer_comes_back_byte_for_byte(database: Database, ledger: Ledger) -> None:
    claim = ledger.claim("bytes \u00e9 茶")
    answer = replace(claim.answer, body=bytes(range(256)), is_sealed=True)
    await write(database, Change(claim=replace(claim, answer=answer)))

    found = await IdempotencyRepository(database).get(ledger.merchant.id, claim.key, at=START)

    assert found == replace(claim, answer=answer)


async def test_expired_keys_are_pruned_some_at_a_time(database: Database, ledger: Ledger) -> None:
    old = [ledger.claim(f"old {number}") for number in range(PRUNED_AT_ONCE + 3)]
    fresh = ledger.claim("fresh", at=START + HOUR)
    await asyncio.gather(*(database.commit(Change(claim=claim)) for claim in (*old, fresh)))
    claims = IdempotencyRepository(database)

    assert [await claims.prune(START + DAY) for _ in range(3)] == [PRUNED_AT_ONCE, 3, 0]
    assert await claims.get(ledger.merchant.id, "fresh", at=START + DAY) == fresh


# The schema


async def test_the_schema_tells_its_revision(database: Database) -> None:
    assert await SchemaRepository(database).revision() == HEAD


@pytest.mark.parametrize("amount", [1, 99_999_999_999])
async def test_amounts_keep_every_digit(database: Database, ledger: Ledger, amount: int) -> None:
    payment = ledger.captured(amount)
    await write(database, ledger.saving(payment))

    read = await PaymentRepository(database).get(ledger.merchant.id, payment.id)

    assert read is not None
    assert read.captured == rupees(amount)
