"""What is known later of a payment that was captured: what it put into the balance.

Source: Stripe, "Asynchronous capture", read 2026-11-27.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import SHOP, Payer
from tests.support.gateway import Gateway

SOON = timedelta(seconds=2)


async def told(stripe: Stripe, name: str) -> list[dict[str, Any]]:
    """What was told of this type."""
    found: list[dict[str, Any]] = (await stripe.get("/events", type=name))["data"]
    return found


async def entry_of(stripe: Stripe, charge_id: str) -> dict[str, Any] | None:
    """A charge's balance transaction, as soon as it is told of."""
    charge = await stripe.get(f"/charges/{charge_id}", expand=["balance_transaction"])
    found: dict[str, Any] | None = charge["balance_transaction"]
    return found


async def test_a_charge_has_its_balance_transaction_later(each_stripe: Stripe, each_gateway: Gateway) -> None:
    stripe = each_stripe
    paid = await stripe.paid(capture_method="automatic_async", expand=["latest_charge"])
    charge = paid["latest_charge"]
    assert (paid["status"], charge["captured"], charge["balance_transaction"]) == ("succeeded", True, None)

    await each_gateway.tick(SOON)
    entry = await entry_of(stripe, charge["id"])
    assert entry is not None
    assert (entry["source"], entry["amount"]) == (charge["id"], 1_000)
    (event,) = await told(stripe, "charge.updated")
    assert event["data"]["object"]["balance_transaction"] == entry["id"]
    assert event["data"]["previous_attributes"] == {"balance_transaction": None}
    assert len(await told(stripe, "payment_intent.succeeded")) == 1
    assert await each_gateway.tick(SOON) == 0


async def test_also_if_it_was_given_back_meanwhile(gateway: Gateway, stripe: Stripe) -> None:
    paid = await stripe.paid(capture_method="automatic_async")
    await stripe.post("/refunds", payment_intent=paid["id"])
    assert await entry_of(stripe, paid["latest_charge"]) is None

    await gateway.tick(SOON)
    assert await entry_of(stripe, paid["latest_charge"]) is not None
    assert (await stripe.get(f"/charges/{paid['latest_charge']}"))["refunded"] is True


async def test_and_after_a_checkout(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    tea = {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Tea"}}
    session = await stripe.post(
        "/checkout/sessions",
        mode="payment",
        line_items=[{"price_data": tea, "quantity": 1}],
        payment_intent_data={"capture_method": "automatic_async"},
        success_url=f"{SHOP}/done",
    )
    page = await payer.go(session["url"])
    await payer.send(page.form, email="ann@example.com")

    (charge,) = (await stripe.get("/charges"))["data"]
    assert charge["balance_transaction"] is None
    await gateway.tick(SOON)
    assert await entry_of(stripe, charge["id"]) is not None


async def test_where_it_is_not_asked_for_it_is_there_at_once(gateway: Gateway, stripe: Stripe) -> None:
    for paid in (await stripe.paid(), await stripe.paid(capture_method="automatic")):
        assert await entry_of(stripe, paid["latest_charge"]) is not None
    assert await gateway.tick(SOON) == 0


async def test_what_was_told_of_the_capture_is_not_told_again(gateway: Gateway, stripe: Stripe) -> None:
    for card in ("createIssuerFraudRecord", "createDispute"):
        await stripe.paid(payment_method=f"pm_card_{card}", capture_method="automatic_async")
    await gateway.tick(SOON)

    for name in ("radar.early_fraud_warning.created", "charge.dispute.created", "charge.succeeded"):
        assert len(await told(stripe, name)) == (2 if name == "charge.succeeded" else 1)
    assert len(await told(stripe, "charge.updated")) == 2


async def test_a_try_under_way_is_made_anew_when_it_is_asked_for(gateway: Gateway, stripe: Stripe) -> None:
    card = "pm_card_threeDSecureRequired"
    intent = await stripe.paid(payment_method=card, return_url=f"{SHOP}/done")
    assert intent["status"] == "requires_action"

    changed = await stripe.post(f"/payment_intents/{intent['id']}", capture_method="automatic_async")
    assert changed["status"] == "requires_confirmation"
    again = await stripe.post(f"/payment_intents/{intent['id']}/confirm", payment_method="pm_card_visa")
    assert await entry_of(stripe, again["latest_charge"]) is None
