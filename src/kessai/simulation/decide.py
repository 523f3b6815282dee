"""From what was asked to what the bank says: the one place where outcomes are picked."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import assert_never

from kessai.domain.errors import InvalidFieldError
from kessai.domain.instrument import SETTLES_LATER, Instrument, InstrumentType
from kessai.domain.outcome import ActionRequired, Deferred, Outcome, Verdict
from kessai.domain.values import value
from kessai.simulation.table import (
    DEFAULT,
    DEFAULT_DELAY,
    DEFAULT_SLOWNESS,
    SIMULATIONS,
    SLOWNESS_MAX,
    Course,
    Delivery,
)


@value(frozen=True, slots=True)
class Decision:
    """The outcome, and how long things take.

    `bank_is_silent`: the verdict comes only after the bank's time-out. `answer_after` is how long our
    answer is held back once the payment is committed; `answer_is_lost` that it never leaves.
    """

    outcome: Outcome
    bank_is_silent: bool = False
    answer_after: timedelta = timedelta(0)
    answer_is_lost: bool = False


def decide(simulate: str, instrument: Instrument | None, delay: timedelta | None) -> Decision:
    """What the bank says to a new payment.

    Raises:
        InvalidFieldError: a late answer would be later than any client waits.
    """
    return _decision(simulate, instrument and instrument.type, delay)


# The same few are asked for again and again: as many as a test suite has kinds of payments.
@lru_cache(maxsize=1_024)
def _decision(simulate: str, kind: InstrumentType | None, delay: timedelta | None) -> Decision:
    row = SIMULATIONS[simulate]
    return Decision(
        _outcome(row.verdict, _course(row.course, kind), delay),
        bank_is_silent=row.course is Course.AFTER_TIMEOUT,
        answer_after=_lateness(delay) if row.answer is Delivery.LATE else timedelta(0),
        answer_is_lost=row.answer is Delivery.LOST,
    )


def verdict_later(simulate: str) -> Verdict:
    """What the bank says in the end to a payment it deferred, or whose payer proved who they are."""
    return SIMULATIONS[simulate].verdict


def refunds_fail(simulate: str) -> bool:
    """Whether refunds of such a payment fail on their way."""
    return SIMULATIONS[simulate].refunds_fail


def refunds_wait(simulate: str) -> bool:
    """Whether refunds of such a payment are on their way for a while."""
    return SIMULATIONS[simulate].refunds_wait


def increment_verdict(simulate: str) -> Verdict:
    """What the bank says to a higher hold of such a payment."""
    return SIMULATIONS[simulate].increment


def effective(simulate: str | None, by_instrument: str) -> str:
    """What was asked for by name goes before what the card number stands for."""
    return by_instrument if simulate is None or simulate == DEFAULT else simulate


def _course(course: Course, kind: InstrumentType | None) -> Course:
    settles_later = kind in SETTLES_LATER
    return Course.AFTER_DELAY if settles_later and course is Course.AT_ONCE else course


def _outcome(verdict: Verdict, course: Course, delay: timedelta | None) -> Outcome:
    match course:
        case Course.AT_ONCE | Course.AFTER_TIMEOUT:
            return verdict
        case Course.AFTER_ACTION:
            return ActionRequired()
        case Course.AFTER_DELAY:
            return Deferred(_wait(delay))
        case _:
            assert_never(course)


def _wait(delay: timedelta | None) -> timedelta:
    return DEFAULT_DELAY if delay is None else delay


def _lateness(delay: timedelta | None) -> timedelta:
    if delay is not None and delay > SLOWNESS_MAX:
        raise InvalidFieldError(
            f"an answer can be at most {SLOWNESS_MAX.total_seconds():.0f} s late", param="delay_s"
        )
    return DEFAULT_SLOWNESS if delay is None else delay
