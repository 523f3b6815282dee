"""Payment methods, tokens, cards, sources and charges with Stripe's library for Python."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
import stripe

from tests.conformance.flows import ClientOf

CARD: Final[Any] = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123"}
AT_ONCE: Final = 6


def test_a_method_is_made_attached_listed_and_let_go(client: stripe.StripeClient) -> None:
    methods, customer = client.v1.payment_methods, client.v1.customers.create()
    made = methods.create(
        params={
            "type": "card",
            "card": {"number": CARD["number"], "exp_month": 12, "exp_year": 2040, "cvc": "123"},
            "billing_details": {"name": "Jenny"},
        }
    )

    attached = methods.attach(made.id, params={"customer": customer.id})
    changed = methods.update(made.id, params={"metadata": {"k": "v"}, "card": {"exp_year": 2041}})

    assert attached.customer == customer.id
    assert changed.card is not None
    assert (changed.card.exp_year, changed.billing_details.name) == (2041, "Jenny")
    assert [each.id for each in methods.list(params={"customer": customer.id}).data] == [made.id]
    of_customer = client.v1.customers.payment_methods
    assert of_customer.retrieve(customer.id, made.id).id == made.id
    assert methods.detach(made.id).customer is None
    assert of_customer.list(customer.id).data == []
    with pytest.raises(stripe.InvalidRequestError):
        methods.attach(made.id, params={"customer": customer.id})


def test_a_declined_card_is_not_attached(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()

    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_methods.attach("pm_card_chargeDeclined", params={"customer": customer.id})

    assert refusal.value.code == "card_declined"


def test_bad_card_data_is_a_card_error(client: stripe.StripeClient) -> None:
    card: Any = {**CARD, "number": "4242424242424241"}
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.tokens.create(params={"card": card})

    assert (refusal.value.code, refusal.value.param) == ("incorrect_number", "number")


def test_a_token_is_charged_once(client: stripe.StripeClient) -> None:
    token = client.v1.tokens.create(params={"card": CARD})
    charge = client.v1.charges.create(params={"amount": 1_000, "currency": "usd", "source": token.id})

    assert (charge.paid, charge.status) == (True, "succeeded")
    assert client.v1.tokens.retrieve(token.id).used
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.charges.create(params={"amount": 1_000, "currency": "usd", "source": token.id})
    assert refusal.value.code == "token_already_used"


def test_of_many_who_use_a_token_at_once_one_does(client_of: ClientOf, key: str) -> None:
    client = client_of(key)
    token = client.v1.tokens.create(params={"card": CARD})
    clients = [client_of(key) for _ in range(AT_ONCE)]

    def charge(each: stripe.StripeClient) -> str:
        try:
            each.v1.charges.create(params={"amount": 1_000, "currency": "usd", "source": token.id})
        except stripe.InvalidRequestError as refusal:
            return str(refusal.code)
        return "paid"

    with ThreadPoolExecutor(AT_ONCE) as threads:
        outcomes = sorted(threads.map(charge, clients))

    assert outcomes == ["paid"] + ["token_already_used"] * (AT_ONCE - 1)
    assert len(client.v1.charges.list().data) == 1


def test_a_customer_has_cards(client: stripe.StripeClient) -> None:
    customers, sources = client.v1.customers, client.v1.customers.payment_sources
    customer = customers.create(params={"source": "tok_visa"})
    second = sources.create(customer.id, params={"source": "tok_mastercard"})

    assert isinstance(second, stripe.Card)
    assert second.brand == "MasterCard"
    assert [each.id for each in sources.list(customer.id).data] == [second.id, customer.default_source]
    chosen = customers.update(customer.id, params={"default_source": second.id})
    assert chosen.default_source == second.id
    gone = sources.delete(customer.id, second.id)
    assert gone.to_dict()["deleted"]
    assert customers.retrieve(customer.id).default_source == customer.default_source


def test_a_customer_is_charged_and_refunded(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={"source": "tok_visa"})
    held = client.v1.charges.create(
        params={"amount": 1_000, "currency": "usd", "customer": customer.id, "capture": False}
    )

    taken = client.v1.charges.capture(held.id, params={"amount": 700})
    changed = client.v1.charges.update(held.id, params={"description": "Order 7"})
    client.v1.refunds.create(params={"charge": held.id})

    assert (held.captured, taken.amount_captured, changed.description) == (False, 700, "Order 7")
    after = client.v1.charges.retrieve(held.id)
    assert (after.refunded, after.amount_refunded) == (True, 1_000)


def test_a_hold_is_let_go_by_a_refund(client: stripe.StripeClient) -> None:
    held = client.v1.charges.create(
        params={"amount": 1_000, "currency": "usd", "source": "tok_visa", "capture": False}
    )

    refund = client.v1.refunds.create(params={"charge": held.id})

    assert (refund.status, refund.amount) == ("succeeded", 1_000)
    assert client.v1.charges.retrieve(held.id).refunded


def test_a_decline_is_a_card_error_that_names_its_charge(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.charges.create(params={"amount": 1_000, "currency": "usd", "source": "tok_chargeDeclined"})

    assert refusal.value.error is not None
    assert refusal.value.error.charge is not None
    assert client.v1.charges.retrieve(refusal.value.error.charge).failure_code == "card_declined"


def test_a_source_is_consumed(client: stripe.StripeClient) -> None:
    source = client.v1.sources.create(params={"type": "card", "token": "tok_visa"})
    client.v1.charges.create(params={"amount": 1_000, "currency": "usd", "source": source.id})

    assert client.v1.sources.retrieve(source.id).status == "consumed"
