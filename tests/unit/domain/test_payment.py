"""What a payment may do: along the table of transitions, and in no other way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kessai.domain.charge import ChargeDetails
from kessai.domain.errors import (
    AmountTooLargeError,
    ConflictError,
    InvalidFieldError,
    TransitionNotAllowedError,
)
from kessai.domain.money import Money, zero
from kessai.domain.outcome import ActionRequired, Approved, Declined, Deferred, Outcome, Verdict
from kessai.domain.payment import AUTHORIZATION_LASTS, INCREMENTS_MAX, CaptureMethod, Payment
from kessai.domain.transitions import REQUESTABLE, TRANSITIONS, Action, Status, requestable_from
from tests.support.ledger import DAY, START, Ledger, rupees

FINAL: Final = {status for status in Status if not any(source is status for source, _ in TRANSITIONS)}
DECLINED: Final = Declined("CARD_DECLINED", "The card was declined.")
AMOUNT_MAX: Final = 1_000

outcomes = st.sampled_from([Approved(), DECLINED, ActionRequired(), Deferred(timedelta(seconds=60))])
verdicts = st.sampled_from([Approved(), DECLINED])
amounts = st.none() | st.integers(min_value=0, max_value=AMOUNT_MAX + 1).map(rupees)


# The table


def test_failed_voided_and_expired_are_final() -> None:
    assert {Status.FAILED, Status.VOIDED, Status.EXPIRED} == FINAL


def test_every_status_can_be_reached() -> None:
    reached = {Status.CREATED}
    for _ in Status:
        reached |= {target for (source, _), target in TRANSITIONS.items() if source in reached}

    assert reached == set(Status)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        (Status.CREATED, ("cancel",)),
        (Status.AUTHORIZED, ("capture", "increment", "cancel")),
        (Status.CAPTURED, ("refund",)),
        (Status.REFUNDED, ()),
        (Status.PENDING, ()),
        (Status.FAILED, ()),
    ],
)
def test_what_a_merchant_may_ask_follows_from_the_table(status: Status, allowed: tuple[str, ...]) -> None:
    assert requestable_from(status) == allowed
    assert set(allowed) <= {action.value for action in REQUESTABLE}


# Single steps


def test_an_automatic_success_passes_through_all_three() -> None:
    payment = Ledger().captured()

    assert [move.target for move in payment.transitions] == ["CREATED", "AUTHORIZED", "CAPTURED"]
    assert (payment.authorized_at, payment.captured_at, payment.expires_at) == (START, START, None)
    assert payment.captured == rupees(10_000)


def test_a_hold_lapses_after_a_week() -> None:
    held = Ledger().held()

    assert held.status is Status.AUTHORIZED
    assert held.due_at == held.expires_at == START + AUTHORIZATION_LASTS == START + 7 * DAY
    assert held.captured == zero("INR")


def test_a_partial_capture_releases_the_rest() -> None:
    payment = Ledger().held().capture(rupees(4_000), at=START + DAY)

    assert (payment.status, payment.captured, payment.due_at) == (Status.CAPTURED, rupees(4_000), None)
    with pytest.raises(TransitionNotAllowedError):
        payment.capture(rupees(1), at=START + DAY)
    _, given = payment.refund(None, at=START + DAY)
    assert given == rupees(4_000)


def test_a_raised_hold_is_captured_whole_and_lapses_when_it_would_have() -> None:
    held = Ledger().held(10_000)
    raised = held.increment(rupees(12_500), Approved(), at=START + DAY)

    assert (raised.status, raised.order.amount) == (Status.AUTHORIZED, rupees(12_500))
    assert (raised.expires_at, raised.due_at) == (held.expires_at, held.due_at)
    assert (raised.transitions[-1].action, raised.transitions[-1].amount) == (Action.INCREMENT, 2_500)
    assert raised.capture(None, at=START + DAY).captured == rupees(12_500)


def test_a_declined_increment_leaves_what_is_held() -> None:
    held = Ledger().held(10_000)
    asked = held.increment(rupees(10_001), DECLINED, at=START + DAY)

    assert (asked.status, asked.order, asked.error_code) == (Status.AUTHORIZED, held.order, None)
    assert (asked.transitions[-1].action, asked.transitions[-1].amount) == (Action.DECLINE_INCREMENT, 1)


@pytest.mark.parametrize("amount", [1, 9_999, 10_000])
def test_a_hold_is_only_ever_raised(amount: int) -> None:
    with pytest.raises(InvalidFieldError, match="more than the 10000 that is held"):
        Ledger().held(10_000).increment(rupees(amount), Approved(), at=START)


def test_a_higher_hold_is_asked_for_a_few_times_whatever_the_bank_says() -> None:
    held = Ledger().held(10_000)
    for more in range(1, INCREMENTS_MAX + 1):
        held = held.increment(rupees(10_000 + more), DECLINED if more % 2 else Approved(), at=START)

    with pytest.raises(ConflictError, match="asked to be raised 10 times"):
        held.increment(rupees(20_000), Approved(), at=START)
    assert held.capture(None, at=START).captured == rupees(10_000 + INCREMENTS_MAX)


@pytest.mark.parametrize("is_provided", [True, False])
def test_a_saved_instruments_hold_is_raised_where_that_was_provided_for(is_provided: bool) -> None:
    details = ChargeDetails(metadata={}, billing={}, may_increment=is_provided)
    held = replace(Ledger().held(10_000), details=details)
    if is_provided:
        assert held.increment(rupees(10_001), Approved(), at=START).order.amount == rupees(10_001)
    else:
        with pytest.raises(ConflictError, match="cannot be raised"):
            held.increment(rupees(10_001), Approved(), at=START)


def test_more_than_is_held_is_not_captured() -> None:
    with pytest.raises(AmountTooLargeError, match="cannot capture 10001: 10000 is left") as refusal:
        Ledger().held().capture(rupees(10_001), at=START)

    assert (refusal.value.asked, refusal.value.left) == (10_001, 10_000)


@pytest.mark.parametrize("nothing", [zero("INR")])
def test_nothing_is_neither_captured_nor_refunded(nothing: Money) -> None:
    with pytest.raises(InvalidFieldError):
        Ledger().held().capture(nothing, at=START)
    with pytest.raises(InvalidFieldError):
        Ledger().captured().refund(nothing, at=START)


def test_a_pending_payment_is_settled_whole_even_if_capture_is_manual() -> None:
    waiting = Ledger().decided(Deferred(timedelta(minutes=1)), capture_method=CaptureMethod.MANUAL)
    assert waiting.due_at == START + timedelta(minutes=1)

    settled = waiting.resolve(Approved(), at=START + timedelta(minutes=1))

    assert (settled.status, settled.captured, settled.due_at) == (Status.CAPTURED, rupees(10_000), None)


def test_a_refusal_names_the_status_and_what_is_allowed() -> None:
    with pytest.raises(TransitionNotAllowedError) as refusal:
        Ledger().captured().cancel(at=START)

    assert refusal.value.message == "cannot cancel a payment that is CAPTURED"
    assert refusal.value.hint == "from CAPTURED you can: refund"
    with pytest.raises(TransitionNotAllowedError) as refusal:
        Ledger().decided(DECLINED).capture(None, at=START)
    assert refusal.value.hint == "FAILED is final"


def test_saving_again_is_the_next_version_of_the_same() -> None:
    payment = Ledger().captured()

    assert payment.saved_again().version == payment.version + 1 == 2
    assert payment.saved_again().transitions == payment.transitions


# Any steps in any order


class AnyOrder(RuleBasedStateMachine):
    """Everything anybody may try, beside a model that only reads the table."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.moves: list[tuple[Action, Status, Status, datetime, int | None]] = []
        self.captured = 0
        self.increments = 0
        self.refunds: list[int] = []

    @initialize(method=st.sampled_from(CaptureMethod), amount=st.integers(1, AMOUNT_MAX))
    def ask(self, method: CaptureMethod, amount: int) -> None:
        self.payment = Ledger().asked(amount, capture_method=method)
        self.amount = amount
        self.status = Status.CREATED

    @rule(by=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule(outcome=outcomes)
    def follow(self, outcome: Outcome) -> None:
        match outcome:
            case ActionRequired():
                self.attempt(lambda: self.payment.follow(outcome, at=self.now), (Action.CHALLENGE, None))
            case Deferred():
                self.attempt(lambda: self.payment.follow(outcome, at=self.now), (Action.DEFER, None))
            case _:
                self.resolve(outcome)

    @rule(verdict=verdicts)
    def resolve(self, verdict: Verdict) -> None:
        if isinstance(verdict, Declined):
            expected: tuple[tuple[Action, int | None], ...] = ((Action.DECLINE, None),)
        elif self.status is Status.PENDING:
            expected = ((Action.SETTLE, self.amount),)
        elif self.payment.order.capture_method is CaptureMethod.AUTOMATIC:
            expected = ((Action.AUTHORIZE, None), (Action.CAPTURE, self.amount))
        else:
            expected = ((Action.AUTHORIZE, None),)
        self.attempt(lambda: self.payment.resolve(verdict, at=self.now), *expected)

    @rule(amount=amounts)
    def capture(self, amount: Money | None) -> None:
        asked = self.amount if amount is None else amount.minor
        possible = 0 < asked <= self.amount
        self.attempt(
            lambda: self.payment.capture(amount, at=self.now), (Action.CAPTURE, asked), possible=possible
        )

    @rule(amount=st.integers(0, 2 * AMOUNT_MAX), verdict=verdicts)
    def increment(self, amount: int, verdict: Verdict) -> None:
        is_declined = isinstance(verdict, Declined)
        self.attempt(
            lambda: self.payment.increment(rupees(amount), verdict, at=self.now),
            (Action.DECLINE_INCREMENT if is_declined else Action.INCREMENT, amount - self.amount),
            possible=amount > self.amount and self.increments < INCREMENTS_MAX,
        )

    @rule()
    def cancel(self) -> None:
        self.attempt(lambda: self.payment.cancel(at=self.now), (Action.CANCEL, None))

    @rule()
    def expire(self) -> None:
        self.attempt(lambda: self.payment.expire(at=self.now), (Action.EXPIRE, None))

    @rule(amount=amounts)
    def refund(self, amount: Money | None) -> None:
        left = self.captured - sum(self.refunds)
        asked = left if amount is None else amount.minor
        action = Action.REFUND_REST if asked == left else Action.REFUND_PART
        self.attempt(
            lambda: self.payment.refund(amount, at=self.now)[0], (action, asked), possible=0 < asked <= left
        )

    @precondition(lambda self: self.refunds)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        amount = data.draw(st.sampled_from(self.refunds))
        self.attempt(lambda: self.payment.restore(rupees(amount), at=self.now), (Action.RESTORE, amount))

    def attempt(
        self, move: Callable[[], Payment], *expected: tuple[Action, int | None], possible: bool = True
    ) -> None:
        """Move if the table has every arrow for it, else see the refusal."""
        before, status, taken = self.payment, self.status, []
        for action, amount in expected:
            target = TRANSITIONS.get((status, action))
            if target is None:
                possible = False
                break
            taken.append((action, status, target, self.now, amount))
            status = target
        if not possible:
            with pytest.raises(
                (TransitionNotAllowedError, AmountTooLargeError, InvalidFieldError, ConflictError)
            ):
                move()
            assert self.payment == before
            return
        assert before.status not in FINAL
        self.payment, self.status = move(), status
        self.moves += taken
        for action, amount in expected:
            self.count(action, amount)

    def count(self, action: Action, amount: int | None) -> None:
        """Keep the model's books."""
        if action in {Action.CAPTURE, Action.SETTLE}:
            self.captured = amount or 0
        elif action in {Action.INCREMENT, Action.DECLINE_INCREMENT}:
            self.increments += 1
            self.amount += amount or 0 if action is Action.INCREMENT else 0
        elif action in {Action.REFUND_PART, Action.REFUND_REST}:
            self.refunds.append(amount or 0)
        elif action is Action.RESTORE:
            self.refunds.remove(amount or 0)

    @invariant()
    def books_agree(self) -> None:
        payment = self.payment
        assert payment.status is self.status
        assert payment.order.amount == rupees(self.amount)
        assert payment.captured == rupees(self.captured)
        assert payment.refunded == rupees(sum(self.refunds))
        assert payment.refunded <= payment.captured
        assert payment.captured <= payment.order.amount

    @invariant()
    def every_move_is_kept_with_its_time(self) -> None:
        first, *rest = self.payment.transitions
        assert (first.action, first.source, first.target) == (Action.CREATE, None, Status.CREATED)
        assert [(t.action, t.source, t.target, t.at, t.amount) for t in rest] == self.moves
        assert self.payment.updated_at == self.payment.transitions[-1].at

    @invariant()
    def what_the_database_checks_holds(self) -> None:
        payment = self.payment
        assert (payment.status is Status.FAILED) == (payment.error_code is not None)
        assert (payment.status in {Status.CAPTURED, Status.REFUNDED}) == bool(payment.captured)
        assert (payment.status is Status.REFUNDED) == (bool(payment.captured) and not payment.refundable)
        assert (payment.due_at is not None) == (payment.status in {Status.PENDING, Status.AUTHORIZED})


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30)
