"""Idempotency keys with Stripe's library for Python, and answers that are lost on the way."""

from __future__ import annotations

import pytest
import stripe

from tests.conformance.flows import ClientOf, error_of, paid, payment
from tests.conformance.lossy_proxy import LossyProxy
from tests.support.server import RunningServer


def test_the_same_request_again_is_answered_the_same(client: stripe.StripeClient) -> None:
    create = client.v1.payment_intents.create
    first = create(params=payment(metadata={"a": "1", "b": "2"}), options={"idempotency_key": "order-1"})
    again = create(params=payment(metadata={"b": "2", "a": "1"}), options={"idempotency_key": "order-1"})

    assert again == first
    assert again.last_response is not None
    assert first.last_response is not None
    assert again.last_response.body == first.last_response.body
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.request_id
    assert again.last_response.request_id != first.last_response.request_id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_decline_is_replayed(client: stripe.StripeClient) -> None:
    def ask() -> stripe.CardError:
        with pytest.raises(stripe.CardError) as refusal:
            client.v1.payment_intents.create(
                params=payment(payment_method="pm_card_chargeDeclined"),
                options={"idempotency_key": "order-1"},
            )
        return refusal.value

    first, again = ask(), ask()

    assert again.http_body == first.http_body
    assert again.headers is not None
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.charges.list().data) == 1


def test_a_refusal_of_a_state_is_replayed(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(params={"amount": 500, "currency": "usd"})

    def capture() -> stripe.InvalidRequestError:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.payment_intents.capture(intent.id, options={"idempotency_key": "capture-1"})
        return refusal.value

    assert capture().http_body == capture().http_body


def test_a_key_stays_free_when_the_request_never_began(client: stripe.StripeClient) -> None:
    create = client.v1.payment_intents.create
    with pytest.raises(stripe.InvalidRequestError):
        create(params={"amount": 1, "currency": "usd"}, options={"idempotency_key": "order-1"})

    made = create(params={"amount": 500, "currency": "usd"}, options={"idempotency_key": "order-1"})

    assert made.amount == 500


def test_a_key_is_for_one_address(client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "order-1"}
    client.v1.customers.create(params={"name": "Jenny"}, options=options)

    with pytest.raises(stripe.IdempotencyError) as refusal:
        client.v1.payment_intents.create(params={"amount": 500, "currency": "usd"}, options=options)

    assert error_of(refusal.value).type == "idempotency_error"


def test_expansion_is_part_of_the_request(client: stripe.StripeClient) -> None:
    create = client.v1.payment_intents.create
    create(params=payment(), options={"idempotency_key": "order-1"})

    with pytest.raises(stripe.IdempotencyError):
        create(params=payment(expand=["latest_charge"]), options={"idempotency_key": "order-1"})


def test_keys_of_two_merchants_are_two_keys(
    client: stripe.StripeClient, stranger: stripe.StripeClient
) -> None:
    ours = client.v1.customers.create(params={"name": "A"}, options={"idempotency_key": "same"})
    theirs = stranger.v1.customers.create(params={"name": "B"}, options={"idempotency_key": "same"})

    assert ours.id != theirs.id
    assert theirs.name == "B"


def test_a_refund_is_made_once(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000)
    for _ in range(3):
        client.v1.refunds.create(
            params={"payment_intent": intent.id, "amount": 500}, options={"idempotency_key": "refund-1"}
        )

    assert [each.amount for each in client.v1.refunds.list().data] == [500]


def test_reading_heeds_no_key(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create(params={"name": "A"})
    options: stripe.RequestOptions = {"idempotency_key": "read"}
    client.v1.customers.retrieve(made.id, options=options)
    client.v1.customers.update(made.id, params={"name": "B"})

    assert client.v1.customers.retrieve(made.id, options=options).name == "B"


def test_a_payment_whose_answer_is_lost_is_made_once(
    client: stripe.StripeClient, client_of: ClientOf, stripe_server: RunningServer, key: str
) -> None:
    with LossyProxy(stripe_server.port, losing=1) as proxy:
        behind = client_of(key, base_addresses={"api": proxy.url}, max_network_retries=2)
        intent = paid(behind, 2_000)

    # the library's own key made one request of two
    assert proxy.statuses == [200, 200]
    assert proxy.keys[0] is not None
    assert proxy.keys[0] == proxy.keys[1]
    assert [each.id for each in client.v1.payment_intents.list().data] == [intent.id]
    assert [each.id for each in client.v1.charges.list().data] == [intent.latest_charge]


def test_a_decline_whose_answer_is_lost_is_told_again(
    client: stripe.StripeClient, client_of: ClientOf, stripe_server: RunningServer, key: str
) -> None:
    with LossyProxy(stripe_server.port, losing=1) as proxy:
        behind = client_of(key, base_addresses={"api": proxy.url}, max_network_retries=2)
        with pytest.raises(stripe.CardError) as refusal:
            paid(behind, payment_method="pm_card_chargeDeclined")

    assert proxy.statuses == [402, 402]
    assert refusal.value.headers is not None
    assert refusal.value.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.charges.list().data) == 1


def test_a_refund_whose_answer_is_lost_is_made_once(
    client: stripe.StripeClient, client_of: ClientOf, stripe_server: RunningServer, key: str
) -> None:
    intent = paid(client, 2_000)
    with LossyProxy(stripe_server.port, losing=1) as proxy:
        behind = client_of(key, base_addresses={"api": proxy.url}, max_network_retries=2)
        refund = behind.v1.refunds.create(params={"payment_intent": intent.id, "amount": 700})

    assert [each.id for each in client.v1.refunds.list().data] == [refund.id]


def test_without_retries_a_lost_answer_is_looked_up_with_its_key(
    client: stripe.StripeClient, client_of: ClientOf, stripe_server: RunningServer, key: str
) -> None:
    with LossyProxy(stripe_server.port, losing=1) as proxy:
        behind = client_of(key, base_addresses={"api": proxy.url})
        with pytest.raises(stripe.APIConnectionError):
            behind.v1.payment_intents.create(params=payment(), options={"idempotency_key": "order-1"})

    found = client.v1.payment_intents.create(params=payment(), options={"idempotency_key": "order-1"})

    assert [each.id for each in client.v1.payment_intents.list().data] == [found.id]


def test_a_refusal_is_not_tried_again(client_of: ClientOf, stripe_server: RunningServer, key: str) -> None:
    with LossyProxy(stripe_server.port) as proxy:
        behind = client_of(key, base_addresses={"api": proxy.url}, max_network_retries=3)
        with pytest.raises(stripe.InvalidRequestError):
            behind.v1.payment_intents.create(params={"amount": 1, "currency": "usd"})

    assert proxy.statuses == [400]
