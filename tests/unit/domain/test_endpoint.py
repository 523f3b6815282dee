"""What an endpoint hears, which secrets sign, and when it is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kessai.domain.endpoint import GAVE_UP, GIVES_UP_AFTER, SAID_GONE, SWITCHED_OFF, Endpoint, Hearing
from kessai.domain.ids import EndpointId, MerchantId

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
ARRIVED = Hearing(succeeded=True, exhausted=False, gone=False)
EXHAUSTED = Hearing(succeeded=False, exhausted=True, gone=False)
GONE = Hearing(succeeded=False, exhausted=True, gone=True)
NOTHING_YET = Hearing(succeeded=False, exhausted=False, gone=False)

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
    failing = ENDPOINT.after(EXHAUSTED, at=AT)

    assert (failing.is_enabled, failing.failing_since, failing.version) == (True, AT, 2)
    assert failing.after(EXHAUSTED, at=AT + timedelta(days=1)) is failing


def test_a_success_forgets_it() -> None:
    failing = ENDPOINT.after(EXHAUSTED, at=AT)

    assert failing.after(ARRIVED, at=AT).failing_since is None
    assert failing.after(ARRIVED | EXHAUSTED, at=AT).failing_since is None


@pytest.mark.parametrize("hearing", [ARRIVED, NOTHING_YET])
def test_a_healthy_endpoint_stays_as_it_is(hearing: Hearing) -> None:
    assert ENDPOINT.after(hearing, at=AT) is ENDPOINT


def test_after_five_days_without_a_success_it_is_disabled() -> None:
    failing = ENDPOINT.after(EXHAUSTED, at=AT)

    almost = failing.after(EXHAUSTED, at=AT + GIVES_UP_AFTER - timedelta(seconds=1))
    given_up = failing.after(EXHAUSTED, at=AT + GIVES_UP_AFTER)

    assert almost.is_enabled
    assert (given_up.is_enabled, given_up.disabled_reason) == (False, GAVE_UP)


def test_time_alone_disables_nothing() -> None:
    failing = ENDPOINT.after(EXHAUSTED, at=AT)

    assert failing.after(NOTHING_YET, at=AT + timedelta(days=30)) is failing


def test_gone_disables_it_at_once() -> None:
    gone = ENDPOINT.after(GONE | ARRIVED, at=AT)

    assert (gone.is_enabled, gone.disabled_reason) == (False, SAID_GONE)


def test_what_is_off_already_is_left_alone() -> None:
    off = ENDPOINT.disabled("why", at=AT)

    assert off.after(GONE, at=AT) is off


def test_switched_on_again_it_has_a_clean_slate() -> None:
    off = ENDPOINT.after(EXHAUSTED, at=AT).disabled("why", at=AT)

    on = off.described(url=off.url, events=off.events, description=None, is_enabled=True, at=AT)

    assert (on.is_enabled, on.disabled_reason, on.failing_since) == (True, None, None)
    assert on.version == off.version + 1


def test_switched_off_by_its_owner_it_says_so_and_keeps_an_older_reason() -> None:
    def switched_off(endpoint: Endpoint) -> Endpoint:
        return endpoint.described(
            url=endpoint.url, events=endpoint.events, description=None, is_enabled=False, at=AT
        )

    assert switched_off(ENDPOINT).disabled_reason == SWITCHED_OFF
    assert switched_off(ENDPOINT.disabled("why", at=AT)).disabled_reason == "why"
