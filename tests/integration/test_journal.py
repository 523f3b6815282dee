"""What the journal promises, on both databases: each Change wholly or not at all, each key once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from kessai.domain.change import Change
from kessai.domain.customer import Customer
from kessai.domain.errors import DatabaseUnavailableError, KessaiError
from kessai.domain.event import Event
from kessai.domain.ids import MerchantId
from kessai.domain.outcome import ActionRequired, Declined
from kessai.domain.refund import RefundStatus
from kessai.services.intents import PAYMENT_CANCELED
from kessai.storage.event_rows import event_from_row, select_events
from kessai.storage.journal import BATCH_MAX, COMMITTED, STALE, CommitResult, Committed, Database, KeyTaken
from kessai.storage.repositories.idempotency import IdempotencyRepository
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.repositories.payments import PaymentFilter, PaymentRepository
from kessai.storage.tables import merchants, metadata, webhook_events
from tests.support.ledger import DAY, START, Ledger, opened, rupees, write


async def counts(database: Database) -> dict[str, int]:
    """How many rows each table has, of those that have any."""

    def count(connection: Connection) -> dict[str, int]:
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
        return {name: number for name, number in rows.items() if number}

    return await database.run(count)


async def events(database: Database) -> list[Event]:
    """Every event there is, oldest first."""
    statement = select_events().order_by(webhook_events.c.id)
    return await database.run(lambda each: [event_from_row(tuple(row)) for row in each.execute(statement)])


async def at_once(database: Database, *changes: Change) -> list[CommitResult]:
    """Commit Changes that arrive together."""
    return list(await asyncio.gather(*(database.commit(change) for change in changes)))


# One Change


async def test_a_change_writes_everything_it_holds(database: Database, ledger: Ledger) -> None:
    claim = ledger.claim("first")
    payment = ledger.captured(metadata={"order": "茶 1"}, customer_email="a@b.example", description="\u00e9")
    change = ledger.saving(payment, claim=claim)

    assert await database.commit(change) == COMMITTED

    assert await PaymentRepository(database).get(ledger.merchant.id, payment.id) == payment
    assert await IdempotencyRepository(database).get(ledger.merchant.id, "first", at=START) == claim
    assert tuple(await events(database)) == change.events


async def test_it_says_whether_somebody_is_to_be_told(database: Database, ledger: Ledger) -> None:
    async def is_heard(change: Change) -> bool:
        result = await database.commit(change)
        assert isinstance(result, Committed)
        return result.is_heard

    # given nobody who listens, a payment is news to nobody, whatever comes with it
    assert not await is_heard(ledger.saving(ledger.captured(), claim=ledger.claim("alone")))
    assert not any(
        result.is_heard if isinstance(result, Committed) else True
        for result in await at_once(database, *(ledger.saving(ledger.captured()) for _ in range(3)))
    )

    # when somebody begins to listen, in the same batch or before
    endpoint = ledger.new_endpoint()
    await at_once(database, Change(records=(endpoint,)), ledger.saving(ledger.captured()))

    # then the next one is
    assert await is_heard(ledger.saving(ledger.captured()))
    assert await is_heard(ledger.saving(ledger.captured(), claim=ledger.claim("heard")))

    # until that one is switched off
    await database.commit(Change(records=(replace(endpoint, is_enabled=False, version=2),)))
    assert not await is_heard(ledger.saving(ledger.captured()))


async def test_a_decline_is_kept_like_any_payment(database: Database, ledger: Ledger) -> None:
    declined = ledger.decided(Declined("CARD_DECLINED", "The card was declined."))

    await write(database, ledger.saving(declined))

    assert await PaymentRepository(database).get(ledger.merchant.id, declined.id) == declined


async def test_a_payment_moves_from_the_version_that_was_read(database: Database, ledger: Ledger) -> None:
    held = ledger.held()
    await write(database, ledger.saving(held))
    capturing = ledger.capturing(held)

    assert await database.commit(capturing) == COMMITTED

    read = await PaymentRepository(database).get(ledger.merchant.id, held.id)
    assert read == capturing.payment
    assert read is not None
    assert read.version == 2


async def test_a_refund_is_written_with_the_payment_that_pays_it(database: Database, ledger: Ledger) -> None:
    captured = ledger.captured()
    await write(database, ledger.saving(captured))
    refunding = ledger.refunding(captured, 4_000)

    assert await database.commit(refunding) == COMMITTED

    repository = PaymentRepository(database)
    assert await repository.get(ledger.merchant.id, captured.id) == refunding.payment
    assert await repository.refunds_of(ledger.merchant.id, captured.id, before=None, limit=9) == [
        refunding.refund
    ]


async def test_an_answer_alone_can_be_kept(database: Database, ledger: Ledger) -> None:
    claim = ledger.claim("nothing but an answer")

    assert await database.commit(Change(claim=claim)) == COMMITTED
    assert await database.commit(Change(claim=claim)) == KeyTaken(claim)


async def test_a_change_of_nothing_is_committed(database: Database) -> None:
    assert await database.commit(Change()) == COMMITTED


# What is in the way


async def test_a_payment_that_has_moved_lets_nothing_be_written(database: Database, ledger: Ledger) -> None:
    captured = ledger.captured()
    await write(database, ledger.saving(captured), ledger.refunding(captured, 1_000))
    before = await counts(database)
    late = ledger.refunding(captured, 10_000, claim=ledger.claim("late"))

    assert await database.commit(late) == STALE

    assert await counts(database) == before
    assert await IdempotencyRepository(database).get(ledger.merchant.id, "late", at=START) is None


async def test_a_payment_that_is_not_there_lets_nothing_be_written(
    database: Database, ledger: Ledger
) -> None:
    unknown = ledger.held()

    assert await database.commit(ledger.capturing(unknown, claim=ledger.claim("lost"))) == STALE

    assert await counts(database) == {"merchants": 1}


async def test_a_key_in_use_answers_with_what_it_was_used_for(database: Database, ledger: Ledger) -> None:
    first = ledger.claim("the key")
    await write(database, ledger.saving(ledger.captured(), claim=first))
    before = await counts(database)

    again = ledger.saving(ledger.captured(), claim=ledger.claim("the key", fingerprint="other"))

    assert await database.commit(again) == KeyTaken(first)
    assert await counts(database) == before


async def test_a_key_in_use_tells_more_than_a_payment_that_moved(database: Database, ledger: Ledger) -> None:
    held, claim = ledger.held(), ledger.claim("capture it")
    await write(database, ledger.saving(held), ledger.capturing(held, claim=claim))

    # the same request again, decided before the first was committed
    assert await database.commit(ledger.capturing(held, claim=ledger.claim("capture it"))) == KeyTaken(claim)


async def test_a_key_is_a_merchants_own(database: Database, ledger: Ledger) -> None:
    other = Ledger(2)
    await write(database, Change(records=(other.merchant,)))

    await write(database, Change(claim=ledger.claim("same")), Change(claim=other.claim("same")))


async def test_an_expired_key_is_new(database: Database, ledger: Ledger) -> None:
    await write(database, Change(claim=ledger.claim("daily")))
    next_day = ledger.claim("daily", fingerprint="other", at=START + DAY)

    assert await database.commit(ledger.saving(ledger.captured(), claim=next_day)) == COMMITTED

    repository = IdempotencyRepository(database)
    assert await repository.get(ledger.merchant.id, "daily", at=START + DAY) == next_day


async def test_a_key_is_in_use_until_it_expires(database: Database, ledger: Ledger) -> None:
    first = ledger.claim("daily")
    await write(database, Change(claim=first))
    almost = replace(ledger.claim("daily"), created_at=START + DAY - DAY / 86_400_000)

    assert await database.commit(Change(claim=almost)) == KeyTaken(first)


# Many at once


async def test_of_many_requests_with_one_key_one_has_an_effect(database: Database, ledger: Ledger) -> None:
    changes = [ledger.saving(ledger.captured(), claim=ledger.claim("the key")) for _ in range(64)]

    results = await at_once(database, *changes)

    winner = changes[results.index(COMMITTED)]
    assert winner.claim is not None
    assert results.count(COMMITTED) == 1
    assert results.count(KeyTaken(winner.claim)) == 63
    assert await counts(database) == {
        "idempotency_keys": 1,
        "merchants": 1,
        "payments": 1,
        "webhook_events": 1,
    }


async def test_of_two_captures_at_once_one_goes_through(database: Database, ledger: Ledger) -> None:
    held = ledger.held()
    await write(database, ledger.saving(held))

    results = await at_once(database, *(ledger.capturing(held) for _ in range(2)))

    assert sorted(map(str, results)) == sorted(map(str, (COMMITTED, STALE)))
    assert (await counts(database))["webhook_events"] == 2


async def test_refunds_at_once_never_take_more_than_was_captured(database: Database, ledger: Ledger) -> None:
    captured = ledger.captured(100)
    await write(database, ledger.saving(captured))

    results = await at_once(database, *(ledger.refunding(captured, 60) for _ in range(30)))

    assert results.count(COMMITTED) == 1
    assert (await counts(database))["refunds"] == 1


async def test_more_than_a_batch_at_once(database: Database, ledger: Ledger) -> None:
    payments = [ledger.captured() for _ in range(2 * BATCH_MAX + 1)]

    results = await at_once(database, *(ledger.saving(payment) for payment in payments))

    assert results == [COMMITTED] * len(payments)
    assert (await counts(database))["payments"] == len(payments)


async def test_every_kind_of_change_in_one_batch(database: Database, ledger: Ledger) -> None:
    held, captured = ledger.held(), ledger.captured()
    await write(database, ledger.saving(held), ledger.saving(captured), Change(claim=ledger.claim("used")))

    results = await asyncio.gather(
        database.commit(ledger.saving(ledger.captured())),
        database.commit(ledger.capturing(held)),
        database.commit(Change(records=(ledger.new_key(),))),
        database.commit(ledger.refunding(captured, 1)),
        database.commit(ledger.saving(ledger.captured(), claim=ledger.claim("used"))),
        database.run(lambda connection: connection.execute(select(merchants.c.name)).scalar_one()),
    )

    assert [type(result).__name__ for result in results] == [*["Committed"] * 4, "KeyTaken", "str"]


def broken(ledger: Ledger) -> dict[str, Change]:
    """Changes that the database refuses, by what is wrong with them."""
    captured = ledger.captured()
    stranger = replace(captured.order, merchant_id=MerchantId(ledger.new_id()))
    too_much = replace(captured, captured=rupees(10_001))
    return {
        "a check": ledger.saving(too_much),
        "a foreign key": ledger.saving(replace(captured, order=stranger)),
        "a row that is there": Change(payment=captured, events=(ledger.event(captured),) * 2),
    }


@pytest.mark.parametrize("fault", ["a check", "a foreign key", "a row that is there"])
async def test_a_bug_of_ours_fails_alone(database: Database, ledger: Ledger, fault: str) -> None:
    good = [ledger.saving(ledger.captured()) for _ in range(6)]
    changes = [*good[:3], broken(ledger)[fault], *good[3:]]

    results = await asyncio.gather(
        *(database.commit(change) for change in changes),
        database.run(lambda connection: connection.execute(select(merchants.c.name)).scalar_one()),
        return_exceptions=True,
    )

    error = results.pop(3)
    assert isinstance(error, Exception)
    # a bug is not told as if the database were away
    assert not isinstance(error, KessaiError)
    assert results == [*[COMMITTED] * 6, ledger.merchant.name]
    assert (await counts(database))["payments"] == 6


async def test_who_stops_waiting_disturbs_nobody(database: Database, ledger: Ledger) -> None:
    changes = [ledger.saving(ledger.captured(), claim=ledger.claim(f"key {n}")) for n in range(9)]
    waiting = [asyncio.ensure_future(database.commit(change)) for change in changes]
    await asyncio.sleep(0)

    waiting[4].cancel()

    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results.pop(4), asyncio.CancelledError)
    assert results == [COMMITTED] * 8
    await write(database, ledger.saving(ledger.captured()))


# Rarely written values


async def test_records_are_written_and_moved(database: Database, ledger: Ledger) -> None:
    other = ledger.new_merchant(email=None)
    key = ledger.new_key(merchant_id=other.id)
    endpoint = ledger.new_endpoint(merchant_id=other.id)
    await write(database, Change(records=(other, key, endpoint)))
    renamed = replace(other, name="Kyōto 茶", webhook_endpoint_id=endpoint.id, version=2)
    revoked = replace(key, revoked_at=START + DAY, version=2)

    await write(database, Change(records=(renamed, revoked)))

    repository = MerchantRepository(database)
    assert await repository.get(other.id) == renamed
    assert await repository.get_key(other.id, key.id) == revoked


async def test_a_record_that_has_moved_lets_nothing_be_written(database: Database, ledger: Ledger) -> None:
    key = ledger.new_key()
    await write(database, Change(records=(key,)), Change(records=(replace(key, name="new", version=2),)))
    late = Change(
        records=(ledger.new_endpoint(), replace(key, name="late", version=2)), claim=ledger.claim("late")
    )

    assert await database.commit(late) == STALE

    read = await MerchantRepository(database).get_key(ledger.merchant.id, key.id)
    assert read is not None
    assert read.name == "new"
    assert await counts(database) == {"api_keys": 1, "merchants": 1}


async def test_who_makes_the_same_of_what_has_moved_is_told_so(database: Database, ledger: Ledger) -> None:
    # given two who make the same new thing of an old one, such as an instrument of a token
    old, new = (
        Customer(
            id=ledger.new_key().id,
            merchant_id=ledger.merchant.id,
            created_at=START,
            updated_at=START,
            metadata={},
            details={},
        )
        for _ in range(2)
    )
    await write(database, Change(records=(old,)))
    change = Change(records=(new, replace(old, version=2)))

    # when both are written, at once or one after the other
    results = [*await at_once(database, change, change), await database.commit(change)]

    # then one is, and the others are to decide anew
    assert sorted(map(str, results)) == sorted(map(str, (COMMITTED, STALE, STALE)))


async def test_records_are_protected_by_keys_too(database: Database, ledger: Ledger) -> None:
    first = ledger.claim("make a key")
    changes = [Change(records=(ledger.new_key(),), claim=first) for _ in range(8)]

    results = await at_once(database, *changes)

    assert sorted(map(str, results)) == sorted(map(str, [COMMITTED, *[KeyTaken(first)] * 7]))
    assert (await counts(database))["api_keys"] == 1


async def test_a_unique_value_is_refused_the_second_time(database: Database, ledger: Ledger) -> None:
    await write(database, Change(records=(ledger.new_key(digest="same"),)))

    with pytest.raises(IntegrityError):
        await database.commit(Change(records=(ledger.new_key(digest="same"),)))

    await write(database, Change(records=(ledger.new_key(),)))


async def test_a_refund_that_fails_later_moves_with_its_payment(database: Database, ledger: Ledger) -> None:
    captured = ledger.captured()
    await write(database, ledger.saving(captured), refunding := ledger.refunding(captured, 4_000))
    assert refunding.payment is not None
    assert refunding.refund is not None
    restored = refunding.payment.restore(rupees(4_000), at=START + 2 * DAY).saved_again()
    failed = replace(refunding.refund, status=RefundStatus.FAILED, error_code="REFUND_FAILED", version=2)
    change = Change(payment=restored, refund=failed, events=(ledger.event(restored, failed),))

    assert await at_once(database, change, change) == [COMMITTED, STALE]

    repository = PaymentRepository(database)
    assert await repository.get(ledger.merchant.id, captured.id) == restored
    assert await repository.get_refund(ledger.merchant.id, failed.id) == failed


async def test_the_try_before_moves_with_the_new_one_or_neither_does(
    database: Database, ledger: Ledger
) -> None:
    asked = ledger.decided(ActionRequired())
    await write(database, ledger.saving(asked))
    over = asked.resolve(PAYMENT_CANCELED, at=START + DAY).saved_again()
    first, second = (
        replace(ledger.saving(ledger.captured(), claim=ledger.claim(key)), abandoned=over)
        for key in ("first", "second")
    )

    assert await at_once(database, first, second) == [COMMITTED, STALE]

    repository = PaymentRepository(database)
    assert await repository.get(ledger.merchant.id, asked.id) == over
    assert first.payment is not None
    assert await repository.get(ledger.merchant.id, first.payment.id) == first.payment
    assert await counts(database) == {
        "merchants": 1,
        "payments": 2,
        "webhook_events": 2,
        "idempotency_keys": 1,
    }


# Ordinary statements


async def test_a_unit_returns_what_it_found(database: Database, ledger: Ledger) -> None:
    found = await database.run(
        lambda connection: connection.execute(select(merchants.c.id, merchants.c.created_at)).all()
    )

    assert [tuple(row) for row in found] == [(ledger.merchant.id, START)]


async def test_a_unit_that_raises_is_rolled_back_alone(database: Database, ledger: Ledger) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(insert(merchants), _values(ledger.new_merchant()))
        raise LookupError("no")

    def add(connection: Connection) -> None:
        connection.execute(insert(merchants), _values(ledger.new_merchant()))

    results = await asyncio.gather(
        database.run(add),
        database.run(fail),
        database.commit(ledger.saving(ledger.captured())),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [type(None), LookupError, type(COMMITTED)]
    assert (await counts(database))["merchants"] == 2


def _values(merchant: Any) -> dict[str, Any]:
    return {name: getattr(merchant, name) for name in type(merchant).__slots__}


# The end


async def test_what_was_accepted_is_finished_and_lasts(database_url: str, ledger: Ledger) -> None:
    payments = [ledger.captured() for _ in range(300)]
    async with opened(database_url) as database:
        await write(database, Change(records=(ledger.merchant,)))
        waiting = [asyncio.ensure_future(database.commit(ledger.saving(payment))) for payment in payments]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [COMMITTED] * len(payments)

    async with opened(database_url) as database:
        read = await PaymentRepository(database).list(
            ledger.merchant.id, PaymentFilter(), before=None, limit=1_000
        )
    assert read.found == sorted(payments, key=lambda payment: payment.id, reverse=True)


async def test_a_closed_database_refuses(database_url: str, ledger: Ledger) -> None:
    async with opened(database_url) as database:
        pass

    for attempt in (
        database.commit(ledger.saving(ledger.captured())),
        database.commit(Change(records=(ledger.merchant,))),
        database.run(lambda connection: None),
        PaymentRepository(database).get(ledger.merchant.id, ledger.new_id()),
    ):
        with pytest.raises(DatabaseUnavailableError):
            await attempt
