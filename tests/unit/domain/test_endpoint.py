"""What an endpoint hears, which secrets sign, and when it is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kessai.domain.endpoint import (
    FAILURES_BEFORE_REST,
    GAVE_UP,
    GIVES_UP_AFTER,
    REST_MAX,
    SAID_GONE,
    SWITCHED_OFF,
    Endpoint,
    Hearing,
)
from kessai.domain.ids import EndpointId, MerchantId
from kessai.domain.schedules import Schedule

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
ARRIVED = Hearing(succeeded=True, exhausted=False, gone=False, failed=0)
EXHAUSTED = Hearing(succeeded=False, exhausted=True, gone=False, failed=1)
GONE = Hearing(succeeded=False, exhausted=True, gone=True, failed=1)
FAILED = Hearing(succeeded=False, exhausted=False, gone=False, failed=1)
SCHEDULE = Schedule.doubling(timedelta(seconds=5), 5)

ENDPOINT = Endpoint(
    id=EndpointId("p"),
    merchant_id=MerchantId("m"),
    url="http://receiver.test/hook",
    events=("payment.succeeded",),
    description=None,
    dialect="native",
    is_enabled=True,
    disabled_reason=None,
    sealed_secret="sealed",
    previous_sealed_secret=None,
    previous_expires_at=None,
    failing_since=None,
    created_at=AT,
    updated_at=AT,
    deleted_at=None,
)


def described(endpoint: Endpoint, **facts: Any) -> Endpoint:
    same = {
        name: getattr(endpoint, name) for name in ("url", "events", "description", "schedule", "is_enabled")
    }
    return endpoint.described(**{**same, **facts}, at=AT)


def test_it_hears_what_it_asked_for() -> None:
    assert ENDPOINT.hears("payment.succeeded")
    assert not ENDPOINT.hears("payment.failed")
    assert replace(ENDPOINT, events=("*",)).hears("payment.failed")


def test_disabled_or_deleted_it_hears_nothing() -> None:
    assert not ENDPOINT.disabled("why", at=AT).hears("payment.succeeded")
    assert not ENDPOINT.deleted(at=AT).hears("payment.succeeded")


def test_after_a_rotation_both_secrets_sign_until_the_grace_period_ends() -> None:
    rekeyed = ENDPOINT.rekeyed("new", grace=timedelta(hours=1), at=AT)

    assert rekeyed.sealed_secrets(AT + timedelta(minutes=59)) == ("new", "sealed")
    assert rekeyed.sealed_secrets(AT + timedelta(hours=1)) == ("new",)


def test_without_grace_only_the_new_secret_signs() -> None:
    assert ENDPOINT.rekeyed("new", grace=timedelta(0), at=AT).sealed_secrets(AT) == ("new",)


def test_the_first_exhausted_delivery_is_remembered() -> None:
    failing = ENDPOINT.after(EXHAUSTED, SCHEDULE, at=AT)

    assert (failing.is_enabled, failing.failing_since, failing.version) == (True, AT, 2)
    assert failing.after(EXHAUSTED, SCHEDULE, at=AT + timedelta(days=1)).failing_since == AT


def test_a_success_forgets_it() -> None:
    failing = ENDPOINT.after(EXHAUSTED, SCHEDULE, at=AT)

    assert failing.after(ARRIVED, SCHEDULE, at=AT).failing_since is None
    assert failing.after(ARRIVED | EXHAUSTED, SCHEDULE, at=AT).failing_since is None


def test_a_healthy_endpoint_stays_as_it_is() -> None:
    assert ENDPOINT.after(ARRIVED, SCHEDULE, at=AT) is ENDPOINT


def failed(times: int, schedule: Schedule = SCHEDULE) -> Endpoint:
    endpoint = ENDPOINT
    for _ in range(times):
        endpoint = endpoint.after(FAILED, schedule, at=AT)
    return endpoint


def test_a_few_failures_are_counted_and_no_reason_to_rest() -> None:
    failing = failed(FAILURES_BEFORE_REST - 1)

    assert (failing.failures, failing.rests_until) == (FAILURES_BEFORE_REST - 1, None)
    assert failing.failing_since is None


def test_many_failures_in_a_row_make_it_rest_longer_each_time_up_to_the_schedules_first_delay() -> None:
    rests = [failed(FAILURES_BEFORE_REST + n).rests_until for n in range(5)]

    assert [(until - AT).total_seconds() for until in rests if until] == [1, 2, 4, 5, 5]


def test_a_rest_has_a_bound_whatever_the_schedule() -> None:
    patient = failed(FAILURES_BEFORE_REST + 50, Schedule((timedelta(hours=1),)))

    assert patient.rests_until == AT + REST_MAX


def test_without_retries_nothing_rests() -> None:
    assert failed(FAILURES_BEFORE_REST + 1, Schedule(())).rests_until is None


def test_one_success_ends_the_rest() -> None:
    healed = failed(FAILURES_BEFORE_REST + 3).after(ARRIVED | FAILED, SCHEDULE, at=AT)

    assert (healed.failures, healed.rests_until) == (0, None)


def test_after_five_days_without_a_success_it_is_disabled() -> None:
    failing = ENDPOINT.after(EXHAUSTED, SCHEDULE, at=AT)

    almost = failing.after(EXHAUSTED, SCHEDULE, at=AT + GIVES_UP_AFTER - timedelta(seconds=1))
    given_up = failing.after(EXHAUSTED, SCHEDULE, at=AT + GIVES_UP_AFTER)

    assert almost.is_enabled
    assert (given_up.is_enabled, given_up.disabled_reason) == (False, GAVE_UP)


def test_time_alone_disables_nothing() -> None:
    failing = ENDPOINT.after(EXHAUSTED, SCHEDULE, at=AT)

    assert failing.after(FAILED, SCHEDULE, at=AT + timedelta(days=30)).is_enabled


def test_gone_disables_it_at_once() -> None:
    gone = ENDPOINT.after(GONE | ARRIVED, SCHEDULE, at=AT)

    assert (gone.is_enabled, gone.disabled_reason) == (False, SAID_GONE)


def test_what_is_off_already_is_left_alone() -> None:
    off = ENDPOINT.disabled("why", at=AT)

    assert off.after(GONE, SCHEDULE, at=AT) is off


def test_switched_on_again_it_has_a_clean_slate() -> None:
    off = ENDPOINT.after(EXHAUSTED, SCHEDULE, at=AT).disabled("why", at=AT)

    on = described(off, is_enabled=True)

    assert (on.is_enabled, on.disabled_reason, on.failing_since, on.failures) == (True, None, None, 0)
    assert on.version == off.version + 1


def test_moved_elsewhere_it_has_one_too() -> None:
    assert described(failed(12), url="http://receiver.test/other").failures == 0
    assert described(failed(12), description="the same place").failures == 12


def test_switched_off_by_its_owner_it_says_so_and_keeps_an_older_reason() -> None:
    assert described(ENDPOINT, is_enabled=False).disabled_reason == SWITCHED_OFF
    assert described(ENDPOINT.disabled("why", at=AT), is_enabled=False).disabled_reason == "why"
