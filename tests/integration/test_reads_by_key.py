"""Rows that are asked for by their keys at the same time: each asker gets its own, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest

from kessai.domain.change import Change
from kessai.domain.errors import DatabaseUnavailableError
from kessai.domain.ids import MerchantId
from kessai.storage.journal import Database
from kessai.storage.repositories.endpoints import EndpointRepository
from kessai.storage.repositories.events import EventRepository
from kessai.storage.repositories.idempotency import IdempotencyRepository
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.repositories.payments import PaymentRepository
from tests.support.ledger import START, Ledger, opened, write


async def test_everybody_gets_what_they_asked_for(database: Database, ledger: Ledger) -> None:
    # given more payments than one group takes, and some that are not there
    known = [ledger.captured(description=str(number)) for number in range(300)]
    await write(database, *(ledger.saving(payment) for payment in known))
    payments, strangers = PaymentRepository(database), [str(uuid4()) for _ in range(20)]
    asked = [*(payment.id for payment in known), *strangers, known[0].id, known[0].id]

    # when all are asked for at once
    found = await asyncio.gather(*(payments.get(ledger.merchant.id, each) for each in asked))

    # then each is answered as if it had been alone, the same one as often as it was asked for
    assert found == [*known, *(None for _ in strangers), known[0], known[0]]


async def test_another_merchants_are_not_found_among_ones_own(database: Database, ledger: Ledger) -> None:
    payment = ledger.captured()
    await write(database, ledger.saving(payment))
    payments = PaymentRepository(database)

    found = await asyncio.gather(
        *(payments.get(MerchantId(str(uuid4())), payment.id) for _ in range(5)),
        payments.get(ledger.merchant.id, payment.id),
    )

    assert found == [None] * 5 + [payment]


async def test_reads_of_different_kinds_go_side_by_side(database: Database, ledger: Ledger) -> None:
    claim = ledger.claim("one")
    change = ledger.saving(ledger.captured(), claim=claim)
    await write(database, change)
    merchant, keys = ledger.merchant.id, IdempotencyRepository(database)

    read = await asyncio.gather(
        MerchantRepository(database).get(merchant),
        keys.get(merchant, "one", at=START),
        keys.get(merchant, "other", at=START),
        keys.get(merchant, "one", at=claim.expires_at),
        *(EventRepository(database).get(merchant, event.id) for event in change.events),
    )

    assert read == [ledger.merchant, claim, None, None, *change.events]


async def test_every_kind_of_row_can_be_asked_for_in_company(database: Database, ledger: Ledger) -> None:
    merchants = MerchantRepository(database)
    captured, key, endpoint = ledger.captured(), ledger.new_key(), ledger.new_endpoint()
    refunding = ledger.refunding(captured, 100)
    await write(database, Change(records=(key, endpoint)), ledger.saving(captured), refunding)
    assert refunding.refund is not None
    mine, refund, (told,) = ledger.merchant.id, refunding.refund, refunding.events

    async def twice(read: Callable[[], Awaitable[object]]) -> list[object]:
        return list(await asyncio.gather(read(), read()))

    assert await twice(lambda: merchants.get(mine)) == [ledger.merchant] * 2
    assert await twice(lambda: merchants.by_digest(key.digest)) == [(key, ledger.merchant)] * 2
    assert await twice(lambda: merchants.get_key(mine, key.id)) == [key] * 2
    assert await twice(lambda: EndpointRepository(database).get(mine, endpoint.id)) == [endpoint] * 2
    assert await twice(lambda: EventRepository(database).get(mine, told.id)) == [told] * 2
    assert await twice(lambda: PaymentRepository(database).get_refund(mine, refund.id)) == [refund] * 2
    assert await twice(lambda: PaymentRepository(database).get_any(captured.id)) == [refunding.payment] * 2


async def test_who_asks_for_what_cannot_be_fails_alone(postgres_url: str, ledger: Ledger) -> None:
    payment = ledger.captured()
    async with opened(postgres_url) as database:
        await write(database, Change(records=(ledger.merchant,)), ledger.saving(payment))
        payments = PaymentRepository(database)

        results = await asyncio.gather(
            payments.get(ledger.merchant.id, payment.id),
            # the driver refuses this one before anything is sent
            payments.get(ledger.merchant.id, "not a UUID"),
            payments.get(ledger.merchant.id, payment.id),
            return_exceptions=True,
        )

    assert (results[0], results[2]) == (payment, payment)
    assert isinstance(results[1], asyncpg.DataError)


async def test_who_stops_waiting_takes_nothing_from_the_others(postgres_url: str, ledger: Ledger) -> None:
    payment = ledger.captured()
    async with opened(postgres_url) as database:
        await write(database, Change(records=(ledger.merchant,)), ledger.saving(payment))
        payments = PaymentRepository(database)

        waiting = [asyncio.create_task(payments.get(ledger.merchant.id, payment.id)) for _ in range(6)]
        await asyncio.sleep(0)
        for each in waiting[::2]:
            each.cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(each) for each in results[::2]] == [asyncio.CancelledError] * 3
    assert results[1::2] == [payment] * 3


async def test_what_was_asked_before_closing_is_answered(postgres_url: str, ledger: Ledger) -> None:
    payment = ledger.captured()
    async with opened(postgres_url) as database:
        await write(database, Change(records=(ledger.merchant,)), ledger.saving(payment))
        payments = PaymentRepository(database)
        waiting = [asyncio.create_task(payments.get(ledger.merchant.id, payment.id)) for _ in range(4)]
        await asyncio.sleep(0)

    assert await asyncio.gather(*waiting) == [payment] * 4
    with pytest.raises(DatabaseUnavailableError):
        await payments.get(ledger.merchant.id, payment.id)
