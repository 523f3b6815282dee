"""Refunds of what was no card, and of what cannot go back the way it came: then its payer is asked where to.

Source: Stripe, "Refund and cancel payments" and "Refund bank transfer payments", read 2026-11-27.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.payer import Payer
from tests.support.gateway import Gateway

PAGES: Final = "http://localhost/stripe/refunds"
DAY: Final = timedelta(days=1)


async def paid(
    stripe: Stripe, gateway: Gateway, kind: str = "konbini", *, email: str | None = "ann@example.com"
) -> dict[str, Any]:
    """A PaymentIntent that was paid with something of this type."""
    billing = {"name": "Ann", **({"email": email} if email else {})}
    currency = {"konbini": "jpy", "multibanco": "eur", "sepa_debit": "eur"}[kind]
    more = {"sepa_debit": {"iban": "DE89370400440532013000"}} if kind == "sepa_debit" else {}
    intent = await stripe.post(
        "/payment_intents",
        amount=1_000,
        currency=currency,
        confirm=True,
        payment_method_data={"type": kind, "billing_details": billing, **more},
        payment_method_types=[kind],
    )
    await gateway.tick(timedelta(minutes=2))
    found = await stripe.get(f"/payment_intents/{intent['id']}")
    assert found["status"] == "succeeded"
    return found


async def asked(stripe: Stripe, gateway: Gateway, **parameters: Any) -> dict[str, Any]:
    """A refund whose payer is asked."""
    intent = await paid(stripe, gateway)
    return await stripe.post("/refunds", payment_intent=intent["id"], **parameters)


async def told(stripe: Stripe, *types: str) -> list[str]:
    """What was told of these types, oldest first."""
    page = await stripe.get("/events", types=list(types), limit=100)
    return [each["type"] for each in page["data"][::-1]]


async def given_back(stripe: Stripe, refund: dict[str, Any]) -> int:
    """What its charge says was refunded."""
    charge = await stripe.get(f"/charges/{refund['charge']}")
    found: int = charge["amount_refunded"]
    return found


async def test_its_payer_is_asked_where_it_is_to_go(each_stripe: Stripe, each_gateway: Gateway) -> None:
    refund = await asked(each_stripe, each_gateway, instructions_email="ann@example.com", amount=400)

    assert (refund["status"], refund["id"][:4], refund["charge"][:3]) == ("requires_action", "pyr_", "py_")
    assert refund["instructions_email"] == "ann@example.com"
    display = refund["next_action"]["display_details"]
    assert display["email_sent"] == {
        "email_sent_at": refund["created"],
        "email_sent_to": "ann@example.com",
    }
    assert display["expires_at"] == refund["created"] + 45 * 86_400
    assert await each_stripe.get(f"/refunds/{refund['id']}") == refund
    assert await given_back(each_stripe, refund) == 400


async def test_they_say_so_at_a_page_and_it_arrives(gateway: Gateway, stripe: Stripe, payer: Payer) -> None:
    refund = await asked(stripe, gateway)
    page = await payer.go(f"{PAGES}/{refund['id']}")
    assert refund["id"] in page.text
    after = await payer.send(page.form)
    assert "pending" in after.text

    on_its_way = await stripe.get(f"/refunds/{refund['id']}")
    assert (on_its_way["status"], "next_action" in on_its_way) == ("pending", False)
    await gateway.tick(timedelta(minutes=2))
    arrived = await stripe.get(f"/refunds/{refund['id']}")
    assert arrived["status"] == "succeeded"
    destination = arrived["destination_details"]["jp_bank_transfer"]
    assert (destination["reference_status"], len(destination["reference"])) == ("available", 12)
    names = ("refund.created", "charge.refunded", "refund.updated", "charge.refund.updated")
    assert await told(stripe, *names) == [*names, *names[2:]]
    assert await given_back(stripe, refund) == 1_000


@pytest.mark.parametrize("by", ["the clock", "a helper", "the payer", "the merchant"])
async def test_or_the_money_stays(gateway: Gateway, stripe: Stripe, by: str) -> None:
    refund = await asked(stripe, gateway)
    page = f"{PAGES}/{refund['id']}"
    match by:
        case "the clock":
            await gateway.tick(45 * DAY - timedelta(seconds=1))
            assert (await stripe.get(f"/refunds/{refund['id']}"))["status"] == "requires_action"
            await gateway.tick(timedelta(seconds=1))
        case "a helper":
            await stripe.post(f"/test_helpers/refunds/{refund['id']}/expire")
        case "the payer":
            assert "canceled" in (await stripe.client.post(f"{page}?outcome=lapse")).text
        case _:
            await stripe.post(f"/refunds/{refund['id']}/cancel")

    canceled = await stripe.get(f"/refunds/{refund['id']}", expand=["failure_balance_transaction"])
    assert (canceled["status"], await given_back(stripe, refund)) == ("canceled", 0)
    assert canceled.get("failure_reason") == ("merchant_request" if by == "the merchant" else None)
    back = canceled["failure_balance_transaction"]
    assert (back["type"], back["amount"], back["source"]) == ("refund_failure", 1_000, refund["id"])
    # and nobody is asked any more
    for path, verb in (("/refunds/{}/cancel", "cancel"), ("/test_helpers/refunds/{}/expire", "expire")):
        error = await stripe.refused("POST", path.format(refund["id"]))
        assert error["message"] == f"You cannot {verb} a refund that has a status of canceled."
    assert "canceled" in (await stripe.client.post(f"{page}?outcome=tell")).text
    assert (await stripe.get(f"/refunds/{refund['id']}"))["status"] == "canceled"


async def test_a_card_is_never_asked(stripe: Stripe) -> None:
    intent = await stripe.paid(payment_method="pm_card_pendingRefund")
    refund = await stripe.post("/refunds", payment_intent=intent["id"], instructions_email="ann@example.com")

    assert (refund["status"], refund["id"][:3], "next_action" in refund) == ("pending", "re_", False)
    error = await stripe.refused("POST", f"/refunds/{refund['id']}/cancel")
    assert error["message"] == "You cannot cancel a refund that has a status of pending."
    for name in (refund["id"], refund["id"].replace("re_", "pyr_"), "pyr_nothing"):
        assert (await stripe.client.get(f"{PAGES}/{name}")).status_code == 404


async def test_without_an_address_nobody_can_be_asked(gateway: Gateway, stripe: Stripe) -> None:
    intent = await paid(stripe, gateway, email=None)

    error = await stripe.refused("POST", "/refunds", payment_intent=intent["id"])
    assert (error["code"], error["param"]) == ("parameter_missing", "instructions_email")
    refund = await stripe.post("/refunds", payment_intent=intent["id"], instructions_email="ann@example.com")
    assert refund["status"] == "requires_action"


async def test_what_was_no_card_has_ids_and_entries_of_its_own(gateway: Gateway, stripe: Stripe) -> None:
    debited = await paid(stripe, gateway, "sepa_debit")
    voucher = await paid(stripe, gateway, "multibanco")
    for intent, destination in ((debited, None), (voucher, "multibanco")):
        refund = await stripe.post(
            "/refunds", payment_intent=intent["id"], expand=["balance_transaction", "charge"]
        )
        assert (refund["status"], refund["id"][:4]) == ("succeeded", "pyr_")
        assert refund["charge"]["id"] == intent["latest_charge"]
        entry = refund["balance_transaction"]
        assert (entry["type"], entry["reporting_category"], entry["source"]) == (
            "payment_refund",
            "refund",
            refund["id"],
        )
        assert refund.get("destination_details", {}).get("type") == destination
    listed = await stripe.get("/balance_transactions", type="payment_refund")
    assert len(listed["data"]) == 2


async def test_of_a_native_payment_too(gateway: Gateway, stripe: Stripe) -> None:
    made = await gateway.client.post(
        "/payments",
        json={
            "amount": 500,
            "currency": "INR",
            "payment_method": {"type": "upi", "upi": {"vpa": "ann@bank"}},
        },
    )
    refund = await gateway.client.post(f"/payments/{made.json()['id']}/refund")

    key = {"authorization": gateway.client.headers["authorization"]}
    (shown,) = (await stripe.get("/refunds", headers=key))["data"]
    assert (shown["status"], shown["id"][:4], shown["charge"][:3]) == ("succeeded", "pyr_", "py_")
    assert refund.json()["status"] == "PROCESSED"


async def test_of_a_native_slip_the_payer_is_asked_too(gateway: Gateway, stripe: Stripe) -> None:
    given = {"amount": 500, "currency": "JPY", "payment_method": {"type": "konbini"}}
    key = {"authorization": gateway.client.headers["authorization"]}
    for email in (None, "ann@example.com"):
        await gateway.client.post("/payments", json={**given, "customer_email": email})
    await gateway.tick(timedelta(minutes=2))

    named, unnamed = (each["id"] for each in (await stripe.get("/charges", headers=key))["data"])
    error = await stripe.refused("POST", "/refunds", charge=unnamed, headers=key)
    assert error["param"] == "instructions_email"
    refund = await stripe.post("/refunds", charge=named, headers=key)
    assert (refund["status"], refund["instructions_email"]) == ("requires_action", "ann@example.com")
    assert refund["destination_details"]["type"] == "jp_bank_transfer"
