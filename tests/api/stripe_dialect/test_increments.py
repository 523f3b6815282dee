"""PaymentIntents whose hold is raised: by whom, how often, and what a decline leaves."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import told
from tests.support.gateway import Gateway

PROVIDED: Final = {"card": {"request_incremental_authorization": "if_available"}}


async def held(stripe: Stripe, card: str = "pm_card_visa", **parameters: Any) -> dict[str, Any]:
    """A PaymentIntent of 10 dollars that waits to be captured, and provides for increments."""
    wanted = {"capture_method": "manual", "payment_method_options": PROVIDED, **parameters}
    return await stripe.paid(1_000, payment_method=card, **wanted)


def path(intent: dict[str, Any], action: str = "increment_authorization") -> str:
    return f"/payment_intents/{intent['id']}/{action}"


async def card_of(stripe: Stripe, intent: dict[str, Any]) -> dict[str, Any]:
    """What the charge says of its card."""
    charge = await stripe.get(f"/charges/{intent['latest_charge']}")
    card: dict[str, Any] = charge["payment_method_details"]["card"]
    return card


async def test_more_is_held_and_captured(gateway: Gateway, stripe: Stripe) -> None:
    # given a hold of 10 dollars
    before = await held(stripe, "pm_card_debit_incrementalAuthAuthorized", metadata={"room": "7"})
    assert before["payment_method_options"]["card"]["request_incremental_authorization"] == "if_available"

    # when 15 are to be held
    after = await stripe.post(
        path(before),
        amount=1_500,
        description="And breakfast",
        metadata={"nights": "2"},
        statement_descriptor="KYOTO INN",
        expand=["latest_charge"],
    )

    # then that is what can be captured, and what else was said is kept
    assert (after["status"], after["amount"], after["amount_capturable"]) == (
        "requires_capture",
        1_500,
        1_500,
    )
    assert (after["description"], after["statement_descriptor"]) == ("And breakfast", "KYOTO INN")
    assert after["metadata"] == {"room": "7", "nights": "2"}
    charge = after["latest_charge"]
    assert (charge["amount"], charge["amount_captured"]) == (1_500, 0)
    card = charge["payment_method_details"]["card"]
    assert (card["amount_authorized"], card["incremental_authorization"]) == (1_500, {"status": "available"})

    # and both are told of
    *_, of_charge, of_intent = await told(gateway)
    assert of_charge["type"] == "charge.updated"
    assert of_charge["data"]["previous_attributes"]["amount"] == 1_000
    assert of_intent["type"] == "payment_intent.amount_capturable_updated"
    assert of_intent["data"]["object"]["amount_capturable"] == 1_500

    taken = await stripe.post(path(before, "capture"))
    assert (taken["status"], taken["amount_received"]) == ("succeeded", 1_500)
    refund = await stripe.post("/refunds", payment_intent=before["id"])
    assert refund["amount"] == 1_500


async def test_events_show_what_was_held_when_they_happened(gateway: Gateway, stripe: Stripe) -> None:
    intent = await held(stripe)
    await stripe.post(path(intent), amount=1_500)
    await stripe.post(path(intent), amount=2_500)

    shown = [(each["type"], each["data"]["object"]["amount"]) for each in await told(gateway)]

    assert shown == [
        ("payment_intent.created", 1_000),
        ("charge.succeeded", 1_000),
        ("payment_intent.amount_capturable_updated", 1_000),
        ("charge.updated", 1_500),
        ("payment_intent.amount_capturable_updated", 1_500),
        ("charge.updated", 2_500),
        ("payment_intent.amount_capturable_updated", 2_500),
    ]


@pytest.mark.parametrize(
    ("card", "decline_code"),
    [
        ("pm_card_credit_disableEnterpriseCardFeatures", "generic_decline"),
        ("pm_card_debit_partialIncrement", "insufficient_funds"),
    ],
)
async def test_a_decline_leaves_everything_as_it_was(
    gateway: Gateway, stripe: Stripe, card: str, decline_code: str
) -> None:
    # given a card whose issuer will not hold more
    before = await held(stripe, card)
    events = await told(gateway)

    # when more is asked for
    error = await stripe.refused("POST", path(before), 402, amount=1_500, description="Lost")

    # then it is a decline of the card
    assert (error["type"], error["code"]) == ("card_error", "card_declined")
    assert (error["decline_code"], error["charge"]) == (decline_code, before["latest_charge"])
    assert error["payment_intent"] == before

    # and what was held can be captured as before
    assert await stripe.get(f"/payment_intents/{before['id']}") == before
    assert await told(gateway) == events
    assert (await card_of(stripe, before))["amount_authorized"] == 1_000
    assert (await stripe.post(path(before, "capture")))["amount_received"] == 1_000


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_debit_partialIncrement"])
async def test_it_is_asked_for_ten_times_at_most_declines_included(stripe: Stripe, card: str) -> None:
    intent = await held(stripe, card)
    status = 200 if card == "pm_card_visa" else 402
    for more in range(1, 11):
        await stripe.post(path(intent), status, amount=1_000 + more)

    error = await stripe.refused("POST", path(intent), amount=2_000)

    assert error["type"] == "invalid_request_error"
    assert "10 times" in error["message"]


@pytest.mark.parametrize(
    ("card", "options"),
    [
        ("pm_card_visa", None),
        ("pm_card_visa", {"card": {"request_incremental_authorization": "never"}}),
        ("pm_card_jcb", PROVIDED),
    ],
)
async def test_what_was_not_provided_for_is_unavailable(
    stripe: Stripe, card: str, options: dict[str, Any] | None
) -> None:
    parameters: dict[str, Any] = {} if options is None else {"payment_method_options": options}
    intent = await stripe.paid(1_000, payment_method=card, capture_method="manual", **parameters)

    error = await stripe.refused("POST", path(intent), amount=1_500)

    assert (await card_of(stripe, intent))["incremental_authorization"] == {"status": "unavailable"}
    assert error["type"] == "invalid_request_error"
    assert "cannot be raised" in error["message"]


async def test_it_may_be_provided_for_when_it_is_confirmed(stripe: Stripe) -> None:
    made = await stripe.post("/payment_intents", amount=1_000, currency="usd", capture_method="manual")
    asked = {"payment_method": "pm_card_visa", "payment_method_types": ["card"]}
    intent = await stripe.post(path(made, "confirm"), **asked, payment_method_options=PROVIDED)
    assert (await stripe.post(path(intent), amount=1_500))["amount"] == 1_500


@pytest.mark.parametrize("amount", [500, 1_000])
async def test_a_hold_is_only_ever_raised(stripe: Stripe, amount: int) -> None:
    intent = await held(stripe)
    error = await stripe.refused("POST", path(intent), amount=amount)
    assert error["param"] == "amount"
    assert error["message"] == (
        "The new amount must be greater than the currently authorized amount of 1000."
    )
    assert await stripe.get(f"/payment_intents/{intent['id']}") == intent


async def test_an_amount_is_needed_and_has_to_be_one(stripe: Stripe) -> None:
    intent = await held(stripe)
    assert (await stripe.refused("POST", path(intent)))["code"] == "parameter_missing"
    too_much = await stripe.refused("POST", path(intent), amount=10**12)
    assert (too_much["param"], too_much["code"]) == ("amount", "amount_too_large")


async def test_only_what_is_held_can_be_raised(stripe: Stripe) -> None:
    # given PaymentIntents that are not held, not any more, or were never
    taken = await held(stripe)
    await stripe.post(path(taken, "capture"))
    let_go = await held(stripe)
    await stripe.post(path(let_go, "cancel"))
    asked = await held(stripe, "pm_card_threeDSecure2Required")
    at_once = await stripe.paid(1_000, payment_method_options=PROVIDED)

    for intent, status in (
        (taken, "succeeded"),
        (let_go, "canceled"),
        (asked, "requires_action"),
        (at_once, "succeeded"),
    ):
        error = await stripe.refused("POST", path(intent), amount=1_500)
        assert error["code"] == "payment_intent_unexpected_state"
        assert f"a status of {status}" in error["message"]
        assert error["payment_intent"]["status"] == status


async def test_the_native_api_raises_the_same_hold(stripe: Stripe) -> None:
    intent = await held(stripe)
    (payment,) = (await stripe.client.get("/api/v1/payments")).json()["data"]

    answer = await stripe.client.post(f"/api/v1/payments/{payment['id']}/increment", json={"amount": 1_700})

    assert answer.json()["amount"] == 1_700
    after = await stripe.get(f"/payment_intents/{intent['id']}")
    assert (after["amount"], after["amount_capturable"]) == (1_700, 1_700)
