"""Events of the Stripe API: found, listed, sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from kessai.dialects.stripe.ids import encode
from kessai.services.ports import WebhookResult
from tests.api.stripe_dialect.conftest import Dispatch, Stripe
from tests.support.gateway import Gateway
from tests.support.manual_clock import START

EVENTS = "/events"
URL = "http://receiver.test/webhooks"
OTHER = {"Authorization": "Bearer sk_test_of_somebody_else"}
NOW = int(START.timestamp())


async def ids(stripe: Stripe, **parameters: Any) -> list[str]:
    """The ids of a page of events."""
    return [each["id"] for each in (await stripe.get(EVENTS, **parameters))["data"]]


async def types(stripe: Stripe, **parameters: Any) -> list[str]:
    """The types of a page of events."""
    return [each["type"] for each in (await stripe.get(EVENTS, **parameters))["data"]]


async def endpoint(stripe: Stripe, **parameters: Any) -> str:
    """The id of a new endpoint."""
    wanted = {"url": URL, "enabled_events": ["*"], **parameters}
    return str((await stripe.post("/webhook_endpoints", **wanted))["id"])


async def test_an_event_shows_its_object_as_it_was(stripe: Stripe) -> None:
    customer = await stripe.post("/customers", name="Ann", headers={"Idempotency-Key": "k-1"})
    await stripe.post(f"/customers/{customer['id']}", name="Bea")

    (created,) = (await stripe.get(EVENTS, type="customer.created"))["data"]

    assert created["data"] == {"object": customer}
    assert (created["object"], created["created"], created["pending_webhooks"]) == ("event", NOW, 0)
    assert created["request"]["id"].startswith("req_")
    assert created["request"]["idempotency_key"] == "k-1"
    assert await stripe.get(f"{EVENTS}/{created['id']}") == created


async def test_what_has_no_name_there_is_not_listed(gateway: Gateway, stripe: Stripe) -> None:
    stripe.client.headers["Authorization"] = gateway.client.headers["Authorization"]
    await gateway.pay(simulate="success")

    # the native payment.created has no counterpart
    assert await types(stripe) == ["charge.succeeded"]
    native = (await gateway.client.get("/webhooks/events")).json()["data"]
    (created,) = [each for each in native if each["event"] == "payment.created"]
    await stripe.refused("GET", f"{EVENTS}/{encode('evt', created['id'])}", 404)


async def test_events_are_narrowed_by_type(stripe: Stripe) -> None:
    customer = await stripe.post("/customers", name="Ann")
    await stripe.post(f"/customers/{customer['id']}", name="Bea")
    await stripe.paid()
    paid = ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]
    everything = [*paid, "customer.updated", "customer.created"]

    assert await types(stripe) == everything
    assert await types(stripe, type="*") == everything
    assert await types(stripe, type="payment_intent.*") == [paid[0], paid[2]]
    assert await types(stripe, type="customer.updated") == ["customer.updated"]
    assert await types(stripe, types=["customer.created", "charge.succeeded"]) == [paid[1], everything[4]]
    assert await types(stripe, type="invoice.*") == []
    assert await types(stripe, type="nothing") == []
    assert await types(stripe, type="payment.succeeded") == []


async def test_captured_is_a_type_of_its_own(stripe: Stripe) -> None:
    held = await stripe.paid(capture_method="manual")
    await stripe.post(f"/payment_intents/{held['id']}/capture")

    assert await types(stripe, type="charge.captured") == ["charge.captured"]
    assert await types(stripe, type="charge.succeeded") == ["charge.succeeded"]


async def test_events_are_listed_both_ways(stripe: Stripe) -> None:
    for _ in range(5):
        await stripe.post("/customers")
    every = await ids(stripe)

    first = await stripe.get(EVENTS, limit=2)
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (every[:2], True)
    assert await ids(stripe, limit=2, starting_after=every[1]) == every[2:4]
    assert await ids(stripe, starting_after=every[3]) == every[4:]
    assert await ids(stripe, limit=2, ending_before=every[3]) == every[1:3]
    assert await ids(stripe, ending_before=every[2]) == every[:2]


async def test_events_are_narrowed_by_time(gateway: Gateway, stripe: Stripe) -> None:
    await stripe.post("/customers")
    gateway.clock.advance(timedelta(seconds=10))
    await stripe.post("/customers")
    newer, older = await ids(stripe)

    assert await ids(stripe, created=NOW) == [older]
    assert await ids(stripe, created={"gt": NOW}) == [newer]
    assert await ids(stripe, created={"gte": NOW, "lt": NOW + 10}) == [older]
    assert await ids(stripe, created={"lte": NOW + 10}) == [newer, older]
    assert await ids(stripe, created=10**12) == []


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"limit": -1}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": 10**30}, "limit"),
        ({"starting_after": "evt_none"}, "starting_after"),
        ({"starting_after": "cus_1"}, "starting_after"),
        ({"type": "a", "types": ["b"]}, "types"),
        ({"types": ["a"] * 21}, "types"),
        ({"types": "a"}, "types"),
        ({"delivery_success": "perhaps"}, "delivery_success"),
        ({"created": "today"}, "created"),
        ({"lost": 1}, "lost"),
    ],
)
async def test_a_list_that_cannot_be(stripe: Stripe, parameters: dict[str, Any], param: str) -> None:
    assert (await stripe.refused("GET", EVENTS, **parameters))["param"] == param


@pytest.mark.parametrize("event_id", ["evt_none", "cus_1", "%20", "evt_" + "0" * 24])
async def test_an_unknown_event_is_missing(stripe: Stripe, event_id: str) -> None:
    assert (await stripe.refused("GET", f"{EVENTS}/{event_id}", 404))["code"] == "resource_missing"
    assert (await stripe.refused("POST", f"{EVENTS}/{event_id}/retry", 404))["code"] == "resource_missing"


async def test_another_merchants_event_is_unknown(stripe: Stripe) -> None:
    await stripe.post("/customers")
    (event_id,) = await ids(stripe)

    await stripe.refused("GET", f"{EVENTS}/{event_id}", 404, headers=OTHER)
    await stripe.refused("POST", f"{EVENTS}/{event_id}/retry", 404, headers=OTHER)
    await stripe.refused("GET", EVENTS, starting_after=event_id, headers=OTHER)
    assert (await stripe.get(EVENTS, headers=OTHER))["data"] == []


async def test_what_was_pruned_is_missing(gateway: Gateway, stripe: Stripe, dispatch: Dispatch) -> None:
    await endpoint(stripe)
    await stripe.post("/customers")
    (event_id,) = await ids(stripe)
    await dispatch(1)

    gateway.clock.advance(timedelta(days=100))
    assert (await gateway.joined.pruning.run()).events == 1

    await stripe.refused("GET", f"{EVENTS}/{event_id}", 404)
    await stripe.refused("POST", f"{EVENTS}/{event_id}/retry", 404)
    assert await ids(stripe) == []


async def test_pending_webhooks_are_those_that_nobody_took(
    gateway: Gateway, stripe: Stripe, dispatch: Dispatch
) -> None:
    stripe.client.headers["Authorization"] = gateway.client.headers["Authorization"]
    await gateway.client.post("/webhooks/endpoints", json={"url": URL})
    await endpoint(stripe)
    await endpoint(stripe, enabled_events=["customer.created"])
    await endpoint(stripe, enabled_events=["customer.deleted"])
    await stripe.post("/customers")
    (event_id,) = await ids(stripe)

    # before anybody was asked, and while they say no; native endpoints do not count
    assert (await stripe.get(f"{EVENTS}/{event_id}"))["pending_webhooks"] == 2
    gateway.sender.answer = WebhookResult(500, 7, "no")
    await dispatch(2)
    assert (await stripe.get(f"{EVENTS}/{event_id}"))["pending_webhooks"] == 2
    assert await ids(stripe, delivery_success=False) == [event_id]
    assert await ids(stripe, delivery_success=True) == []

    gateway.sender.answer = WebhookResult(200, 7, "ok")
    gateway.clock.advance(timedelta(hours=1))
    await dispatch(4)
    assert (await stripe.get(f"{EVENTS}/{event_id}"))["pending_webhooks"] == 0
    assert await ids(stripe, delivery_success=False) == []
    assert await ids(stripe, delivery_success=True, type="customer.*") == [event_id]


async def test_an_event_is_sent_again(gateway: Gateway, stripe: Stripe, dispatch: Dispatch) -> None:
    one = await endpoint(stripe)
    await endpoint(stripe, url="http://other.test/")
    await stripe.post("/customers")
    (event_id,) = await ids(stripe)
    await dispatch(2)

    again = await stripe.post(f"{EVENTS}/{event_id}/retry", webhook_endpoint=one)
    assert again["id"] == event_id
    await dispatch(3)
    assert [each.url for each in gateway.sender.posts[2:]] == [URL]

    await stripe.post(f"{EVENTS}/{event_id}/retry", for_stripecli=True)
    await dispatch(5)
    assert len({each.body for each in gateway.sender.posts}) == 1
    assert {orjson.loads(each.body)["id"] for each in gateway.sender.posts} == {event_id}


async def test_an_event_is_sent_to_an_endpoint_that_did_not_hear_it(
    gateway: Gateway, stripe: Stripe, dispatch: Dispatch
) -> None:
    await stripe.post("/customers")
    (event_id,) = await ids(stripe)
    later = await endpoint(stripe, enabled_events=["charge.succeeded"])

    await stripe.post(f"{EVENTS}/{event_id}/retry", webhook_endpoint=later)

    await dispatch(1)
    assert orjson.loads(gateway.sender.posts[0].body)["id"] == event_id


async def test_what_cannot_be_sent_again(stripe: Stripe) -> None:
    await stripe.post("/customers")
    (event_id,) = await ids(stripe)
    retry = f"{EVENTS}/{event_id}/retry"
    await stripe.refused("POST", retry)
    off = await endpoint(stripe)
    await stripe.post(f"/webhook_endpoints/{off}", disabled=True)

    await stripe.refused("POST", retry, webhook_endpoint=off)
    await stripe.refused("POST", retry)
    for unknown in ("we_none", "cus_1", "", event_id):
        error = await stripe.refused("POST", retry, webhook_endpoint=unknown)
        assert error["param"] == "webhook_endpoint"
    assert (await stripe.refused("POST", retry, lost="x"))["param"] == "lost"
