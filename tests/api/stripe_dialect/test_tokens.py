"""Tokens over the wire: made by anybody, used once."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

CARD: Final = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
ANOTHERS: Final = {"Authorization": "Bearer sk_test_of_somebody_else"}
PUBLIC: Final = {"Authorization": "Bearer pk_test_of_this_test"}


async def test_a_token_stands_for_a_card(stripe: Stripe) -> None:
    made = await stripe.post(
        "/tokens", card={**CARD, "name": "Ada", "address_line1": "1 Main Street", "address_zip": "12345"}
    )

    assert made["id"].startswith("tok_")
    assert (made["object"], made["type"], made["used"]) == ("token", "card", False)
    card = made["card"]
    assert card["id"].startswith("card_")
    assert (card["object"], card["brand"], card["last4"]) == ("card", "Visa", "4242")
    assert (card["exp_month"], card["exp_year"], card["name"]) == (12, 2030, "Ada")
    assert (card["address_line1_check"], card["address_zip_check"], card["cvc_check"]) == ("pass",) * 3
    assert await stripe.get(f"/tokens/{made['id']}") == made


async def test_a_year_may_have_two_digits(stripe: Stripe) -> None:
    made = await stripe.post("/tokens", card={**CARD, "exp_month": "03", "exp_year": "31"})

    assert (made["card"]["exp_month"], made["card"]["exp_year"]) == (3, 2031)


async def test_a_public_key_makes_and_reads_one(stripe: Stripe) -> None:
    made = await stripe.post("/tokens", card=CARD, headers=PUBLIC)

    assert await stripe.get(f"/tokens/{made['id']}", headers=PUBLIC) == made
    charge = await stripe.post("/charges", amount=1_000, currency="usd", source=made["id"])
    assert charge["paid"]


async def test_a_token_is_used_once(stripe: Stripe) -> None:
    token = (await stripe.post("/tokens", card=CARD))["id"]
    await stripe.post("/charges", amount=1_000, currency="usd", source=token)

    assert (await stripe.get(f"/tokens/{token}"))["used"]
    customer = (await stripe.post("/customers"))["id"]
    for path, parameters in (
        ("/charges", {"amount": 1_000, "currency": "usd", "source": token}),
        ("/customers", {"source": token}),
        (f"/customers/{customer}", {"source": token}),
        (f"/customers/{customer}/sources", {"source": token}),
    ):
        error = await stripe.refused("POST", path, **parameters)
        assert (error["code"], error["param"]) == ("token_already_used", "source")
    error = await stripe.refused("POST", "/sources", type="card", token=token)
    assert (error["code"], error["param"]) == ("token_already_used", "token")


async def test_of_many_who_use_a_token_at_once_one_does(stripe: Stripe, gateway: Gateway) -> None:
    token = (await stripe.post("/tokens", card=CARD))["id"]
    fields = {"amount": "1000", "currency": "usd", "source": token}

    answers = await asyncio.gather(*(stripe.client.post("/v1/charges", data=fields) for _ in range(8)))

    assert sorted(each.status_code for each in answers) == [200] + [400] * 7
    assert (await gateway.rows())["payments"] == 1


async def test_a_token_of_a_card_that_declines_is_used_up_by_the_charge(stripe: Stripe) -> None:
    token = (await stripe.post("/tokens", card={**CARD, "number": "4000000000000002"}))["id"]

    await stripe.refused("POST", "/charges", 402, amount=1_000, currency="usd", source=token)

    assert (await stripe.get(f"/tokens/{token}"))["used"]


async def test_a_customer_that_was_not_made_leaves_its_token(stripe: Stripe) -> None:
    token = (await stripe.post("/tokens", card={**CARD, "number": "4000000000000002"}))["id"]

    await stripe.refused("POST", "/customers", 402, source=token)

    assert not (await stripe.get(f"/tokens/{token}"))["used"]


async def test_a_test_token_is_new_each_time(stripe: Stripe) -> None:
    first = await stripe.post("/charges", amount=1_000, currency="usd", source="tok_visa")
    second = await stripe.post("/charges", amount=1_000, currency="usd", source="tok_visa")

    assert first["payment_method"] != second["payment_method"]


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "not a number"}, "invalid_number", "number"),
        ({"exp_month": "13"}, "invalid_expiry_month", "exp_month"),
        ({"exp_month": "March"}, "invalid_expiry_month", "exp_month"),
        ({"exp_month": "-1"}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": "1999"}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": "9" * 50}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "1"}, "invalid_cvc", "cvc"),
    ],
)
async def test_bad_card_data_is_refused(stripe: Stripe, card: dict[str, Any], code: str, param: str) -> None:
    error = await stripe.refused("POST", "/tokens", 402, card={**CARD, **card})

    assert (error["type"], error["code"], error["param"]) == ("card_error", code, param)


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({}, "card"),
        ({"card": {"number": "4242424242424242", "exp_year": "2030"}}, "card[exp_month]"),
        ({"card": "card_nothing"}, "card"),
        ({"bank_account": {"country": "US", "account_number": "000123456789"}}, "bank_account"),
        ({"pii": {"id_number": "000000000"}}, "pii"),
        ({"account": {"business_type": "individual"}}, "account"),
        ({"card": CARD, "nonsense": "1"}, "nonsense"),
        ({"card": {**CARD, "nonsense": "1"}}, "card[nonsense]"),
    ],
)
async def test_what_makes_no_token_is_refused(stripe: Stripe, parameters: dict[str, Any], param: str) -> None:
    error = await stripe.refused("POST", "/tokens", **parameters)

    assert (error["type"], error["param"]) == ("invalid_request_error", param)


@pytest.mark.parametrize("name", ["tok_nothing", "tok_visa", "x", "pm_card_visa", "tok_" + "z" * 24])
async def test_an_unknown_token_is_missing(stripe: Stripe, name: str) -> None:
    error = await stripe.refused("GET", f"/tokens/{name}", 404)

    assert error["code"] == "resource_missing"


async def test_another_merchants_token_is_unknown(stripe: Stripe) -> None:
    token = (await stripe.post("/tokens", card=CARD))["id"]

    await stripe.refused("GET", f"/tokens/{token}", 404, headers=ANOTHERS)
    error = await stripe.refused(
        "POST", "/charges", amount=1_000, currency="usd", source=token, headers=ANOTHERS
    )

    assert (error["code"], error["param"]) == ("resource_missing", "source")


@pytest.mark.parametrize("path", ["/payment_intents", "/setup_intents"])
async def test_an_intent_is_confirmed_with_a_token_once(stripe: Stripe, path: str) -> None:
    token = (await stripe.post("/tokens", card=CARD))["id"]
    by_token = {
        "payment_method_data": {"type": "card", "card": {"token": token}, "billing_details": {"name": "Ada"}},
        "payment_method_types": ["card"],
        "confirm": True,
        **({"amount": 1_000, "currency": "usd"} if path == "/payment_intents" else {}),
    }

    made = await stripe.post(path, expand=["payment_method"], **by_token)

    assert made["status"] == "succeeded"
    assert made["payment_method"]["card"]["last4"] == "4242"
    assert made["payment_method"]["billing_details"]["name"] == "Ada"
    assert (await stripe.get(f"/tokens/{token}"))["used"]
    error = await stripe.refused("POST", path, **by_token)
    assert (error["code"], error["param"]) == (*("token_already_used", "payment_method_data[card][token]"),)


async def test_a_token_that_only_describes_an_intent_is_used_too(stripe: Stripe) -> None:
    token = (await stripe.post("/tokens", card=CARD))["id"]
    data = {"type": "card", "card": {"token": token}}
    intent = await stripe.post(
        "/payment_intents", amount=1_000, currency="usd", payment_method_types=["card"]
    )

    described = await stripe.post(f"/payment_intents/{intent['id']}", payment_method_data=data)

    assert described["status"] == "requires_confirmation"
    assert (await stripe.get(f"/tokens/{token}"))["used"]
    assert (await stripe.post(f"/payment_intents/{intent['id']}/confirm"))["status"] == "succeeded"


async def test_a_token_is_spent_by_a_decline(stripe: Stripe) -> None:
    token = (await stripe.post("/tokens", card={**CARD, "number": "4000000000000341"}))["id"]
    data = {"type": "card", "card": {"token": token}}

    await stripe.refused(
        *("POST", "/payment_intents", 402),
        amount=1_000,
        currency="usd",
        payment_method_types=["card"],
        confirm=True,
        payment_method_data=data,
    )

    assert (await stripe.get(f"/tokens/{token}"))["used"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/payment_methods", {"type": "card", "card[token]": ""}),
        ("/sources", {"type": "card", "token": ""}),
        ("/payment_intents", {"amount": "500", "currency": "usd", "payment_method_data[card][token]": ""}),
    ],
)
async def test_whatever_many_make_of_a_token_at_once_one_does(
    stripe: Stripe, path: str, fields: dict[str, str]
) -> None:
    token = (await stripe.post("/tokens", card=CARD))["id"]
    extra = {"payment_method_data[type]": "card"} if path == "/payment_intents" else {}
    data = {**{name: value or token for name, value in fields.items()}, **extra}

    answers = await asyncio.gather(*(stripe.client.post(f"/v1{path}", data=data) for _ in range(5)))

    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400, 400]
