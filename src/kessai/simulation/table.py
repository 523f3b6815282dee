"""The `simulate` values as data: to add a decline is to add a row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from kessai.domain.outcome import Approved, Declined, Verdict
from kessai.domain.values import value


class Course(Enum):
    """How the bank gets to its verdict."""

    AT_ONCE = auto()
    AFTER_TIMEOUT = auto()
    AFTER_ACTION = auto()
    AFTER_DELAY = auto()


class Delivery(Enum):
    """What becomes of our answer once the payment is committed."""

    PROMPT = auto()
    LATE = auto()
    LOST = auto()


@value(frozen=True, slots=True, kw_only=True)
class DisputeOnCharge:
    """What the holder does about a charge: an inquiry is not yet a dispute. `count` is how many there are."""

    reason: str
    is_inquiry: bool = False
    count: int = 1


@value(frozen=True, slots=True)
class Simulation:
    """One row: the verdict, the way to it, and what comes of it later.

    `refunds_wait`: a refund is pending for a while, and then succeeds. `increment` is the verdict on a higher
    hold. `is_available_at_once`: what was captured need not wait to be paid out.
    """

    verdict: Verdict
    course: Course = Course.AT_ONCE
    answer: Delivery = Delivery.PROMPT
    refunds_fail: bool = False
    refunds_wait: bool = False
    dispute: DisputeOnCharge | None = None
    is_available_at_once: bool = False
    increment: Verdict = Approved()


DEFAULT: Final = "success"
DEFAULT_DELAY: Final = timedelta(seconds=60)
"""How long PENDING payments wait when the request does not say."""

DEFAULT_SLOWNESS: Final = timedelta(seconds=5)
SLOWNESS_MAX: Final = timedelta(minutes=5)
"""How late a `slow` answer is, and may be: each holds a connection meanwhile."""


def _disputed(reason: str = "fraudulent", *, is_inquiry: bool = False, count: int = 1) -> Simulation:
    return Simulation(Approved(), dispute=DisputeOnCharge(reason=reason, is_inquiry=is_inquiry, count=count))


def _declined(code: str, message: str) -> Simulation:
    return Simulation(Declined(code, message))


_CARD_DECLINED: Final = Declined("CARD_DECLINED", "The card was declined.")
_INSUFFICIENT_FUNDS: Final = Declined("INSUFFICIENT_FUNDS", "The account has too little money.")
_PROCESSING_ERROR: Final = Declined("PROCESSING_ERROR", "An error occurred while processing the card.")
_SUCCESS: Final = Simulation(Approved())
_TIMEOUT: Final = Declined("NETWORK_TIMEOUT", "The bank did not answer in time.")
UNPAID: Final = Declined("PAYMENT_NOT_COMPLETED", "The payer did not complete the payment.")

SIMULATIONS: Final[Mapping[str, Simulation]] = MappingProxyType(
    {
        DEFAULT: _SUCCESS,
        "insufficient_funds": Simulation(_INSUFFICIENT_FUNDS),
        "network_timeout": Simulation(_TIMEOUT, Course.AFTER_TIMEOUT),
        "fraud_detected": _declined("FRAUD_DETECTED", "The payment was blocked as suspected fraud."),
        "bank_error": _declined("BANK_ERROR", "The bank could not process the payment."),
        "card_declined": Simulation(_CARD_DECLINED),
        "expired_card": _declined("EXPIRED_CARD", "The card has expired."),
        "incorrect_cvc": _declined("INCORRECT_CVC", "The security code is wrong."),
        "processing_error": Simulation(_PROCESSING_ERROR),
        "limit_exceeded": _declined("LIMIT_EXCEEDED", "The payment exceeds the card's limit."),
        "lost_card": _declined("LOST_CARD", "The card was reported lost."),
        "stolen_card": _declined("STOLEN_CARD", "The card was reported stolen."),
        "card_velocity_exceeded": _declined(
            "CARD_VELOCITY_EXCEEDED", "The card was used too often, or for too much, in a short time."
        ),
        "requires_action": Simulation(Approved(), Course.AFTER_ACTION),
        "requires_action_declined": Simulation(_CARD_DECLINED, Course.AFTER_ACTION),
        "requires_action_insufficient_funds": Simulation(_INSUFFICIENT_FUNDS, Course.AFTER_ACTION),
        "requires_action_processing_error": Simulation(_PROCESSING_ERROR, Course.AFTER_ACTION),
        "pending_success": Simulation(Approved(), Course.AFTER_DELAY),
        "pending_failure": Simulation(UNPAID, Course.AFTER_DELAY),
        "refund_failure": Simulation(Approved(), refunds_fail=True),
        "refund_pending": Simulation(Approved(), refunds_wait=True),
        "dispute": _disputed(),
        "dispute_product_not_received": _disputed("product_not_received"),
        "dispute_noncompliant": _disputed("noncompliant"),
        "dispute_inquiry": _disputed(is_inquiry=True),
        "dispute_twice": _disputed(count=2),
        "available_at_once": Simulation(Approved(), is_available_at_once=True),
        "increment_declined": Simulation(Approved(), increment=_CARD_DECLINED),
        "lost_response": Simulation(Approved(), answer=Delivery.LOST),
        "slow": Simulation(Approved(), answer=Delivery.LATE),
    }
)

AUTHENTICATION_DECLINED: Final = Declined("AUTHENTICATION_FAILED", "The payer failed the authentication.")
REFUND_FAILED: Final = "REFUND_FAILED"
REFUND_EXPIRED: Final = "REFUND_EXPIRED"
