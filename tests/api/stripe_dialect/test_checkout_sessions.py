"""Checkout sessions over the wire, in process: what a merchant asks of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.manual_clock import START
from tests.support.stripe_forms import form

SESSIONS = "/checkout/sessions"
TEA = {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "Tea"}}

CARD_OPTION = "payment_method_options[card][capture_method]"


def wanted(**more: Any) -> dict[str, Any]:
    """The parameters of a session for two teas."""
    return {
        "mode": "payment",
        "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/cart",
        "line_items": [{"price_data": TEA, "quantity": 2}],
        **more,
    }


async def test_a_session_waits_for_its_payer(stripe: Stripe) -> None:
    made = await stripe.post(SESSIONS, **wanted(client_reference_id="7", metadata={"order": "7"}))

    assert made["id"].startswith("cs_test_")
    assert (made["status"], made["payment_status"], made["mode"]) == ("open", "unpaid", "payment")
    assert (made["amount_subtotal"], made["amount_total"], made["currency"]) == (2_500, 2_500, "usd")
    assert (made["payment_intent"], made["customer"], made["client_reference_id"]) == (None, None, "7")
    assert made["url"] == f"http://localhost:8000/stripe/checkout/{made['id']}"
    assert made["expires_at"] == made["created"] + 24 * 60 * 60
    assert "line_items" not in made
    assert await stripe.get(f"{SESSIONS}/{made['id']}") == made


async def test_its_lines_are_shown_when_asked_for(stripe: Stripe) -> None:
    price = await stripe.post("/prices", currency="usd", unit_amount=300, product_data={"name": "Cup"})
    lines = [{"price_data": TEA, "quantity": 2}, {"price": price["id"], "quantity": 3}]
    made = await stripe.post(SESSIONS, **wanted(line_items=lines, expand=["line_items"]))
    assert made["amount_total"] == 3_400
    assert [each["description"] for each in made["line_items"]["data"]] == ["Tea", "Cup"]
    assert [each["amount_total"] for each in made["line_items"]["data"]] == [2_500, 900]
    assert made["line_items"]["data"][1]["price"] == price

    first = await stripe.get(f"{SESSIONS}/{made['id']}/line_items", limit=1)
    assert (first["has_more"], first["data"]) == (True, made["line_items"]["data"][:1])
    rest = await stripe.get(f"{SESSIONS}/{made['id']}/line_items", starting_after=first["data"][0]["id"])
    assert (rest["has_more"], rest["data"]) == (False, made["line_items"]["data"][1:])
    back = await stripe.get(f"{SESSIONS}/{made['id']}/line_items", ending_before=rest["data"][0]["id"])
    assert (back["has_more"], back["data"]) == (False, first["data"])
    error = await stripe.refused("GET", f"{SESSIONS}/{made['id']}/line_items", starting_after="li_none")
    assert error["code"] == "resource_missing"


async def test_what_is_described_within_a_session_is_kept_and_not_offered(stripe: Stripe) -> None:
    made = await stripe.post(SESSIONS, **wanted(expand=["line_items"]))
    price = made["line_items"]["data"][0]["price"]
    assert (price["active"], price["unit_amount"]) == (False, 1_250)
    assert await stripe.get(f"/prices/{price['id']}") == price
    assert (await stripe.get(f"/products/{price['product']}"))["name"] == "Tea"


async def test_only_what_is_noted_of_it_changes(stripe: Stripe) -> None:
    made = await stripe.post(SESSIONS, **wanted(metadata={"a": "1", "b": "2"}))
    changed = await stripe.post(f"{SESSIONS}/{made['id']}", metadata={"a": "", "c": "3"})
    assert changed == {**made, "metadata": {"b": "2", "c": "3"}}
    error = await stripe.refused("POST", f"{SESSIONS}/{made['id']}", line_items=[{"quantity": 1}])
    assert "not simulated" in error["message"]


async def test_it_can_be_closed_once(stripe: Stripe) -> None:
    made = await stripe.post(SESSIONS, **wanted())
    closed = await stripe.post(f"{SESSIONS}/{made['id']}/expire")
    assert (closed["status"], closed["url"], closed["payment_status"]) == ("expired", None, "unpaid")
    error = await stripe.refused("POST", f"{SESSIONS}/{made['id']}/expire")
    assert "expired" in error["message"]


async def test_it_closes_when_its_time_is_over(gateway: Gateway, stripe: Stripe) -> None:
    soon = int(START.timestamp()) + 30 * 60
    made = await stripe.post(SESSIONS, **wanted(expires_at=soon))
    assert made["expires_at"] == soon
    assert await gateway.tick(timedelta(minutes=29)) == 0
    assert await gateway.tick(timedelta(minutes=1)) == 1
    assert (await stripe.get(f"{SESSIONS}/{made['id']}"))["status"] == "expired"
    assert await gateway.tick(timedelta(days=1)) == 0


@pytest.mark.parametrize("seconds", [0, 29 * 60, 25 * 60 * 60, 2**60])
async def test_its_time_is_within_bounds(stripe: Stripe, seconds: int) -> None:
    error = await stripe.refused("POST", SESSIONS, **wanted(expires_at=int(START.timestamp()) + seconds))
    assert error["param"] == "expires_at"


async def test_lists_are_narrowed(stripe: Stripe) -> None:
    customer = await stripe.post("/customers", email="kim@example.com")
    mine = await stripe.post(SESSIONS, **wanted(customer=customer["id"]))
    other = await stripe.post(SESSIONS, **wanted(customer_email="lee@example.com"))
    await stripe.post(f"{SESSIONS}/{other['id']}/expire")

    async def ids(**narrowed: Any) -> list[str]:
        found = await stripe.client.get(f"/v1{SESSIONS}", params=form(narrowed))
        return [each["id"] for each in found.json()["data"]]

    assert await ids() == [other["id"], mine["id"]]
    assert await ids(limit=1, starting_after=other["id"]) == [mine["id"]]
    assert await ids(customer=customer["id"]) == [mine["id"]]
    assert await ids(status="expired") == [other["id"]]
    assert await ids(customer_details={"email": "lee@example.com"}) == [other["id"]]
    intent = await stripe.paid()
    assert await ids(payment_intent=intent["id"]) == []
    error = await stripe.refused("GET", SESSIONS, payment_intent="pi_none")
    assert error["code"] == "resource_missing"


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"mode": "setup"}, "line_items"),
        ({"setup_intent_data": {"description": "Later"}}, "setup_intent_data"),
        ({"mode": None}, "mode"),
        ({"ui_mode": "embedded_page"}, "ui_mode"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"success_url": "https://shop.example/ a"}, "success_url"),
        ({"cancel_url": "/cart"}, "cancel_url"),
        ({"cancel_url": "http://["}, "cancel_url"),
        ({"automatic_tax": {"enabled": True}}, "automatic_tax"),
        ({"invoice_creation": {"enabled": True}}, "invoice_creation"),
        ({"tax_id_collection": {"enabled": True}}, "tax_id_collection"),
        ({"customer_update": {"name": "auto"}}, "customer_update"),
        ({"payment_method_options": {"card": {"capture_method": "manual"}}}, CARD_OPTION),
        ({"discounts": [{"coupon": "off"}]}, "discounts"),
        ({"customer": "cus_none"}, "customer"),
        ({"customer": "pi_none"}, "customer"),
        ({"currency": "eur"}, "currency"),
        ({"payment_method_types": ["card", "customer_balance"]}, "payment_method_types[1]"),
        ({"line_items": [{"price_data": TEA}]}, "line_items[0][quantity]"),
        ({"line_items": [{"price_data": TEA, "quantity": 0}]}, "line_items[0][quantity]"),
        ({"line_items": [{"price_data": TEA, "quantity": 10**20}]}, "line_items[0][quantity]"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price]"),
        ({"line_items": [{"price_data": TEA, "quantity": 99_999}]}, "line_items"),
        ({"line_items": [{"price_data": {**TEA, "unit_amount": 10}, "quantity": 1}]}, "line_items"),
        ({"line_items": [{"price_data": TEA, "quantity": 1}] * 101}, "line_items"),
        (
            {
                "line_items": [
                    {"price_data": TEA, "quantity": 1},
                    {"price_data": {**TEA, "currency": "eur"}, "quantity": 1},
                ]
            },
            "line_items[1]",
        ),
        (
            {"line_items": [{"price_data": {**TEA, "recurring": {"interval": "month"}}, "quantity": 1}]},
            "line_items[0]",
        ),
    ],
)
async def test_what_cannot_be_is_refused(stripe: Stripe, given: dict[str, Any], param: str) -> None:
    error = await stripe.refused("POST", SESSIONS, **wanted(**given))
    assert error["param"] == param
    assert (await stripe.get(SESSIONS))["data"] == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("allow_promotion_codes", True),
        ("phone_number_collection", {"enabled": True}),
        ("shipping_address_collection", {"allowed_countries": ["US"]}),
    ],
)
async def test_a_setup_has_no_goods_to_send(stripe: Stripe, name: str, given: Any) -> None:
    wanted = {"mode": "setup", "currency": "usd", "success_url": "https://shop.example"}
    error = await stripe.refused("POST", SESSIONS, **wanted, **{name: given})
    assert error["param"] == name


@pytest.mark.parametrize("name", ["mode", "success_url", "line_items"])
async def test_what_is_needed_is_asked_for(stripe: Stripe, name: str) -> None:
    given = wanted()
    del given[name]
    error = await stripe.refused("POST", SESSIONS, **given)
    assert (error["param"], error["code"]) == (name, "parameter_missing")


async def test_prices_that_are_not_offered_are_not_sold(stripe: Stripe) -> None:
    price = await stripe.post(
        "/prices", currency="usd", unit_amount=300, product_data={"name": "Cup"}, active=False
    )
    error = await stripe.refused(
        "POST", SESSIONS, **wanted(line_items=[{"price": price["id"], "quantity": 1}])
    )
    assert "inactive" in error["message"]


async def test_a_session_is_the_merchants_own(stripe: Stripe) -> None:
    made = await stripe.post(SESSIONS, **wanted())
    other = {"Authorization": "Bearer sk_test_of_another_merchant"}
    for method, path in (
        ("GET", f"{SESSIONS}/{made['id']}"),
        ("POST", f"{SESSIONS}/{made['id']}/expire"),
        ("GET", f"{SESSIONS}/{made['id']}/line_items"),
    ):
        error = await stripe.refused(method, path, 404, headers=other)
        assert error["code"] == "resource_missing"
    for strange in ("cs_test_none", "pi_1", "é"):
        await stripe.refused("GET", f"{SESSIONS}/{strange}", 404)


async def test_the_page_has_an_older_name_too(stripe: Stripe) -> None:
    made = await stripe.post(SESSIONS, **wanted(ui_mode="hosted"))
    assert made["ui_mode"] == "hosted_page"
    error = await stripe.refused("POST", SESSIONS, **wanted(ui_mode="embedded"))
    assert (error["param"], "not simulated" in error["message"]) == ("ui_mode", True)
