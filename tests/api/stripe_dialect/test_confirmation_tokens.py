"""Confirmation tokens over the wire: what a payer's browser gathers, and one try of an intent with it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

PATH: Final = "/test_helpers/confirmation_tokens"
AMOUNT: Final[dict[str, Any]] = {"amount": 1_000, "currency": "usd"}
ADDRESS: Final = {"line1": "1 Main Street", "city": "Springfield", "postal_code": "12345", "country": "US"}
ANOTHERS: Final = {"Authorization": "Bearer sk_test_of_somebody_else"}
BACK: Final = "https://shop.example/done"


async def test_a_token_previews_its_method_and_says_how_long_it_is_good(stripe: Stripe) -> None:
    made = await stripe.post(
        PATH,
        payment_method_data={
            "type": "card",
            "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"},
            "billing_details": {"name": "Ada"},
        },
        return_url=BACK,
        setup_future_usage="off_session",
        shipping={"name": "Ada", "address": ADDRESS},
    )

    assert made["id"].startswith("ctoken_")
    assert made["expires_at"] - made["created"] == 12 * 60 * 60
    preview = made["payment_method_preview"]
    assert (preview["type"], preview["card"]["last4"]) == ("card", "4242")
    assert preview["billing_details"]["name"] == "Ada"
    assert (made["return_url"], made["setup_future_usage"]) == (BACK, "off_session")
    assert made["shipping"]["address"]["city"] == "Springfield"
    assert made["payment_intent"] is made["setup_intent"] is None
    assert await stripe.get(f"/confirmation_tokens/{made['id']}") == made


async def test_a_payment_is_finalized_with_all_that_its_token_says(stripe: Stripe) -> None:
    customer = await stripe.post("/customers")
    token = await stripe.post(
        PATH,
        payment_method="pm_card_visa",
        return_url=BACK,
        setup_future_usage="off_session",
        shipping={"name": "Ada", "address": ADDRESS},
    )

    paid = await stripe.post(
        "/payment_intents",
        **AMOUNT,
        customer=customer["id"],
        confirmation_token=token["id"],
        confirm=True,
        use_stripe_sdk=True,
        expand=["payment_method"],
    )

    assert (paid["status"], paid["setup_future_usage"]) == ("succeeded", "off_session")
    assert paid["shipping"]["name"] == "Ada"
    assert paid["payment_method"]["customer"] == customer["id"]
    used = await stripe.get(f"/confirmation_tokens/{token['id']}")
    assert used["payment_intent"] == paid["id"]


async def test_an_intent_that_waits_is_confirmed_with_one(stripe: Stripe) -> None:
    token = await stripe.post(PATH, payment_method="pm_card_threeDSecure2Required", return_url=BACK)
    intent = await stripe.post("/payment_intents", **AMOUNT)

    waiting = await stripe.post(f"/payment_intents/{intent['id']}/confirm", confirmation_token=token["id"])

    assert waiting["status"] == "requires_action"
    assert waiting["next_action"]["redirect_to_url"]["return_url"] == BACK


async def test_a_setup_is_confirmed_with_one(stripe: Stripe) -> None:
    token, other = [await stripe.post(PATH, payment_method="pm_card_visa", return_url=BACK) for _ in range(2)]

    made = await stripe.post("/setup_intents", confirmation_token=token["id"], confirm=True)
    waiting = await stripe.post("/setup_intents")
    confirmed = await stripe.post(f"/setup_intents/{waiting['id']}/confirm", confirmation_token=other["id"])

    assert made["status"] == confirmed["status"] == "succeeded"
    assert (await stripe.get(f"/confirmation_tokens/{other['id']}"))["setup_intent"] == waiting["id"]
    assert (await stripe.get(f"/payment_methods/{made['payment_method']}"))["card"]["last4"] == "4242"


async def test_a_method_that_is_kept_stays_the_same(stripe: Stripe) -> None:
    customer = await stripe.post("/customers")
    card = await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer["id"])
    token = await stripe.post(PATH, payment_method=card["id"], return_url=BACK)
    assert token["payment_method_preview"]["customer"] == customer["id"]

    paid = await stripe.post(
        "/payment_intents", **AMOUNT, customer=customer["id"], confirmation_token=token["id"], confirm=True
    )

    assert paid["payment_method"] == card["id"]


async def test_what_the_request_says_goes_first(stripe: Stripe) -> None:
    token = await stripe.post(PATH, payment_method="pm_card_visa", return_url=BACK)

    paid = await stripe.post(
        "/payment_intents",
        **AMOUNT,
        confirmation_token=token["id"],
        confirm=True,
        payment_method="pm_card_mastercard",
        expand=["payment_method"],
    )

    assert paid["payment_method"]["card"]["brand"] == "mastercard"


async def test_a_token_is_used_once_even_by_a_decline(stripe: Stripe) -> None:
    token = await stripe.post(PATH, payment_method="pm_card_visa_chargeDeclined", return_url=BACK)
    parameters = {**AMOUNT, "confirmation_token": token["id"], "confirm": True}

    declined = await stripe.refused("POST", "/payment_intents", 402, **parameters)
    again = await stripe.refused("POST", "/payment_intents", **parameters)

    assert declined["code"] == "card_declined"
    assert (again["type"], again["param"]) == ("invalid_request_error", "confirmation_token")


async def test_of_many_who_use_one_at_once_one_does(stripe: Stripe) -> None:
    token = await stripe.post(PATH, payment_method="pm_card_visa", return_url=BACK)
    fields = {"amount": "500", "currency": "usd", "confirm": "true", "confirmation_token": token["id"]}

    answers = await asyncio.gather(
        *(stripe.client.post("/v1/payment_intents", data=fields) for _ in range(5))
    )

    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400, 400]


async def test_a_token_expires(stripe: Stripe, gateway: Gateway) -> None:
    token = await stripe.post(PATH, payment_method="pm_card_visa", return_url=BACK)

    gateway.clock.advance(timedelta(hours=12))

    error = await stripe.refused(
        "POST", "/payment_intents", **AMOUNT, confirmation_token=token["id"], confirm=True
    )
    assert error["param"] == "confirmation_token"


@pytest.mark.parametrize(
    ("method", "path", "status", "parameters", "param"),
    [
        ("POST", PATH, 400, {}, "payment_method_data"),
        ("POST", PATH, 400, {"payment_method": "pm_nothing"}, "payment_method"),
        ("GET", "/confirmation_tokens/ctoken_nothing", 404, {}, "confirmation_token"),
        (
            *("POST", "/payment_intents", 400),
            {**AMOUNT, "confirmation_token": "ctoken_nothing", "confirm": True},
            "confirmation_token",
        ),
        (
            *("POST", "/payment_intents", 400),
            {**AMOUNT, "confirmation_token": "ctoken_nothing"},
            "confirmation_token",
        ),
    ],
)
async def test_what_cannot_be_is_refused(
    stripe: Stripe, method: str, path: str, status: int, parameters: dict[str, Any], param: str
) -> None:
    error = await stripe.refused(method, path, status, **parameters)

    assert error["param"] == param


async def test_another_merchants_token_is_unknown(stripe: Stripe) -> None:
    token = await stripe.post(PATH, payment_method="pm_card_visa", return_url=BACK)

    await stripe.refused("GET", f"/confirmation_tokens/{token['id']}", 404, headers=ANOTHERS)
    error = await stripe.refused(
        *("POST", "/payment_intents", 400),
        **AMOUNT,
        confirmation_token=token["id"],
        confirm=True,
        headers=ANOTHERS,
    )
    assert error["code"] == "resource_missing"
