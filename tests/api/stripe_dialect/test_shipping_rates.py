"""Shipping rates over the wire, in process, and Checkout sessions that offer them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import SHOP, Payer

RATES: Final = "/shipping_rates"
TEA: Final = {"currency": "usd", "unit_amount": 1_250, "product_data": {"name": "Tea"}}


async def made(stripe: Stripe, amount: int = 500, currency: str = "usd", **more: Any) -> dict[str, Any]:
    """A new rate."""
    fixed = {"amount": amount, "currency": currency}
    return await stripe.post(RATES, **{"display_name": "Standard", "fixed_amount": fixed, **more})


def offering(*options: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a session that offers these."""
    lines = [{"price_data": TEA, "quantity": 1}]
    return {
        "mode": "payment",
        "success_url": f"{SHOP}/done",
        "line_items": lines,
        "shipping_options": list(options),
    }


async def test_a_rate_is_made_changed_and_listed(stripe: Stripe) -> None:
    rate = await made(stripe, type="fixed_amount", metadata={"a": "b"}, tax_behavior="inclusive")
    assert (rate["id"][:4], rate["active"], rate["type"]) == ("shr_", True, "fixed_amount")
    assert rate["fixed_amount"] == {"amount": 500, "currency": "usd"}
    assert await stripe.get(f"{RATES}/{rate['id']}") == rate

    changed = await stripe.post(f"{RATES}/{rate['id']}", active=False, metadata={"a": ""})
    assert changed == {**rate, "active": False, "metadata": {}}

    other = await made(stripe, 900, "eur")
    assert [each["id"] for each in (await stripe.get(RATES))["data"]] == [other["id"], rate["id"]]
    for wanted, found in (({"active": True}, other), ({"currency": "usd"}, rate)):
        (only,) = (await stripe.get(RATES, **wanted))["data"]
        assert only["id"] == found["id"]


async def test_a_session_offers_what_there_is_beside_what_is_new(stripe: Stripe, payer: Payer) -> None:
    rate = await made(stripe)
    new = {"display_name": "Express", "fixed_amount": {"amount": 1_500, "currency": "usd"}}
    session = await stripe.post(
        "/checkout/sessions", **offering({"shipping_rate": rate["id"]}, {"shipping_rate_data": new})
    )
    known, _ = (each["shipping_rate"] for each in session["shipping_options"])
    assert (known, session["amount_total"]) == (rate["id"], 1_750)

    # A rate that is offered to nobody new stays where it is offered.
    await stripe.post(f"{RATES}/{rate['id']}", active=False)
    page = await payer.go(session["url"])
    await payer.send(page.form, email="ann@example.com", shipping=rate["id"])
    paid = await stripe.get(f"/checkout/sessions/{session['id']}", expand=["shipping_cost.shipping_rate"])
    assert (paid["amount_total"], paid["shipping_cost"]["shipping_rate"]["active"]) == (1_750, False)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"display_name": "A"}, "fixed_amount"),
        ({"display_name": "A", "fixed_amount": {"amount": -1, "currency": "usd"}}, "fixed_amount[amount]"),
        ({"display_name": "A", "fixed_amount": {"amount": 1, "currency": "xyz"}}, "fixed_amount[currency]"),
        ({"fixed_amount": {"amount": 1, "currency": "usd"}}, "display_name"),
    ],
)
async def test_what_cannot_be_a_rate(stripe: Stripe, given: dict[str, Any], param: str) -> None:
    assert (await stripe.refused("POST", RATES, **given))["param"] == param


async def test_what_cannot_be_offered(stripe: Stripe) -> None:
    euros, gone = await made(stripe, currency="eur"), await made(stripe)
    await stripe.post(f"{RATES}/{gone['id']}", active=False)
    for rate in (euros["id"], gone["id"], "shr_none"):
        error = await stripe.refused("POST", "/checkout/sessions", **offering({"shipping_rate": rate}))
        assert error["param"] == "shipping_options[0][shipping_rate]"
    both = {"shipping_rate": euros["id"], "shipping_rate_data": {"display_name": "A"}}
    error = await stripe.refused("POST", "/checkout/sessions", **offering(both))
    assert error["param"] == "shipping_options[0]"
    error = await stripe.refused("GET", f"{RATES}/shr_none", 404)
    assert error["code"] == "resource_missing"
