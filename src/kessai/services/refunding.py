"""What the bank makes of a refund: it fails, or is on its way for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kessai.domain.event import EventType
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund, RefundStatus
from kessai.simulation.table import DEFAULT_DELAY, REFUND_FAILED


def failing(payment: Payment, refund: Refund, *, at: datetime) -> tuple[Payment, Refund, EventType]:
    """A refund that will fail: later when the payment's `delay` says so, else at once."""
    delay = payment.order.delay
    if delay:
        pending = replace(refund, status=RefundStatus.PENDING, due_at=at + delay)
        return payment, pending, EventType.REFUND_PENDING
    restored = payment.restore(refund.amount, at=at)
    return restored, as_failed(refund, restored, at), EventType.REFUND_FAILED


def waiting(payment: Payment, refund: Refund, *, at: datetime) -> Refund:
    """A refund that the bank answers later."""
    delay = DEFAULT_DELAY if payment.order.delay is None else payment.order.delay
    return replace(refund, status=RefundStatus.PENDING, due_at=at + delay)


def as_failed(refund: Refund, payment: Payment, at: datetime) -> Refund:
    return replace(
        refund,
        status=RefundStatus.FAILED,
        payment_status=payment.status,
        error_code=REFUND_FAILED,
        due_at=None,
        updated_at=at,
    )
