"""What a payer chooses on the page of a Checkout session: how goods are sent, and how many there are."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import SHOP, Payer

SESSIONS: Final = "/checkout/sessions"
TEA: Final = {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "Tea"}}
DECLINED: Final = "visa_chargeDeclinedInsufficientFunds"
RATE: Final = "shipping_options[0][shipping_rate_data]"


def rate(name: str, amount: int, **more: Any) -> dict[str, Any]:
    """A way to have goods sent."""
    fixed = {"amount": amount, "currency": "usd"}
    return {
        "shipping_rate_data": {"display_name": name, "type": "fixed_amount", "fixed_amount": fixed, **more}
    }


def wanted(**more: Any) -> dict[str, Any]:
    """The parameters of a session for two teas."""
    lines = [{"price_data": TEA, "quantity": 2}]
    return {"mode": "payment", "success_url": SHOP + "/done", "line_items": lines, **more}


TWO_WAYS: Final = [rate("Standard", 500), rate("Express", 1_500)]


async def shown(stripe: Stripe, session: dict[str, Any], *expand: str) -> dict[str, Any]:
    """The session as it stands now."""
    return await stripe.get(f"{SESSIONS}/{session['id']}", expand=list(expand))


async def test_the_first_way_to_send_goods_is_added(stripe: Stripe, payer: Payer) -> None:
    estimate = {"minimum": {"unit": "business_day", "value": 5}, "maximum": {"unit": "week", "value": 2}}
    described = rate("Standard", 500, delivery_estimate=estimate, metadata={"a": "b"})
    session = await stripe.post(SESSIONS, **wanted(shipping_options=[described]))
    assert (session["amount_subtotal"], session["amount_total"]) == (2_500, 3_000)
    assert session["total_details"]["amount_shipping"] == 500
    (option,) = session["shipping_options"]
    assert option["shipping_rate"].startswith("shr_")
    assert option["shipping_amount"] == 500
    assert session["shipping_cost"] == {
        "amount_subtotal": 500,
        "amount_tax": 0,
        "amount_total": 500,
        "shipping_rate": option["shipping_rate"],
    }

    page = await payer.go(session["url"])
    assert "Standard" in page.text
    assert page.form.button == "Pay 30.00 USD"
    await payer.send(page.form, email="kim@example.com")
    paid = await shown(stripe, session, "payment_intent", "shipping_cost.shipping_rate")
    assert (paid["payment_intent"]["amount_received"], paid["payment_status"]) == (3_000, "paid")
    made = paid["shipping_cost"]["shipping_rate"]
    assert (made["display_name"], made["metadata"]) == ("Standard", {"a": "b"})
    assert (made["delivery_estimate"], made["fixed_amount"]["amount"]) == (estimate, 500)


async def test_rates_are_expanded_as_they_are_made(stripe: Stripe) -> None:
    paths = ["shipping_options.shipping_rate"]
    session = await stripe.post(SESSIONS, **wanted(shipping_options=TWO_WAYS, expand=paths))
    names = [each["shipping_rate"]["display_name"] for each in session["shipping_options"]]
    assert names == ["Standard", "Express"]


async def test_a_payer_picks_another_way(stripe: Stripe, payer: Payer) -> None:
    session = await stripe.post(SESSIONS, **wanted(shipping_options=TWO_WAYS))
    express = session["shipping_options"][1]["shipping_rate"]
    page = await payer.go(session["url"])
    assert (page.form.button, len(page.form.choices["shipping"])) == ("Pay", 2)
    page = await payer.send(page.form, email="kim@example.com", method=DECLINED)
    tried = await shown(stripe, session, "payment_intent")
    assert (tried["amount_total"], tried["payment_intent"]["amount"]) == (3_000, 3_000)

    await payer.send(page.form, shipping=express, method="visa")
    paid = await shown(stripe, session, "payment_intent")
    assert (paid["amount_total"], paid["shipping_cost"]["shipping_rate"]) == (4_000, express)
    assert paid["total_details"]["amount_shipping"] == 1_500
    assert paid["payment_intent"]["id"] == tried["payment_intent"]["id"]
    assert paid["payment_intent"]["amount_received"] == 4_000


async def test_what_was_picked_stays_picked(stripe: Stripe, payer: Payer) -> None:
    session = await stripe.post(SESSIONS, **wanted(shipping_options=TWO_WAYS))
    express = session["shipping_options"][1]["shipping_rate"]
    page = await payer.go(session["url"])
    page = await payer.send(page.form, email="kim@example.com", shipping=express, method=DECLINED)
    assert page.form.fields["shipping"] == express
    assert "40.00 USD" in page.text
    page = await payer.send(page.form, shipping="shr_none")
    assert "how the goods are sent" in page.alert


async def test_whether_anything_is_paid_may_depend_on_the_way(stripe: Stripe, payer: Payer) -> None:
    free = {"price_data": {**TEA, "unit_amount": 0}, "quantity": 1}
    options = [rate("Fetched", 0), rate("Sent", 500)]
    session = await stripe.post(SESSIONS, **wanted(line_items=[free], shipping_options=options))
    assert (session["payment_status"], session["amount_total"]) == ("no_payment_required", 0)
    fetched, sent = (each["shipping_rate"] for each in session["shipping_options"])
    page = await payer.go(session["url"])
    page = await payer.send(page.form, email="kim@example.com", shipping=sent, method=DECLINED)
    tried = await shown(stripe, session)
    assert (tried["payment_status"], tried["amount_total"]) == ("unpaid", 500)

    await payer.send(page.form, shipping=fetched)
    done = await shown(stripe, session, "payment_intent")
    assert (done["status"], done["payment_status"]) == ("complete", "no_payment_required")
    assert done["payment_intent"]["status"] == "canceled"


async def test_a_payer_chooses_how_many(stripe: Stripe, payer: Payer) -> None:
    lines = [
        {"price_data": TEA, "quantity": 1},
        {"price_data": TEA, "quantity": 2, "adjustable_quantity": {"enabled": True, "maximum": 5}},
    ]
    session = await stripe.post(SESSIONS, **wanted(line_items=lines, expand=["line_items"]))
    fixed, free = session["line_items"]["data"]
    assert fixed["adjustable_quantity"] is None
    assert free["adjustable_quantity"] == {"enabled": True, "maximum": 5, "minimum": 0}
    page = await payer.go(session["url"])
    assert page.form.fields["quantity_2"] == "2"
    assert "quantity_1" not in page.form.fields
    for wrong in ("0", "6", "-1", "two", "9" * 9):
        page = await payer.send(page.form, email="kim@example.com", quantity_2=wrong)
        assert "between 1 and 5" in page.alert

    await payer.send(page.form, quantity_1="7", quantity_2="4")
    paid = await shown(stripe, session, "line_items", "payment_intent")
    assert [each["quantity"] for each in paid["line_items"]["data"]] == [1, 4]
    assert (paid["amount_total"], paid["payment_intent"]["amount_received"]) == (6_250, 6_250)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"shipping_options": [rate("A", 500)] * 6}, "shipping_options"),
        ({"shipping_options": [rate("A", -1)]}, f"{RATE}[fixed_amount][amount]"),
        ({"shipping_options": [rate("A", 99_999_999)]}, "shipping_options"),
        (
            {"shipping_options": [rate("A", 1, fixed_amount={"amount": 1, "currency": "eur"})]},
            f"{RATE}[fixed_amount][currency]",
        ),
        ({"shipping_options": [{"shipping_rate_data": {"display_name": "A"}}]}, f"{RATE}[fixed_amount]"),
        ({"shipping_options": [rate("A", 1, type="by_weight")]}, f"{RATE}[type]"),
        ({"shipping_options": [{"shipping_rate": "shr_1"}]}, "shipping_options[0][shipping_rate]"),
        (
            {
                "line_items": [
                    {"price_data": TEA, "quantity": 3, "adjustable_quantity": {"enabled": True, "maximum": 2}}
                ]
            },
            "line_items[0][adjustable_quantity]",
        ),
    ],
)
async def test_what_cannot_be_chosen_is_refused(stripe: Stripe, given: dict[str, Any], param: str) -> None:
    error = await stripe.refused("POST", SESSIONS, **wanted(**given))
    assert error["param"] == param
    assert (await stripe.get(SESSIONS))["data"] == []
