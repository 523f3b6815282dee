"""The use cases of refunds: what they give to be written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.domain.errors import ConflictError, NotFoundError, TransitionNotAllowedError
from kessai.domain.event import EventType
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order, Payment
from kessai.domain.refund import Refund, RefundStatus
from kessai.domain.transitions import Status
from kessai.services.payments import Payments
from kessai.services.refunds import BrokenLedgerError, Refunds
from kessai.services.telling import Teller
from kessai.storage.payment_rows import payment_to_row, refund_to_row
from tests.support.manual_clock import START
from tests.unit.http.people import MERCHANT
from tests.unit.services.doubles import FakeDatabase

DAY = timedelta(days=1)
Answers = Callable[[dict[str, object]], Sequence[tuple[object, ...]]]


def use_cases(answers: Answers = lambda _params: []) -> tuple[Payments, Refunds]:
    database, ids = FakeDatabase(answers), UuidFactory(SeededDice(1))
    payments = Payments(database, ids, bank_timeout=timedelta(0))
    return payments, Refunds(database, ids, Teller(ids), payments)


def one_after_the_other(*answers: Sequence[Any]) -> Answers:
    left = iter(answers)
    return lambda _params: next(left)


def order(simulate: str, *, is_manual: bool = False) -> Order:
    return Order(
        merchant_id=MERCHANT.id,
        amount=Money(100, "INR"),
        capture_method=CaptureMethod.MANUAL if is_manual else CaptureMethod.AUTOMATIC,
        simulate=simulate,
        delay=DAY,
        metadata={},
    )


async def begun(simulate: str = "refund_failure", *, asks_payer: bool = False) -> tuple[Payment, Refund]:
    """A refund that is not over, and its payment."""
    captured = use_cases()[0].create(order(simulate), at=START).payment
    _, refunds = use_cases(lambda _params: [payment_to_row(captured)])
    refund, change = await refunds.create(
        MERCHANT.id, captured.id, None, None, at=START, asks_payer=asks_payer
    )
    assert change.payment is not None
    return change.payment, refund


async def test_what_is_not_there_is_refused() -> None:
    _, refunds = use_cases()
    for work in (
        refunds.create(MERCHANT.id, "x", None, None, at=START),
        refunds.get(MERCHANT.id, "x"),
        refunds.of_payment(MERCHANT.id, "x", before=None, limit=1),
    ):
        with pytest.raises(NotFoundError):
            await work


async def test_one_that_fails_later_is_taken_back_with_its_event() -> None:
    payment, refund = await begun()
    _, refunds = use_cases(one_after_the_other([refund_to_row(refund)], [payment_to_row(payment)]))
    (change,) = await refunds.due(START + DAY, 10)
    assert change.payment is not None
    assert change.refund is not None
    assert (change.payment.status, change.payment.refunded.minor) == (Status.CAPTURED, 0)
    assert (change.refund.status, change.refund.version) == (RefundStatus.FAILED, 2)
    assert [event.type for event in change.events] == [EventType.REFUND_FAILED]


async def test_one_without_its_payment_is_a_bug_and_not_an_answer() -> None:
    _, refund = await begun()
    _, refunds = use_cases(one_after_the_other([refund_to_row(refund)], []))
    with pytest.raises(BrokenLedgerError):
        await refunds.due(START + DAY, 10)


async def test_one_whose_payer_says_nothing_is_given_up_in_the_end() -> None:
    payment, refund = await begun("success", asks_payer=True)
    assert (refund.status, refund.due_at) == (RefundStatus.REQUIRES_ACTION, START + 45 * DAY)

    _, refunds = use_cases(one_after_the_other([refund_to_row(refund)], [payment_to_row(payment)]))
    (change,) = await refunds.due(START + 45 * DAY, 10)
    assert change.payment is not None
    assert change.refund is not None
    assert (change.payment.status, change.payment.refunded.minor) == (Status.CAPTURED, 0)
    assert (change.refund.status, change.refund.error_code) == (RefundStatus.CANCELED, "REFUND_EXPIRED")


@pytest.mark.parametrize(
    ("simulate", "status"), [("success", RefundStatus.PROCESSED), ("refund_failure", RefundStatus.FAILED)]
)
async def test_one_whose_payer_has_said_where_to_goes_as_the_bank_has_it(
    simulate: str, status: RefundStatus
) -> None:
    payment, refund = await begun(simulate, asks_payer=True)
    _, refunds = use_cases(lambda _params: [payment_to_row(payment)])
    told, _ = await refunds.answer(refund, is_told=True, at=START)
    assert (told.status, told.due_at) == (RefundStatus.PENDING, START + DAY)

    _, refunds = use_cases(one_after_the_other([refund_to_row(told)], [payment_to_row(payment)]))
    (change,) = await refunds.due(START + DAY, 10)
    assert change.refund is not None
    assert change.refund.status is status


async def test_who_is_not_asked_cannot_answer() -> None:
    _, refund = await begun()
    _, refunds = use_cases()
    for work in (
        refunds.answer(refund, is_told=True, at=START),
        refunds.answer(refund, is_told=False, at=START),
        refunds.cancel(refund, at=START),
    ):
        with pytest.raises(ConflictError):
            await work


def test_a_release_gives_back_what_was_held() -> None:
    payments, refunds = use_cases()
    held = payments.create(order("success", is_manual=True), at=START).payment

    refund, change = refunds.release(held, "duplicate", {}, at=START + DAY)

    assert change.payment is not None
    assert (change.payment.status, change.payment.refunded) == (Status.VOIDED, Money(0, "INR"))
    assert (refund.amount, refund.payment_status, change.refund) == (held.order.amount, Status.VOIDED, refund)


def test_only_what_is_held_is_released() -> None:
    payments, refunds = use_cases()
    with pytest.raises(TransitionNotAllowedError):
        refunds.release(payments.create(order("success"), at=START).payment, None, {}, at=START)
