"""What receivers of the Stripe API's webhooks are sent: which events, in which order, how signed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest
import stripe as sdk

from kessai.dialects.stripe.ids import decode
from kessai.services.ports import WebhookRequest, WebhookResult
from tests.api.stripe_dialect.conftest import Dispatch, Stripe
from tests.support.gateway import Gateway

URL = "http://receiver.test/webhooks"
BY_CARD: dict[str, Any] = {"payment_method_types": ["card"]}
FOR_EVER = 10**9
"""Seconds of tolerance: the gateway's clock is not the SDK's."""


@pytest.fixture
async def secret(gateway: Gateway, stripe: Stripe) -> str:
    """The secret of an endpoint that hears everything."""
    stripe.client.headers["Authorization"] = gateway.client.headers["Authorization"]
    made = await stripe.post("/webhook_endpoints", url=URL, enabled_events=["*"])
    found: str = made["secret"]
    return found


Delivered = Callable[[int], AbstractAsyncContextManager[list[dict[str, Any]]]]


@pytest.fixture
def delivered(gateway: Gateway, dispatch: Dispatch) -> Delivered:
    """What is posted while this is open: a number of bodies, which are there once it is closed."""

    @asynccontextmanager
    async def opened(count: int) -> AsyncIterator[list[dict[str, Any]]]:
        sent: list[dict[str, Any]] = []
        before = len(gateway.sender.posts)
        yield sent
        await dispatch(before + count)
        sent += (orjson.loads(each.body) for each in gateway.sender.posts[before:])

    return opened


def types(sent: list[dict[str, Any]]) -> list[str]:
    """By event id, which is the order they happened in."""
    return [each["type"] for each in sorted(sent, key=lambda each: str(decode("evt", each["id"])))]


def header(post: WebhookRequest, name: str) -> str:
    """A header of what was posted."""
    return dict(post.headers)[name]


async def test_a_payment_is_told_as_stripe_tells_it(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    async with delivered(3) as sent:
        await stripe.paid()
    assert types(sent) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert [each["data"]["object"]["object"] for each in sent] == [
        "payment_intent",
        "charge",
        "payment_intent",
    ]


async def test_what_was_made_first_and_confirmed_later(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    async with delivered(3) as sent:
        made = await stripe.post("/payment_intents", amount=1_000, currency="usd", **BY_CARD)
        await stripe.post(f"/payment_intents/{made['id']}/confirm", payment_method="pm_card_visa")
    assert types(sent) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    # as it was then
    assert [each["data"]["object"]["status"] for each in sent] == [
        "requires_payment_method",
        "succeeded",
        "succeeded",
    ]


@pytest.mark.parametrize("part", [None, 600])
async def test_what_is_held_and_captured(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str, part: int | None
) -> None:
    async with delivered(5) as sent:
        held = await stripe.paid(capture_method="manual")
        wanted = {} if part is None else {"amount_to_capture": part}
        await stripe.post(f"/payment_intents/{held['id']}/capture", **wanted)
    assert types(sent) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    ]
    shown = {each["type"]: each["data"]["object"] for each in sent}
    assert shown["charge.succeeded"]["captured"] is False
    assert shown["payment_intent.amount_capturable_updated"]["amount_capturable"] == 1_000
    assert shown["charge.captured"]["captured"] is True
    assert shown["charge.captured"]["amount_captured"] == (part or 1_000)
    assert shown["payment_intent.succeeded"]["amount_received"] == (part or 1_000)


async def test_a_decline(gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str) -> None:
    async with delivered(3) as sent:
        await stripe.refused(
            "POST",
            "/payment_intents",
            402,
            amount=1_000,
            currency="usd",
            confirm=True,
            payment_method="pm_card_visa_chargeDeclined",
            **BY_CARD,
        )
    assert types(sent) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    failed = sent[-1]["data"]["object"]
    assert failed["last_payment_error"]["code"] == "card_declined"
    assert failed["status"] == "requires_payment_method"


async def test_an_intent_that_is_given_up(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    async with delivered(2) as sent:
        made = await stripe.post("/payment_intents", amount=1_000, currency="usd")
        await stripe.post(f"/payment_intents/{made['id']}/cancel", cancellation_reason="abandoned")
    assert types(sent) == ["payment_intent.created", "payment_intent.canceled"]


async def test_a_hold_that_is_given_up(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    async with delivered(5) as sent:
        held = await stripe.paid(capture_method="manual")
        await stripe.post(f"/payment_intents/{held['id']}/cancel")
    assert types(sent)[3:] == ["charge.refunded", "payment_intent.canceled"]


async def test_a_refund(gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str) -> None:
    paid = await stripe.paid()
    async with delivered(5) as sent:
        await stripe.post("/refunds", payment_intent=paid["id"], amount=300)
    assert types(sent)[3:] == ["refund.created", "charge.refunded"]
    shown = {each["type"]: each["data"]["object"] for each in sent}
    assert (shown["refund.created"]["object"], shown["refund.created"]["amount"]) == ("refund", 300)
    assert shown["charge.refunded"]["object"] == "charge"
    assert shown["charge.refunded"]["amount_refunded"] == 300


async def test_a_customer_that_changes(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    async with delivered(3) as sent:
        made = await stripe.post("/customers", name="Ann", metadata={"a": "1", "b": "2"})
        await stripe.post(f"/customers/{made['id']}", name="Bea", metadata={"b": "3"})
        await stripe.delete(f"/customers/{made['id']}")
    assert types(sent) == ["customer.created", "customer.updated", "customer.deleted"]
    (updated,) = [each for each in sent if each["type"] == "customer.updated"]
    assert updated["data"]["object"]["name"] == "Bea"
    assert updated["data"]["previous_attributes"] == {"name": "Ann", "metadata": {"b": "2"}}


async def test_bodies_are_what_the_api_shows_and_are_signed(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    async with delivered(3) as sent:
        answer = await stripe.client.post(
            "/v1/payment_intents",
            data={
                "amount": "1000",
                "currency": "usd",
                "confirm": "true",
                "payment_method": "pm_card_visa",
                "payment_method_types[0]": "card",
            },
            headers={"Idempotency-Key": "order-7"},
        )
    for post, told in zip(gateway.sender.posts, sent, strict=True):
        assert post.body.decode().startswith('{\n  "id": "evt_')
        event = sdk.Webhook.construct_event(
            post.body, header(post, "Stripe-Signature"), secret, tolerance=FOR_EVER
        )
        assert event.id == told["id"]
        assert told["request"] == {"id": answer.headers["request-id"], "idempotency_key": "order-7"}
        shown = await stripe.get(f"/events/{told['id']}")
        assert (told["pending_webhooks"], shown["pending_webhooks"]) == (1, 0)
        assert {**told, "pending_webhooks": 0} == shown
        if stripe.judge is not None:
            assert stripe.judge.event_problems(told) == []


async def test_another_secret_does_not_verify(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    async with delivered(1):
        await stripe.post("/customers")
    (post,) = gateway.sender.posts

    with pytest.raises(sdk.SignatureVerificationError):
        sdk.Webhook.construct_event(
            post.body, header(post, "Stripe-Signature"), "whsec_another", tolerance=FOR_EVER
        )


async def test_two_secrets_sign_while_one_is_rolled(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    (endpoint,) = (await stripe.get("/webhook_endpoints"))["data"]
    core_id = decode("we", endpoint["id"])
    rolled = await gateway.client.post(
        f"/webhooks/endpoints/{core_id}/rotate-secret", json={"grace_period_s": 3_600}
    )
    assert rolled.status_code == 200, rolled.text

    async with delivered(1):
        await stripe.post("/customers")
    signature = header(gateway.sender.posts[-1], "Stripe-Signature")
    assert signature.count("v1=") == 2
    for each in (secret, rolled.json()["secret"]):
        sdk.Webhook.construct_event(gateway.sender.posts[-1].body, signature, each, tolerance=FOR_EVER)

    gateway.clock.advance(timedelta(hours=1))
    async with delivered(1):
        await stripe.post("/customers")
    assert header(gateway.sender.posts[-1], "Stripe-Signature").count("v1=") == 1


async def test_an_endpoint_hears_what_it_named_and_no_more(
    gateway: Gateway, stripe: Stripe, delivered: Delivered
) -> None:
    stripe.client.headers["Authorization"] = gateway.client.headers["Authorization"]
    await stripe.post("/webhook_endpoints", url=URL, enabled_events=["charge.captured", "customer.deleted"])
    await stripe.paid()
    held = await stripe.paid(capture_method="manual")

    async with delivered(1) as sent:
        await stripe.post(f"/payment_intents/{held['id']}/capture")

    assert types(sent) == ["charge.captured"]


async def test_what_fails_is_tried_again_by_stripes_schedule(
    gateway: Gateway, stripe: Stripe, delivered: Delivered, secret: str
) -> None:
    gateway.sender.answer = WebhookResult(500, 7, "no")
    made = await stripe.post("/customers")
    async with delivered(1) as sent:
        pass
    (told,) = sent
    assert told["data"]["object"]["id"] == made["id"]
    (delivery,) = (await gateway.client.get("/webhooks/deliveries")).json()["data"]
    assert delivery["status"] == "RETRYING"
    assert (await stripe.get(f"/events/{told['id']}"))["pending_webhooks"] == 1
