"""Objects have every member that Stripe's library for Python takes for granted, and none it does not know."""

from __future__ import annotations

import pytest
import stripe

from tests.conformance.flows import charge_of, error_of, held, paid
from tests.conformance.shapes import misshapen

BACK = "https://shop.example/return"


def test_payments_are_in_shape(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(
        params={"name": "Jenny", "shipping": {"name": "Jenny", "address": {"line1": "1 Main Street"}}}
    )
    intents = client.v1.payment_intents
    for intent in (
        intents.create(params={"amount": 2_000, "currency": "usd"}),
        paid(client, customer=jenny.id, setup_future_usage="off_session"),
        held(client, shipping={"name": "Jenny", "address": {"line1": "1 Main Street"}}),
        intents.cancel(held(client).id, params={"cancellation_reason": "duplicate"}),
        paid(client, payment_method="pm_card_threeDSecure2Required", return_url=BACK),
        paid(client, expand=["customer", "latest_charge", "payment_method"], customer=jenny.id),
    ):
        assert misshapen(intent) == []


def test_charges_and_refunds_are_in_shape(client: stripe.StripeClient) -> None:
    intent = paid(client)
    refund = client.v1.refunds.create(params={"payment_intent": intent.id, "amount": 500})
    expanded: list[str] = ["refunds", "payment_intent", "customer"]
    charge = client.v1.charges.retrieve(str(intent.latest_charge), params={"expand": expanded})

    for each in (charge_of(client, intent), charge_of(client, held(client)), charge, refund):
        assert misshapen(each) == []


def test_a_decline_is_in_shape(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        paid(client, payment_method="pm_card_chargeDeclined")

    error = error_of(refusal.value)
    assert error.payment_intent is not None
    assert error.charge is not None
    intent = client.v1.payment_intents.retrieve(error.payment_intent.id)
    assert misshapen(intent) == []
    assert misshapen(client.v1.charges.retrieve(error.charge)) == []


def test_customers_and_lists_are_in_shape(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(params={"name": "Jenny", "address": {"city": "Tokyo"}})
    expanded = client.v1.customers.retrieve(
        jenny.id, params={"expand": ["sources", "subscriptions", "tax_ids"]}
    )

    assert misshapen(jenny) == []
    assert misshapen(expanded) == []
    assert misshapen(client.v1.customers.list()) == []
    assert misshapen(client.v1.customers.search(params={"query": "name:'Jenny'"})) == []


def test_methods_and_setups_are_in_shape(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(params={"source": "tok_visa", "expand": ["default_source", "sources"]})
    method = client.v1.payment_methods.attach("pm_card_visa", params={"customer": jenny.id})
    setups = client.v1.setup_intents
    done = setups.create(
        params={
            "allowed_payment_method_types": ["card"],
            "payment_method": method.id,
            "customer": jenny.id,
            "confirm": True,
        }
    )
    token = client.v1.tokens.create(
        params={"card": {"number": "4242424242424242", "exp_month": "8", "exp_year": "2031", "cvc": "314"}}
    )

    for each in (jenny, method, done, setups.create(), token, setups.list()):
        assert misshapen(each) == []
    assert misshapen(client.v1.customers.payment_methods.list(jenny.id)) == []


def test_money_is_in_shape(client: stripe.StripeClient) -> None:
    intent = paid(client, 5_000, payment_method="pm_card_createDispute")
    paid(client, 50_000, payment_method="pm_card_bypassPending")
    client.v1.refunds.create(params={"payment_intent": paid(client).id})
    payout = client.v1.payouts.create(
        params={"amount": 100, "currency": "usd", "expand": ["balance_transaction"]}
    )
    disputes = client.v1.disputes.list(params={"payment_intent": intent.id, "expand": ["data.charge"]})
    assert len(disputes.data) == 1

    for each in (client.v1.balance.retrieve(), client.v1.accounts.retrieve_current(), payout, disputes):
        assert misshapen(each) == []
    transactions = client.v1.balance_transactions.list(params={"expand": ["data.source"]})
    assert len(transactions.data) >= 5
    assert misshapen(transactions) == []


def test_webhooks_and_clocks_are_in_shape(client: stripe.StripeClient) -> None:
    endpoint = client.v1.webhook_endpoints.create(
        params={"url": "http://127.0.0.1:9/", "enabled_events": ["charge.dispute.created"]}
    )
    clock = client.v1.test_helpers.test_clocks.create(params={"frozen_time": 1_900_000_000})
    paid(client, payment_method="pm_card_createDispute")
    client.v1.customers.update(client.v1.customers.create().id, params={"name": "Jenny"})
    events = client.v1.events.list(params={"limit": 100})
    assert len({event.type for event in events.data}) >= 5

    for each in (endpoint, client.v1.webhook_endpoints.retrieve(endpoint.id), clock, events):
        assert misshapen(each) == []


def test_what_is_sold_is_in_shape(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "Hat"})
    price = client.v1.prices.create(params={"product": product.id, "currency": "usd", "unit_amount": 500})
    session = client.v1.checkout.sessions.create(
        params={
            "mode": "payment",
            "success_url": BACK,
            "line_items": [{"price": price.id, "quantity": 1}],
            "expand": ["line_items"],
        }
    )

    for each in (product, price, session, client.v1.checkout.sessions.line_items.list(session.id)):
        assert misshapen(each) == []


def test_what_is_missing_or_unknown_is_noticed() -> None:
    known = {"id": "pi_1", "object": "payment_intent", "colour": "red", "shipping": {"hat": "red"}}

    found = misshapen(stripe.PaymentIntent.construct_from(known, "sk_test_1"))

    assert "PaymentIntent.amount is missing" in found
    assert "PaymentIntent.colour is unknown" in found
    assert "PaymentIntent.shipping.hat is unknown" in found
