"""What payments may do, said once more and as plainly as possible. Knows nothing of kessai."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

DECLINES = ("insufficient_funds", "bank_error", "network_timeout")
SIMULATIONS = (
    *("success", "requires_action", "pending_success", "pending_failure"),
    *("refund_failure", "increment_declined", *DECLINES),
)
HOLD, KEY_LASTS, INCREMENTS = timedelta(days=7), timedelta(hours=24), 10


class RefusedError(Exception):
    """The request is refused with this code."""


class DeclinedError(RefusedError):
    """The bank was asked and said no: that is done, and a key answers so again."""


@dataclass
class Refund:
    """A refund; `due_at` is when the bank says no to it."""

    amount: int
    status: str
    due_at: datetime | None = None
    id: str = ""


@dataclass
class Payment:
    """A payment as it should stand."""

    fields: dict[str, Any]
    created_at: datetime
    amount: int
    simulate: str
    status: str = "CREATED"
    captured: int = 0
    due_at: datetime | None = None
    error_code: str | None = None
    refunds: list[Refund] = field(default_factory=list)
    path: list[str] = field(default_factory=lambda: ["CREATED"])
    id: str = ""
    increments: int = 0

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds if refund.status != "FAILED")

    def shown(self) -> dict[str, Any]:
        """What the API should say of it."""
        ordered = {name: self.fields[name] for name in ("currency", "reference", "simulate")}
        counted = {"amount": self.amount, "captured_amount": self.captured, "refunded_amount": self.refunded}
        return {**ordered, **counted, "id": self.id, "status": self.status, "error_code": self.error_code}

    def move(self, status: str, due_at: datetime | None = None) -> None:
        self.status, self.due_at = status, due_at
        self.path.append(status)

    def approve(self, now: datetime) -> None:
        self.move("AUTHORIZED", now + HOLD)
        if self.fields["capture_method"] == "automatic":
            self.take(self.amount)

    def take(self, amount: int) -> None:
        self.captured = amount
        self.move("CAPTURED")

    def decline(self, code: str) -> None:
        self.error_code = code
        self.move("FAILED")

    def require(self, *statuses: str) -> None:
        if self.status not in statuses:
            raise RefusedError("INVALID_PAYMENT_STATE")


@dataclass
class Model:
    """A merchant's ledger, and the clock."""

    now: datetime
    payments: list[Payment] = field(default_factory=list)
    keys: dict[str, tuple[object, bytes, datetime]] = field(default_factory=dict)

    def create(self, fields: dict[str, Any]) -> Payment:
        payment = Payment(fields, self.now, fields["amount"], fields["simulate"])
        self.payments.append(payment)
        simulate, delay = payment.simulate, timedelta(seconds=fields.get("delay_s", 60))
        if simulate in DECLINES:
            payment.decline(simulate.upper())
        elif simulate == "requires_action":
            payment.move("REQUIRES_ACTION")
        elif simulate.startswith("pending"):
            payment.move("PENDING", self.now + delay)
        else:
            payment.approve(self.now)
        return payment

    def capture(self, payment: Payment, amount: int | None) -> None:
        payment.require("AUTHORIZED")
        if amount is not None and amount > payment.amount:
            raise RefusedError("AMOUNT_TOO_LARGE")
        payment.take(payment.amount if amount is None else amount)

    def increment(self, payment: Payment, amount: int) -> None:
        payment.require("AUTHORIZED")
        if amount <= payment.amount:
            raise RefusedError("VALIDATION_FAILED")
        if payment.increments == INCREMENTS:
            raise RefusedError("CONFLICT")
        payment.increments += 1
        payment.move("AUTHORIZED", payment.due_at)
        if payment.simulate == "increment_declined":
            raise DeclinedError("INCREMENT_DECLINED")
        payment.amount = amount

    def cancel(self, payment: Payment) -> None:
        payment.require("AUTHORIZED")
        payment.move("VOIDED")

    def authenticate(self, payment: Payment, *, is_approved: bool) -> None:
        if payment.simulate != "requires_action":
            raise RefusedError("NOT_FOUND")
        payment.require("REQUIRES_ACTION")
        if is_approved:
            payment.approve(self.now)
        else:
            payment.decline("AUTHENTICATION_FAILED")

    def refund(self, payment: Payment, amount: int | None) -> Refund:
        payment.require("CAPTURED")
        left = payment.captured - payment.refunded
        if amount is not None and amount > left:
            raise RefusedError("AMOUNT_TOO_LARGE")
        refund = Refund(left if amount is None else amount, "PROCESSED")
        payment.refunds.append(refund)
        payment.move("REFUNDED" if payment.captured == payment.refunded else "CAPTURED")
        if payment.simulate == "refund_failure":
            self._fail_refund(payment, refund)
        return refund

    def _fail_refund(self, payment: Payment, refund: Refund) -> None:
        delay_s = payment.fields.get("delay_s", 0)
        if delay_s and refund.status == "PROCESSED":
            refund.status, refund.due_at = "PENDING", self.now + timedelta(seconds=delay_s)
        else:
            refund.status, refund.due_at = "FAILED", None
            payment.move("CAPTURED")

    def advance(self, by: timedelta) -> None:
        """Let time pass, and do what is due then."""
        self.now += by
        for payment in self.payments:
            if payment.due_at is not None and payment.due_at <= self.now:
                self._settle(payment)
            for refund in [each for each in payment.refunds if each.due_at and each.due_at <= self.now]:
                self._fail_refund(payment, refund)

    def _settle(self, payment: Payment) -> None:
        if payment.status == "AUTHORIZED":
            payment.move("EXPIRED")
        elif payment.simulate == "pending_success":
            payment.take(payment.amount)
        else:
            payment.decline("PAYMENT_NOT_COMPLETED")

    def known(self, key: str | None, request: object) -> bytes | None:
        """The stored answer of a key; refuses a key that was another request's."""
        if key not in self.keys or self.now >= self.keys[key][2]:
            return None
        if self.keys[key][0] != request:
            raise RefusedError("IDEMPOTENCY_KEY_REUSED")
        return self.keys[key][1]

    def keep(self, key: str, request: object, answer: bytes) -> None:
        self.keys[key] = (request, answer, self.now + KEY_LASTS)

    def listed(self, wanted: dict[str, Any]) -> Iterator[str]:
        """The ids a list with these filters shows, newest first."""
        tests: dict[str, Callable[[Payment, Any], bool]] = {
            "created_from": lambda each, value: each.created_at >= datetime.fromisoformat(value),
            "created_to": lambda each, value: each.created_at < datetime.fromisoformat(value),
            "amount_min": lambda each, value: each.amount >= value,
            "amount_max": lambda each, value: each.amount <= value,
        }
        for payment in reversed(self.payments):
            shown = payment.shown()
            if all(
                tests[name](payment, value) if name in tests else shown[name] == value
                for name, value in wanted.items()
            ):
                yield payment.id
