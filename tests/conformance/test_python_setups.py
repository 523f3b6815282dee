"""Setup intents with Stripe's library for Python: cards kept for later, without money."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.conformance.flows import error_of, paid

BACK = "https://shop.example/return"


def set_up(client: stripe.StripeClient, **more: Any) -> stripe.SetupIntent:
    wanted: Any = {
        "allowed_payment_method_types": ["card"],
        "payment_method": "pm_card_visa",
        "confirm": True,
        **more,
    }
    return client.v1.setup_intents.create(params=wanted)


def test_a_card_is_set_up_and_pays_while_its_owner_is_away(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()

    intent = set_up(client, customer=jenny.id, usage="off_session")

    assert (intent.object, intent.status, intent.customer) == ("setup_intent", "succeeded", jenny.id)
    assert intent.id.startswith("seti_")
    assert (intent.last_setup_error, intent.next_action, intent.usage) == (None, None, "off_session")
    (method,) = client.v1.customers.payment_methods.list(jenny.id).data
    assert method.id == intent.payment_method
    assert paid(client, customer=jenny.id, payment_method=method.id, off_session=True).status == "succeeded"


def test_it_is_created_confirmed_and_found_step_by_step(client: stripe.StripeClient) -> None:
    intents = client.v1.setup_intents
    made = intents.create(params={"allowed_payment_method_types": ["card"]})
    assert made.status == "requires_payment_method"
    assert made.client_secret is not None
    assert made.client_secret.startswith(f"{made.id}_secret_")

    ready = intents.update(made.id, params={"payment_method": "pm_card_visa", "metadata": {"a": "b"}})
    assert ready.status == "requires_confirmation"
    assert intents.confirm(made.id).status == "succeeded"
    assert intents.retrieve(made.id).metadata == ready.metadata
    assert [each.id for each in intents.list().data] == [made.id]


def test_a_payer_proves_who_they_are_once(client: stripe.StripeClient) -> None:
    jenny = client.v1.customers.create()
    intent = set_up(
        client, payment_method="pm_card_authenticationRequiredOnSetup", customer=jenny.id, return_url=BACK
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None

    page = str(intent.next_action.redirect_to_url.url)
    answer = httpx.post(f"{page}&outcome=approve", timeout=20)
    assert answer.status_code == 303
    assert "setup_intent=" in answer.headers["location"]

    assert client.v1.setup_intents.retrieve(intent.id).status == "succeeded"
    later = paid(client, customer=jenny.id, payment_method=intent.payment_method, off_session=True)
    assert later.status == "succeeded"


def test_a_payer_who_fails_is_told_so(client: stripe.StripeClient) -> None:
    intent = set_up(client, payment_method="pm_card_threeDSecure2Required", return_url=BACK)
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None

    httpx.post(f"{intent.next_action.redirect_to_url.url}&outcome=fail", timeout=20)

    found = client.v1.setup_intents.retrieve(intent.id)
    assert found.status == "requires_payment_method"
    assert found.last_setup_error is not None
    assert found.last_setup_error.code == "setup_intent_authentication_failure"


def test_a_decline_shows_the_intent(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        set_up(client, payment_method="pm_card_visa_chargeDeclined")

    told = error_of(refusal.value).setup_intent
    assert told is not None
    assert told.status == "requires_payment_method"
    assert told.last_setup_error is not None
    assert told.last_setup_error.code == "card_declined"


def test_it_is_canceled_once(client: stripe.StripeClient) -> None:
    intents = client.v1.setup_intents
    made = intents.create(params={"allowed_payment_method_types": ["card"]})

    gone = intents.cancel(made.id, params={"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "abandoned")

    for ask in (intents.cancel, intents.confirm):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask(made.id)
        assert refusal.value.code == "setup_intent_unexpected_state"
        told = error_of(refusal.value).setup_intent
        assert told is not None
        assert told.id == made.id
