"""Payment links with Stripe's library for Python."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
import stripe

from tests.conformance.shapes import misshapen
from tests.support.pages import Page

THANKS = "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"


def linked(client: stripe.StripeClient, **more: Any) -> stripe.PaymentLink:
    """A link that sells two hats by their price."""
    price = client.v1.prices.create(
        params={"currency": "usd", "unit_amount": 700, "product_data": {"name": "Hat"}}
    )
    wanted: Any = {"line_items": [{"price": price.id, "quantity": 2}], **more}
    return client.v1.payment_links.create(params=wanted)


def pays(url: str, query: str = "") -> httpx.Response:
    """What a browser without scripts gets that opens a link and sends the form behind it."""
    with httpx.Client(timeout=20) as browser:
        page = browser.get(f"{url}{query}", follow_redirects=True)
        form = Page(page.text).form
        given = {**form.fields, "email": "jenny@example.com", "method": "visa"}
        return browser.request(form.method, urljoin(str(page.url), form.action), data=given)


def test_a_link_is_made_changed_and_listed(
    client: stripe.StripeClient, stranger: stripe.StripeClient
) -> None:
    links = client.v1.payment_links
    link = linked(client, metadata={"campaign": "spring"}, expand=["line_items"])
    assert link.id.startswith("plink_")
    assert link.line_items is not None
    (item,) = link.line_items.data
    assert (item.quantity, item.amount_total, item.description) == (2, 1_400, "Hat")
    assert [each.id for each in links.line_items.list(link.id).data] == [item.id]

    changed = links.update(
        link.id, params={"line_items": [{"id": item.id, "quantity": 3}], "metadata": {"campaign": "summer"}}
    )
    assert changed.metadata["campaign"] == "summer"
    assert links.line_items.list(link.id).data[0].amount_total == 2_100
    closed = links.update(link.id, params={"active": False, "inactive_message": "Sold out"})
    assert (closed.active, closed.inactive_message) == (False, "Sold out")
    assert links.retrieve(link.id) == closed

    other = linked(client)
    assert [each.id for each in links.list().auto_paging_iter()] == [other.id, link.id]
    assert [each.id for each in links.list(params={"active": False}).data] == [link.id]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stranger.v1.payment_links.retrieve(link.id)
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


def test_an_order_is_fulfilled_by_the_link_it_came_from(client: stripe.StripeClient) -> None:
    link = linked(
        client,
        after_completion={"type": "redirect", "redirect": {"url": THANKS}},
        metadata={"campaign": "spring"},
        payment_intent_data={"metadata": {"order": "7"}, "description": "Hats"},
    )
    answer = pays(link.url, "?client_reference_id=cart-7")

    (session,) = client.v1.checkout.sessions.list(
        params={"payment_link": link.id, "expand": ["data.payment_intent", "data.payment_link"]}
    ).data
    assert answer.headers["location"] == THANKS.replace("{CHECKOUT_SESSION_ID}", session.id)
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert session.client_reference_id == "cart-7"
    assert session.metadata is not None
    assert session.metadata["campaign"] == "spring"
    assert isinstance(session.payment_link, stripe.PaymentLink)
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    assert (session.payment_intent.description, session.payment_intent.metadata["order"]) == ("Hats", "7")
    (event,) = client.v1.events.list(params={"type": "checkout.session.completed"}).data
    assert event.data.object["payment_link"] == link.id


def test_a_link_is_for_one_order_only(client: stripe.StripeClient) -> None:
    link = linked(client, restrictions={"completed_sessions": {"limit": 1}}, inactive_message="Already paid")
    confirmed = pays(link.url)
    assert confirmed.status_code == 303

    turned_away = httpx.get(link.url, timeout=20)
    assert turned_away.status_code == 410
    assert "Already paid" in turned_away.text
    used_up = client.v1.payment_links.retrieve(link.id)
    assert used_up.active is False
    assert used_up.restrictions is not None
    assert used_up.restrictions.completed_sessions.count == 1
    updated, created = client.v1.events.list(
        params={"types": ["payment_link.created", "payment_link.updated"]}
    ).data
    assert (created.type, updated.type) == ("payment_link.created", "payment_link.updated")
    assert updated.data.previous_attributes is not None
    assert updated.data.previous_attributes["active"] is True


def test_what_is_not_simulated_says_so(client: stripe.StripeClient) -> None:
    for wrong in ({"automatic_tax": {"enabled": True}}, {"shipping_options": [{"shipping_rate": "shr_1"}]}):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            linked(client, **wrong)
        assert "not simulated" in str(refusal.value)
        assert refusal.value.param == next(iter(wrong))


def test_links_are_in_shape(client: stripe.StripeClient) -> None:
    plain = linked(client)
    full = linked(
        client,
        after_completion={"type": "redirect", "redirect": {"url": THANKS}},
        restrictions={"completed_sessions": {"limit": 1}},
        payment_intent_data={"capture_method": "manual"},
        payment_method_types=["card"],
        expand=["line_items"],
    )
    for each in (plain, full, client.v1.payment_links.line_items.list(full.id)):
        assert misshapen(each) == []
