"""The payment: every status change there is happens here, along the table of transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, assert_never

from kessai.domain.charge import ChargeDetails
from kessai.domain.errors import (
    AmountTooLargeError,
    ConflictError,
    InvalidFieldError,
    TransitionNotAllowedError,
)
from kessai.domain.ids import IntentId, MerchantId, PaymentId, RefundId
from kessai.domain.instrument import PAID_WITH_SLIP, Instrument, Slip
from kessai.domain.money import Money, zero
from kessai.domain.outcome import ActionRequired, Approved, Declined, Deferred, Outcome, Verdict
from kessai.domain.refund import Refund, RefundStatus
from kessai.domain.transitions import TRANSITIONS, Action, Status, Transition, requestable_from
from kessai.domain.values import value

AUTHORIZATION_LASTS: Final = timedelta(days=7)
"""How long a hold stands before it expires, and the longest it may; the card networks' usual time."""

INCREMENTS_MAX: Final = 10
"""How often a higher hold may be asked for, declines counted: a bound of its history, and Stripe's."""

BOOKED_AFTER: Final = timedelta(seconds=2)
"""How long it takes until it is told what a payment with `books_later` put into the balance."""

_INCREMENTS: Final = frozenset({Action.INCREMENT, Action.DECLINE_INCREMENT})


