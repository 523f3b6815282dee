"""Entries of a balance: each is listed once in whatever pages, and their sum is the balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from kessai.domain.change import Change
from kessai.domain.dispute import EVIDENCE_WITHIN, Dispute, DisputeStatus
from kessai.domain.entry import Entry, Holding
from kessai.domain.ids import MerchantId
from kessai.domain.payment import Payment
from kessai.domain.payout import Payout, PayoutStatus
from kessai.domain.refund import RefundStatus
from kessai.simulation.settlement import AVAILABLE_AFTER, dispute_fee
from kessai.storage.journal import Database
from kessai.storage.places import Span
from kessai.storage.repositories.entries import EntryRepository
from tests.support.ledger import START, Ledger, rupees, write
from tests.support.plans import Listening, tables_read_in_full

TICK = timedelta(microseconds=1)


async def some_of_everything(database: Database, ledger: Ledger, dice: Random) -> None:
    """Forty things that move money within a few microseconds, so that many moments are shared."""
    for _ in range(40):
        at = START + dice.randrange(6) * TICK
        amount = dice.randrange(1, 10_000)
        match dice.randrange(6):
            case 0:
                await write(database, ledger.saving(ledger.captured(amount, at=at)))
            case 1:
                later = at + dice.randrange(3) * TICK
                await captured(database, ledger, ledger.held(amount, at=at), later)
            case 2:
                await write(database, ledger.saving(ledger.held(amount, at=at)))
            case 3:
                await refunded(database, ledger, amount, dice)
            case 4:
                await disputed(database, ledger, amount, dice)
            case _:
                await paid_out(database, ledger, amount, dice)


async def captured(database: Database, ledger: Ledger, held: Payment, later: datetime) -> None:
    taken = held.capture(None, at=later).saved_again()
    await write(database, ledger.saving(held), ledger.saving(taken))


async def refunded(database: Database, ledger: Ledger, amount: int, dice: Random) -> None:
    payment = ledger.captured(amount)
    change = ledger.refunding(payment, dice.randrange(1, amount + 1))
    await write(database, ledger.saving(payment), change)
    status = dice.choice([RefundStatus.PROCESSED, RefundStatus.FAILED, RefundStatus.CANCELED])
    if status is not RefundStatus.PROCESSED and change.refund and change.payment:
        at = change.refund.created_at + dice.randrange(3) * TICK
        restored = change.payment.restore(change.refund.amount, at=at).saved_again()
        failed = replace(change.refund, status=status, updated_at=at, version=2)
        await write(database, Change(payment=restored, refund=failed))


async def disputed(database: Database, ledger: Ledger, amount: int, dice: Random) -> None:
    payment = ledger.captured(amount)
    asked = Dispute(
        id=ledger.new_id(),
        merchant_id=ledger.merchant.id,
        created_at=START,
        updated_at=START,
        payment_id=payment.id,
        brand="visa",
        amount=payment.captured,
        reason="fraudulent",
        status=DisputeStatus.WARNING_NEEDS_RESPONSE,
        evidence={},
        evidence_due_at=START + EVIDENCE_WITHIN,
        metadata={},
    )
    at = START + dice.randrange(3) * TICK
    withdrawn = asked.withdraw(payment.captured, dispute_fee("INR"), at=at)
    kept = dice.choice([asked, withdrawn, withdrawn.reinstate(at=at + TICK)])
    await write(database, ledger.saving(payment), Change(records=(kept,)))


async def paid_out(database: Database, ledger: Ledger, amount: int, dice: Random) -> None:
    made = Payout(
        id=ledger.new_id(),
        merchant_id=ledger.merchant.id,
        created_at=START,
        updated_at=START,
        amount=rupees(amount),
        status=PayoutStatus.PENDING,
        arrives_at=START,
        metadata={},
    )
    canceled = replace(made, status=PayoutStatus.CANCELED, canceled_at=START + dice.randrange(2) * TICK)
    await write(database, Change(records=(dice.choice([made, canceled]),)))


async def pages(
    entries: EntryRepository, merchant_id: MerchantId, limit: int, *, upward: bool
) -> Sequence[Entry]:
    """All entries, newest first, page by page from one end."""
    found: list[Entry] = []
    while True:
        if upward:
            span = Span(after=found[0].place if found else (0, "", 0))
        else:
            span = Span(before=found[-1].place if found else None)
        page = await entries.list(merchant_id, span, limit=limit, at=START, where=lambda _each: True)
        if not page:
            return found
        found = [*page, *found] if upward else [*found, *page]


@pytest.mark.parametrize("seed", range(4))
async def test_pages_and_sums(database: Database, ledger: Ledger, seed: int) -> None:
    await some_of_everything(database, ledger, Random(seed))
    entries = EntryRepository(database)
    whole = await pages(entries, ledger.merchant.id, 1_000, upward=False)
    assert len({each.id for each in whole}) == len(whole) > 40
    assert [each.place for each in whole] == sorted((each.place for each in whole), reverse=True)

    for limit in (1, 2, 5):
        assert await pages(entries, ledger.merchant.id, limit, upward=False) == whole
        assert await pages(entries, ledger.merchant.id, limit, upward=True) == whole

    for after in (timedelta(0), AVAILABLE_AFTER, AVAILABLE_AFTER + 3 * TICK, AVAILABLE_AFTER * 2):
        sums: defaultdict[str, Holding] = defaultdict(Holding)
        at = START + after
        for each in await entries.list(
            ledger.merchant.id, Span(), limit=1_000, at=at, where=lambda _each: True
        ):
            held = Holding(available=each.net) if each.is_available else Holding(pending=each.net)
            sums[each.currency] += held
        assert await entries.holdings(ledger.merchant.id, at=at) == sums


async def test_each_entry_is_found_by_its_source(database: Database, ledger: Ledger) -> None:
    await some_of_everything(database, ledger, Random(9))
    entries = EntryRepository(database)
    stranger = ledger.new_merchant()

    for each in await pages(entries, ledger.merchant.id, 1_000, upward=False):
        assert each in await entries.of_source(ledger.merchant.id, each.source_id, at=START)
        assert await entries.of_source(stranger.id, each.source_id, at=START) == ()
    assert await pages(entries, stranger.id, 10, upward=False) == []
    assert await entries.holdings(stranger.id, at=START) == {}


async def test_no_table_is_read_in_full(database: Database, ledger: Ledger) -> None:
    listening = Listening(database)
    entries = EntryRepository(listening)

    for upward in (False, True):
        await pages(entries, ledger.merchant.id, 10, upward=upward)
    await entries.holdings(ledger.merchant.id, at=START)

    plans = await listening.plans(has_few_rows=True)
    assert len(plans) >= 8
    assert [lines for lines in plans if tables_read_in_full(lines)] == []
