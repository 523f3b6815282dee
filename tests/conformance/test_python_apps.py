"""What the server behind an app or Elements asks for, with Stripe's library for Python."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
import stripe

from tests.conformance.flows import ClientOf
from tests.conformance.shapes import misshapen

APP: Final = "2024-06-20"
"""The version that an app's library speaks; its server passes it on."""
BACK: Final = "https://shop.example/done"
CARD: Final[Any] = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123"}
AT_ONCE: Final = 6


def token_of(client: stripe.StripeClient, method: str = "pm_card_visa") -> str:
    """A confirmation token, as a payer's browser would have made it."""
    return client.v1.test_helpers.confirmation_tokens.create(
        params={"payment_method": method, "return_url": BACK}
    ).id


def finalized(client: stripe.StripeClient, token: str) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        params={"amount": 2_000, "currency": "usd", "confirm": True, "confirmation_token": token}
    )


def outcomes(clients: list[stripe.StripeClient], pay: Callable[[stripe.StripeClient], object]) -> list[str]:
    """What becomes of many who do the same at once: "paid", or the parameter that was refused."""

    def outcome(each: stripe.StripeClient) -> str:
        try:
            pay(each)
        except stripe.InvalidRequestError as refusal:
            return str(refusal.param)
        return "paid"

    with ThreadPoolExecutor(len(clients)) as threads:
        return sorted(threads.map(outcome, clients))


def test_a_payment_sheet_is_given_a_customer_their_key_and_an_intent(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()
    key = client.v1.ephemeral_keys.create(params={"customer": customer.id}, options={"stripe_version": APP})
    intent = client.v1.payment_intents.create(
        params={"amount": 1_099, "currency": "eur", "customer": customer.id}
    )

    assert (key.object, key.livemode) == ("ephemeral_key", False)
    assert key.secret is not None
    assert key.secret.startswith("ek_test_")
    assert intent.client_secret is not None
    assert client.v1.ephemeral_keys.delete(key.id).id == key.id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.ephemeral_keys.delete(key.id)


@pytest.mark.usefixtures("module_style")
def test_a_key_is_made_by_a_program_that_is_written_in_the_older_style() -> None:
    customer = stripe.Customer.create()

    key = stripe.EphemeralKey.create(customer=customer.id, stripe_version=APP)

    assert key["associated_objects"][0].to_dict() == {"id": customer.id, "type": "customer"}
    assert key.last_response is not None
    assert key.last_response.headers["Stripe-Version"] == APP


def test_elements_are_given_a_session_of_a_customer(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()

    session = client.v1.customer_sessions.create(
        params={
            "customer": customer.id,
            "components": {
                "payment_element": {"enabled": True, "features": {"payment_method_save": "enabled"}}
            },
        }
    )

    assert (session.customer, misshapen(session)) == (customer.id, [])
    assert session.components is not None
    element = session.components.payment_element
    assert element.features is not None
    assert (element.enabled, element.features.payment_method_save) == (True, "enabled")
    assert not session.components.pricing_table.enabled


def test_a_setup_is_finalized_with_a_confirmation_token(client: stripe.StripeClient) -> None:
    customer, token = client.v1.customers.create(), token_of(client)

    setup = client.v1.setup_intents.create(
        params={"customer": customer.id, "confirm": True, "confirmation_token": token}
    )

    assert setup.status == "succeeded"
    assert client.v1.confirmation_tokens.retrieve(token).setup_intent == setup.id
    (method,) = client.v1.customers.payment_methods.list(customer.id).data
    assert method.id == setup.payment_method


def test_a_confirmation_token_leads_to_the_bank_and_back_to_where_it_says(
    client: stripe.StripeClient,
) -> None:
    intent = finalized(client, token_of(client, "pm_card_threeDSecure2Required"))

    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.return_url == BACK


def test_a_confirmation_token_is_used_up_by_a_decline(client: stripe.StripeClient) -> None:
    token = token_of(client, "pm_card_chargeDeclined")

    with pytest.raises(stripe.CardError):
        finalized(client, token)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        finalized(client, token)

    assert refusal.value.param == "confirmation_token"


def test_of_many_who_finalize_with_one_token_at_once_one_does(client_of: ClientOf, key: str) -> None:
    clients = [client_of(key) for _ in range(AT_ONCE)]
    token = token_of(clients[0])

    found = outcomes(clients, lambda each: finalized(each, token))

    assert found == ["confirmation_token"] * (AT_ONCE - 1) + ["paid"]
    assert len(clients[0].v1.charges.list().data) == 1


def test_of_many_who_pay_with_one_card_token_at_once_one_does(client_of: ClientOf, key: str) -> None:
    clients = [client_of(key) for _ in range(AT_ONCE)]
    token = clients[0].v1.tokens.create(params={"card": CARD}).id
    data: Any = {"type": "card", "card": {"token": token}}

    def pay(client: stripe.StripeClient) -> object:
        return client.v1.payment_intents.create(
            params={
                "amount": 2_000,
                "currency": "usd",
                "confirm": True,
                "allowed_payment_method_types": ["card"],
                "payment_method_data": data,
            }
        )

    found = outcomes(clients, pay)

    assert found == ["paid"] + ["payment_method_data[card][token]"] * (AT_ONCE - 1)
    assert len(clients[0].v1.charges.list().data) == 1
