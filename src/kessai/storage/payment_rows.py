"""Payments and refunds to rows and back: the columns' order is the tables'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from kessai.domain.ids import MerchantId, PaymentId, RefundId
from kessai.domain.instrument import Instrument, InstrumentType
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order, Payment
from kessai.domain.refund import Refund, RefundStatus
from kessai.domain.transitions import Action, Status, Transition
from kessai.storage.tables import payments, refunds

PAYMENT_COLUMNS: Final = tuple(str(column.name) for column in payments.columns)
REFUND_COLUMNS: Final = tuple(str(column.name) for column in refunds.columns)

Row = Sequence[Any]
"""Values as a driver gives them, moments and ids already in Python's types."""


def payment_to_row(payment: Payment) -> tuple[Any, ...]:
    """The values of PAYMENT_COLUMNS."""
    order = payment.order
    instrument = order.instrument
    return (
        payment.id,
        order.merchant_id,
        order.amount.minor,
        order.amount.currency,
        payment.status.value,
        order.capture_method.value,
        order.simulate,
        _seconds(order.delay),
        order.description,
        order.customer_email,
        order.reference,
        orjson.dumps(dict(order.metadata)).decode() if order.metadata else "{}",
        instrument.type.value if instrument else None,
        instrument.brand if instrument else None,
        instrument.last4 if instrument else None,
        payment.captured.minor,
        payment.refunded.minor,
        payment.error_code,
        payment.error_message,
        payment.created_at,
        payment.updated_at,
        payment.authorized_at,
        payment.captured_at,
        payment.expires_at,
        payment.due_at,
        _transitions_text(payment.transitions),
        payment.version,
        _seconds(order.hold_lasts),
    )


def payment_from_row(row: Row) -> Payment:
    """The payment that `payment_to_row` took apart."""
    (
        *order,
        captured,
        refunded,
        error_code,
        error_message,
        created_at,
        updated_at,
        authorized_at,
        captured_at,
        expires_at,
        due_at,
        transitions,
        version,
        expires_in_s,
    ) = row
    currency = order[3]
    return Payment(
        id=PaymentId(order[0]),
        order=_order_from_row(order, expires_in_s),
        status=Status(order[4]),
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
        transitions=_transitions_from(transitions),
        version=version,
    )


def _order_from_row(row: Row, expires_in_s: int | None) -> Order:
    (
        _,
        merchant_id,
        amount,
        currency,
        _,
        capture_method,
        simulate,
        delay_s,
        description,
        customer_email,
        reference,
        metadata,
        instrument_type,
        brand,
        last4,
    ) = row
    return Order(
        merchant_id=MerchantId(merchant_id),
        amount=Money(amount, currency),
        capture_method=CaptureMethod(capture_method),
        simulate=simulate,
        delay=_duration(delay_s),
        hold_lasts=_duration(expires_in_s),
        description=description,
        customer_email=customer_email,
        reference=reference,
        metadata=orjson.loads(metadata),
        instrument=Instrument(InstrumentType(instrument_type), brand, last4) if instrument_type else None,
    )


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
    )


def _transitions_text(transitions: Sequence[Transition]) -> str:
    return orjson.dumps([(t.action, t.source, t.target, t.at, t.amount) for t in transitions]).decode()


def _transitions_from(text: str) -> tuple[Transition, ...]:
    return tuple(_transition_from(*values) for values in orjson.loads(text))


def _transition_from(action: str, source: str | None, target: str, at: str, amount: int | None) -> Transition:
    return Transition(
        Action(action), Status(source) if source else None, Status(target), datetime.fromisoformat(at), amount
    )
