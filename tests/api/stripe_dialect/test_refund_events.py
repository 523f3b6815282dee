"""What webhooks tell of a payment that is given back, waits, is warned of or was disputed in vain.

Source: Stripe, "Types of events" and "Testing", read 2026-11-27.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

_DAYS = timedelta(days=10)


async def told(stripe: Stripe, *types: str) -> list[dict[str, Any]]:
    """Events of these types, oldest first."""
    page = await stripe.get("/events", types=list(types), limit=100)
    events: list[dict[str, Any]] = page["data"][::-1]
    return events


async def test_what_was_given_back_before_is_told_with_a_refund(stripe: Stripe) -> None:
    paid = await stripe.paid(amount=2_000)
    await stripe.post("/refunds", payment_intent=paid["id"], amount=500)
    await stripe.post("/refunds", payment_intent=paid["id"])

    first, second = await told(stripe, "charge.refunded")
    assert first["data"]["previous_attributes"] == {"amount_refunded": 0}
    assert second["data"]["previous_attributes"] == {"amount_refunded": 500, "refunded": False}


async def test_a_hold_that_is_let_go_was_not_refunded_before(stripe: Stripe) -> None:
    held = await stripe.paid(amount=2_000, capture_method="manual")
    await stripe.post(f"/payment_intents/{held['id']}/cancel")

    (event,) = await told(stripe, "charge.refunded")
    before = event["data"]["previous_attributes"]
    assert (before["amount_refunded"], before["refunded"]) == (0, False)


async def test_a_refund_that_waits_is_told_of_at_once_and_when_it_has_moved(
    gateway: Gateway, stripe: Stripe
) -> None:
    paid = await stripe.paid(payment_method="pm_card_pendingRefund")
    await stripe.post("/refunds", payment_intent=paid["id"])
    names = ("refund.created", "charge.refunded", "refund.updated", "charge.refund.updated")
    assert [each["type"] for each in await told(stripe, *names)] == list(names[:2])

    await gateway.tick(_DAYS)
    *_, of_refund, of_charge = await told(stripe, *names)
    assert [of_refund["type"], of_charge["type"]] == list(names[2:])
    assert of_refund["data"]["object"]["status"] == "succeeded"
    assert of_refund["data"]["previous_attributes"]["status"] == "pending"
    assert of_charge["data"] == of_refund["data"]
    assert len(await told(stripe, "charge.refunded")) == 1


async def test_a_refund_that_fails_is_told_of_in_both_ways(gateway: Gateway, stripe: Stripe) -> None:
    paid = await stripe.paid(payment_method="pm_card_refundFail")
    await stripe.post("/refunds", payment_intent=paid["id"])
    await gateway.tick(_DAYS)

    failed, updated = await told(stripe, "refund.failed", "charge.refund.updated")
    assert [failed["type"], updated["type"]] == ["refund.failed", "charge.refund.updated"]
    assert updated["data"]["object"]["status"] == "failed"
    assert updated["data"]["previous_attributes"]["status"] == "succeeded"


async def test_a_charge_that_waits_is_told_of(stripe: Stripe) -> None:
    intent = await stripe.post(
        "/payment_intents",
        amount=2_000,
        currency="usd",
        confirm=True,
        payment_method="pm_usBankAccount_success",
        payment_method_types=["us_bank_account"],
    )

    pending, processing = await told(stripe, "charge.pending", "payment_intent.processing")
    assert (pending["type"], processing["type"]) == ("charge.pending", "payment_intent.processing")
    assert (pending["data"]["object"]["id"], pending["data"]["object"]["status"]) == (
        intent["latest_charge"],
        "pending",
    )


async def test_an_issuers_warning_is_told_of(stripe: Stripe) -> None:
    paid = await stripe.paid(payment_method="pm_card_createIssuerFraudRecord")

    (event,) = await told(stripe, "radar.early_fraud_warning.created")
    (listed,) = (await stripe.get("/radar/early_fraud_warnings"))["data"]
    assert event["data"] == {"object": listed}
    assert listed["payment_intent"] == paid["id"]
    assert stripe.judge is None or stripe.judge.event_problems(event) == []


async def test_a_dispute_that_was_won_costs_nothing(stripe: Stripe) -> None:
    await stripe.paid(amount=2_000, payment_method="pm_card_createDispute")
    (dispute,) = (await stripe.get("/disputes"))["data"]
    await stripe.post(
        f"/disputes/{dispute['id']}", evidence={"uncategorized_text": "winning_evidence"}, submit=True
    )

    entries = {
        each["reporting_category"]: each for each in (await stripe.get("/balance_transactions"))["data"]
    }
    back = entries["dispute_reversal"]
    assert (back["amount"], back["fee"], back["net"]) == (2_000, -1_500, 3_500)
    assert back["net"] + entries["dispute"]["net"] == 0
