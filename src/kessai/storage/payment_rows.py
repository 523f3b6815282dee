"""Payments and refunds to rows and back: the columns' order is the tables'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from kessai.domain.charge import ChargeDetails
from kessai.domain.ids import MerchantId, PaymentId, RefundId
from kessai.domain.instrument import Instrument, InstrumentType
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order, Payment
from kessai.domain.refund import Refund, RefundStatus
from kessai.domain.transitions import Action, Status, Transition
from kessai.storage.tables import payments, refunds

ORDER_COLUMNS: Final = (
    "id",
    "merchant_id",
    "currency",
    "capture_method",
    "simulate",
    "delay_s",
    "expires_in_s",
    "description",
    "customer_email",
    "reference",
    "metadata",
    "instrument_type",
    "instrument_brand",
    "instrument_last4",
    "created_at",
    "intent_id",
)
"""What was ordered and stays for life: all but the amount."""

STATE_COLUMNS: Final = (
    "amount",
    "status",
    "captured_amount",
    "refunded_amount",
    "error_code",
    "error_message",
    "updated_at",
    "authorized_at",
    "captured_at",
    "expires_at",
    "due_at",
    "transitions",
    "version",
    "details",
)
"""Where a payment stands: what every step may change, and what an event remembers.

The amount is here since a hold can be raised.
"""

PAYMENT_COLUMNS: Final = ORDER_COLUMNS + STATE_COLUMNS
REFUND_COLUMNS: Final = tuple(str(column.name) for column in refunds.columns)

ordered: Final = [payments.c[name] for name in ORDER_COLUMNS]
"""What a select reads of a payment's order, for `payment_from`."""

whole: Final = [payments.c[name] for name in PAYMENT_COLUMNS]
"""What a select reads of a payment, for `payment_from_row`."""

Row = Sequence[Any]
"""Values as a driver gives them, moments and ids already in Python's types."""

_STATUSES: Final = {str(each.value): each for each in Status}
_ACTIONS: Final = {str(each.value): each for each in Action}
_CAPTURE_METHODS: Final = {str(each.value): each for each in CaptureMethod}
_NO_METADATA: Final = "{}"


def payment_to_row(payment: Payment, state: Row | None = None) -> tuple[Any, ...]:
    """The values of PAYMENT_COLUMNS. `state`: those of STATE_COLUMNS, where they are known already."""
    return (*_order_to_row(payment), *(state or state_to_row(payment)))


def _order_to_row(payment: Payment) -> tuple[Any, ...]:
    """The values of ORDER_COLUMNS."""
    order = payment.order
    instrument = order.instrument
    return (
        payment.id,
        order.merchant_id,
        order.amount.currency,
        order.capture_method.value,
        order.simulate,
        _seconds(order.delay),
        _seconds(order.hold_lasts),
        order.description,
        order.customer_email,
        order.reference,
        orjson.dumps(dict(order.metadata)).decode() if order.metadata else _NO_METADATA,
        *((instrument.type.value, instrument.brand, instrument.last4) if instrument else (None, None, None)),
        payment.created_at,
        order.intent_id,
    )


def state_to_row(payment: Payment) -> tuple[Any, ...]:
    """The values of STATE_COLUMNS."""
    return (
        payment.order.amount.minor,
        payment.status.value,
        payment.captured.minor,
        payment.refunded.minor,
        payment.error_code,
        payment.error_message,
        payment.updated_at,
        payment.authorized_at,
        payment.captured_at,
        payment.expires_at,
        payment.due_at,
        _transitions_text(payment.transitions),
        payment.version,
        None if payment.details is None else orjson.dumps(payment.details).decode(),
    )


def payment_from_row(row: Row) -> Payment:
    """The payment that `payment_to_row` took apart."""
    return payment_from(row[: len(ORDER_COLUMNS)], row[len(ORDER_COLUMNS) :])


