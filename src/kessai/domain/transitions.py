"""The state machine as data: code, docs, diagram and property tests all read this one table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kessai.domain.values import value


class Status(StrEnum):
    """Where a payment stands."""

    CREATED = "CREATED"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


class Action(StrEnum):
    """What moves a payment."""

    CREATE = "create"
    AUTHORIZE = "authorize"
    DECLINE = "decline"
    CHALLENGE = "challenge"
    DEFER = "defer"
    SETTLE = "settle"
    INCREMENT = "increment"
    DECLINE_INCREMENT = "decline_increment"
    CAPTURE = "capture"
    CANCEL = "cancel"
    EXPIRE = "expire"
    REFUND_PART = "refund_part"
    REFUND_REST = "refund"
    RESTORE = "restore"


TRANSITIONS: Final[Mapping[tuple[Status, Action], Status]] = MappingProxyType(
    {
        (Status.CREATED, Action.AUTHORIZE): Status.AUTHORIZED,
        (Status.CREATED, Action.DECLINE): Status.FAILED,
        (Status.CREATED, Action.CHALLENGE): Status.REQUIRES_ACTION,
        (Status.CREATED, Action.DEFER): Status.PENDING,
        (Status.CREATED, Action.CANCEL): Status.VOIDED,
        (Status.REQUIRES_ACTION, Action.AUTHORIZE): Status.AUTHORIZED,
        (Status.REQUIRES_ACTION, Action.DECLINE): Status.FAILED,
        (Status.PENDING, Action.SETTLE): Status.CAPTURED,
        (Status.PENDING, Action.DECLINE): Status.FAILED,
        (Status.AUTHORIZED, Action.INCREMENT): Status.AUTHORIZED,
        (Status.AUTHORIZED, Action.DECLINE_INCREMENT): Status.AUTHORIZED,
        (Status.AUTHORIZED, Action.CAPTURE): Status.CAPTURED,
        (Status.AUTHORIZED, Action.CANCEL): Status.VOIDED,
        (Status.AUTHORIZED, Action.EXPIRE): Status.EXPIRED,
        (Status.CAPTURED, Action.REFUND_PART): Status.CAPTURED,
        (Status.CAPTURED, Action.REFUND_REST): Status.REFUNDED,
        (Status.CAPTURED, Action.RESTORE): Status.CAPTURED,
        (Status.REFUNDED, Action.RESTORE): Status.CAPTURED,
    }
)

REQUESTABLE: Final = (Action.CAPTURE, Action.INCREMENT, Action.CANCEL, Action.REFUND_REST)
"""The actions a merchant may ask for; the bank and the clock do the others."""


def requestable_from(status: Status) -> tuple[str, ...]:
    """What a merchant may ask of a payment that stands at `status`, in their words."""
    return tuple(action.value for action in REQUESTABLE if (status, action) in TRANSITIONS)


@value(frozen=True, slots=True)
class Transition:
    """One arrow that was taken. `source` is None for the first; `amount` counts minor units moved.

    Of an increment they are what was held besides, or would have been.
    """

    action: Action
    source: Status | None
    target: Status
    at: datetime
    amount: int | None = None
