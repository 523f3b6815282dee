"""Payment methods, tokens and the charges of older code, with Stripe's library for Python."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.conformance.flows import error_of, held, paid

CARD: Any = {"number": "4242424242424242", "exp_month": 8, "exp_year": 2031, "cvc": "314"}
"""Any: the library's types leave raw numbers out."""


def made(client: stripe.StripeClient, **card: Any) -> stripe.PaymentMethod:
    wanted: Any = {"type": "card", "card": {**CARD, **card}}
    return client.v1.payment_methods.create(params=wanted)


def kept(client: stripe.StripeClient, customer: str, method: str = "pm_card_visa") -> stripe.PaymentMethod:
    return client.v1.payment_methods.attach(method, params={"customer": customer})


def test_a_card_is_made_and_pays(client: stripe.StripeClient) -> None:
    method = made(client)
    assert (method.object, method.type, method.customer) == ("payment_method", "card", None)
    assert method.card is not None
    assert (method.card.brand, method.card.last4, method.card.exp_year) == ("visa", "4242", 2031)
    assert "number" not in method.card

    assert paid(client, payment_method=method.id).payment_method == method.id
    assert client.v1.payment_methods.retrieve(method.id).card == method.card


def test_a_card_is_made_of_a_token(client: stripe.StripeClient) -> None:
    token = client.v1.tokens.create(params={"card": CARD})
    assert token.id.startswith("tok_")
    assert token.card is not None
    assert token.card.last4 == "4242"
    assert token.used is False

    for each in (token.id, "tok_mastercard"):
        method = client.v1.payment_methods.create(params={"type": "card", "card": {"token": each}})
        assert paid(client, payment_method=method.id).status == "succeeded"


def test_the_same_number_has_the_same_fingerprint(client: stripe.StripeClient) -> None:
    first, second, other = made(client), made(client, exp_month=9), made(client, number="5555555555554444")

    assert first.card is not None
    assert second.card is not None
    assert other.card is not None
    assert first.card.fingerprint == second.card.fingerprint != other.card.fingerprint


def test_a_card_is_attached_listed_and_detached(client: stripe.StripeClient) -> None:
    methods = client.v1.payment_methods
    jenny, other = client.v1.customers.create(), client.v1.customers.create()
    visa, mastercard = kept(client, jenny.id), kept(client, jenny.id, "pm_card_mastercard")
    kept(client, other.id)
    assert visa.customer == jenny.id

    listed = methods.list(params={"customer": jenny.id, "type": "card"})
    assert [each.id for each in listed.data] == [mastercard.id, visa.id]
    hers = client.v1.customers.payment_methods.list(jenny.id)
    assert [each.id for each in hers.data] == [mastercard.id, visa.id]
    assert client.v1.customers.payment_methods.retrieve(jenny.id, visa.id).id == visa.id

    assert methods.detach(visa.id).customer is None
    left = methods.list(params={"customer": jenny.id, "type": "card"})
    assert [each.id for each in left.data] == [mastercard.id]
    with pytest.raises(stripe.InvalidRequestError):
        methods.attach(visa.id, params={"customer": jenny.id})
    with pytest.raises(stripe.InvalidRequestError):
        paid(client, payment_method=visa.id)