def payment_from(order: Row, state: Row) -> Payment:
    """The payment of these ORDER_COLUMNS, as it stood by these STATE_COLUMNS."""
    (
        amount,
        status,
        captured,
        refunded,
        error_code,
        error_message,
        updated_at,
        authorized_at,
        captured_at,
        expires_at,
        due_at,
        transitions,
        version,
        details,
    ) = state
    payment_id, asked, created_at = _order_from_row(order, amount)
    currency = asked.amount.currency
    return Payment(
        id=payment_id,
        order=asked,
        status=_STATUSES[status],
        captured=Money(captured, currency),
        refunded=Money(refunded, currency),
        error_code=error_code,
        error_message=error_message,
        created_at=created_at,
        updated_at=updated_at,
        authorized_at=authorized_at,
        captured_at=captured_at,
        expires_at=expires_at,
        due_at=due_at,
        transitions=_KeptTransitions(transitions),
        version=version,
        details=None if details is None else _charge_details().validate_json(details),
    )


def _order_from_row(row: Row, amount: int) -> tuple[PaymentId, Order, datetime]:
    (
        payment_id,
        merchant_id,
        currency,
        capture_method,
        simulate,
        delay_s,
        expires_in_s,
        description,
        customer_email,
        reference,
        metadata,
        instrument_type,
        brand,
        last4,
        created_at,
        intent_id,
    ) = row
    order = Order(
        merchant_id=MerchantId(merchant_id),
        amount=Money(amount, currency),
        capture_method=_CAPTURE_METHODS[capture_method],
        simulate=simulate,
        delay=_duration(delay_s),
        hold_lasts=_duration(expires_in_s),
        description=description,
        customer_email=customer_email,
        reference=reference,
        metadata=orjson.loads(metadata),
        instrument=Instrument(InstrumentType(instrument_type), brand, last4) if instrument_type else None,
        intent_id=intent_id,
    )
    return PaymentId(payment_id), order, created_at


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())


def _duration(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def refund_to_row(refund: Refund) -> tuple[Any, ...]:
    """The values of REFUND_COLUMNS."""
    return (
        refund.id,
        refund.merchant_id,
        refund.payment_id,
        refund.amount.minor,
        refund.amount.currency,
        refund.status.value,
        refund.reason,
        refund.payment_status.value,
        refund.error_code,
        refund.due_at,
        refund.created_at,
        refund.updated_at,
        refund.version,
        None if refund.details is None else orjson.dumps(refund.details).decode(),
        refund.instrument_type.value if refund.instrument_type else None,
    )


def refund_from_row(row: Row) -> Refund:
    """The refund that `refund_to_row` took apart."""
    (
        refund_id,
        merchant_id,
        payment_id,
        amount,
        currency,
        status,
        reason,
        payment_status,
        error_code,
        due_at,
        created_at,
        updated_at,
        version,
        details,
        instrument_type,
    ) = row
    return Refund(
        id=RefundId(refund_id),
        merchant_id=MerchantId(merchant_id),
        payment_id=PaymentId(payment_id),
        amount=Money(amount, currency),
        status=RefundStatus(status),
        reason=reason,
        payment_status=Status(payment_status),
        error_code=error_code,
        due_at=due_at,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
        details=None if details is None else orjson.loads(details),
        instrument_type=InstrumentType(instrument_type) if instrument_type else None,
    )


@cache
def _charge_details() -> TypeAdapter[ChargeDetails]:
    return TypeAdapter(ChargeDetails)


class _KeptTransitions(Sequence[Transition]):
    """Transitions as they were kept, taken apart when somebody looks: most who read a payment do not."""

    __slots__ = ("_taken_apart", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._taken_apart: tuple[Transition, ...] | None = None

    @property
    def _all(self) -> tuple[Transition, ...]:
        if self._taken_apart is None:
            self._taken_apart = _transitions_from(self.text)
        return self._taken_apart

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all)


def _transitions_text(transitions: Sequence[Transition]) -> str:
    if isinstance(transitions, _KeptTransitions):
        return transitions.text
    return orjson.dumps([(t.action, t.source, t.target, t.at, t.amount) for t in transitions]).decode()


def _transitions_from(text: str) -> tuple[Transition, ...]:
    return tuple(
        Transition(
            _ACTIONS[action],
            _STATUSES[source] if source else None,
            _STATUSES[target],
            datetime.fromisoformat(at),
            amount,
        )
        for action, source, target, at, amount in orjson.loads(text)
    )
