"""Webhooks with Stripe's library for Python: it verifies what a receiver got, byte for byte."""

from __future__ import annotations

import asyncio

import pytest
import stripe

from tests.conformance.flows import payment
from tests.support.receiver import Received, Receiver

# how the library itself calls httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def listening(client: stripe.StripeClient, receiver: Receiver, *types: str) -> stripe.WebhookEndpoint:
    wanted = [*(types or ("*",))]
    return await client.v1.webhook_endpoints.create_async(
        params={"url": receiver.url, "enabled_events": wanted}  # type: ignore[typeddict-item]  # plain text
    )


def verified(received: Received, secret: str | None) -> stripe.Event:
    """What a receiver does first."""
    header = received.headers["stripe-signature"]
    event: stripe.Event = stripe.Webhook.construct_event(received.body, header, secret)
    return event


async def test_a_payment_is_told_of(async_client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = await listening(async_client, receiver)
    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")

    intent = await async_client.v1.payment_intents.create_async(params=payment(2_000))

    events = [verified(each, endpoint.secret) for each in await receiver.wait_for(3)]
    assert sorted(event.type for event in events) == [
        "charge.succeeded",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    succeeded = next(event for event in events if event.type == "payment_intent.succeeded")
    assert succeeded.data.object["id"] == intent.id
    assert succeeded.data.object["status"] == "succeeded"
    assert succeeded.livemode is False
    assert succeeded.api_version == stripe.api_version
    assert succeeded.request is not None
    assert intent.last_response is not None
    assert succeeded.request.id == intent.last_response.request_id


async def test_a_webhook_that_was_not_taken_is_sent_again_the_same(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = await listening(async_client, receiver, "payment_intent.succeeded")
    receiver.answer(500)
    await async_client.v1.payment_intents.create_async(params=payment(2_000))
    (refused,) = await receiver.wait_for(1)

    # what `stripe events resend` asks for; by itself it comes again in a minute
    event = verified(refused, endpoint.secret)
    await async_client.raw_request_async("post", f"/v1/events/{event.id}/retry")

    _, taken = await receiver.wait_for(2)
    assert taken.body == refused.body
    assert verified(taken, endpoint.secret).id == event.id


async def test_only_what_was_asked_for_is_told(async_client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = await listening(async_client, receiver, "charge.refunded", "customer.created")
    intent = await async_client.v1.payment_intents.create_async(params=payment(2_000))
    await async_client.v1.refunds.create_async(params={"payment_intent": intent.id, "amount": 500})
    await async_client.v1.customers.create_async(params={"name": "Jenny"})

    events = [verified(each, endpoint.secret) for each in await receiver.wait_for(2)]

    told = {event.type: event.data.object for event in events}
    assert told.keys() == {"charge.refunded", "customer.created"}
    assert told["charge.refunded"]["amount_refunded"] == 500
    assert told["customer.created"]["name"] == "Jenny"


async def test_a_body_that_was_touched_is_refused(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = await listening(async_client, receiver, "customer.created")
    await async_client.v1.customers.create_async(params={"name": "Jenny"})
    (received,) = await receiver.wait_for(1)
    header = received.headers["stripe-signature"]

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(received.body.replace(b"Jenny", b"Penny"), header, endpoint.secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(received.body, header, "whsec_another")
    # a client of one's own does the same
    assert async_client.construct_event(received.body, header, endpoint.secret).type == "customer.created"


async def test_each_endpoint_has_a_secret_of_its_own(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    first = await listening(async_client, receiver, "customer.created")
    second = await listening(async_client, receiver, "customer.created")
    await async_client.v1.customers.create_async()

    received = await receiver.wait_for(2)

    assert first.secret != second.secret

    def fits(each: Received, secret: str | None) -> bool:
        try:
            verified(each, secret)
        except stripe.SignatureVerificationError:
            return False
        return True

    for endpoint in (first, second):
        assert [fits(each, endpoint.secret) for each in received].count(True) == 1


async def test_an_update_tells_what_it_was_before(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = await listening(async_client, receiver, "customer.updated")
    customer = await async_client.v1.customers.create_async(
        params={"name": "Jenny", "metadata": {"plan": "gold"}}
    )
    await async_client.v1.customers.update_async(
        customer.id, params={"name": "Rosen", "metadata": {"plan": "silver"}}
    )

    event = verified((await receiver.wait_for(1))[0], endpoint.secret)

    assert event.data.object["name"] == "Rosen"
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes["name"] == "Jenny"
    assert event.data.previous_attributes["metadata"]["plan"] == "gold"


async def test_a_key_is_told_with_what_it_did(async_client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = await listening(async_client, receiver, "customer.created")
    for _ in range(2):
        await async_client.v1.customers.create_async(options={"idempotency_key": "jenny-1"})

    event = verified((await receiver.wait_for(1))[0], endpoint.secret)

    assert event.request is not None
    assert event.request.idempotency_key == "jenny-1"
    assert len(receiver.requests) == 1


async def test_a_declined_payment_is_told_of(async_client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = await listening(async_client, receiver, "payment_intent.payment_failed", "charge.failed")
    with pytest.raises(stripe.CardError):
        await async_client.v1.payment_intents.create_async(
            params=payment(payment_method="pm_card_chargeDeclined")
        )

    events = [verified(each, endpoint.secret) for each in await receiver.wait_for(2)]

    told = {event.type: event.data.object for event in events}
    failed = told["payment_intent.payment_failed"]
    assert failed["last_payment_error"]["decline_code"] == "generic_decline"
    assert told["charge.failed"]["failure_code"] == "card_declined"


async def test_an_endpoint_that_is_switched_off_hears_nothing(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoints = async_client.v1.webhook_endpoints
    endpoint = await listening(async_client, receiver, "customer.created")

    off = await endpoints.update_async(endpoint.id, params={"disabled": True})
    assert off.status == "disabled"
    await async_client.v1.customers.create_async(params={"name": "Unheard"})
    on = await endpoints.update_async(endpoint.id, params={"disabled": False})
    assert on.status == "enabled"
    await async_client.v1.customers.create_async(params={"name": "Heard"})

    names = [verified(each, endpoint.secret).data.object["name"] for each in await receiver.wait_for(1)]
    assert names == ["Heard"]


async def test_an_endpoint_shows_its_secret_once_and_is_deleted(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoints = async_client.v1.webhook_endpoints
    endpoint = await listening(async_client, receiver, "charge.succeeded", "charge.failed")

    found = await endpoints.retrieve_async(endpoint.id)
    assert "secret" not in found
    assert (found.url, found.enabled_events) == (receiver.url, ["charge.succeeded", "charge.failed"])
    changed = await endpoints.update_async(endpoint.id, params={"enabled_events": ["*"]})
    assert changed.enabled_events == ["*"]
    assert [each.id for each in (await endpoints.list_async()).data] == [endpoint.id]

    gone = await endpoints.delete_async(endpoint.id)
    assert gone.deleted is True
    assert (await endpoints.list_async()).data == []
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await endpoints.retrieve_async(endpoint.id)
    assert refusal.value.http_status == 404


async def test_an_event_that_does_not_exist_cannot_be_asked_for(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await listening(async_client, receiver, "payment_intent.exploded")
    assert str(refusal.value.param).startswith("enabled_events")
    with pytest.raises(stripe.InvalidRequestError):
        await async_client.v1.webhook_endpoints.create_async(
            params={"url": "nowhere", "enabled_events": ["*"]}
        )


async def test_events_are_listed_and_found(async_client: stripe.StripeClient) -> None:
    intent = await async_client.v1.payment_intents.create_async(params=payment(2_000))
    await async_client.v1.customers.create_async()
    events = async_client.v1.events

    everything = (await events.list_async()).data
    assert [event.type for event in everything] == [
        "customer.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]
    of_charges = (await events.list_async(params={"type": "charge.*"})).data
    assert [event.type for event in of_charges] == ["charge.succeeded"]
    some = await events.list_async(params={"types": ["customer.created", "payment_intent.created"]})
    assert [event.type for event in some.data] == ["customer.created", "payment_intent.created"]
    found = await events.retrieve_async(everything[1].id)
    assert found.data.object["id"] == intent.id
    # as it was when it was made
    assert (await events.retrieve_async(everything[3].id)).data.object["amount_received"] == 0


async def test_what_was_not_taken_is_found_among_the_events(
    async_client: stripe.StripeClient, receiver: Receiver
) -> None:
    await listening(async_client, receiver, "customer.created")
    receiver.answer(500)
    await async_client.v1.customers.create_async(params={"name": "Jenny"})
    await receiver.wait_for(1)
    events = async_client.v1.events

    (event,) = (await events.list_async(params={"delivery_success": False})).data
    assert event.pending_webhooks == 1
    await async_client.raw_request_async("post", f"/v1/events/{event.id}/retry")
    await receiver.wait_for(2)

    async with asyncio.timeout(10):
        # the worker notes an answer a moment after the receiver gave it
        while (await events.list_async(params={"delivery_success": True})).data == []:
            pass
    assert (await events.list_async(params={"delivery_success": False})).data == []
    assert (await events.retrieve_async(event.id)).pending_webhooks == 0
