"""Several processes write to one PostgreSQL: keys and payments are fought for, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import asyncpg
import pytest

from kessai.domain.change import Change
from kessai.domain.errors import KeyInUseError
from kessai.domain.ids import PaymentId
from kessai.domain.money import zero
from kessai.domain.payment import Payment
from kessai.storage.journal import COMMITTED, STALE, CommitResult, Database, KeyTaken
from kessai.storage.repositories.idempotency import IdempotencyRepository
from kessai.storage.repositories.merchants import MerchantRepository
from kessai.storage.repositories.payments import PaymentFilter, PaymentRepository
from tests.support.ledger import DAY, START, Ledger, opened, rupees, write
from tests.support.postgres import Postgres

pytestmark = pytest.mark.postgresql

WRITERS: Final = 100
ROUNDS: Final = 30
KEYS: Final = 400
PAYMENTS: Final = 12


@pytest.fixture
async def processes(postgres_url: str, ledger: Ledger) -> AsyncIterator[tuple[Database, Database]]:
    """What two processes have open."""
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        await write(first, Change(records=(ledger.merchant,)))
        yield first, second


async def test_two_processes_race_for_keys_and_payments(
    postgres: Postgres, postgres_url: str, ledger: Ledger
) -> None:
    """Each change claims a key that many others want and refunds a payment that many others refund."""
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        await write(first, Change(records=(ledger.merchant,)))
        await race((first, second), ledger)

    deadlocks = f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{postgres_url.rpartition('/')[2]}'"
    assert await asyncio.to_thread(postgres.sql, deadlocks) == ["0"]


async def race(processes: tuple[Database, Database], ledger: Ledger) -> None:
    """Thousands of changes at once; then everything is counted."""
    captured = [ledger.captured(1_000_000) for _ in range(PAYMENTS)]
    await write(processes[0], *(ledger.saving(payment) for payment in captured))
    chance = random.Random(1)
    ledgers = [Ledger(seed, merchant=ledger.merchant) for seed in (2, 3)]
    known = {payment.id: payment for payment in captured}
    told: Counter[str] = Counter()
    winners: list[Change] = []

    async def move(place: int, key: str, payment: Payment) -> None:
        change = ledgers[place].refunding(payment, 1, claim=ledgers[place].claim(key))
        result = await processes[place].commit(change)
        told[type(result).__name__] += 1
        if result == COMMITTED:
            assert change.payment is not None
            known[payment.id] = max(known[payment.id], change.payment, key=lambda each: each.version)
            winners.append(change)

    async def keep_moving(place: int) -> None:
        for _ in range(ROUNDS):
            payment = known[chance.choice(captured).id]
            await move(place, f"key {chance.randrange(KEYS)}", payment)

    await asyncio.gather(*(keep_moving(number % 2) for number in range(WRITERS)))

    assert sum(told.values()) == WRITERS * ROUNDS
    assert told["Committed"] == len(winners) > PAYMENTS
    assert told["KeyTaken"] > 0
    assert told["Stale"] > 0
    await everything_adds_up(processes[1], ledger, winners)


async def everything_adds_up(database: Database, ledger: Ledger, winners: list[Change]) -> None:
    """Each key had one effect, and each payment was moved once for each of its versions."""
    claims, payments = IdempotencyRepository(database), PaymentRepository(database)
    keys = [change.claim.key for change in winners if change.claim]
    assert len(set(keys)) == len(keys) == len(winners)
    for change in winners:
        assert change.claim is not None
        assert await claims.get(ledger.merchant.id, change.claim.key, at=START) == change.claim
    moves = Counter(change.payment.id for change in winners if change.payment)
    page = await payments.list(ledger.merchant.id, PaymentFilter(), before=None, limit=100)
    for payment in page.found:
        refunds = await payments.refunds_of(ledger.merchant.id, payment.id, before=None, limit=10_000)
        assert payment.version == 1 + moves[payment.id]
        assert sum((refund.amount for refund in refunds), zero("INR")) == payment.refunded
        assert len(refunds) == moves[payment.id]


async def test_many_processes_with_one_key(processes: tuple[Database, Database], ledger: Ledger) -> None:
    changes = [ledger.saving(ledger.captured(), claim=ledger.claim("the key")) for _ in range(64)]

    results = await asyncio.gather(
        *(processes[place % 2].commit(change) for place, change in enumerate(changes))
    )

    winner = changes[results.index(COMMITTED)].claim
    assert winner is not None
    assert Counter(map(str, results)) == {str(COMMITTED): 1, str(KeyTaken(winner)): 63}


async def test_two_processes_capture_the_same_payments(
    processes: tuple[Database, Database], ledger: Ledger
) -> None:
    held = [ledger.held() for _ in range(300)]
    await asyncio.gather(*(processes[0].commit(ledger.saving(payment)) for payment in held))
    backwards = list(reversed(held))

    results = await asyncio.gather(
        *(processes[0].commit(ledger.capturing(payment)) for payment in held),
        *(processes[1].commit(ledger.capturing(payment)) for payment in backwards),
    )

    pairs = list(zip(results[:300], reversed(results[300:]), strict=True))
    assert {frozenset(map(str, pair)) for pair in pairs} == {frozenset({str(COMMITTED), str(STALE)})}


async def test_the_first_merchant_is_made_once(postgres_url: str) -> None:
    ledgers = [Ledger(seed) for seed in range(8)]
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        repositories = [MerchantRepository(database) for database in (first, second)]

        made = await asyncio.gather(
            *(
                repositories[place % 2].add_first(ledger.merchant, ledger.new_key())
                for place, ledger in enumerate(ledgers)
            )
        )

        assert made.count(True) == 1
        assert await repositories[0].list(9) == [ledgers[made.index(True)].merchant]


async def test_expired_keys_are_taken_over_once(processes: tuple[Database, Database], ledger: Ledger) -> None:
    names = [f"key {number}" for number in range(100)]
    await asyncio.gather(*(processes[0].commit(Change(claim=ledger.claim(name))) for name in names))

    async def take_over(name: str, place: int) -> CommitResult:
        return await processes[place].commit(Change(claim=ledger.claim(name, at=START + DAY)))

    results = await asyncio.gather(
        *(take_over(name, 0) for name in names),
        *(take_over(name, 1) for name in reversed(names)),
        IdempotencyRepository(processes[0]).prune(START + DAY),
    )

    assert results[:-1].count(COMMITTED) == 100


@asynccontextmanager
async def held_by_another(url: str, statement: str, *values: object) -> AsyncIterator[None]:
    """A process that has written something and neither commits nor goes away."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statement, *values)
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def test_a_key_that_another_holds_for_long_is_in_use(postgres_url: str, ledger: Ledger) -> None:
    insert = (
        "INSERT INTO idempotency_keys VALUES ($1, 'held', 'f', 201, 'text/plain', '', false, now(), now())"
    )
    async with opened(postgres_url, timeout_s=3) as database:
        await write(database, Change(records=(ledger.merchant,)))
        async with held_by_another(postgres_url, insert, ledger.merchant.id):
            results = await asyncio.gather(
                *(database.commit(Change(claim=ledger.claim(f"free {number}"))) for number in range(5)),
                database.commit(ledger.saving(ledger.captured(), claim=ledger.claim("held"))),
                database.commit(Change(records=(ledger.new_key(),), claim=ledger.claim("held"))),
                return_exceptions=True,
            )

        assert results[:5] == [COMMITTED] * 5
        assert [type(result) for result in results[5:]] == [KeyInUseError] * 2
        await write(database, ledger.saving(ledger.captured(), claim=ledger.claim("held")))


