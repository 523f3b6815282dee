"""PaymentIntents over the wire, in process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

BY_CARD: dict[str, Any] = {"payment_method_types": ["card"]}


async def test_one_call_takes_a_payment(stripe: Stripe) -> None:
    intent = await stripe.paid(2_000, "usd", description="Order 7", metadata={"order": "7"})

    assert (intent["status"], intent["amount_received"]) == ("succeeded", 2_000)
    charge = await stripe.get(f"/charges/{intent['latest_charge']}")
    assert (charge["paid"], charge["captured"], charge["amount_captured"]) == (True, True, 2_000)
    assert charge["payment_method_details"]["card"]["last4"] == "4242"
    assert await stripe.get(f"/payment_intents/{intent['id']}") == intent


async def test_it_may_take_three_calls(stripe: Stripe) -> None:
    made = await stripe.post("/payment_intents", amount=500, currency="EUR", **BY_CARD)
    assert (made["status"], made["currency"], made["payment_method"]) == (
        "requires_payment_method",
        "eur",
        None,
    )

    ready = await stripe.post(f"/payment_intents/{made['id']}", payment_method="pm_card_mastercard")
    assert ready["status"] == "requires_confirmation"
    assert ready["payment_method"].startswith("pm_")

    paid = await stripe.post(f"/payment_intents/{made['id']}/confirm")
    assert (paid["status"], paid["payment_method"]) == ("succeeded", ready["payment_method"])


async def test_a_decline_leaves_it_open_for_another_card(stripe: Stripe) -> None:
    made = await stripe.post("/payment_intents", amount=500, currency="usd", **BY_CARD)
    path = f"/payment_intents/{made['id']}"

    error = await stripe.refused(
        "POST", f"{path}/confirm", 402, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds"
    )

    assert (error["type"], error["code"], error["decline_code"]) == (
        *("card_error", "card_declined", "insufficient_funds"),
    )
    assert error["payment_method"]["card"]["last4"] == "9995"
    shown = await stripe.get(path)
    assert error["payment_intent"] == shown
    assert (shown["status"], shown["payment_method"]) == ("requires_payment_method", None)
    assert shown["last_payment_error"]["charge"] == shown["latest_charge"] == error["charge"]
    failed = await stripe.get(f"/charges/{error['charge']}")
    assert (failed["status"], failed["failure_code"], failed["outcome"]["type"]) == (
        *("failed", "card_declined", "issuer_declined"),
    )

    paid = await stripe.post(f"{path}/confirm", payment_method="pm_card_visa")
    assert (paid["status"], paid["last_payment_error"]) == ("succeeded", None)
    tries = await stripe.get("/charges", payment_intent=made["id"])
    assert [each["status"] for each in tries["data"]] == ["succeeded", "failed"]


async def test_a_decline_at_creation_is_remembered_too(stripe: Stripe) -> None:
    wanted = {
        "amount": 700,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_card_visa_chargeDeclined",
    }
    headers = {"Idempotency-Key": "once"}
    first = await stripe.refused("POST", "/payment_intents", 402, headers=headers, **wanted, **BY_CARD)
    again = await stripe.refused("POST", "/payment_intents", 402, headers=headers, **wanted, **BY_CARD)
    assert first == again
    assert len((await stripe.get("/payment_intents"))["data"]) == 1


async def test_nothing_is_no_amount_to_capture(stripe: Stripe) -> None:
    held = await stripe.paid(2_000, "usd", capture_method="manual")

    error = await stripe.refused("POST", f"/payment_intents/{held['id']}/capture", amount_to_capture=0)

    assert (error["code"], error["param"]) == ("parameter_invalid_integer", "amount_to_capture")


async def test_holding_first_and_capturing_a_part(stripe: Stripe) -> None:
    held = await stripe.paid(1_000, capture_method="manual")
    assert (held["status"], held["amount_capturable"], held["amount_received"]) == (
        "requires_capture",
        1_000,
        0,
    )

    error = await stripe.refused("POST", f"/payment_intents/{held['id']}/capture", amount_to_capture=1_001)
    assert (error["code"], error["param"]) == ("amount_too_large", "amount_to_capture")
    taken = await stripe.post(f"/payment_intents/{held['id']}/capture", amount_to_capture=700)

    assert (taken["status"], taken["amount"], taken["amount_received"], taken["amount_capturable"]) == (
        *("succeeded", 1_000, 700, 0),
    )
    charge = await stripe.get(f"/charges/{taken['latest_charge']}")
    assert (charge["amount_captured"], charge["amount_refunded"], charge["refunded"]) == (700, 300, False)
    again = await stripe.refused("POST", f"/payment_intents/{held['id']}/capture")
    assert again["code"] == "payment_intent_unexpected_state"
    assert again["payment_intent"]["id"] == held["id"]


async def test_what_is_held_can_be_let_go(stripe: Stripe) -> None:
    held = await stripe.paid(1_000, capture_method="manual")
    gone = await stripe.post(f"/payment_intents/{held['id']}/cancel", cancellation_reason="abandoned")
    assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "abandoned")
    assert gone["canceled_at"] is not None
    charge = await stripe.get(f"/charges/{held['latest_charge']}")
    assert (charge["captured"], charge["refunded"], charge["amount_refunded"]) == (False, True, 1_000)
    error = await stripe.refused("POST", f"/payment_intents/{held['id']}/cancel")
    assert error["code"] == "payment_intent_unexpected_state"


async def test_what_is_held_lapses_after_a_week(gateway: Gateway, stripe: Stripe) -> None:
    held = await stripe.paid(1_000, capture_method="manual")
    await gateway.tick(timedelta(days=7))
    lapsed = await stripe.get(f"/payment_intents/{held['id']}")
    assert (lapsed["status"], lapsed["cancellation_reason"]) == ("canceled", "automatic")


@pytest.mark.parametrize(
    ("parameters", "status", "code", "param"),
    [
        ({"currency": "usd"}, 400, "parameter_missing", "amount"),
        ({"amount": 100}, 400, "parameter_missing", "currency"),
        ({"amount": "ten", "currency": "usd"}, 400, "parameter_invalid_integer", "amount"),
        ({"amount": "10.5", "currency": "usd"}, 400, "parameter_invalid_integer", "amount"),
        ({"amount": 49, "currency": "usd"}, 400, "amount_too_small", "amount"),
        ({"amount": 100_000_000, "currency": "usd"}, 400, "amount_too_large", "amount"),
        ({"amount": 10**40, "currency": "usd"}, 400, None, "amount"),
        ({"amount": -5, "currency": "usd"}, 400, None, "amount"),
        ({"amount": 100, "currency": "xxx"}, 400, None, "currency"),
        ({"amount": 100, "currency": "usd", "colour": "red"}, 400, "parameter_unknown", "colour"),
        ({"amount": 100, "currency": "usd", "customer": "cus_none"}, 400, "resource_missing", "customer"),
        (
            {"amount": 100, "currency": "usd", "payment_method": "pm_none"},
            *(400, "resource_missing", "payment_method"),
        ),
        ({"amount": 100, "currency": "usd", "off_session": True}, 400, None, "off_session"),
        (
            {"amount": 100, "currency": "usd", "confirm": True, **BY_CARD},
            400,
            "parameter_missing",
            "payment_method",
        ),
        (
            {"amount": 100, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"},
            *(400, None, "return_url"),
        ),
        ({"amount": 105, "currency": "kwd"}, 400, "invalid_amount", "amount"),
        ({"amount": 100, "currency": "usd", "metadata": {"a" * 41: "b"}}, 400, None, None),
        (
            {"amount": 100, "currency": "usd", "application_fee_amount": 1},
            400,
            None,
            "application_fee_amount",
        ),
    ],
)
async def test_what_cannot_be_is_refused(
    stripe: Stripe, parameters: dict[str, Any], status: int, code: str | None, param: str | None
) -> None:
    error = await stripe.refused("POST", "/payment_intents", status, **parameters)
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    if code is not None:
        assert error["code"] == code
    if param is not None:
        assert error["param"] == param


@pytest.mark.parametrize("name", ["off_session", "error_on_requires_action"])
async def test_what_only_a_confirmation_may_say_is_taken_where_it_is_false(stripe: Stripe, name: str) -> None:
    made = await stripe.post("/payment_intents", amount=500, currency="usd", **{name: False})

    assert made["status"] == "requires_payment_method"
    error = await stripe.refused("POST", "/payment_intents", amount=500, currency="usd", **{name: True})
    assert error["param"] == name


async def test_zero_decimal_currencies_are_counted_in_whole(stripe: Stripe) -> None:
    intent = await stripe.paid(500, "jpy")
    assert intent["amount_received"] == 500
    error = await stripe.refused("POST", "/payment_intents", amount=150, currency="isk")
    assert error["param"] == "amount"
    crowns = await stripe.paid(50_000, "isk")
    assert crowns["amount_received"] == 50_000


async def test_lists_page_both_ways(stripe: Stripe) -> None:
    made = [
        (await stripe.post("/payment_intents", amount=100 + each, currency="usd"))["id"] for each in range(5)
    ]
    newest_first = made[::-1]

    first = await stripe.get("/payment_intents", limit=2)
    second = await stripe.get("/payment_intents", limit=2, starting_after=first["data"][-1]["id"])
    back = await stripe.get("/payment_intents", limit=1, ending_before=second["data"][-1]["id"])

    assert [each["id"] for each in first["data"]] == newest_first[:2]
    assert [each["id"] for each in second["data"]] == newest_first[2:4]
    assert [each["id"] for each in back["data"]] == newest_first[2:3]
    assert (first["has_more"], back["has_more"]) == (True, True)
    error = await stripe.refused("GET", "/payment_intents", starting_after="pi_none")
    assert (error["code"], error["param"]) == ("resource_missing", "starting_after")


async def test_search_finds_by_query(stripe: Stripe) -> None:
    paid = await stripe.paid(1_500, metadata={"order": "7"})
    await stripe.paid(500)
    found = await stripe.get("/payment_intents/search", query="amount>1000 AND metadata['order']:'7'")
    assert [each["id"] for each in found["data"]] == [paid["id"]]
    error = await stripe.refused("GET", "/payment_intents/search", query="nonsense:")
    assert error["param"] == "query"


async def test_another_merchants_are_unknown(gateway: Gateway, stripe: Stripe) -> None:
    paid = await stripe.paid()
    stripe.client.headers["Authorization"] = "Bearer sk_test_of_somebody_else"
    for path in (f"/payment_intents/{paid['id']}", f"/charges/{paid['latest_charge']}"):
        error = await stripe.refused("GET", path, 404)
        assert error["code"] == "resource_missing"
    assert (await stripe.get("/payment_intents"))["data"] == []


async def test_expansion_shows_what_is_new_in_the_same_call(stripe: Stripe) -> None:
    customer = await stripe.post("/customers", email="ann@example.com")
    intent = await stripe.paid(
        900, customer=customer["id"], expand=["latest_charge", "customer", "payment_method"]
    )
    assert intent["latest_charge"]["payment_intent"] == intent["id"]
    assert intent["customer"] == customer
    assert intent["payment_method"]["card"]["brand"] == "visa"
    listed = await stripe.get("/payment_intents", expand=["data.latest_charge.customer"])
    assert listed["data"][0]["latest_charge"]["customer"] == customer
    error = await stripe.refused("GET", f"/payment_intents/{intent['id']}", expand=["status"])
    assert error["param"] == "expand"