def test_an_attached_card_pays_for_its_customer_alone(client: stripe.StripeClient) -> None:
    jenny, other = client.v1.customers.create(), client.v1.customers.create()
    method = kept(client, jenny.id)

    assert paid(client, payment_method=method.id, customer=jenny.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        paid(client, payment_method=method.id, customer=other.id)
    with pytest.raises(stripe.InvalidRequestError):
        paid(client, payment_method=method.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(method.id, params={"customer": other.id})


def test_a_card_is_checked_when_it_is_attached(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()

    with pytest.raises(stripe.CardError) as refusal:
        kept(client, jenny.id, "pm_card_visa_chargeDeclined")

    assert (refusal.value.http_status, refusal.value.code) == (402, "card_declined")
    assert client.v1.customers.payment_methods.list(jenny.id).data == []


def test_a_card_may_attach_and_decline_later(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()
    method = kept(client, jenny.id, "pm_card_chargeCustomerFail")

    with pytest.raises(stripe.CardError):
        paid(client, payment_method=method.id, customer=jenny.id)


def test_what_is_on_a_card_is_changed(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()
    method = kept(client, jenny.id)

    changed = client.v1.payment_methods.update(
        method.id,
        params={
            "billing_details": {"name": "Jenny Rosen", "address": {"postal_code": "94110"}},
            "card": {"exp_month": 12, "exp_year": 2033},
            "metadata": {"label": "work"},
        },
    )

    assert changed.billing_details.name == "Jenny Rosen"
    assert changed.billing_details.address is not None
    assert changed.billing_details.address.postal_code == "94110"
    assert changed.card is not None
    assert (changed.card.exp_month, changed.card.exp_year) == (12, 2033)
    assert changed.metadata is not None
    assert changed.metadata["label"] == "work"


def test_a_card_becomes_the_default(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()
    method = kept(client, jenny.id)

    customer = client.v1.customers.update(
        jenny.id,
        params={
            "invoice_settings": {"default_payment_method": method.id},
            "expand": ["invoice_settings.default_payment_method"],
        },
    )

    assert customer.invoice_settings is not None
    default = customer.invoice_settings.default_payment_method
    assert isinstance(default, stripe.PaymentMethod)
    assert default.id == method.id


def test_a_customer_may_come_with_a_card(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(params={"payment_method": "pm_card_visa"})

    (method,) = client.v1.customers.payment_methods.list(jenny.id).data

    assert paid(client, payment_method=method.id, customer=jenny.id, off_session=True).status == "succeeded"


def test_an_unknown_card_is_not_found(client: stripe.StripeClient, stranger: stripe.StripeClient) -> None:
    method = made(client)

    for other, name in ((client, "pm_NeverHeardOfNeverHeard00"), (stranger, method.id)):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            other.v1.payment_methods.retrieve(name)
        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


def test_a_charge_is_made_of_a_token(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.create(
        params={"amount": 2_000, "currency": "usd", "source": "tok_visa", "description": "Older code"}
    )

    assert (charge.status, charge.paid, charge.captured) == ("succeeded", True, True)
    assert charge.payment_intent is None
    assert client.v1.charges.retrieve(charge.id).description == "Older code"
    refund = client.v1.refunds.create(params={"charge": charge.id})
    assert refund.amount == 2_000


def test_a_charge_is_held_and_captured_once(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.create(
        params={"amount": 2_000, "currency": "usd", "source": "tok_visa", "capture": False}
    )
    assert (charge.captured, charge.status) == (False, "succeeded")

    taken = client.v1.charges.capture(charge.id, params={"amount": 1_500})
    assert (taken.captured, taken.amount_captured, taken.amount_refunded) == (True, 1_500, 500)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.charges.capture(charge.id)
    assert refusal.value.code == "charge_already_captured"


def test_a_charge_is_declined(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.charges.create(
            params={"amount": 2_000, "currency": "usd", "source": "tok_chargeDeclinedInsufficientFunds"}
        )

    assert error_of(refusal.value).decline_code == "insufficient_funds"
    charge_id = error_of(refusal.value).charge
    assert charge_id is not None
    assert client.v1.charges.retrieve(charge_id).status == "failed"


def test_a_token_is_used_once(client: stripe.StripeClient) -> None:
    token = client.v1.tokens.create(params={"card": CARD})
    client.v1.charges.create(params={"amount": 500, "currency": "usd", "source": token.id})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.charges.create(params={"amount": 500, "currency": "usd", "source": token.id})

    assert (refusal.value.http_status, refusal.value.code) == (400, "token_already_used")


def test_a_customer_is_charged_by_their_source(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create(params={"source": "tok_visa"})
    assert jenny.default_source is not None

    charge = client.v1.charges.create(params={"amount": 500, "currency": "usd", "customer": jenny.id})

    assert (charge.status, charge.customer) == ("succeeded", jenny.id)


def test_a_charge_is_described_afterwards(client: stripe.StripeClient) -> None:
    intent = paid(client)
    assert isinstance(intent.latest_charge, str)

    changed = client.v1.charges.update(
        intent.latest_charge, params={"description": "Shipped", "metadata": {"parcel": "7"}}
    )

    assert (changed.description, changed.metadata["parcel"]) == ("Shipped", "7")


def test_the_charge_of_a_held_intent_is_not_captured_behind_its_back(client: stripe.StripeClient) -> None:
    intent = held(client)
    assert isinstance(intent.latest_charge, str)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.charges.capture(intent.latest_charge, params={"amount": 5_000})
