"""The older way to use Stripe's library for Python: the module itself is the client."""

from __future__ import annotations

import pytest
import stripe

from tests.conformance.flows import payment

pytestmark = pytest.mark.usefixtures("module_style")


def test_a_customer_is_created_changed_and_deleted() -> None:
    customer = stripe.Customer.create(name="Jenny", metadata={"plan": "gold"})
    stripe.Customer.modify(customer.id, name="Rosen")

    found = stripe.Customer.retrieve(customer.id)
    assert (found.name, found["metadata"]["plan"]) == ("Rosen", "gold")
    assert "email" in found
    assert found.email is None

    gone = found.delete()
    assert gone.deleted is True
    assert stripe.Customer.list().data == []


def test_a_payment_is_made_held_captured_and_refunded() -> None:
    intent = stripe.PaymentIntent.create(**payment(2_000, capture_method="manual"))
    assert intent.status == "requires_capture"

    captured = stripe.PaymentIntent.capture(intent.id, amount_to_capture=1_500)
    assert captured.amount_received == 1_500

    refund = stripe.Refund.create(payment_intent=intent.id, amount=500)
    assert refund.status == "succeeded"
    assert stripe.Charge.retrieve(str(captured.latest_charge)).status == "succeeded"


def test_objects_have_methods_of_their_own() -> None:
    intent = stripe.PaymentIntent.create(amount=500, currency="usd", allowed_payment_method_types=["card"])

    confirmed = intent.confirm(payment_method="pm_card_visa")
    assert confirmed.status == "succeeded"
    # the object itself is brought up to date
    intent.refresh()
    assert intent.status == "succeeded"

    held = stripe.PaymentIntent.create(**payment(900, capture_method="manual"))
    assert held.cancel().status == "canceled"


def test_everything_is_listed_page_by_page() -> None:
    ids = [stripe.Customer.create(name=str(number)).id for number in range(5)]

    assert [each.id for each in stripe.Customer.list(limit=2).auto_paging_iter()] == ids[::-1]
    found = stripe.PaymentIntent.search(query="status:'succeeded'")
    assert found.data == []


def test_a_decline_is_caught() -> None:
    with pytest.raises(stripe.CardError) as refusal:
        stripe.PaymentIntent.create(**payment(payment_method="pm_card_chargeDeclinedExpiredCard"))

    assert refusal.value.code == "expired_card"


def test_an_idempotency_key_is_an_argument() -> None:
    first = stripe.Customer.create(name="Jenny", idempotency_key="jenny")
    again = stripe.Customer.create(name="Jenny", idempotency_key="jenny")

    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        stripe.Customer.create(name="Tom", idempotency_key="jenny")


def test_another_key_may_be_given_with_a_request(key: str) -> None:
    customer = stripe.Customer.create(name="Jenny")

    with pytest.raises(stripe.InvalidRequestError):
        stripe.Customer.retrieve(customer.id, api_key=f"{key}other")
    assert stripe.Customer.retrieve(customer.id, api_key=key).name == "Jenny"


def test_without_a_key_nothing_is_sent() -> None:
    stripe.api_key = None

    with pytest.raises(stripe.AuthenticationError):
        stripe.Customer.list()


def test_objects_become_plain_dictionaries() -> None:
    intent = stripe.PaymentIntent.create(**payment(2_000, expand=["latest_charge"]))

    plain = intent.to_dict()

    assert plain["latest_charge"]["payment_method_details"]["card"]["last4"] == "4242"
    assert plain["status"] == "succeeded"
    # it is gone since 2022-11-15
    assert "charges" not in plain
