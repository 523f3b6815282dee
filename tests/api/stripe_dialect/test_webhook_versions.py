"""Bodies of webhooks in the version that their endpoint was made with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import orjson
import pytest
from sqlalchemy import Select, func, select

from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.shape import API_VERSION
from kessai.services.ports import WebhookResult
from kessai.storage.tables import webhook_deliveries, webhook_events
from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.stripe_schema import judge
from tests.support.webhooks import until

PINNED: Final = "http://receiver.test/pinned"
PLAIN: Final = "http://receiver.test/plain"
OLD: Final = "2019-05-16"
LISTS: Final = ("charges", "refunds", "sources", "subscriptions", "tax_ids")

Body = dict[str, Any]


class Shop:
    """A merchant with endpoints, and what they are told."""

    def __init__(self, gateway: Gateway, stripe: Stripe) -> None:
        self.gateway = gateway
        self.stripe = stripe

    async def listens(self, url: str, version: str | None = None, **parameters: Any) -> Body:
        """An endpoint, of a version or of none."""
        pinned = {} if version is None else {"api_version": version}
        wanted = {"url": url, "enabled_events": ["*"], **pinned, **parameters}
        return await self.stripe.post("/webhook_endpoints", **wanted)

    async def listens_both_ways(self) -> None:
        """One endpoint of an old version, one of none."""
        await self.listens(PINNED, OLD)
        await self.listens(PLAIN)

    async def dispatch(self) -> None:
        """Wait until the worker has nothing to do."""
        joined = self.gateway.joined

        async def is_done() -> bool:
            posted = len(self.gateway.sender.posts)
            now = self.gateway.clock.now()
            left = await joined.database.run(lambda connection: connection.scalar(_left(now)))
            return left == 0 and (await self.gateway.rows())["webhook_attempts"] == posted

        joined.worker.wake()
        await until(is_done)

    def sent(self, url: str) -> list[bytes]:
        """What was posted there, in the order in which it happened."""
        bodies = [each.body for each in self.gateway.sender.posts if each.url == url]
        return sorted(bodies, key=lambda each: str(decode("evt", orjson.loads(each)["id"])))

    async def told(self, url: str, event_type: str) -> Body:
        """The body of the last event of a type there."""
        await self.dispatch()
        bodies = [orjson.loads(each) for each in self.sent(url)]
        found: Body = next(each for each in reversed(bodies) if each["type"] == event_type)
        return found


@pytest.fixture
async def shop(each_gateway: Gateway) -> AsyncIterator[Shop]:
    """One on each database."""
    transport = httpx.ASGITransport(each_gateway.joined.app)
    headers = {"Authorization": each_gateway.client.headers["Authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        worker = each_gateway.joined.worker
        working = asyncio.create_task(worker.run())
        yield Shop(each_gateway, Stripe(client, judge()))
        await worker.stop()
        await working


def _left(now: datetime) -> Select[Any]:
    """How many events are to be fanned out, and deliveries are due."""
    new = select(func.count()).select_from(webhook_events).where(webhook_events.c.fanned_out_at.is_(None))
    due = select(func.count()).select_from(webhook_deliveries).where(webhook_deliveries.c.due_at <= now)
    return select(new.scalar_subquery() + due.scalar_subquery())


def ids(listed: Body) -> list[str]:
    """The ids in a list."""
    return [each["id"] for each in listed["data"]]


async def test_each_endpoint_hears_of_a_refund_in_its_version(shop: Shop) -> None:
    await shop.listens_both_ways()
    paid = await shop.stripe.paid()
    first = await shop.stripe.post("/refunds", payment_intent=paid["id"], amount=300)
    second = await shop.stripe.post("/refunds", payment_intent=paid["id"], amount=200)

    old, new = await shop.told(PINNED, "charge.refunded"), await shop.told(PLAIN, "charge.refunded")

    assert (old["api_version"], new["api_version"]) == (OLD, API_VERSION)
    charge = old["data"]["object"]
    assert charge["refunds"]["object"] == "list"
    assert charge["refunds"]["url"] == f"/v1/charges/{charge['id']}/refunds"
    assert ids(charge["refunds"]) == [second["id"], first["id"]]
    assert charge["invoice"] is None
    # apart from these they are the same
    del charge["refunds"], charge["invoice"]
    assert {**old, "api_version": API_VERSION} == new
    # and it was told of each refund when there were no others yet
    earlier = [orjson.loads(each) for each in shop.sent(PINNED)]
    (told, _) = [each["data"]["object"] for each in earlier if each["type"] == "charge.refunded"]
    assert ids(told["refunds"]) == [first["id"]]


async def test_an_intent_has_its_charges_and_these_their_refunds(shop: Shop) -> None:
    await shop.listens_both_ways()
    made = await shop.stripe.post(
        "/payment_intents", amount=500, currency="usd", payment_method_types=["card"]
    )
    path = f"/payment_intents/{made['id']}/confirm"
    await shop.stripe.post(path, 402, payment_method="pm_card_visa_chargeDeclined")
    paid = await shop.stripe.post(path, payment_method="pm_card_visa")

    created = (await shop.told(PINNED, "payment_intent.created"))["data"]["object"]
    failed = (await shop.told(PINNED, "payment_intent.payment_failed"))["data"]["object"]
    succeeded = (await shop.told(PINNED, "payment_intent.succeeded"))["data"]["object"]
    new = (await shop.told(PLAIN, "payment_intent.succeeded"))["data"]["object"]

    assert created["charges"]["data"] == []
    assert [each["status"] for each in failed["charges"]["data"]] == ["failed"]
    assert [each["status"] for each in succeeded["charges"]["data"]] == ["succeeded", "failed"]
    assert succeeded["charges"]["data"][0]["id"] == paid["latest_charge"]
    assert succeeded["charges"]["url"] == f"/v1/charges?payment_intent={made['id']}"
    assert [each["refunds"]["data"] for each in succeeded["charges"]["data"]] == [[], []]
    assert not new.keys() & {*LISTS, "invoice"}


async def test_an_intent_that_is_paid_at_once_has_its_charge(shop: Shop) -> None:
    await shop.listens(PINNED, "2022-08-01")

    paid = await shop.stripe.paid()

    told = (await shop.told(PINNED, "payment_intent.succeeded"))["data"]["object"]
    assert ids(told["charges"]) == [paid["latest_charge"]]


async def test_a_customer_has_their_sources(shop: Shop) -> None:
    await shop.listens_both_ways()
    made = await shop.stripe.post("/customers", source="tok_visa")

    old, new = await shop.told(PINNED, "customer.created"), await shop.told(PLAIN, "customer.created")

    assert ids(old["data"]["object"]["sources"]) == [made["default_source"]]
    assert old["data"]["object"]["tax_ids"]["data"] == []
    assert "sources" not in new["data"]["object"]


@pytest.mark.parametrize("version", ["2024-06-20", API_VERSION, "2026-12-16.endive"])
async def test_later_versions_have_none_of_it_and_say_which_they_are(shop: Shop, version: str) -> None:
    await shop.listens(PINNED, version)
    await shop.stripe.paid()

    told = await shop.told(PINNED, "charge.succeeded")

    assert told["api_version"] == version
    assert not told["data"]["object"].keys() & set(LISTS)


async def test_what_is_tried_again_is_the_same_in_every_byte(shop: Shop) -> None:
    await shop.listens(PINNED, OLD, enabled_events=["charge.succeeded"])
    shop.gateway.sender.answer = WebhookResult(500, 7, "no")
    paid = await shop.stripe.paid()
    await shop.dispatch()

    # when there is more to tell by the time it is tried again
    await shop.stripe.post("/refunds", payment_intent=paid["id"], amount=300)
    shop.gateway.clock.advance(timedelta(days=1))
    await shop.dispatch()

    first, second = shop.sent(PINNED)
    assert first == second
    assert orjson.loads(first)["data"]["object"]["refunds"]["data"] == []


async def test_what_is_sent_anew_or_made_up_for_has_the_version_too(shop: Shop) -> None:
    paid = await shop.stripe.paid()
    refund = await shop.stripe.post("/refunds", payment_intent=paid["id"], amount=300)
    await shop.dispatch()
    endpoint = await shop.listens(PINNED, OLD)
    (event,) = (await shop.stripe.get("/events", type="charge.refunded"))["data"]
    assert event["api_version"] == API_VERSION

    retry = await shop.stripe.client.post(f"/v1/events/{event['id']}/retry")
    assert retry.status_code == 200, retry.text

    told = await shop.told(PINNED, "charge.refunded")
    assert (told["api_version"], ids(told["data"]["object"]["refunds"])) == (OLD, [refund["id"]])
    # and what it missed while it was switched off
    await shop.stripe.post(f"/webhook_endpoints/{endpoint['id']}", disabled=True)
    since = shop.gateway.clock.now()
    missed = await shop.stripe.paid()
    await shop.dispatch()
    await shop.stripe.post(f"/webhook_endpoints/{endpoint['id']}", disabled=False)
    core_id = decode("we", endpoint["id"])
    shop.gateway.clock.advance(timedelta(minutes=1))
    recovered = await shop.gateway.client.post(
        f"/webhooks/endpoints/{core_id}/recover", json={"since": since.isoformat()}
    )
    assert recovered.status_code in (200, 202), recovered.text
    told = await shop.told(PINNED, "payment_intent.succeeded")
    assert told["api_version"] == OLD
    assert ids(told["data"]["object"]["charges"]) == [missed["latest_charge"]]


async def test_a_native_endpoint_hears_what_it_always_did(shop: Shop) -> None:
    await shop.listens(PINNED, OLD)
    made = await shop.gateway.client.post("/webhooks/endpoints", json={"url": PLAIN})
    assert made.status_code == 201, made.text
    await shop.stripe.paid()
    await shop.dispatch()

    bodies = [each.body for each in shop.gateway.sender.posts if each.url == PLAIN]

    assert bodies
    assert all("api_version" not in orjson.loads(each) for each in bodies)


async def test_a_ping_says_the_version(shop: Shop) -> None:
    endpoint = await shop.listens(PINNED, OLD)

    await shop.gateway.client.post(f"/webhooks/endpoints/{decode('we', endpoint['id'])}/test")

    (body,) = [each.body for each in shop.gateway.sender.posts]
    assert orjson.loads(body)["api_version"] == OLD


@pytest.mark.parametrize(
    "metadata",
    [{"object": "charge"}, {"object": "checkout.session", "collected_information": "x"}],
    ids=lambda each: each["object"],
)
async def test_metadata_that_looks_like_an_object_is_none(shop: Shop, metadata: dict[str, str]) -> None:
    await shop.listens(PINNED, OLD)

    fields = {f"metadata[{name}]": each for name, each in metadata.items()}
    answer = await shop.stripe.client.post("/v1/customers", data=fields, headers={"Stripe-Version": OLD})

    told = await shop.told(PINNED, "customer.created")
    assert answer.json()["metadata"] == told["data"]["object"]["metadata"] == metadata
