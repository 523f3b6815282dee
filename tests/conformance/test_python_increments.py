"""Holds that are raised, with Stripe's library for Python."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.conformance.flows import charge_of, error_of, held

PROVIDED: Any = {"card": {"request_incremental_authorization": "if_available"}}


def test_more_is_held_and_captured(client: stripe.StripeClient) -> None:
    intent = held(
        client,
        payment_method="pm_card_debit_incrementalAuthAuthorized",
        payment_method_options=PROVIDED,
    )
    details = charge_of(client, intent).payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.incremental_authorization is not None
    assert details.card.incremental_authorization.status == "available"

    raised = client.v1.payment_intents.increment_authorization(
        intent.id, params={"amount": 2_500, "metadata": {"nights": "2"}}
    )

    assert (raised.status, raised.amount, raised.amount_capturable) == ("requires_capture", 2_500, 2_500)
    assert raised.metadata.to_dict() == {"nights": "2"}
    assert charge_of(client, raised).amount == 2_500
    assert client.v1.payment_intents.capture(intent.id).amount_received == 2_500


def test_a_declined_increment_is_a_card_error(client: stripe.StripeClient) -> None:
    intent = held(
        client,
        payment_method="pm_card_credit_disableEnterpriseCardFeatures",
        payment_method_options=PROVIDED,
    )

    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.increment_authorization(intent.id, params={"amount": 2_500})

    assert declined.value.code == "card_declined"
    assert error_of(declined.value).charge == intent.latest_charge
    assert client.v1.payment_intents.capture(intent.id).amount_received == 2_000


def test_what_was_not_provided_for_cannot_be_raised(client: stripe.StripeClient) -> None:
    intent = held(client)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.increment_authorization(intent.id, params={"amount": 2_500})

    assert client.v1.payment_intents.retrieve(intent.id).amount_capturable == 2_000