class CaptureMethod(StrEnum):
    """Whether an approved payment is captured at once or waits to be."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


@value(frozen=True, slots=True, kw_only=True)
class Order:
    """What a merchant asks to be paid. It stays for life, but for an amount that grows with its hold.

    `hold_lasts` is for an order that is captured by hand, once it is authorized; None is AUTHORIZATION_LASTS.
    `intent_id`: it is one try of an intent, which may have several.
    """

    merchant_id: MerchantId
    amount: Money
    capture_method: CaptureMethod
    simulate: str
    delay: timedelta | None = None
    hold_lasts: timedelta | None = None
    description: str | None = None
    customer_email: str | None = None
    reference: str | None = None
    metadata: Mapping[str, str]
    instrument: Instrument | None = None
    intent_id: IntentId | None = None


@value(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as it stands. `version` counts its saved states, 1 for a new one.

    `due_at` is when the clock moves it by itself: a PENDING one is settled, an AUTHORIZED one expires, of one
    that was captured it is told then what it put into the balance.
    `details` are there when it was made with a saved instrument, or disputed.
    """

    id: PaymentId
    order: Order
    status: Status
    captured: Money
    refunded: Money
    error_code: str | None = None
    error_message: str | None = None
    created_at: datetime
    updated_at: datetime
    authorized_at: datetime | None = None
    captured_at: datetime | None = None
    expires_at: datetime | None = None
    due_at: datetime | None = None
    transitions: Sequence[Transition]
    version: int = 1
    details: ChargeDetails | None = None

    @property
    def merchant_id(self) -> MerchantId:
        return self.order.merchant_id

    @property
    def slip(self) -> Slip | None:
        """What its payer was given to pay with elsewhere, while it is neither paid nor lapsed."""
        instrument = self.order.instrument
        if self.status is not Status.PENDING or instrument is None or instrument.type not in PAID_WITH_SLIP:
            return None
        saved = self.charge_details.instrument
        return Slip(saved.type if saved else instrument.type.value, self.updated_at)

    @property
    def is_being_booked(self) -> bool:
        """Whether nobody is told yet what it put into the balance, though it was captured."""
        return bool(self.captured) and self.due_at is not None

    @property
    def refundable(self) -> Money:
        """What was captured and has not been given back."""
        return self.captured - self.refunded

    @property
    def charge_details(self) -> ChargeDetails:
        """What is kept with it; where nothing is, what its order says."""
        order = self.order
        return self.details or ChargeDetails(
            description=order.description, metadata=order.metadata, billing={"email": order.customer_email}
        )

    def not_before(self, at: datetime) -> datetime:
        """`at`, or when it last moved if that is later: requests that race are decided in any order."""
        return max(at, self.updated_at)

    def saved_again(self) -> Payment:
        """The same state as the next version: what a Change that updates it carries."""
        return replace(self, version=self.version + 1)

    def follow(self, outcome: Outcome, *, at: datetime) -> Payment:
        """Do what the bank said to a payment that is CREATED."""
        match outcome:
            case Approved() | Declined():
                return self.resolve(outcome, at=at)
            case ActionRequired():
                return self._move(Action.CHALLENGE, at=at)
            case Deferred(delay):
                return self._move(Action.DEFER, at=at, due_at=at + delay)
            case _:
                assert_never(outcome)

    def resolve(self, verdict: Verdict, *, at: datetime) -> Payment:
        """Do what the bank said in the end: at once, after the payer's proof, or after a delay."""
        match verdict:
            case Declined(code, message):
                return self._move(Action.DECLINE, at=at, due_at=None, error_code=code, error_message=message)
            case Approved() if self.status is Status.PENDING:
                return self._take(Action.SETTLE, self.order.amount, at=at)
            case Approved() if self.order.capture_method is CaptureMethod.AUTOMATIC:
                return self._hold_and_take(at=at)
            case Approved():
                return self._hold(at=at)
            case _:
                assert_never(verdict)

    def capture(self, amount: Money | None, *, at: datetime) -> Payment:
        """Take `amount` of what is held, all of it when None; the rest is released.

        Raises:
            TransitionNotAllowedError: nothing is held.
            AmountTooLargeError: more than is held.
            InvalidFieldError: `amount` is zero.
        """
        self._require(Action.CAPTURE)
        asked = self.order.amount if amount is None else _some(amount)
        if not asked <= self.order.amount:
            raise AmountTooLargeError(action="capture", asked=asked.minor, left=self.order.amount.minor)
        return self._take(Action.CAPTURE, asked, at=at)

    def increment(self, amount: Money, verdict: Verdict, *, at: datetime) -> Payment:
        """Hold `amount` in all; if the bank declines, as much as before. When the hold lapses stays.

        Raises:
            TransitionNotAllowedError: nothing is held.
            InvalidFieldError: `amount` is not more than is held.
            ConflictError: it was asked for too often, or the hold is not of that kind.
        """
        self._require(Action.INCREMENT)
        held = self.order.amount
        if amount <= held:
            raise InvalidFieldError(
                f"the amount must be more than the {held.minor} that is held",
                param="amount",
                hint="give the new total, not what is to be added",
            )
        self._require_incrementable()
        match verdict:
            case Declined():
                return self._move(Action.DECLINE_INCREMENT, at=at, moved=amount - held)
            case Approved():
                raised = replace(self.order, amount=amount)
                return self._move(Action.INCREMENT, at=at, moved=amount - held, order=raised)
            case _:
                assert_never(verdict)

    def cancel(self, *, at: datetime) -> Payment:
        """Let what is held go untaken."""
        return self._move(Action.CANCEL, at=at, due_at=None, expires_at=None)

    def expire(self, *, at: datetime) -> Payment:
        """Nobody captured in time: the hold lapses."""
        return self._move(Action.EXPIRE, at=at, due_at=None)

    def refund(self, amount: Money | None, *, at: datetime) -> tuple[Payment, Money]:
        """Give back `amount` of what was captured, what is left when None; returns what was given back.

        Raises:
            TransitionNotAllowedError: nothing has been captured, or all was given back.
            AmountTooLargeError: more than is left.
            InvalidFieldError: `amount` is zero.
        """
        self._require(Action.REFUND_REST)
        left = self.refundable
        asked = left if amount is None else _some(amount)
        if not asked <= left:
            raise AmountTooLargeError(action="refund", asked=asked.minor, left=left.minor)
        action = Action.REFUND_REST if asked == left else Action.REFUND_PART
        return self._move(action, at=at, moved=asked, refunded=self.refunded + asked), asked

    def restore(self, amount: Money, *, at: datetime) -> Payment:
        """A refund failed on its way: the money is back on the payment."""
        return self._move(Action.RESTORE, at=at, moved=amount, refunded=self.refunded - amount)

    def _hold(self, *, at: datetime) -> Payment:
        lapses = at + (self.order.hold_lasts or AUTHORIZATION_LASTS)
        return self._move(Action.AUTHORIZE, at=at, authorized_at=at, expires_at=lapses, due_at=lapses)

    def _hold_and_take(self, *, at: datetime) -> Payment:
        amount = self.order.amount
        return self._moves(
            (Action.AUTHORIZE, None),
            (Action.CAPTURE, amount),
            at=at,
            authorized_at=at,
            captured=amount,
            captured_at=at,
            expires_at=None,
            due_at=self._booked_at(at),
        )

    def _take(self, action: Action, amount: Money, *, at: datetime) -> Payment:
        return self._move(
            action,
            at=at,
            moved=amount,
            captured=amount,
            captured_at=at,
            expires_at=None,
            due_at=self._booked_at(at),
        )

    def _booked_at(self, captured_at: datetime) -> datetime | None:
        later = self.details is not None and self.details.books_later
        return captured_at + BOOKED_AFTER if later else None

    def _require_incrementable(self) -> None:
        if self.details is not None and not self.details.may_increment:
            raise ConflictError(
                "this hold cannot be raised: its merchant or its card does not provide for it"
            )
        asked = sum(each.action in _INCREMENTS for each in self.transitions)
        if asked >= INCREMENTS_MAX:
            raise ConflictError(
                f"this hold was asked to be raised {asked} times, which is as often as it may"
            )

    def _require(self, action: Action) -> Status:
        return _target(self.status, action)

    def _move(self, action: Action, *, at: datetime, moved: Money | None = None, **facts: Any) -> Payment:
        return self._moves((action, moved), at=at, **facts)

    def _moves(self, *steps: tuple[Action, Money | None], at: datetime, **facts: Any) -> Payment:
        """Take one arrow after the other, in the same moment."""
        # `facts` are fields of this class; `replace` refuses any other name.
        status, transitions = self.status, [*self.transitions]
        for action, moved in steps:
            target = _target(status, action)
            transitions.append(Transition(action, status, target, at, moved.minor if moved else None))
            status = target
        return replace(self, status=status, updated_at=at, transitions=tuple(transitions), **facts)


