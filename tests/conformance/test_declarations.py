"""Objects have every member that the types of Stripe's library for Node declare to be there, null or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from tests.support.node_packages import installed
from tests.support.stripe_forms import form

Json = dict[str, Any]
PAYMENT: Final = {
    "amount": 5_000,
    "currency": "usd",
    "confirm": True,
    "payment_method": "pm_card_visa",
    "allowed_payment_method_types": ["card"],
}


def post(wire: httpx.Client, path: str, **given: Any) -> Json:
    answer = wire.post(path, data=form(given))
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


def got(wire: httpx.Client, path: str) -> Json:
    """An object, or the newest of a list."""
    answer = wire.get(path)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    newest: Json = found["data"][0] if found["object"] == "list" else found
    return newest


def payment(wire: httpx.Client, **more: Any) -> Json:
    return post(wire, "/v1/payment_intents", **{**PAYMENT, **more})


def disputed(wire: httpx.Client) -> Json:
    payment(wire, payment_method="pm_card_createDispute")
    return got(wire, "/v1/disputes")


def paid_out(wire: httpx.Client) -> Json:
    payment(wire, payment_method="pm_card_bypassPending")
    return post(wire, "/v1/payouts", amount=100, currency="usd")


def opened(wire: httpx.Client) -> Json:
    hat = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Hat"}}
    cart = [{"quantity": 1, "price_data": hat}]
    return post(
        wire, "/v1/checkout/sessions", mode="payment", success_url="https://shop.example", line_items=cart
    )


def linked(wire: httpx.Client) -> Json:
    hat = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Hat"}}
    return post(wire, "/v1/payment_links", line_items=[{"quantity": 1, "price_data": hat}])


def session_of_a_customer(wire: httpx.Client) -> Json:
    customer = post(wire, "/v1/customers")["id"]
    components = {"payment_element": {"enabled": True}}
    return post(wire, "/v1/customer_sessions", customer=customer, components=components)


CARD: Final = {"number": "4242424242424242", "exp_month": 8, "exp_year": 2031, "cvc": "314"}
OBJECTS: Final[dict[str, tuple[str, Callable[[httpx.Client], Json]]]] = {
    "Account": ("Accounts", lambda wire: got(wire, "/v1/account")),
    "Balance": ("Balance", lambda wire: got(wire, "/v1/balance")),
    "BalanceTransaction": (
        "BalanceTransactions",
        lambda wire: payment(wire) and got(wire, "/v1/balance_transactions"),
    ),
    "Charge": ("Charges", lambda wire: payment(wire) and got(wire, "/v1/charges")),
    "ConfirmationToken": (
        "ConfirmationTokens",
        lambda wire: post(wire, "/v1/test_helpers/confirmation_tokens", payment_method="pm_card_visa"),
    ),
    "Customer": ("Customers", lambda wire: post(wire, "/v1/customers")),
    "CustomerSession": ("CustomerSessions", session_of_a_customer),
    "Dispute": ("Disputes", disputed),
    "EventBase": ("Events", lambda wire: payment(wire) and got(wire, "/v1/events")),
    "PaymentIntent": ("PaymentIntents", payment),
    "PaymentLink": ("PaymentLinks", linked),
    "PaymentMethod": (
        "PaymentMethods",
        lambda wire: post(wire, "/v1/payment_methods", type="card", card=CARD),
    ),
    "Payout": ("Payouts", paid_out),
    "Price": (
        "Prices",
        lambda wire: post(wire, "/v1/prices", currency="usd", unit_amount=500, product_data={"name": "Hat"}),
    ),
    "Product": ("Products", lambda wire: post(wire, "/v1/products", name="Hat")),
    "Refund": (
        "Refunds",
        lambda wire: post(wire, "/v1/refunds", payment_intent=payment(wire)["id"], amount=500),
    ),
    "Session": ("Checkout/Sessions", opened),
    "SetupIntent": ("SetupIntents", lambda wire: post(wire, "/v1/setup_intents")),
    "TestClock": (
        "TestHelpers/TestClocks",
        lambda wire: post(wire, "/v1/test_helpers/test_clocks", frozen_time=1_900_000_000),
    ),
    "Token": ("Tokens", lambda wire: post(wire, "/v1/tokens", card=CARD)),
    "WebhookEndpoint": (
        "WebhookEndpoints",
        lambda wire: post(wire, "/v1/webhook_endpoints", url="http://127.0.0.1:9/", enabled_events=["*"]),
    ),
}
"""The file that declares a type, and how to come by an object of it."""
UNDECLARED: Final = {"Charge": {"destination", "dispute", "order"}}
"""Members that recorded answers of the API have, and the library's types do not."""


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_as_declared(wire: httpx.Client, name: str) -> None:
    file, make = OBJECTS[name]
    declared = members(file, name)

    found = make(wire)

    assert {each for each, is_always in declared.items() if is_always} - found.keys() == set()
    assert found.keys() - declared.keys() == UNDECLARED.get(name, set())


def members(file: str, name: str) -> dict[str, bool]:
    """The members of a declared type, each with whether it is always there."""
    text = (installed("stripe") / "esm" / "resources" / f"{file}.d.ts").read_text()
    declared = re.search(rf"^export interface {name} \{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    assert declared is not None
    found = re.findall(r"^    (\w+)(\??):", declared[1], re.MULTILINE)
    return {each: mark == "" for each, mark in found}
