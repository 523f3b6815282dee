"""Customers with Stripe's library for Python."""

from __future__ import annotations

import pytest
import stripe


def test_a_customer_is_created_found_and_changed(client: stripe.StripeClient) -> None:
    customers = client.v1.customers
    made = customers.create(
        params={
            "name": "Jenny Rosen",
            "email": "jenny@example.com",
            "phone": "+15555550100",
            "address": {"line1": "1 Main Street", "city": "Springfield", "country": "US"},
            "shipping": {"name": "Jenny", "address": {"line1": "2 Side Street"}},
            "preferred_locales": ["en", "fr"],
        }
    )
    assert made.id.startswith("cus_")
    assert (made.object, made.livemode, made.name) == ("customer", False, "Jenny Rosen")
    assert made.address is not None
    assert (made.address.city, made.address.line2) == ("Springfield", None)
    assert made.shipping is not None
    assert made.shipping.name == "Jenny"
    assert made.preferred_locales == ["en", "fr"]

    changed = customers.update(made.id, params={"email": "rosen@example.com", "description": "VIP"})
    assert (changed.email, changed.description, changed.name) == ("rosen@example.com", "VIP", "Jenny Rosen")
    assert customers.retrieve(made.id).email == "rosen@example.com"


def test_an_empty_string_unsets(client: stripe.StripeClient) -> None:
    customers = client.v1.customers
    made = customers.create(
        params={"name": "Jenny", "phone": "+15555550100", "address": {"line1": "1 Main Street"}}
    )

    changed = customers.update(made.id, params={"name": "", "phone": "", "address": ""})

    assert (changed.name, changed.phone, changed.address) == (None, None, None)


def test_metadata_is_merged_and_deleted(client: stripe.StripeClient) -> None:
    customers = client.v1.customers
    made = customers.create(params={"metadata": {"plan": "gold", "since": "2020"}})
    assert made.metadata is not None

    merged = customers.update(made.id, params={"metadata": {"plan": "silver", "since": "", "new": "1"}})
    assert merged.metadata is not None
    assert merged.metadata.to_dict() == {"plan": "silver", "new": "1"}

    emptied = customers.update(made.id, params={"metadata": ""})
    assert emptied.metadata is not None
    assert emptied.metadata.to_dict() == {}


def test_a_deleted_customer_leaves_a_stub(client: stripe.StripeClient) -> None:
    customers = client.v1.customers
    made = customers.create(params={"email": "jenny@example.com"})

    gone = customers.delete(made.id)
    assert (gone.id, gone.deleted) == (made.id, True)

    found = customers.retrieve(made.id)
    assert (found.id, found.deleted) == (made.id, True)
    assert "email" not in found
    assert customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        customers.update(made.id, params={"name": "Jenny"})
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


def test_a_deleted_customer_does_not_pay(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create()
    client.v1.customers.delete(made.id)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create(params={"amount": 500, "currency": "usd", "customer": made.id})

    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "customer")


def test_customers_are_listed_by_their_address(client: stripe.StripeClient) -> None:
    customers = client.v1.customers
    jenny = customers.create(params={"email": "jenny@example.com"})
    customers.create(params={"email": "Jenny@example.com"})
    again = customers.create(params={"email": "jenny@example.com"})

    found = customers.list(params={"email": "jenny@example.com"})

    assert [each.id for each in found.data] == [again.id, jenny.id]


def test_payments_of_one_customer_are_listed(client: stripe.StripeClient) -> None:
    jenny, other = client.v1.customers.create(), client.v1.customers.create()
    intents = client.v1.payment_intents
    hers = [
        intents.create(params={"amount": amount, "currency": "usd", "customer": jenny.id}).id
        for amount in (500, 600)
    ]
    intents.create(params={"amount": 700, "currency": "usd", "customer": other.id})

    found = intents.list(params={"customer": jenny.id})

    assert [each.id for each in found.data] == hers[::-1]


def test_merchants_do_not_see_each_others_customers(
    client: stripe.StripeClient, stranger: stripe.StripeClient
) -> None:
    made = client.v1.customers.create(params={"email": "jenny@example.com"})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stranger.v1.customers.retrieve(made.id)
    with pytest.raises(stripe.InvalidRequestError):
        stranger.v1.customers.delete(made.id)

    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    assert stranger.v1.customers.list().data == []
    assert client.v1.customers.retrieve(made.id).email == "jenny@example.com"


def test_a_customer_is_searched_for(client: stripe.StripeClient) -> None:
    customers = client.v1.customers
    jenny = customers.create(
        params={"name": "Jenny Rosen", "email": "jenny@example.com", "metadata": {"plan": "gold"}}
    )
    customers.create(params={"name": "Tom", "email": "tom@example.com", "metadata": {"plan": "gold"}})

    by_mail = customers.search(params={"query": "email:'jenny@example.com'"})
    by_part = customers.search(params={"query": 'name~"rosen"'})
    both = customers.search(params={"query": "metadata['plan']:'gold' AND -name:'Tom'"})

    for found in (by_mail, by_part, both):
        assert [each.id for each in found.data] == [jenny.id]
    assert by_mail.to_dict()["object"] == "search_result"
    assert by_mail.has_more is False
