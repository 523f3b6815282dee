"""From an event to its endpoints: fanned out, claimed, posted, settled, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from kessai.domain.change import Change
from kessai.domain.delivery import Delivery, DeliveryStatus
from kessai.domain.endpoint import FAILURES_BEFORE_REST, GAVE_UP, GIVES_UP_AFTER, SAID_GONE
from kessai.domain.errors import ConflictError, NotFoundError
from kessai.domain.event import PaymentFact
from kessai.domain.ids import MerchantId
from kessai.services.pacing import WINDOW_FIRST
from kessai.services.ports import WebhookRequest, WebhookResult
from kessai.storage.journal import STALE
from kessai.storage.repositories.events import EventFilter
from kessai.storage.repositories.outbox import ENDPOINT_DELETED, ENDPOINT_DISABLED
from tests.support.manual_clock import START
from tests.support.webhooks import (
    LEASE_AT_MOST,
    PUBLIC_URL,
    Office,
    ScriptedSender,
    merchant_named,
    open_beside,
    open_office,
    until,
)

FAILED_ONLY = ["payment.failed"]
"""With the default payment, which is declined: one event to tell of each."""


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


# Fanning out


async def test_every_event_goes_once_to_every_endpoint_that_hears_it(office: Office) -> None:
    everything = await office.endpoint(events=["*"])
    failures = await office.endpoint(events=FAILED_ONLY)
    payment = await office.pay()

    assert await office.fan_out() == 2
    assert await office.fan_out() == 0

    told = {(each.delivery.endpoint_id, each.delivery.event_type) for each in await office.reports()}
    assert told == {
        (everything.id, "payment.created"),
        (everything.id, "payment.failed"),
        (failures.id, "payment.failed"),
    }
    body = orjson.loads((await office.reports(endpoint_id=failures.id))[0].delivery.body)
    assert body["event"] == "payment.failed"
    assert body["payment"]["id"] == payment.id
    assert body["payment"]["status"] == "FAILED"
    assert body["timestamp"] == "2026-01-31T12:00:00Z"


async def test_a_body_tells_of_the_payment_as_it_was_at_that_moment(office: Office) -> None:
    await office.endpoint()
    await office.pay()
    await office.fan_out()

    created, failed = sorted(await office.reports(), key=lambda each: each.delivery.event_type)

    assert orjson.loads(created.delivery.body)["payment"]["status"] == "CREATED"
    assert orjson.loads(failed.delivery.body)["payment"]["status"] == "FAILED"


async def test_a_waiting_payers_event_says_where_the_payer_goes(office: Office) -> None:
    await office.endpoint(events=["payment.requires_action"])
    payment = await office.pay("requires_action")
    await office.fan_out()

    body = orjson.loads((await office.the_report()).delivery.body)

    assert body["payment"]["next_action"]["redirect_url"] == f"{PUBLIC_URL}/challenge/{payment.id}"


async def test_events_made_before_an_endpoint_are_not_sent_there(office: Office) -> None:
    await office.pay()

    await office.endpoint()

    assert await office.fan_out() == 0
    assert await office.reports() == []


async def test_events_that_nobody_wants_are_done_with(office: Office) -> None:
    await office.endpoint(events=["payment.refunded"])
    await office.pay()

    assert await office.fan_out() == 2
    assert await office.fan_out() == 0
    assert await office.reports() == []


async def test_events_of_one_merchant_never_reach_another(office: Office) -> None:
    await office.endpoint()
    other = Office(office.database, merchant_named("Another merchant", 2), office.clock, seed=3)
    await other.commit(Change(records=(other.merchant,)))
    await other.pay()

    await office.fan_out()

    assert await office.reports() == []
    assert await other.reports() == []


async def test_many_events_are_fanned_out_in_several_batches(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await asyncio.gather(*(office.pay() for _ in range(120)))

    assert await office.fan_out() == 240

    assert await office.deliver_due() == 120
    assert await office.deliver_due() == 0
    assert len({request.body for request in office.wire.requests}) == 120


# Delivering


async def test_a_delivery_is_signed_posted_and_done(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY, secret="topsecret")
    await office.pay()

    assert await office.dispatch() == 1
    assert await office.dispatch() == 0

    report = await office.the_report()
    assert report.delivery.status is DeliveryStatus.SUCCEEDED
    assert report.delivery.last_error is None
    (attempt,) = report.attempts
    assert (attempt.number, attempt.status_code, attempt.latency_ms) == (1, 200, 7)
    assert attempt.started_at == START
    assert office.wire.bodies() == [report.delivery.body]
    headers = office.wire.headers()
    assert headers["x-webhook-id"] == report.delivery.event_id
    assert headers["x-webhook-attempt"] == "1"
    assert headers["x-webhook-timestamp"] == str(int(START.timestamp()))


async def test_failures_are_retried_on_schedule_until_it_ends(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    office.wire.otherwise = 500
    await office.pay()
    await office.dispatch()

    for delay_s in (5, 10, 20, 40, 80):
        # a tenth of jitter either way
        assert await office.dispatch_in(timedelta(seconds=delay_s * 0.9) - timedelta(milliseconds=1)) == 0
        assert await office.dispatch_in(timedelta(seconds=delay_s * 0.2)) == 1

    assert await office.dispatch_in(timedelta(days=1)) == 0
    report = await office.the_report()
    assert report.delivery.status is DeliveryStatus.EXHAUSTED
    assert [attempt.number for attempt in report.attempts] == [1, 2, 3, 4, 5, 6]
    assert {attempt.error for attempt in report.attempts} == {"answered 500"}


async def test_a_retry_has_the_same_id_and_body_and_a_fresh_time(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    office.wire.answer(503)
    await office.pay()
    await office.dispatch()

    await office.dispatch_in(timedelta(seconds=6))

    first, second = office.wire.headers(0), office.wire.headers(1)
    assert office.wire.bodies()[0] == office.wire.bodies()[1]
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 6
    assert second["x-webhook-attempt"] == "2"
    assert second["webhook-signature"] != first["webhook-signature"]


async def test_the_receivers_retry_after_is_honoured(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    office.wire.answer(WebhookResult(429, 7, retry_after_s=120))
    await office.pay()
    await office.dispatch()

    assert await office.dispatch_in(timedelta(seconds=119)) == 0
    assert await office.dispatch_in(timedelta(seconds=1)) == 1


async def test_a_redirect_is_a_failure(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    office.wire.answer(302)
    await office.pay()
    await office.dispatch()

    report = await office.the_report()

    assert report.delivery.status is DeliveryStatus.RETRYING
    assert report.delivery.last_error == "answered 302; redirects are not followed"


async def test_what_never_arrived_is_recorded_with_its_reason(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    office.wire.answer(WebhookResult(None, 30_000, error="timed out after 30 s"))
    await office.pay()
    await office.dispatch()

    (attempt,) = (await office.the_report()).attempts

    assert (attempt.status_code, attempt.error, attempt.latency_ms) == (None, "timed out after 30 s", 30_000)


async def test_a_sender_that_breaks_costs_one_attempt_and_no_other_delivery(database_url: str) -> None:
    class BrokenSender(ScriptedSender):
        async def post(self, request: WebhookRequest) -> WebhookResult:
            if request.url.endswith("/broken"):
                raise RuntimeError("a bug")
            return await super().post(request)

    async with open_office(database_url, sender=BrokenSender()) as office:
        broken = await office.endpoint("http://receiver.test/broken", events=FAILED_ONLY)
        sound = await office.endpoint(events=FAILED_ONLY)
        await office.pay()

        await office.dispatch()

        (report,) = await office.reports(endpoint_id=broken.id)
        assert report.delivery.last_error == "could not be sent (RuntimeError)"
        (report,) = await office.reports(endpoint_id=sound.id)
        assert report.delivery.status is DeliveryStatus.SUCCEEDED


async def test_a_secret_that_cannot_be_opened_is_a_failure_that_says_so(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    rekeyed = Office(office.database, office.merchant, office.clock, api_secret_key="another key", seed=5)

    await rekeyed.dispatch()

    report = await office.the_report()
    assert report.delivery.status is DeliveryStatus.RETRYING
    assert "API_SECRET_KEY" in (report.delivery.last_error or "")
    assert rekeyed.wire.requests == []


# Several dispatchers, dead ones, late ones


async def test_while_one_dispatcher_tries_another_keeps_off(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()

    assert await office.begin() == 1

    assert await office.another().deliveries.start_due() == 0
    await office.answered()


async def test_a_lease_that_ran_out_is_claimed_again(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    await office.begin()
    await office.die()

    office.clock.advance(LEASE_AT_MOST)
    second = office.another()
    assert await second.dispatch() == 1

    report = await office.the_report()
    assert report.delivery.status is DeliveryStatus.SUCCEEDED
    assert [attempt.number for attempt in report.attempts] == [2]


async def test_an_attempt_that_cannot_be_written_down_is_repeated_when_its_lease_ends(office: Office) -> None:
    # given one that took longer than either database can say: nobody thought of that
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    office.wire.answer(WebhookResult(200, 2**63))
    assert await office.dispatch() == 0

    # when its lease has ended, in the same process
    office.clock.advance(LEASE_AT_MOST)

    # then it is sent again
    assert await office.dispatch() == 1
    assert (await office.the_report()).delivery.status is DeliveryStatus.SUCCEEDED


async def test_the_only_process_of_a_database_need_not_wait_for_dead_leases(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    await office.begin()
    await office.die()

    restarted = office.another()
    assert await restarted.deliveries.take_over() == 1

    assert await restarted.dispatch() == 1


async def test_an_attempt_that_outlasted_its_lease_is_kept_but_moves_nothing(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    await office.begin()
    office.clock.advance(LEASE_AT_MOST)
    await office.another().dispatch()

    office.wire.answer(500)
    await office.answered()

    report = await office.the_report()
    assert report.delivery.status is DeliveryStatus.SUCCEEDED
    assert report.delivery.due_at is None
    assert [(each.number, each.status_code) for each in report.attempts] == [(1, 500), (2, 200)]


async def test_moving_the_clock_repeats_no_attempt_under_way(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    await office.begin()

    office.clock.advance(timedelta(days=2))
    assert await office.deliveries.start_due() == 0

    await office.answered()
    assert (await office.the_report()).delivery.status is DeliveryStatus.SUCCEEDED


async def test_a_slow_receiver_holds_up_no_settled_delivery(database_url: str) -> None:
    class HalfSlowSender(ScriptedSender):
        async def post(self, request: WebhookRequest) -> WebhookResult:
            if not request.url.endswith("/slow"):
                self.requests.append(request)
                return WebhookResult(200, 7)
            return await super().post(request)

    sender = HalfSlowSender()
    async with open_office(database_url, sender=sender) as office:
        await office.endpoint("http://receiver.test/slow", events=FAILED_ONLY)
        fast = await office.endpoint(events=FAILED_ONLY)
        await office.pay()
        await office.fan_out()
        await office.begin()

        async def fast_one_is_done() -> bool:
            (report,) = await office.reports(endpoint_id=fast.id)
            return report.delivery.status is DeliveryStatus.SUCCEEDED

        await until(fast_one_is_done)

        await office.answered()
        assert {each.delivery.status for each in await office.reports()} == {DeliveryStatus.SUCCEEDED}


async def test_an_endpoint_has_as_many_attempts_under_way_as_it_has_earned(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await asyncio.gather(*(office.pay() for _ in range(10)))
    await office.fan_out()

    # given one that has not answered yet
    assert await office.begin() == WINDOW_FIRST
    assert await office.deliveries.start_due() == 0

    # when it has, then it may have more
    await office.answered()
    assert await office.begin() == WINDOW_FIRST + 2
    await office.answered()


async def test_a_backlog_of_one_endpoint_delays_no_other(office: Office) -> None:
    # given a dead endpoint for which a lot is overdue
    await office.endpoint("http://dead.test/", events=FAILED_ONLY)
    await asyncio.gather(*(office.pay() for _ in range(40)))
    await office.fan_out()
    office.clock.advance(timedelta(hours=1))

    # when another one gets its first event
    healthy = await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    await office.begin()

    # then that is under way with the first few
    assert len(office.wire.requests) == WINDOW_FIRST + 1
    assert office.wire.requests[-1].url == healthy.url
    await office.answered()


async def test_an_endpoint_that_keeps_failing_rests_and_then_gets_one_attempt_at_a_time(
    office: Office,
) -> None:
    endpoint = await office.endpoint(events=FAILED_ONLY)
    await asyncio.gather(*(office.pay() for _ in range(30)))
    office.wire.otherwise = 500

    assert await office.dispatch() == FAILURES_BEFORE_REST
    failing = await office.endpoints.get(office.merchant.id, endpoint.id)
    assert (failing.failures, failing.rests_until) == (FAILURES_BEFORE_REST, START + timedelta(seconds=1))

    assert await office.dispatch_in(timedelta(seconds=1)) == 1
    assert await office.dispatch_in(timedelta(seconds=1)) == 0

    # when it answers again, everything goes on
    office.wire.otherwise = 200
    assert await office.dispatch_in(timedelta(minutes=3)) == 30
    healed = await office.endpoints.get(office.merchant.id, endpoint.id)
    assert (healed.failures, healed.rests_until) == (0, None)


async def test_first_sendings_of_one_payment_go_in_the_order_of_its_events(office: Office) -> None:
    await office.endpoint()
    payments = [await office.pay() for _ in range(3)]
    await office.fan_out()
    told: dict[str, list[str]] = {payment.id: [] for payment in payments}

    while await office.begin():
        await office.answered()

    for body in map(orjson.loads, office.wire.bodies()):
        told[body["payment"]["id"]].append(body["event"])
    assert list(told.values()) == [["payment.created", "payment.failed"]] * 3


async def test_the_next_event_of_a_payment_waits_only_for_the_first_attempt_of_the_one_before(
    office: Office,
) -> None:
    await office.endpoint()
    await office.pay()
    await office.fan_out()
    office.wire.answer(500)

    # the second one does not go while the first is under way, in this process or in another
    assert await office.begin() == 1
    assert await office.another().deliveries.start_due() == 0
    await office.answered()

    # and is not held up by its retries
    assert await office.deliver_due() == 1
    assert [orjson.loads(body)["event"] for body in office.wire.bodies()] == [
        "payment.created",
        "payment.failed",
    ]


async def test_two_dispatchers_racing_deliver_each_delivery_once(postgres_url: str) -> None:
    async with open_office(postgres_url) as first:
        await first.endpoint(events=FAILED_ONLY)
        await asyncio.gather(*(first.pay() for _ in range(150)))
        async with open_beside(first, postgres_url) as second:

            async def dispatch_all(office: Office) -> None:
                while await office.deliveries.fan_out() or await office.deliver_due():
                    pass

            await asyncio.gather(*(dispatch_all(office) for office in (first, second, first, second)))
            await asyncio.gather(dispatch_all(first), dispatch_all(second))

            posted = [*first.wire.bodies(), *second.wire.bodies()]
            assert len(posted) == 150
            assert len(set(posted)) == 150
            succeeded = await first.reports(status="SUCCEEDED")
            assert len(succeeded) == 100  # as many as a page holds


# The health of endpoints


async def test_gone_disables_the_endpoint_with_an_event(office: Office) -> None:
    gone = await office.endpoint(events=FAILED_ONLY)
    watcher = await office.endpoint("http://watcher.test/", events=["endpoint.disabled"])
    office.wire.answer(410)
    await office.pay()
    await office.dispatch()

    endpoint = await office.endpoints.get(office.merchant.id, gone.id)
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, SAID_GONE)
    (report,) = await office.reports(endpoint_id=gone.id)
    assert report.delivery.status is DeliveryStatus.EXHAUSTED

    await office.dispatch()
    (report,) = await office.reports(endpoint_id=watcher.id)
    body = orjson.loads(report.delivery.body)
    assert (body["event"], body["reason"]) == ("endpoint.disabled", SAID_GONE)
    assert body["endpoint"]["id"] == gone.id
    assert "secret" not in report.delivery.body.decode()


async def test_five_days_of_nothing_but_failure_disable_it_and_a_success_in_between_does_not(
    office: Office,
) -> None:
    async def exhaust() -> None:
        await office.pay()
        await office.dispatch()
        for _ in range(5):
            await office.dispatch_in(timedelta(minutes=2))

    endpoint = await office.endpoint(events=FAILED_ONLY)
    office.wire.otherwise = 500
    await exhaust()
    office.clock.advance(GIVES_UP_AFTER - timedelta(hours=1))

    # a success on the last day: the days count anew
    office.wire.answer(200)
    await office.pay()
    await office.dispatch()
    assert (await office.endpoints.get(office.merchant.id, endpoint.id)).failing_since is None
    await exhaust()
    assert (await office.endpoints.get(office.merchant.id, endpoint.id)).is_enabled

    office.clock.advance(GIVES_UP_AFTER)
    await exhaust()

    given_up = await office.endpoints.get(office.merchant.id, endpoint.id)
    assert (given_up.is_enabled, given_up.disabled_reason) == (False, GAVE_UP)
    events = await office.events.list(
        office.merchant.id, EventFilter(type="endpoint.disabled"), before=None, limit=10
    )
    assert len(events.found) == 1


@pytest.mark.parametrize(("by", "reason"), [("disabling", ENDPOINT_DISABLED), ("deleting", ENDPOINT_DELETED)])
async def test_what_was_on_its_way_to_an_endpoint_no_longer_there_is_canceled(
    office: Office, by: str, reason: str
) -> None:
    endpoint = await office.endpoint(events=FAILED_ONLY)
    office.wire.answer(500)
    await office.pay()
    await office.dispatch()
    at = office.clock.now()
    if by == "disabling":
        _, change = await office.endpoints.update(office.merchant.id, endpoint.id, {"enabled": False}, at=at)
    else:
        _, change = await office.endpoints.delete(office.merchant.id, endpoint.id, at=at)
    await office.commit(change)

    assert await office.dispatch_in(timedelta(seconds=6)) == 0

    report = await office.the_report()
    assert report.delivery.status is DeliveryStatus.CANCELED
    assert report.delivery.last_error == reason
    assert len(report.attempts) == 1


async def test_many_canceled_deliveries_hide_no_other_that_is_due(office: Office) -> None:
    deleted = await office.endpoint(events=FAILED_ONLY)
    await asyncio.gather(*(office.pay() for _ in range(70)))
    await office.fan_out()
    _, change = await office.endpoints.delete(office.merchant.id, deleted.id, at=office.clock.now())
    await office.commit(change)
    office.clock.advance(timedelta(seconds=1))
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()

    assert await office.dispatch() == 1

    assert len(await office.reports(status="CANCELED")) == 70


async def test_events_made_while_an_endpoint_is_disabled_are_not_sent_later(office: Office) -> None:
    endpoint = await office.endpoint(events=FAILED_ONLY, enabled=False)
    await office.pay()
    await office.dispatch()

    _, change = await office.endpoints.update(
        office.merchant.id, endpoint.id, {"enabled": True}, at=office.clock.now()
    )
    await office.commit(change)
    await office.dispatch()

    assert await office.reports() == []


# Again, by hand


async def test_a_delivery_is_retried_by_hand_with_a_fresh_schedule(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.dispatch()
    report = await office.the_report()

    again, change = await office.events.retry(office.merchant.id, report.delivery.id, at=office.clock.now())
    await office.commit(change)

    assert again.delivery.status is DeliveryStatus.RETRYING
    assert await office.dispatch() == 1
    assert office.wire.bodies()[0] == office.wire.bodies()[1]
    assert [attempt.number for attempt in (await office.the_report()).attempts] == [1, 2]


async def test_an_event_goes_again_to_those_that_had_it_and_those_that_would_hear_it(office: Office) -> None:
    had_it = await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.dispatch()
    new = await office.endpoint("http://new.test/", events=["*"])
    await office.endpoint("http://other.test/", events=["payment.created"])
    event_id = (await office.the_report()).delivery.event_id

    deliveries, change = await office.events.redeliver(office.merchant.id, event_id, at=office.clock.now())
    await office.commit(change)

    assert {each.endpoint_id for each in deliveries} == {had_it.id, new.id}
    assert await office.dispatch() == 2
    assert len({request.body for request in office.wire.requests}) == 1


async def test_two_who_send_an_event_to_a_new_endpoint_make_one_delivery(office: Office) -> None:
    await office.pay()
    await office.fan_out()
    await office.endpoint(events=FAILED_ONLY)
    event = next(
        each
        for each in (await office.events.list(office.merchant.id, EventFilter(), before=None, limit=10)).found
        if each.type == "payment.failed"
    )
    _, one = await office.events.redeliver(office.merchant.id, event.id, at=office.clock.now())
    _, other = await office.events.redeliver(office.merchant.id, event.id, at=office.clock.now())

    await office.commit(one)

    assert await office.database.commit(other) == STALE
    assert len(await office.reports()) == 1


async def test_without_an_endpoint_nothing_is_sent_again(office: Office) -> None:
    await office.pay()
    events = await office.events.list(office.merchant.id, EventFilter(), before=None, limit=10)

    with pytest.raises(ConflictError, match="no endpoint"):
        await office.events.redeliver(office.merchant.id, events.found[0].id, at=office.clock.now())


async def test_a_retry_to_a_disabled_or_deleted_endpoint_is_refused(office: Office) -> None:
    endpoint = await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.dispatch()
    delivery = (await office.the_report()).delivery
    now = office.clock.now()

    _, change = await office.endpoints.update(office.merchant.id, endpoint.id, {"enabled": False}, at=now)
    await office.commit(change)
    with pytest.raises(ConflictError, match="disabled"):
        await office.events.retry(office.merchant.id, delivery.id, at=now)

    _, change = await office.endpoints.delete(office.merchant.id, endpoint.id, at=now)
    await office.commit(change)
    with pytest.raises(ConflictError, match="deleted"):
        await office.events.retry(office.merchant.id, delivery.id, at=now)


async def test_a_retry_during_an_attempt_wins_over_what_comes_of_it(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    await office.begin()
    delivery = (await office.the_report()).delivery
    _, change = await office.events.retry(office.merchant.id, delivery.id, at=office.clock.now())
    await office.commit(change)

    await office.answered()
    assert (await office.the_report()).delivery.status is DeliveryStatus.RETRYING

    assert await office.dispatch() == 1
    assert (await office.the_report()).delivery.status is DeliveryStatus.SUCCEEDED


# Reading


async def test_deliveries_are_listed_by_endpoint_event_type_and_status(office: Office) -> None:
    first = await office.endpoint(events=["*"])
    second = await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.pay()
    office.wire.answer(500)
    await office.dispatch()

    assert len(await office.reports()) == 6
    assert len(await office.reports(endpoint_id=first.id)) == 4
    assert len(await office.reports(endpoint_id=second.id, event_type="payment.failed")) == 2
    assert len(await office.reports(status="RETRYING")) == 1
    assert len(await office.reports(status="SUCCEEDED", event_type="payment.failed")) in (3, 4)
    event_id = (await office.reports(endpoint_id=second.id))[0].delivery.event_id
    assert {each.delivery.endpoint_id for each in await office.reports(event_id=event_id)} == {
        first.id,
        second.id,
    }
    ids = [each.delivery.id for each in await office.reports()]
    assert ids == sorted(ids, reverse=True)


async def test_deliveries_and_events_are_listed_by_payment_and_by_time(office: Office) -> None:
    await office.endpoint()
    first = await office.pay()
    await office.dispatch()
    office.clock.advance(timedelta(hours=1))
    noon = office.clock.now()
    second = await office.pay()
    await office.dispatch()

    async def events(**wanted: Any) -> set[str]:
        found = await office.events.list(office.merchant.id, EventFilter(**wanted), before=None, limit=9)
        return {event.fact.payment.id for event in found.found if isinstance(event.fact, PaymentFact)}

    async def deliveries(**wanted: Any) -> set[str | None]:
        return {each.delivery.payment_id for each in await office.reports(**wanted)}

    for listed in (events, deliveries):
        assert await listed() == {first.id, second.id}
        assert await listed(payment_id=first.id) == {first.id}
        assert await listed(created_from=noon) == {second.id}
        assert await listed(created_to=noon) == {first.id}
        assert await listed(created_from=noon, payment_id=first.id) == set()


async def test_another_merchants_events_and_deliveries_are_unknown(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.dispatch()
    delivery = (await office.the_report()).delivery
    stranger = MerchantId("0199d3c2-5f00-7000-8000-0000000000ff")

    with pytest.raises(NotFoundError):
        await office.events.delivery(stranger, delivery.id)
    with pytest.raises(NotFoundError):
        await office.events.get(stranger, delivery.event_id)
    with pytest.raises(NotFoundError):
        await office.endpoints.get(stranger, delivery.endpoint_id)
    with pytest.raises(NotFoundError):
        await office.events.retry(stranger, delivery.id, at=office.clock.now())
    with pytest.raises(NotFoundError):
        await office.events.redeliver(stranger, delivery.event_id, at=office.clock.now())


async def test_a_deliverys_row_is_what_was_saved(office: Office) -> None:
    await office.endpoint(events=FAILED_ONLY)
    await office.pay()
    await office.fan_out()
    delivery: Delivery = (await office.the_report()).delivery

    await office.commit(Change(records=(delivery.again(at=office.clock.now()),)))

    assert (await office.the_report()).delivery == replace(delivery, version=2)
