"""Ephemeral keys and customer sessions: what an app's server hands to the app for its customer."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe

ANOTHERS: Final = {"Authorization": "Bearer sk_test_of_somebody_else"}
VERSION: Final = {"Stripe-Version": "2024-06-20"}
SESSIONS: Final = "/customer_sessions"
KEYS: Final = "/ephemeral_keys"


async def test_a_mobile_server_hands_over_what_its_app_asks_for(stripe: Stripe) -> None:
    # as every payment sheet begins: a customer, a key of theirs, a PaymentIntent
    customer = await stripe.post("/customers")
    key = await stripe.post(KEYS, customer=customer["id"], headers=VERSION)
    intent = await stripe.post("/payment_intents", amount=1_099, currency="eur", customer=customer["id"])

    assert (key["id"][:7], key["secret"][:8]) == ("ephkey_", "ek_test_")
    assert key["associated_objects"] == [{"id": customer["id"], "type": "customer"}]
    assert key["expires"] - key["created"] == 60 * 60
    assert intent["client_secret"]


async def test_a_key_is_ended_once(stripe: Stripe) -> None:
    customer = await stripe.post("/customers")
    key = await stripe.post(KEYS, customer=customer["id"])

    ended = await stripe.delete(f"{KEYS}/{key['id']}")

    assert (ended["id"], "secret" in ended) == (key["id"], False)
    for unknown in (key["id"], "ephkey_nothing"):
        error = await stripe.refused("DELETE", f"{KEYS}/{unknown}", 404)
        assert (error["code"], error["param"]) == ("resource_missing", "key")


async def test_a_session_has_what_was_switched_on_and_defaults_for_the_rest(stripe: Stripe) -> None:
    customer = await stripe.post("/customers")

    made = await stripe.post(
        SESSIONS,
        customer=customer["id"],
        components={
            "payment_element": {
                "enabled": True,
                "features": {
                    "payment_method_redisplay": "enabled",
                    "payment_method_save": "enabled",
                    "payment_method_save_usage": "off_session",
                },
            },
            "buy_button": {"enabled": False},
        },
        expand=["customer"],
    )

    assert made["client_secret"].startswith("cuss_secret_")
    assert (made["customer"]["id"], made["expires_at"] - made["created"]) == (customer["id"], 30 * 60)
    assert made["components"]["payment_element"] == {
        "enabled": True,
        "features": {
            "payment_method_allow_redisplay_filters": ["always"],
            "payment_method_redisplay": "enabled",
            "payment_method_redisplay_limit": 3,
            "payment_method_remove": "disabled",
            "payment_method_save": "enabled",
            "payment_method_save_usage": "off_session",
        },
    }
    assert made["components"]["customer_sheet"] == {"enabled": False, "features": None}
    assert made["components"]["buy_button"] == made["components"]["pricing_table"] == {"enabled": False}


@pytest.mark.parametrize(
    ("path", "parameters", "param"),
    [
        (KEYS, {}, "customer"),
        (KEYS, {"customer": "cus_nobody"}, "customer"),
        (KEYS, {"issuing_card": "ic_1"}, "issuing_card"),
        (SESSIONS, {"components": {"buy_button": {"enabled": True}}}, "customer"),
        (SESSIONS, {"customer": "cus_nobody", "components": {"buy_button": {"enabled": True}}}, "customer"),
        (SESSIONS, {"customer": "MINE"}, "components"),
        (SESSIONS, {"customer": "MINE", "components": {"buy_button": {"enabled": False}}}, "components"),
        (
            SESSIONS,
            {
                "customer": "MINE",
                "components": {
                    "payment_element": {"enabled": True, "features": {"payment_method_redisplay_limit": 11}}
                },
            },
            "components[payment_element][features][payment_method_redisplay_limit]",
        ),
    ],
)
async def test_what_cannot_be_is_refused(
    stripe: Stripe, path: str, parameters: dict[str, Any], param: str
) -> None:
    if parameters.get("customer") == "MINE":
        parameters = {**parameters, "customer": (await stripe.post("/customers"))["id"]}

    error = await stripe.refused("POST", path, **parameters)

    assert error["param"] == param


async def test_another_merchants_key_is_unknown(stripe: Stripe) -> None:
    key = await stripe.post(KEYS, customer=(await stripe.post("/customers"))["id"])

    answer = await stripe.client.delete(f"/v1{KEYS}/{key['id']}", headers=ANOTHERS)

    assert answer.status_code == 404


async def test_a_repeated_request_is_given_the_same_secret(stripe: Stripe) -> None:
    customer = await stripe.post("/customers")
    headers = {"Idempotency-Key": "once"}

    first = await stripe.post(KEYS, customer=customer["id"], headers=headers)

    assert await stripe.post(KEYS, customer=customer["id"], headers=headers) == first
