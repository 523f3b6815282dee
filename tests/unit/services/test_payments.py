"""The use cases of payments: what they give to be written."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.change import Change
from kessai.domain.errors import NotFoundError
from kessai.domain.event import EventType
from kessai.domain.ids import PaymentId
from kessai.domain.intent import Intent
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order
from kessai.domain.transitions import Status
from kessai.services.disputes import Disputes
from kessai.services.due_documents import DueDocuments
from kessai.services.intent_following import IntentFollower
from kessai.services.payments import Payments
from kessai.services.refunds import Refunds
from kessai.services.telling import Teller
from kessai.services.timers import Timers
from kessai.simulation.table import SIMULATIONS
from kessai.storage.journal import STALE
from kessai.storage.payment_rows import payment_to_row
from tests.support.manual_clock import START, ManualClock
from tests.unit.http.people import MERCHANT
from tests.unit.services.doubles import FakeDatabase

TIMEOUT = timedelta(seconds=2)
DAY = timedelta(days=1)


def payments(database: FakeDatabase | None = None) -> Payments:
    return Payments(database or FakeDatabase(), UuidFactory(SeededDice(1)), bank_timeout=TIMEOUT)


def order(simulate: str = "success", *, delay: timedelta | None = None, is_manual: bool = False) -> Order:
    return Order(
        merchant_id=MERCHANT.id,
        amount=Money(100, "INR"),
        capture_method=CaptureMethod.MANUAL if is_manual else CaptureMethod.AUTOMATIC,
        simulate=simulate,
        delay=delay,
        metadata={},
    )


@pytest.mark.parametrize("simulate", SIMULATIONS)
def test_every_new_payment_tells_of_itself_and_of_where_it_rests(simulate: str) -> None:
    created = payments().create(order(simulate), at=START)
    assert created.change.payment == created.payment
    assert created.payment.version == 1
    told = [event.type for event in created.change.events]
    assert told[0] is EventType.PAYMENT_CREATED
    resting = {
        Status.CAPTURED: [EventType.PAYMENT_SUCCEEDED],
        Status.FAILED: [EventType.PAYMENT_FAILED],
        Status.REQUIRES_ACTION: [EventType.PAYMENT_REQUIRES_ACTION],
        Status.PENDING: [],
    }
    assert told[1:] == resting[created.payment.status]
    ids = [created.payment.id, *(event.id for event in created.change.events)]
    assert len(set(ids)) == len(ids)


def test_how_answers_travel() -> None:
    waits = {
        simulate: (created.wait_s, created.answer_after_s, created.answer_is_lost)
        for simulate in SIMULATIONS
        if any(
            (
                (created := payments().create(order(simulate), at=START)).wait_s,
                created.answer_after_s,
                created.answer_is_lost,
            )
        )
    }
    assert waits == {"network_timeout": (2, 0, False), "slow": (0, 5, False), "lost_response": (0, 0, True)}


async def test_what_is_not_there_is_refused() -> None:
    for work in (
        payments().get(MERCHANT.id, "x"),
        payments().capture(MERCHANT.id, "x", None, at=START),
        payments().cancel(MERCHANT.id, "x", at=START),
        payments().awaiting_action("x"),
        payments().authenticate("x", is_approved=True, at=START),
    ):
        with pytest.raises(NotFoundError):
            await work


async def _nothing_follows(_before: Intent, _after: Intent, _at: datetime) -> Change:
    return Change()


async def test_who_was_slower_than_another_process_tells_nobody() -> None:
    held = payments().create(order(is_manual=True), at=START).payment
    asked = 0

    def answer(_params: dict[str, object]) -> list[tuple[object, ...]]:
        nonlocal asked
        asked += 1
        return [payment_to_row(held)] if asked == 1 else []

    database, told = FakeDatabase(answer), list[Change]()
    clock = ManualClock(START + 8 * DAY)
    ids = UuidFactory(SeededDice(2))
    use_cases = payments(database)
    teller = Teller(ids)
    disputes = Disputes(database, ids, teller, use_cases)
    follower = IntentFollower(database, teller, disputes, _nothing_follows)
    nothing = FakeDatabase()
    refunds, documents = Refunds(nothing, ids, teller, use_cases), DueDocuments(nothing, {})
    timers = Timers(
        use_cases, refunds, follower, documents, database, clock, lambda change, _how: told.append(change)
    )
    database.result = STALE
    assert (await timers.tick(), told) == (0, [])
    assert [change.payment and change.payment.status for change in database.commits] == [Status.EXPIRED]
    assert PaymentId(held.id) == held.id