def _target(status: Status, action: Action) -> Status:
    target = TRANSITIONS.get((status, action))
    if target is None:
        raise TransitionNotAllowedError(
            action=action.value, status=status.value, allowed=requestable_from(status)
        )
    return target


def _some(amount: Money) -> Money:
    if not amount:
        raise InvalidFieldError(
            "the amount must be at least 1", param="amount", hint="leave it out for all of it"
        )
    return amount


def new_payment(
    payment_id: PaymentId, order: Order, *, at: datetime, details: ChargeDetails | None = None
) -> Payment:
    """A payment that has been asked for and not yet decided."""
    nothing = zero(order.amount.currency)
    return Payment(
        id=payment_id,
        order=order,
        status=Status.CREATED,
        captured=nothing,
        refunded=nothing,
        created_at=at,
        updated_at=at,
        transitions=(Transition(Action.CREATE, None, Status.CREATED, at),),
        details=details,
    )


def new_refund(
    refund_id: RefundId, payment: Payment, amount: Money, reason: str | None, *, at: datetime
) -> Refund:
    """The refund that took `amount` off `payment`, which stands as it does after that."""
    instrument = payment.order.instrument
    return Refund(
        id=refund_id,
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        amount=amount,
        status=RefundStatus.PROCESSED,
        reason=reason,
        payment_status=payment.status,
        error_code=None,
        due_at=None,
        created_at=at,
        updated_at=at,
        instrument_type=instrument.type if instrument else None,
    )
