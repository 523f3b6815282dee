"""Charges without a PaymentIntent, over the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import told, types_told
from tests.support.gateway import Gateway

CARD: Final = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
ANOTHERS: Final = {"Authorization": "Bearer sk_test_of_somebody_else"}


async def a_charge(stripe: Stripe, **parameters: Any) -> dict[str, Any]:
    wanted = {"amount": 1_000, "currency": "usd", "source": "tok_visa", **parameters}
    return await stripe.post("/charges", **{name: each for name, each in wanted.items() if each is not None})


async def declined(stripe: Stripe, source: str) -> dict[str, Any]:
    return await stripe.refused("POST", "/charges", 402, amount=1_000, currency="usd", source=source)


async def test_a_token_is_charged(stripe: Stripe, gateway: Gateway) -> None:
    charge = await a_charge(
        stripe,
        amount=2_000,
        description="Order 7",
        metadata={"order": "7"},
        receipt_email="a@example.com",
        statement_descriptor_suffix="ORDER 7",
        transfer_group="g",
        shipping={"name": "Ada", "address": {"line1": "1 Main Street"}},
    )

    assert charge["id"].startswith("ch_")
    assert (charge["status"], charge["paid"], charge["captured"]) == ("succeeded", True, True)
    assert (charge["amount"], charge["amount_captured"], charge["currency"]) == (2_000, 2_000, "usd")
    assert (charge["payment_intent"], charge["customer"]) == (None, None)
    assert charge["payment_method"].startswith("card_")
    assert (charge["description"], charge["metadata"]) == ("Order 7", {"order": "7"})
    assert (charge["receipt_email"], charge["transfer_group"]) == ("a@example.com", "g")
    assert charge["statement_descriptor_suffix"] == "ORDER 7"
    assert charge["shipping"]["address"]["line1"] == "1 Main Street"
    assert charge["outcome"]["type"] == "authorized"
    assert await stripe.get(f"/charges/{charge['id']}") == charge
    assert (await stripe.get("/charges"))["data"] == [charge]
    assert await types_told(gateway) == ["charge.succeeded"]


async def test_a_card_is_charged_that_is_given_whole(stripe: Stripe) -> None:
    charge = await a_charge(stripe, source=None, card={**CARD, "name": "Ada"})

    assert charge["billing_details"]["name"] == "Ada"


async def test_a_customer_pays_with_their_default_source(stripe: Stripe) -> None:
    customer = await stripe.post("/customers", source="tok_visa")

    charge = await a_charge(stripe, source=None, customer=customer["id"])

    assert (charge["customer"], charge["payment_method"]) == (customer["id"], customer["default_source"])
    assert (await a_charge(stripe, source=None, customer=customer["id"]))["paid"]
    assert len((await stripe.get("/charges", customer=customer["id"]))["data"]) == 2


async def test_a_customer_pays_with_another_of_their_cards(stripe: Stripe) -> None:
    customer = (await stripe.post("/customers", source="tok_visa"))["id"]
    card = await stripe.post(f"/customers/{customer}/sources", source="tok_amex")

    charge = await a_charge(stripe, source=card["id"], customer=customer)

    assert charge["payment_method_details"]["card"]["brand"] == "amex"


async def test_a_customer_without_a_card_cannot_pay(stripe: Stripe) -> None:
    customer = (await stripe.post("/customers", payment_method="pm_card_visa"))["id"]

    error = await stripe.refused("POST", "/charges", 402, amount=1_000, currency="usd", customer=customer)

    assert (error["type"], error["code"], error["param"]) == ("card_error", "missing", "card")


async def test_a_customer_pays_with_nothing_of_others(stripe: Stripe) -> None:
    customer = (await stripe.post("/customers"))["id"]
    others = (await stripe.post("/customers", source="tok_visa"))["default_source"]

    for source in (others, "tok_visa", "card_nothing"):
        error = await stripe.refused(
            "POST", "/charges", 404, amount=1_000, currency="usd", customer=customer, source=source
        )
        assert (error["code"], error["param"]) == ("missing", "source")
        assert f"Customer {customer} does not have a linked source" in error["message"]


async def test_a_card_of_a_customer_needs_its_customer(stripe: Stripe) -> None:
    card = (await stripe.post("/customers", source="tok_visa"))["default_source"]

    error = await stripe.refused("POST", "/charges", amount=1_000, currency="usd", source=card)

    assert (error["code"], error["param"]) == ("resource_missing", "source")


@pytest.mark.parametrize(
    ("source", "code", "decline_code"),
    [
        ("tok_chargeDeclined", "card_declined", "generic_decline"),
        ("tok_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("tok_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("tok_chargeDeclinedProcessingError", "processing_error", None),
        ("tok_chargeCustomerFail", "card_declined", "generic_decline"),
        ("tok_threeDSecure2Required", "authentication_required", "authentication_required"),
        ("tok_authenticationRequired", "authentication_required", "authentication_required"),
    ],
)
async def test_a_decline_is_a_charge_that_failed(
    stripe: Stripe, gateway: Gateway, source: str, code: str, decline_code: str | None
) -> None:
    error = await declined(stripe, source)

    assert (error["type"], error["code"]) == ("card_error", code)
    if decline_code is not None:
        assert error["decline_code"] == decline_code
    assert "payment_intent" not in error
    charge = await stripe.get(f"/charges/{error['charge']}")
    assert (charge["status"], charge["paid"], charge["captured"]) == ("failed", False, False)
    assert (charge["failure_code"], charge["failure_message"]) == (code, error["message"])
    assert charge["outcome"]["type"] == "issuer_declined"
    assert await types_told(gateway) == ["charge.failed"]


async def test_a_blocked_charge_never_got_to_its_issuer(stripe: Stripe) -> None:
    error = await declined(stripe, "tok_radarBlock")

    outcome = (await stripe.get(f"/charges/{error['charge']}"))["outcome"]
    assert (outcome["type"], outcome["network_status"]) == ("blocked", "not_sent_to_network")


async def test_a_decline_is_answered_again_to_its_key(stripe: Stripe) -> None:
    fields: dict[str, Any] = {"amount": 1_000, "currency": "usd", "source": "tok_chargeDeclined"}
    headers = {"Idempotency-Key": "one"}

    first = await stripe.refused("POST", "/charges", 402, **fields, headers=headers)
    second = await stripe.refused("POST", "/charges", 402, **fields, headers=headers)

    assert first == second
    assert len((await stripe.get("/charges"))["data"]) == 1


@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"source": None}, "parameter_missing", None),
        ({"source": ""}, "parameter_invalid_empty", "source"),
        ({"amount": 0}, "amount_too_small", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": -1}, "parameter_invalid_integer", "amount"),
        ({"amount": "ten"}, "parameter_invalid_integer", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": 10**17}, "amount_too_large", "amount"),
        ({"amount": 10**30}, "parameter_invalid_integer", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"source": "tok_nothing"}, "resource_missing", "source"),
        ({"source": "src_nothing"}, "resource_missing", "source"),
        ({"source": "pm_card_visa"}, "resource_missing", "source"),
        ({"source": None, "card": "tok_nothing"}, "resource_missing", "card"),
        ({"customer": "cus_nothing"}, "resource_missing", "customer"),
        ({"application_fee_amount": 1}, None, "application_fee_amount"),
        ({"nonsense": 1}, "parameter_unknown", "nonsense"),
    ],
)
async def test_what_is_no_charge_is_refused(
    stripe: Stripe, parameters: dict[str, Any], code: str | None, param: str | None
) -> None:
    wanted = {"amount": 1_000, "currency": "usd", "source": "tok_visa", **parameters}

    error = await stripe.refused(
        "POST", "/charges", **{name: each for name, each in wanted.items() if each is not None}
    )

    assert (error.get("code"), error.get("param")) == (code, param)


async def test_what_is_kept_with_a_charge_is_changed(stripe: Stripe, gateway: Gateway) -> None:
    charge = await a_charge(stripe, description="Order 7", metadata={"a": "1", "b": "2"})

    changed = await stripe.post(
        f"/charges/{charge['id']}",
        description="Order 8",
        metadata={"a": "", "c": "3"},
        receipt_email="a@example.com",
        fraud_details={"user_report": "safe"},
        shipping={"name": "Ada", "address": {"line1": "1 Main Street"}},
        transfer_group="g",
    )

    assert changed == {
        **charge,
        "description": "Order 8",
        "metadata": {"b": "2", "c": "3"},
        "receipt_email": "a@example.com",
        "fraud_details": {"user_report": "safe"},
        "shipping": changed["shipping"],
        "transfer_group": "g",
    }
    assert await stripe.get(f"/charges/{charge['id']}") == changed
    event = (await told(gateway))[-1]
    assert event["type"] == "charge.updated"
    assert event["data"]["previous_attributes"] == {
        "description": "Order 7",
        "metadata": {"a": "1", "c": None},
        "receipt_email": None,
        "fraud_details": {"user_report": None},
        "shipping": None,
        "transfer_group": None,
    }


async def test_the_charge_of_an_intent_is_changed_alone(stripe: Stripe) -> None:
    intent = await stripe.paid(metadata={"k": "v"})

    changed = await stripe.post(f"/charges/{intent['latest_charge']}", metadata={"k": "w"})

    assert changed["metadata"] == {"k": "w"}
    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["metadata"] == {"k": "v"}
    await stripe.post("/refunds", payment_intent=intent["id"])
    assert (await stripe.get(f"/charges/{intent['latest_charge']}"))["metadata"] == {"k": "w"}


async def test_a_held_amount_is_captured(stripe: Stripe, gateway: Gateway) -> None:
    held = await a_charge(stripe, capture=False)
    assert (held["status"], held["captured"], held["amount_captured"]) == ("succeeded", False, 0)

    taken = await stripe.post(f"/charges/{held['id']}/capture", receipt_email="a@example.com")

    assert (taken["captured"], taken["amount_captured"]) == (True, 1_000)
    assert taken["receipt_email"] == "a@example.com"
    assert await types_told(gateway) == ["charge.succeeded", "charge.captured"]
    error = await stripe.refused("POST", f"/charges/{held['id']}/capture")
    assert error["code"] == "charge_already_captured"


async def test_a_part_is_captured_and_the_rest_released(stripe: Stripe) -> None:
    held = await a_charge(stripe, capture=False)

    taken = await stripe.post(f"/charges/{held['id']}/capture", amount=400)

    assert (taken["amount_captured"], taken["amount_refunded"], taken["refunded"]) == (400, 600, False)


@pytest.mark.parametrize("amount", [0, 1_001, -1, 10**17])
async def test_no_other_amount_is_captured(stripe: Stripe, amount: int) -> None:
    held = await a_charge(stripe, capture=False)

    error = await stripe.refused("POST", f"/charges/{held['id']}/capture", amount=amount)

    assert error["param"] == "amount"
    assert not (await stripe.get(f"/charges/{held['id']}"))["captured"]


async def test_a_charge_that_was_taken_at_once_is_not_captured(stripe: Stripe) -> None:
    charge = await a_charge(stripe)

    error = await stripe.refused("POST", f"/charges/{charge['id']}/capture")

    assert error["code"] == "charge_already_captured"


async def test_a_failed_charge_is_not_captured(stripe: Stripe) -> None:
    failed = (await declined(stripe, "tok_chargeDeclined"))["charge"]

    await stripe.refused("POST", f"/charges/{failed}/capture")


async def test_a_hold_that_lapsed_is_not_captured(stripe: Stripe, gateway: Gateway) -> None:
    held = await a_charge(stripe, capture=False)
    await gateway.tick(timedelta(days=8))

    error = await stripe.refused("POST", f"/charges/{held['id']}/capture")

    assert error["code"] == "charge_expired_for_capture"
    assert (await types_told(gateway))[-1] == "charge.expired"


async def test_the_charge_of_an_intent_is_captured_by_that(stripe: Stripe) -> None:
    intent = await stripe.paid(capture_method="manual")

    error = await stripe.refused("POST", f"/charges/{intent['latest_charge']}/capture")

    assert "PaymentIntent" in error["message"]
    assert (await stripe.get(f"/payment_intents/{intent['id']}"))["status"] == "requires_capture"


async def test_a_charge_is_refunded_below_itself(stripe: Stripe) -> None:
    charge = await a_charge(stripe)
    path = f"/charges/{charge['id']}"

    part = await stripe.post(f"{path}/refund", amount=300, metadata={"k": "v"})
    rest = await stripe.post(f"{path}/refunds", reason="duplicate")

    assert (part["object"], part["amount_refunded"], part["refunded"]) == ("charge", 300, False)
    assert (rest["object"], rest["amount"], rest["reason"]) == ("refund", 700, "duplicate")
    listed = await stripe.get(f"{path}/refunds")
    assert (listed["url"], [each["amount"] for each in listed["data"]]) == (f"/v1{path}/refunds", [700, 300])
    assert await stripe.get(f"{path}/refunds/{rest['id']}") == rest
    changed = await stripe.post(f"{path}/refunds/{rest['id']}", metadata={"a": "b"})
    assert changed["metadata"] == {"a": "b"}
    error = await stripe.refused("POST", f"{path}/refund")
    assert error["code"] == "charge_already_refunded"


async def test_a_refund_is_below_its_own_charge_only(stripe: Stripe) -> None:
    first, second = await a_charge(stripe), await a_charge(stripe)
    refund = await stripe.post("/refunds", charge=first["id"])

    for name in (refund["id"], "re_nothing", first["id"]):
        error = await stripe.refused("GET", f"/charges/{second['id']}/refunds/{name}", 404)
        assert error["code"] == "resource_missing"


async def test_a_refund_of_a_hold_lets_it_go(stripe: Stripe, gateway: Gateway) -> None:
    held = await a_charge(stripe, capture=False)
    await stripe.refused("POST", "/refunds", charge=held["id"], amount=400)

    refund = await stripe.post("/refunds", charge=held["id"])

    assert (refund["amount"], refund["status"], refund["balance_transaction"]) == (1_000, "succeeded", None)
    after = await stripe.get(f"/charges/{held['id']}")
    assert (after["captured"], after["refunded"], after["amount_refunded"]) == (False, True, 1_000)
    assert (await stripe.get("/refunds", charge=held["id"]))["data"] == [refund]
    assert await types_told(gateway) == ["charge.succeeded", "refund.created", "charge.refunded"]
    error = await stripe.refused("POST", f"/charges/{held['id']}/capture")
    assert error["code"] == "charge_already_refunded"
    error = await stripe.refused("POST", "/refunds", charge=held["id"])
    assert error["code"] == "charge_already_refunded"


async def test_another_merchants_charge_is_unknown(stripe: Stripe) -> None:
    charge = await a_charge(stripe, capture=False)
    path = f"/charges/{charge['id']}"

    for method, rest in (("GET", ""), ("POST", ""), ("POST", "/capture"), ("POST", "/refund")):
        error = await stripe.refused(method, f"{path}{rest}", 404, headers=ANOTHERS)
        assert error["code"] == "resource_missing"
    await stripe.refused("GET", f"{path}/refunds", 404, headers=ANOTHERS)
    assert (await stripe.get("/charges", headers=ANOTHERS))["data"] == []


@pytest.mark.parametrize("name", ["ch_nothing", "pi_nothing", "x", "ch_" + "z" * 24])
async def test_an_unknown_charge_is_missing(stripe: Stripe, name: str) -> None:
    for method, rest in (("GET", ""), ("POST", ""), ("POST", "/capture"), ("POST", "/refund")):
        error = await stripe.refused(method, f"/charges/{name}{rest}", 404)
        assert error["code"] == "resource_missing"


async def test_an_expanded_charge_shows_its_customer_and_refunds(stripe: Stripe) -> None:
    customer = await stripe.post("/customers", source="tok_visa", name="Ada")

    charge = await a_charge(stripe, source=None, customer=customer["id"], expand=["customer", "refunds"])

    assert charge["customer"]["name"] == "Ada"
    assert charge["refunds"]["data"] == []
    refunded = await stripe.post(f"/charges/{charge['id']}/refund", amount=300, expand=["refunds"])
    assert [each["amount"] for each in refunded["refunds"]["data"]] == [300]
    again = await stripe.get(f"/charges/{charge['id']}", expand=["refunds"])
    assert again["refunds"] == refunded["refunds"]


async def test_yen_have_no_decimals(stripe: Stripe, gateway: Gateway) -> None:
    charge = await a_charge(stripe, amount=500, currency="JPY")

    assert (charge["amount"], charge["currency"]) == (500, "jpy")
