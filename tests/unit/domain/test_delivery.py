"""When a delivery is tried again, and when it is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kessai.domain.delivery import (
    ERROR_MAX,
    OPEN,
    AttemptResult,
    Delivery,
    DeliveryStatus,
)
from kessai.domain.ids import DeliveryId, EndpointId, EventId, MerchantId
from kessai.domain.schedules import Schedule

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
SCHEDULE = Schedule.doubling(timedelta(seconds=5), 5)
REFUSED = AttemptResult(500, "answered 500")


def pending() -> Delivery:
    return Delivery(
        id=DeliveryId("d"),
        merchant_id=MerchantId("m"),
        event_id=EventId("e"),
        endpoint_id=EndpointId("p"),
        event_type="payment.succeeded",
        status=DeliveryStatus.PENDING,
        body=b"{}",
        attempt_count=0,
        retry_count=0,
        due_at=AT,
        leased_until=None,
        last_error=None,
        created_at=AT,
        updated_at=AT,
    )


def leased(delivery: Delivery, *, until: datetime) -> Delivery:
    """As the database makes it when a dispatcher claims it."""
    return replace(
        delivery,
        attempt_count=delivery.attempt_count + 1,
        leased_until=until,
        version=delivery.version + 1,
    )


def tried(delivery: Delivery, result: AttemptResult, *, spread: float = 0, at: datetime = AT) -> Delivery:
    return leased(delivery, until=at + timedelta(minutes=1)).settled(
        result, SCHEDULE, spread=lambda: spread, at=at
    )


def delay_after(delivery: Delivery) -> float:
    assert delivery.due_at is not None
    return (delivery.due_at - AT).total_seconds()


def test_the_schedule_doubles() -> None:
    assert [delay.total_seconds() for delay in SCHEDULE.delays] == [5, 10, 20, 40, 80]


@pytest.mark.parametrize("status_code", [200, 201, 204, 299])
def test_any_2xx_is_success(status_code: int) -> None:
    done = tried(pending(), AttemptResult(status_code))

    assert done.status is DeliveryStatus.SUCCEEDED
    assert (done.due_at, done.leased_until, done.last_error) == (None, None, None)


@pytest.mark.parametrize("status_code", [None, 199, 300, 301, 302, 308, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again(status_code: int | None) -> None:
    failed = tried(pending(), AttemptResult(status_code, "said why"))

    assert failed.status is DeliveryStatus.RETRYING
    assert failed.last_error == "said why"
    assert failed.leased_until is None
    assert delay_after(failed) == 5


def test_retries_follow_the_schedule_and_then_end() -> None:
    delivery, delays = pending(), []
    while delivery.status in OPEN:
        delivery = tried(delivery, REFUSED)
        delays.append(delay_after(delivery) if delivery.due_at else None)

    assert delays == [5, 10, 20, 40, 80, None]
    assert delivery.status is DeliveryStatus.EXHAUSTED
    assert delivery.attempt_count == 6


@pytest.mark.parametrize(("spread", "delay_s"), [(-1, 4.5), (0.5, 5.25), (1, 5.5)])
def test_jitter_is_a_tenth_either_way(spread: float, delay_s: float) -> None:
    assert delay_after(tried(pending(), REFUSED, spread=spread)) == delay_s


@pytest.mark.parametrize(
    ("asked", "delay_s"),
    [(timedelta(seconds=1), 5), (timedelta(minutes=2), 120), (timedelta(days=1), 3600)],
)
def test_retry_after_puts_off_but_never_brings_forward(asked: timedelta, delay_s: float) -> None:
    assert delay_after(tried(pending(), AttemptResult(503, "busy", asked))) == delay_s


def test_gone_ends_it_at_once() -> None:
    gone = tried(pending(), AttemptResult(410, "answered 410"))

    assert gone.status is DeliveryStatus.EXHAUSTED
    assert gone.due_at is None


def test_without_retries_the_first_failure_ends_it() -> None:
    claimed = leased(pending(), until=AT)

    ended = claimed.settled(REFUSED, Schedule.doubling(timedelta(seconds=5), 0), spread=lambda: 0, at=AT)

    assert ended.status is DeliveryStatus.EXHAUSTED


def test_what_went_wrong_is_kept_within_bounds() -> None:
    failed = tried(pending(), AttemptResult(None, "x" * 10_000))

    assert failed.last_error == "x" * ERROR_MAX


def test_canceling_says_why() -> None:
    canceled = pending().canceled("the endpoint was deleted", at=AT)

    assert canceled.status is DeliveryStatus.CANCELED
    assert (canceled.due_at, canceled.last_error) == (None, "the endpoint was deleted")


@pytest.mark.parametrize("last", [AttemptResult(200), AttemptResult(410, "answered 410"), REFUSED])
def test_asked_for_by_hand_it_is_due_at_once_with_a_fresh_schedule(last: AttemptResult) -> None:
    later = AT + timedelta(hours=1)

    again = tried(pending(), last).again(at=later)

    assert again.status is DeliveryStatus.RETRYING
    assert (again.due_at, again.retry_count, again.attempt_count) == (later, 0, 1)
    assert again.body == pending().body


def test_asked_for_before_the_first_attempt_it_is_still_pending() -> None:
    assert pending().again(at=AT).status is DeliveryStatus.PENDING
