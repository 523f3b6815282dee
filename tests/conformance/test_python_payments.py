"""Payments with Stripe's library for Python: the ways from a PaymentIntent to money, and back."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.conformance.flows import charge_of, error_of, held, paid, payment
from tests.conformance.shapes import misshapen


def test_a_payment_created_and_confirmed_at_once_succeeds(client: stripe.StripeClient) -> None:
    intent = paid(client, 2_000, description="Order 1", metadata={"order": "1"})

    assert (intent.object, intent.status, intent.amount, intent.currency) == (
        *("payment_intent", "succeeded", 2_000, "usd"),
    )
    assert (intent.amount_received, intent.amount_capturable) == (2_000, 0)
    assert intent.id.startswith("pi_")
    assert intent.client_secret is not None
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert intent.livemode is False
    assert intent.metadata["order"] == "1"


def test_members_without_a_value_are_there_to_be_read(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(params={"amount": 2_000, "currency": "usd"})

    assert intent.last_payment_error is None
    assert intent.next_action is None
    assert intent.latest_charge is None
    assert intent.canceled_at is None
    assert intent.customer is None
    assert intent.payment_method is None
    assert intent.cancellation_reason is None
    assert intent.description is None
    assert intent.shipping is None


def test_a_payment_is_finalized_on_the_server_with_a_confirmation_token(client: stripe.StripeClient) -> None:
    token = client.v1.test_helpers.confirmation_tokens.create(
        params={"payment_method": "pm_card_visa", "return_url": "https://shop.example/done"}
    )
    assert token.payment_method_preview is not None
    assert token.payment_method_preview.card is not None
    assert (token.payment_method_preview.card.last4, misshapen(token)) == ("4242", [])

    intent = client.v1.payment_intents.create(
        params={
            "amount": 2_000,
            "currency": "usd",
            "confirm": True,
            "confirmation_token": token.id,
            "automatic_payment_methods": {"enabled": True},
            "use_stripe_sdk": True,
        }
    )

    assert intent.status == "succeeded"
    assert client.v1.confirmation_tokens.retrieve(token.id).payment_intent == intent.id


def test_an_intent_becomes_ready_and_is_confirmed_step_by_step(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    intent = intents.create(
        params={"amount": 1_500, "currency": "eur", "allowed_payment_method_types": ["card"]}
    )
    assert intent.status == "requires_payment_method"

    intent = intents.update(intent.id, params={"payment_method": "pm_card_mastercard"})
    assert intent.status == "requires_confirmation"
    assert str(intent.payment_method).startswith("pm_")
    assert intent.payment_method != "pm_card_mastercard"

    intent = intents.confirm(intent.id)
    assert intent.status == "succeeded"
    assert intents.retrieve(intent.id).status == "succeeded"


def test_automatic_methods_without_redirects_need_no_address_to_return_to(
    client: stripe.StripeClient,
) -> None:
    intent = client.v1.payment_intents.create(
        params={
            "amount": 2_000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
        }
    )

    assert intent.status == "succeeded"
    assert intent.automatic_payment_methods is not None
    assert intent.automatic_payment_methods.enabled is True
    assert intent.automatic_payment_methods.allow_redirects == "never"


def test_automatic_methods_that_may_redirect_need_an_address_to_return_to(
    client: stripe.StripeClient,
) -> None:
    intents = client.v1.payment_intents
    wanted = payment(automatic_payment_methods={"enabled": True})
    del wanted["allowed_payment_method_types"]

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        intents.create(params=wanted)
    assert "return_url" in str(refusal.value)

    wanted["return_url"] = "https://shop.example/return"
    returned = intents.create(params=wanted)
    assert returned.status == "succeeded"


def test_types_of_methods_have_an_older_name(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    newer: Any = {"amount": 2_000, "currency": "usd", "allowed_payment_method_types": ["card"]}
    older: Any = {"amount": 2_000, "currency": "usd", "payment_method_types": ["card"]}

    for wanted in (newer, older):
        made = intents.create(params=wanted)
        assert made.payment_method_types == ["card"]
        assert made.allowed_payment_method_types == ["card"]
    assert intents.create(params={"amount": 500, "currency": "usd"}).allowed_payment_method_types is None
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        intents.create(params=newer | older)
    assert refusal.value.code == "parameters_exclusive"


def test_what_is_held_is_captured_whole(client: stripe.StripeClient) -> None:
    intent = held(client, 3_000)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 3_000, 0)
    assert charge_of(client, intent).captured is False

    intent = client.v1.payment_intents.capture(intent.id)

    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("succeeded", 0, 3_000)
    charge = charge_of(client, intent)
    assert (charge.captured, charge.paid, charge.status) == (True, True, "succeeded")
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (3_000, 3_000, 0)


def test_what_is_held_is_captured_in_part_and_the_rest_is_released(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.capture(held(client, 3_000).id, params={"amount_to_capture": 1_200})

    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 3_000, 1_200)
    assert intent.amount_capturable == 0
    charge = charge_of(client, intent)
    assert (charge.amount, charge.amount_captured) == (3_000, 1_200)
    assert charge.amount_refunded == 1_800
    assert charge.refunded is False


def test_what_is_held_is_let_go_by_canceling(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.cancel(
        held(client, 3_000).id, params={"cancellation_reason": "requested_by_customer"}
    )

    assert (intent.status, intent.cancellation_reason) == ("canceled", "requested_by_customer")
    assert intent.canceled_at is not None
    assert (intent.amount_capturable, intent.amount_received) == (0, 0)
    charge = charge_of(client, intent)
    assert (charge.captured, charge.amount_captured, charge.refunded) == (False, 0, True)


def test_an_intent_that_nobody_tried_is_canceled(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    intent = intents.create(params={"amount": 2_000, "currency": "usd"})

    assert intents.cancel(intent.id, params={"cancellation_reason": "abandoned"}).status == "canceled"
    assert intents.retrieve(intent.id).cancellation_reason == "abandoned"


def test_a_declined_intent_is_paid_with_another_card(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        paid(client, 2_000, payment_method="pm_card_chargeDeclined")
    declined = error_of(refusal.value).payment_intent
    assert declined is not None
    assert declined.status == "requires_payment_method"
    assert declined.payment_method is None
    assert declined.last_payment_error is not None
    assert declined.last_payment_error.code == "card_declined"

    intent = client.v1.payment_intents.confirm(declined.id, params={"payment_method": "pm_card_visa"})

    assert intent.status == "succeeded"
    assert intent.last_payment_error is None
    tries = client.v1.charges.list(params={"payment_intent": intent.id}).data
    assert [(each.status, each.paid) for each in tries] == [("succeeded", True), ("failed", False)]
    assert tries[0].id == intent.latest_charge
    assert tries[1].failure_code == "card_declined"


def test_the_amount_may_change_until_it_is_paid(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    intent = intents.create(
        params={
            "amount": 2_000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "allowed_payment_method_types": ["card"],
        }
    )

    changed = intents.update(intent.id, params={"amount": 2_500, "description": "With shipping"})
    assert (changed.amount, changed.description) == (2_500, "With shipping")
    assert intents.confirm(intent.id).amount_received == 2_500

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        intents.update(intent.id, params={"amount": 3_000})
    assert refusal.value.code == "payment_intent_unexpected_state"
    assert intents.update(intent.id, params={"description": "Paid"}).description == "Paid"


def test_metadata_is_merged_and_keys_are_deleted(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    intent = intents.create(
        params={"amount": 2_000, "currency": "usd", "metadata": {"order": "1", "colour": "red"}}
    )

    changed = intents.update(intent.id, params={"metadata": {"colour": "", "size": "9"}})
    assert changed.metadata.to_dict() == {"order": "1", "size": "9"}

    assert intents.update(intent.id, params={"metadata": ""}).metadata.to_dict() == {}


@pytest.mark.parametrize(
    ("currency", "amount"), [("jpy", 500), ("kwd", 1_230), ("eur", 50), ("gbp", 30), ("isk", 10_000)]
)
def test_every_currency_counts_in_its_own_units(
    client: stripe.StripeClient, currency: str, amount: int
) -> None:
    intent = paid(client, amount, currency=currency)

    assert (intent.amount, intent.currency, intent.amount_received) == (amount, currency, amount)
    assert charge_of(client, intent).amount_captured == amount


def test_currencies_are_shown_in_small_letters(client: stripe.StripeClient) -> None:
    assert paid(client, currency="USD").currency == "usd"


def test_a_charge_shows_the_card_that_paid(client: stripe.StripeClient) -> None:
    charge = charge_of(client, paid(client, payment_method="pm_card_mastercard"))

    assert charge.payment_method_details is not None
    assert charge.payment_method_details.type == "card"
    card = charge.payment_method_details.card
    assert card is not None
    assert (card.brand, card.last4, card.funding, card.country) == ("mastercard", "4444", "credit", "US")
    assert charge.outcome is not None
    assert (charge.outcome.type, charge.outcome.network_status) == ("authorized", "approved_by_network")
    assert charge.receipt_url is None or charge.receipt_url.startswith("http")


def test_a_failed_charge_says_why(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        paid(client, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds")
    charge_id = error_of(refusal.value).charge
    assert charge_id is not None

    charge = client.v1.charges.retrieve(charge_id)

    assert (charge.status, charge.paid, charge.captured) == ("failed", False, False)
    assert charge.failure_code == "card_declined"
    assert charge.failure_message
    assert charge.outcome is not None
    assert charge.outcome.type == "issuer_declined"
    assert charge.outcome.reason == "insufficient_funds"


def test_shipping_and_receipts_are_kept(client: stripe.StripeClient) -> None:
    intent = paid(
        client,
        receipt_email="jenny@example.com",
        shipping={"name": "Jenny", "address": {"line1": "1 Main Street", "country": "US"}},
        statement_descriptor_suffix="ORDER 1",
    )

    assert intent.receipt_email == "jenny@example.com"
    assert intent.shipping is not None
    assert intent.shipping.name == "Jenny"
    assert intent.shipping.address is not None
    assert (intent.shipping.address.line1, intent.shipping.address.country) == ("1 Main Street", "US")
    assert intent.shipping.address.city is None
    assert charge_of(client, intent).receipt_email == "jenny@example.com"


def test_a_card_given_in_the_request_pays(client: stripe.StripeClient) -> None:
    card = {"number": "4242424242424242", "exp_month": 8, "exp_year": 2031, "cvc": "314"}
    described = {"type": "card", "card": card, "billing_details": {"name": "Jenny Rosen"}}
    wanted = payment(payment_method_data=described)
    del wanted["payment_method"]

    intent = client.v1.payment_intents.create(params=wanted)

    assert intent.status == "succeeded"
    charge = charge_of(client, intent)
    assert charge.billing_details.name == "Jenny Rosen"
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.card is not None
    assert charge.payment_method_details.card.exp_year == 2031


def test_a_payer_who_must_prove_who_they_are_is_sent_to_a_page(client: stripe.StripeClient) -> None:
    intent = paid(
        client, payment_method="pm_card_threeDSecure2Required", return_url="https://shop.example/return"
    )

    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.type == "redirect_to_url"
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.return_url == "https://shop.example/return"
    assert str(intent.next_action.redirect_to_url.url).startswith("http")
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"


def test_an_absent_payer_cannot_prove_who_they_are(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()
    with pytest.raises(stripe.CardError) as refusal:
        paid(
            client,
            payment_method="pm_card_authenticationRequired",
            customer=customer.id,
            off_session=True,
        )

    assert refusal.value.code == "authentication_required"
    assert error_of(refusal.value).decline_code == "authentication_required"
    intent = error_of(refusal.value).payment_intent
    assert intent is not None
    assert intent.status == "requires_payment_method"


def test_a_merchant_may_rather_be_declined_than_ask_the_payer(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        paid(client, payment_method="pm_card_threeDSecure2Required", error_on_requires_action=True)

    assert refusal.value.code == "authentication_required"


def test_a_method_is_kept_for_later_when_it_has_paid(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={"email": "jenny@example.com"})

    first = paid(client, customer=customer.id, setup_future_usage="off_session")
    assert isinstance(first.payment_method, str)
    again = paid(client, customer=customer.id, payment_method=first.payment_method, off_session=True)

    assert again.status == "succeeded"
    assert again.payment_method == first.payment_method


def test_a_kept_method_is_nobody_elses(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()
    other = client.v1.customers.create()
    kept = paid(client, customer=jenny.id, setup_future_usage="off_session").payment_method

    with pytest.raises(stripe.InvalidRequestError):
        paid(client, customer=other.id, payment_method=kept)
    with pytest.raises(stripe.InvalidRequestError):
        paid(client, payment_method=kept)
