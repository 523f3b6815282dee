"""3D Secure with Stripe's library for Python: the payer goes to the bank's page and comes back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import stripe

from tests.conformance.flows import charge_of, paid

BACK = "https://shop.example/return?order=7"


def challenged(
    client: stripe.StripeClient, card: str = "pm_card_threeDSecure2Required", **more: Any
) -> stripe.PaymentIntent:
    intent = paid(client, payment_method=card, return_url=BACK, **more)
    assert intent.status == "requires_action"
    return intent


def page_of(intent: stripe.PaymentIntent) -> str:
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    return str(intent.next_action.redirect_to_url.url)


def answered(intent: stripe.PaymentIntent, outcome: str) -> httpx.Response:
    """What the payer's browser gets for pressing a button of the page."""
    return httpx.post(f"{page_of(intent)}&outcome={outcome}", timeout=20)


def test_the_page_needs_no_key_and_shows_two_buttons(client: stripe.StripeClient) -> None:
    page = httpx.get(page_of(challenged(client)), timeout=20)

    assert page.status_code == 200
    assert page.text.count("</button>") == 2
    assert "20.00 USD" in page.text


def test_a_payer_who_approves_has_paid_and_is_sent_back(client: stripe.StripeClient) -> None:
    intent = challenged(client)

    answer = answered(intent, "approve")

    assert answer.status_code == 303
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "https://shop.example/return"
    assert parse_qs(back.query) == {
        "order": ["7"],
        "payment_intent": [intent.id],
        "payment_intent_client_secret": [intent.client_secret],
        "redirect_status": ["succeeded"],
    }
    found = client.v1.payment_intents.retrieve(intent.id)
    assert (found.status, found.next_action, found.amount_received) == ("succeeded", None, 2_000)
    details = charge_of(client, found).payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.three_d_secure is not None
    assert details.card.three_d_secure.result == "authenticated"


def test_a_payer_who_fails_may_try_another_card(client: stripe.StripeClient) -> None:
    intent = challenged(client)

    answer = answered(intent, "fail")

    assert parse_qs(urlsplit(answer.headers["location"]).query)["redirect_status"] == ["failed"]
    found = client.v1.payment_intents.retrieve(intent.id)
    assert (found.status, found.payment_method) == ("requires_payment_method", None)
    assert found.last_payment_error is not None
    assert found.last_payment_error.code == "payment_intent_authentication_failure"
    params: stripe.params.PaymentIntentConfirmParams = {"payment_method": "pm_card_visa"}
    assert client.v1.payment_intents.confirm(intent.id, params=params).status == "succeeded"


def test_a_payer_who_approves_may_be_declined_all_the_same(client: stripe.StripeClient) -> None:
    intent = challenged(client, "pm_card_threeDSecureRequiredChargeDeclined")

    answered(intent, "approve")

    found = client.v1.payment_intents.retrieve(intent.id)
    assert found.status == "requires_payment_method"
    assert found.last_payment_error is not None
    assert found.last_payment_error.code == "card_declined"


def test_what_is_to_be_held_is_held_once_approved(client: stripe.StripeClient) -> None:
    intent = challenged(client, capture_method="manual")

    answered(intent, "approve")

    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    assert client.v1.payment_intents.capture(intent.id).status == "succeeded"


def test_a_page_is_answered_once(client: stripe.StripeClient) -> None:
    intent = challenged(client)
    answered(intent, "approve")

    again = answered(intent, "fail")

    assert again.status_code == 200
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_page_without_its_secret_is_nobodys(client: stripe.StripeClient) -> None:
    page = page_of(challenged(client))
    bare = page.partition("?")[0]

    assert httpx.get(f"{bare}?client_secret=pi_1_secret_2", timeout=20).status_code == 404
    assert httpx.post(f"{bare}?client_secret=pi_1_secret_2&outcome=approve", timeout=20).status_code == 404
    assert 400 <= httpx.get(bare, timeout=20).status_code < 500


def test_without_an_address_to_return_to_the_library_of_the_page_is_used(
    client: stripe.StripeClient,
) -> None:
    intent = paid(client, payment_method="pm_card_threeDSecure2Required")

    assert intent.next_action is not None
    assert intent.next_action.type == "use_stripe_sdk"
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"


@pytest.mark.parametrize("wanted", ["any", "challenge"])
def test_a_merchant_may_ask_for_it(client: stripe.StripeClient, wanted: str) -> None:
    options = {"card": {"request_three_d_secure": wanted}}

    intent = paid(
        client,
        payment_method="pm_card_threeDSecureOptional",
        payment_method_options=options,
        return_url=BACK,
    )

    assert intent.status == "requires_action"


def test_a_card_that_need_not_is_not_asked(client: stripe.StripeClient) -> None:
    assert paid(client, payment_method="pm_card_threeDSecureOptional").status == "succeeded"
