"""Products, prices and checkout sessions with Stripe's library for Python."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
import stripe

from tests.support.pages import Page

SUCCESS = "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"


def opened(client: stripe.StripeClient, **more: Any) -> stripe.checkout.Session:
    wanted: Any = {
        "mode": "payment",
        "success_url": SUCCESS,
        "cancel_url": "https://shop.example/cart",
        "line_items": [
            {
                "quantity": 2,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 1_500,
                    "product_data": {"name": "T-shirt"},
                },
            }
        ],
        **more,
    }
    return client.v1.checkout.sessions.create(params=wanted)


def test_a_product_and_its_price_are_made(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "T-shirt", "metadata": {"colour": "red"}})
    price = client.v1.prices.create(params={"product": product.id, "currency": "usd", "unit_amount": 1_500})

    assert (product.id[:5], product.active, price.product) == ("prod_", True, product.id)
    assert (price.type, price.unit_amount) == ("one_time", 1_500)
    found = client.v1.prices.retrieve(price.id, params={"expand": ["product"]})
    assert isinstance(found.product, stripe.Product)
    assert found.product.name == "T-shirt"
    assert client.v1.products.update(product.id, params={"active": False}).active is False
    assert client.v1.prices.update(price.id, params={"nickname": "Summer"}).nickname == "Summer"


def test_products_and_prices_are_listed(client: stripe.StripeClient) -> None:
    shirt = client.v1.products.create(params={"name": "Shirt"})
    hat = client.v1.products.create(params={"name": "Hat", "active": False})
    price = client.v1.prices.create(
        params={"product": shirt.id, "currency": "usd", "unit_amount": 500, "lookup_key": "shirt"}
    )

    assert [each.id for each in client.v1.products.list().data] == [hat.id, shirt.id]
    assert [each.id for each in client.v1.products.list(params={"active": True}).data] == [shirt.id]
    for narrowed in ({"product": shirt.id}, {"lookup_keys": ["shirt"]}):
        found = client.v1.prices.list(params=narrowed)  # type: ignore[arg-type]  # one of two
        assert [each.id for each in found.data] == [price.id]


def test_a_session_is_open_until_somebody_pays(client: stripe.StripeClient) -> None:
    session = opened(client, client_reference_id="cart-7", metadata={"cart": "7"})

    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status, session.mode) == ("open", "unpaid", "payment")
    assert (session.amount_total, session.currency) == (3_000, "usd")
    assert session.url is not None
    assert session.url.startswith("http")
    assert session.payment_intent is None
    assert session.client_reference_id == "cart-7"
    assert client.v1.checkout.sessions.retrieve(session.id) == session
    assert [each.id for each in client.v1.checkout.sessions.list().data] == [session.id]


def test_what_is_in_the_cart_is_listed(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "Hat"})
    price = client.v1.prices.create(params={"product": product.id, "currency": "usd", "unit_amount": 700})
    session = opened(client, line_items=[{"price": price.id, "quantity": 3}])

    (item,) = client.v1.checkout.sessions.line_items.list(session.id).data
    assert (item.quantity, item.amount_total, item.description) == (3, 2_100, "Hat")
    assert item.price is not None
    assert item.price.id == price.id
    expanded = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["line_items"]})
    assert expanded.line_items is not None
    assert [each.id for each in expanded.line_items.data] == [item.id]


def pays(session: stripe.checkout.Session, card: str) -> httpx.Response:
    """What a browser without scripts gets for sending the page's form with this card."""
    assert session.url is not None
    form = Page(httpx.get(session.url, timeout=20).text).form
    given = {**form.fields, "email": "jenny@example.com", "method": card}
    return httpx.request(form.method, urljoin(session.url, form.action), data=given, timeout=20)


def test_a_payer_pays_on_the_page_and_is_sent_back(client: stripe.StripeClient) -> None:
    session = opened(client, payment_intent_data={"metadata": {"order": "7"}})

    answer = pays(session, "visa")

    assert answer.status_code == 303
    assert answer.headers["location"] == f"https://shop.example/thanks?session={session.id}"
    paid = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details is not None
    assert paid.customer_details.email == "jenny@example.com"
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (paid.payment_intent.status, paid.payment_intent.amount_received) == ("succeeded", 3_000)
    assert paid.payment_intent.metadata["order"] == "7"
    (event,) = client.v1.events.list(params={"type": "checkout.session.completed"}).data
    assert event.data.object["id"] == session.id


def test_a_payer_who_is_declined_may_try_again(client: stripe.StripeClient) -> None:
    session = opened(client)

    declined = pays(session, "visa_chargeDeclinedInsufficientFunds")
    assert Page(declined.text).alert if declined.status_code == 200 else declined.status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"

    pays(session, "visa")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_session_is_closed(client: stripe.StripeClient) -> None:
    session = opened(client)

    gone = client.v1.checkout.sessions.expire(session.id)

    assert (gone.status, gone.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id)


def test_a_session_needs_something_to_sell(client: stripe.StripeClient) -> None:
    unknown: list[dict[str, Any]] = [{"price": "price_NeverHeardOf", "quantity": 1}]
    nothing: list[dict[str, Any]] = []
    for wrong in (nothing, unknown):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            opened(client, line_items=wrong)
        assert refusal.value.http_status == 400


def test_a_session_offers_shipping_rates_by_their_ids(client: stripe.StripeClient) -> None:
    rate = client.v1.shipping_rates.create(
        params={
            "display_name": "Standard",
            "type": "fixed_amount",
            "fixed_amount": {"amount": 500, "currency": "usd"},
        }
    )
    session = opened(client, shipping_options=[{"shipping_rate": rate.id}])
    assert (session.amount_subtotal, session.amount_total) == (3_000, 3_500)

    client.v1.shipping_rates.update(rate.id, params={"active": False})
    assert [each.id for each in client.v1.shipping_rates.list(params={"active": False})] == [rate.id]
    with pytest.raises(stripe.InvalidRequestError):
        opened(client, shipping_options=[{"shipping_rate": rate.id}])
