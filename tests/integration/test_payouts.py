"""Payouts that are decided on the same balance: one of them is written, the others are decided again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.change import Change
from kessai.domain.errors import AmountTooLargeError
from kessai.domain.money import Money
from kessai.domain.outcome import Approved
from kessai.domain.payment import Payment, new_payment
from kessai.domain.payout import Payout, PayoutMethod
from kessai.services.balance import Balances
from kessai.services.payouts import Payouts
from kessai.services.telling import Teller
from kessai.simulation.settlement import AVAILABLE_AFTER, fee_of
from kessai.storage.journal import COMMITTED, Committed, Database, Stale
from tests.support.ledger import START, Ledger, opened, rupees, write

PAID: Final = rupees(10_000)
AVAILABLE: Final = PAID.minor - fee_of(PAID)
NOW: Final = START + AVAILABLE_AFTER


class Desk:
    """Where payouts are asked for; another seed is another process."""

    def __init__(self, database: Database, ledger: Ledger, seed: int = 11) -> None:
        ids = UuidFactory(SeededDice(seed))
        self.database = database
        self.balances = Balances(database)
        self._payouts = Payouts(database, ids, Teller(ids), self.balances)
        self._merchant = ledger.merchant

    async def decide(self, amount: Money) -> tuple[Payout, Change]:
        """What a request for a payout leads to, not written yet."""
        return await self._payouts.create(
            self._merchant.id,
            amount,
            PayoutMethod.STANDARD,
            at=NOW,
            description=None,
            statement_descriptor=None,
            metadata={},
        )

    async def pay_out(self, amount: Money) -> bool:
        """Ask until it is settled, as a request does; whether it was made."""
        while True:
            try:
                _, change = await self.decide(amount)
            except AmountTooLargeError:
                return False
            if await self.database.commit(change) == COMMITTED:
                return True

    async def cancel(self, payout: Payout) -> None:
        """Stop one."""
        await write(self.database, self._payouts.cancel(payout, at=NOW)[1])

    async def available(self, currency: str = "INR") -> int:
        """What there is."""
        return (await self.balances.holdings(self._merchant.id, at=NOW))[currency].available


def paid_in(currency: str, ledger: Ledger) -> Payment:
    """A payment of another currency."""
    asked = ledger.asked()
    dollars = replace(asked.order, amount=Money(PAID.minor, currency))
    return new_payment(asked.id, dollars, at=START).follow(Approved(), at=START)


@pytest.fixture
async def desk(database: Database, ledger: Ledger) -> Desk:
    """A merchant to whom a payment has become available."""
    await write(database, ledger.saving(ledger.captured(PAID.minor)))
    return Desk(database, ledger)


@pytest.mark.parametrize("has_paid_out_before", [False, True])
async def test_of_two_payouts_of_the_whole_balance_one_is_made(desk: Desk, has_paid_out_before: bool) -> None:
    if has_paid_out_before:
        assert await desk.pay_out(rupees(1))
    whole = rupees(await desk.available())

    # given two that are decided before either is written
    (_, first), (_, second) = [await desk.decide(whole) for _ in range(2)]
    results = await asyncio.gather(desk.database.commit(first), desk.database.commit(second))

    # then the other is decided again, and there is nothing left
    assert set(map(type, results)) == {Committed, Stale}
    with pytest.raises(AmountTooLargeError):
        await desk.decide(whole)
    assert await desk.available() == 0


async def test_payouts_of_two_currencies_do_not_meet(desk: Desk, ledger: Ledger) -> None:
    await write(desk.database, ledger.saving(paid_in("USD", ledger)))

    decided = [await desk.decide(amount) for amount in (rupees(1), Money(1, "USD"))]
    results = await asyncio.gather(*(desk.database.commit(change) for _, change in decided))

    assert results == [COMMITTED, COMMITTED]


async def test_what_was_canceled_can_be_paid_out_again(desk: Desk) -> None:
    whole = rupees(AVAILABLE)
    payout, change = await desk.decide(whole)
    await write(desk.database, change)
    assert not await desk.pay_out(rupees(1))

    await desk.cancel(payout)

    assert await desk.pay_out(whole)


async def test_a_refund_is_never_refused_and_no_payout_follows_it(desk: Desk, ledger: Ledger) -> None:
    """The balance goes negative by refunds, not by payouts."""
    captured = ledger.captured(PAID.minor)
    await write(desk.database, ledger.saving(captured))
    payout = (await desk.decide(rupees(2 * AVAILABLE)))[1]

    results = await asyncio.gather(
        desk.database.commit(ledger.refunding(captured, None)), desk.database.commit(payout)
    )

    assert list(results) == [COMMITTED, COMMITTED]
    assert await desk.available() == -PAID.minor
    assert not await desk.pay_out(rupees(1))


async def test_many_payouts_at_once_leave_what_does_not_fit(desk: Desk) -> None:
    part = AVAILABLE // 7

    made = await asyncio.gather(*(desk.pay_out(rupees(part)) for _ in range(20)))

    assert made.count(True) == 7
    assert await desk.available() == AVAILABLE - 7 * part


@pytest.mark.postgresql
async def test_nor_do_two_processes_pay_out_more_than_there_is(postgres_url: str, ledger: Ledger) -> None:
    part = AVAILABLE // 30
    async with opened(postgres_url) as here, opened(postgres_url) as there:
        await write(here, Change(records=(ledger.merchant,)), ledger.saving(ledger.captured(PAID.minor)))
        desks = [Desk(here, ledger), Desk(there, ledger, seed=12)]

        made = await asyncio.gather(*(desks[place % 2].pay_out(rupees(part)) for place in range(60)))

        assert made.count(True) == 30
        assert await desks[0].available() == await desks[1].available() == AVAILABLE - 30 * part