async def test_a_payment_that_another_holds_for_long_is_in_use(postgres_url: str, ledger: Ledger) -> None:
    held = ledger.held()
    async with opened(postgres_url, timeout_s=3) as database:
        await write(database, Change(records=(ledger.merchant,)), ledger.saving(held))
        lock = "SELECT 1 FROM payments WHERE id = $1 FOR UPDATE"
        async with held_by_another(postgres_url, lock, held.id):
            with pytest.raises(KeyInUseError):
                await database.commit(ledger.capturing(held))

        await write(database, ledger.capturing(held))


async def test_one_connection_to_read_is_always_left(postgres_url: str, ledger: Ledger) -> None:
    async with opened(postgres_url, pool_size=1) as database:
        await write(database, Change(records=(ledger.merchant,)), ledger.saving(ledger.captured()))
        read = await PaymentRepository(database).list(
            ledger.merchant.id, PaymentFilter(), before=None, limit=9
        )

    assert [payment.captured for payment in read.found] == [rupees(10_000)]


async def test_who_reads_comes_in_the_order_in_which_they_asked(postgres_url: str, ledger: Ledger) -> None:
    # given one connection for lists, and twenty who ask for two of them, the second when they have the first
    answered: list[tuple[int, int]] = []
    async with opened(postgres_url, pool_size=1) as database:
        await write(database, Change(records=(ledger.merchant,)))
        payments = PaymentRepository(database)

        async def read_twice(number: int) -> None:
            for turn in range(2):
                await payments.list(ledger.merchant.id, PaymentFilter(), before=None, limit=1)
                answered.append((turn, number))

        await asyncio.gather(*(read_twice(number) for number in range(20)))

    # then nobody has a second one before everybody has a first
    assert answered == sorted(answered)


async def test_a_value_that_does_not_fit_its_column_fails_alone(
    processes: tuple[Database, Database], ledger: Ledger
) -> None:
    good = [ledger.saving(ledger.captured()) for _ in range(4)]
    # the driver refuses this one before anything is sent
    odd = Change(payment=replace(ledger.captured(), id=PaymentId("not a UUID")))

    results = await asyncio.gather(
        *(processes[0].commit(change) for change in (*good, odd)), return_exceptions=True
    )

    assert results[:4] == [COMMITTED] * 4
    assert isinstance(results[4], asyncpg.DataError)
