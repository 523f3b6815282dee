"""Test cards of Stripe's page on testing over the wire: what is shown of them, and what they do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe

SUCCEEDED, ASKED = "succeeded", "requires_action"


def typed(number: str) -> dict[str, Any]:
    """A payment method as it was typed in."""
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2031, "cvc": "123"}}


@pytest.mark.parametrize(
    ("number", "brand", "funding", "country", "status"),
    [
        ("6555900000604105", "discover", "credit", "US", SUCCEEDED),
        ("4000050360000001", "visa", "debit", "AU", SUCCEEDED),
        ("5062210000000009", "carnet", "credit", "MX", SUCCEEDED),
        ("5200828282828897", "mastercard", "debit", "US", SUCCEEDED),
        ("4000008400001017", "visa", "credit", "US", SUCCEEDED),
        ("5105000300000018", "mastercard", "credit", "US", SUCCEEDED),
        ("4000000000003220", "visa", "credit", "IE", ASKED),
        ("4000008400000027", "visa", "credit", "US", ASKED),
        ("4000582600000045", "visa", "credit", "US", ASKED),
        ("4000000000001208", "visa", "credit", "US", SUCCEEDED),
        ("4000008260000075", "visa", "credit", "GB", SUCCEEDED),
    ],
)
async def test_a_number_is_typed_in(
    stripe: Stripe, number: str, brand: str, funding: str, country: str, status: str
) -> None:
    made = await stripe.post("/payment_methods", **typed(number))
    intent = await stripe.paid(payment_method=made["id"])

    card = made["card"]
    assert (card["brand"], card["last4"], card["funding"]) == (brand, number[-4:], funding)
    assert (card["country"], intent["status"]) == (country, status)


@pytest.mark.parametrize("prefix", ["pm_card_", "tok_"])
@pytest.mark.parametrize(
    ("name", "code", "decline_code"),
    [
        ("visa_chargeDeclinedExpiredCard", "expired_card", None),
        ("visa_chargeDeclinedFraudulent", "card_declined", "fraudulent"),
        ("visa_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("visa_chargeDeclinedProcessingError", "processing_error", None),
        ("visa_debit_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ],
)
async def test_a_name_is_declined(
    stripe: Stripe, prefix: str, name: str, code: str, decline_code: str | None
) -> None:
    by_token = {"payment_method_data": {"type": "card", "card": {"token": f"tok_{name}"}}}
    how = {"payment_method": f"pm_card_{name}"} if prefix == "pm_card_" else by_token
    error = await stripe.refused(
        *("POST", "/payment_intents", 402),
        amount=1_000,
        currency="usd",
        confirm=True,
        payment_method_types=["card"],
        **how,
    )

    assert (error["code"], error.get("decline_code")) == (code, decline_code)


@pytest.mark.parametrize(
    ("name", "decline_code"),
    [
        ("visa_chargeCustomerFail", "generic_decline"),
        ("visa_chargeCustomerFailLostCard", "lost_card"),
        ("visa_chargeCustomerFailStolenCard", "stolen_card"),
    ],
)
async def test_a_token_is_attached_and_declined_then(stripe: Stripe, name: str, decline_code: str) -> None:
    customer = await stripe.post("/customers", source=f"tok_{name}")

    error = await stripe.refused(
        "POST", "/charges", 402, amount=1_000, currency="usd", customer=customer["id"]
    )

    assert (error["code"], error["decline_code"]) == ("card_declined", decline_code)


@pytest.mark.parametrize(
    ("name", "reason", "case_type", "brand"),
    [
        ("createCe3EligibleDispute", "fraudulent", "chargeback", "visa"),
        ("createComplianceDispute", "noncompliant", "compliance", "visa"),
        ("createMastercardComplianceDispute", "noncompliant", "compliance", "mastercard"),
        ("createAutoRepresentmentEligibleDispute", "fraudulent", "chargeback", "visa"),
        ("createRapidDisputeResolutionDispute", "fraudulent", "chargeback", "visa"),
        ("createCe3BlockDispute", "fraudulent", "chargeback", "visa"),
        ("createEthocaAlert", "fraudulent", "chargeback", "mastercard"),
    ],
)
async def test_a_charge_is_disputed(
    stripe: Stripe, name: str, reason: str, case_type: str, brand: str
) -> None:
    intent = await stripe.paid(payment_method=f"pm_card_{name}")

    [dispute] = (await stripe.get("/disputes", payment_intent=intent["id"]))["data"]

    card = dispute["payment_method_details"]["card"]
    assert (intent["status"], dispute["status"]) == (SUCCEEDED, "needs_response")
    assert (dispute["reason"], card["case_type"], card["brand"]) == (reason, case_type, brand)


async def test_who_is_known_without_a_question_is_authenticated(stripe: Stripe) -> None:
    pays, is_kept = [await stripe.post("/payment_methods", **typed("4000000032200000")) for _ in range(2)]
    intent = await stripe.paid(payment_method=pays["id"], expand=["latest_charge"])
    setup = await stripe.post(
        "/setup_intents",
        confirm=True,
        payment_method=is_kept["id"],
        payment_method_types=["card"],
        expand=["latest_attempt"],
    )

    for tried in (intent["latest_charge"], setup["latest_attempt"]):
        secure = tried["payment_method_details"]["card"]["three_d_secure"]
        assert (secure["authentication_flow"], secure["result"]) == ("frictionless", "authenticated")


@pytest.mark.parametrize(("wanted", "status"), [("automatic", SUCCEEDED), ("any", ASKED)])
async def test_adaptive_3d_secure_asks_where_it_is_wanted(stripe: Stripe, wanted: str, status: str) -> None:
    intent = await stripe.paid(
        payment_method="pm_card_adaptive3dsChallenge",
        payment_method_options={"card": {"request_three_d_secure": wanted}},
    )

    assert intent["status"] == status
