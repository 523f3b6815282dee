"""Older versions of the API with Stripe's library for Python: pinned by a client, a module or on the wire."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import httpx
import pytest
import stripe

from tests.conformance.flows import ClientOf, error_of

CHARGES: Final = "2022-08-01"
"""Still has `charges` of an intent and `refunds` of a charge, and no automatic methods by default."""


def by_card(**more: Any) -> Any:
    """A payment as programs wrote it then: no types, no `return_url`."""
    return {
        "amount": 2_000,
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "confirm": True,
        **more,
    }


def test_a_program_of_then_reads_the_charges_of_its_intent(client_of: ClientOf, key: str) -> None:
    older = client_of(key, stripe_version=CHARGES)

    intent = older.v1.payment_intents.create(params=by_card())

    (charge,) = intent["charges"].data
    assert isinstance(charge, stripe.Charge)
    assert (intent.status, charge.id, charge["refunds"].data) == ("succeeded", intent.latest_charge, [])
    refund = older.v1.refunds.create(params={"charge": charge.id, "amount": 500})
    found = older.v1.payment_intents.retrieve(intent.id)
    assert [each.id for each in found["charges"].data[0]["refunds"].data] == [refund.id]


def test_a_decline_of_then_shows_its_charge_too(client_of: ClientOf, key: str) -> None:
    older = client_of(key, stripe_version=CHARGES)

    with pytest.raises(stripe.CardError) as refusal:
        older.v1.payment_intents.create(params=by_card(payment_method="pm_card_chargeDeclined"))

    intent = error_of(refusal.value).payment_intent
    assert intent is not None
    assert [each.status for each in intent["charges"].data] == ["failed"]


@pytest.mark.usefixtures("module_style")
def test_a_module_is_pinned_and_a_customer_has_their_sources() -> None:
    stripe.api_version = "2020-03-02"

    customer = stripe.Customer.create(source="tok_visa")

    (card,) = customer["sources"].data
    assert isinstance(card, stripe.Card)
    assert card.id == customer.default_source
    assert stripe.PaymentIntent.create(**by_card()).payment_method_types == ["card"]


def test_a_newer_version_wants_to_know_where_the_payer_comes_back_to(client_of: ClientOf, key: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client_of(key, stripe_version="2024-06-20").v1.payment_intents.create(params=by_card())

    assert refusal.value.param == "return_url"


def test_the_library_of_this_version_has_none_of_it(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(params={"amount": 2_000, "currency": "usd"})

    assert "charges" not in intent
    assert intent.automatic_payment_methods is not None
    assert intent.automatic_payment_methods.enabled


def test_booleans_are_taken_as_libraries_for_python_once_wrote_them(wire: httpx.Client) -> None:
    # given the body that stripe-python made up to version 11: values as `str` writes them
    body = urlencode(by_card(capture_method="manual", off_session=False))
    assert "confirm=True" in body
    headers = {"content-type": "application/x-www-form-urlencoded", "stripe-version": CHARGES}

    answer = wire.post("/v1/payment_intents", content=body, headers=headers)

    assert (answer.status_code, answer.json()["status"]) == (200, "requires_capture")


def test_what_is_below_v2_is_refused_in_words_that_the_library_reads(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.StripeError) as refusal:
        client.v2.core.events.list(params={"object_id": "acct_1"})

    assert refusal.value.http_status == 400
    assert "not simulated" in str(refusal.value)
