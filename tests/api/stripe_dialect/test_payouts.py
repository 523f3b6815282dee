"""Payouts over the wire, in process."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.told import events_of

NO_SUCH = "po_0123456789abcdefghijklmn"


@pytest.fixture
async def rich(stripe: Stripe) -> Stripe:
    """Who has 94.70 dollars to pay out... of a hundred that were paid."""
    await stripe.paid(10_000, payment_method="pm_card_bypassPending")
    return stripe


async def available(stripe: Stripe) -> int:
    """What there is in dollars."""
    [amount] = (await stripe.get("/balance"))["available"]
    assert amount["currency"] == "usd"
    return int(amount["amount"])


async def test_a_payout_leaves_and_arrives(rich: Stripe, gateway: Gateway) -> None:
    payout = await rich.post(
        "/payouts",
        amount=9_000,
        currency="usd",
        description="Rent",
        metadata={"month": "5"},
        statement_descriptor="KYOTO TEA",
        expand=["balance_transaction"],
    )

    assert (payout["object"], payout["status"], payout["method"]) == ("payout", "pending", "standard")
    assert (payout["description"], payout["statement_descriptor"]) == ("Rent", "KYOTO TEA")
    entry = payout["balance_transaction"]
    assert (entry["amount"], entry["net"], entry["type"]) == (-9_000, -9_000, "payout")
    assert (entry["source"], await available(rich)) == (payout["id"], 680)
    assert await gateway.tick(timedelta(days=1)) == 1
    paid = await rich.get(f"/payouts/{payout['id']}")
    assert (paid["status"], paid["arrival_date"]) == ("paid", payout["created"] + 86_400)
    assert await available(rich) == 680
    assert await gateway.tick(timedelta(days=1)) == 0
    refused = await rich.refused("POST", f"/payouts/{payout['id']}/cancel")
    assert "is paid" in refused["message"]
    assert [each for each in await events_of(gateway) if each.startswith("payout")] == [
        "payout.created",
        "payout.paid",
    ]


async def test_an_instant_payout_arrives_sooner(rich: Stripe, gateway: Gateway) -> None:
    payout = await rich.post("/payouts", amount=1, currency="usd", method="instant")
    await gateway.tick(timedelta(minutes=30))

    assert (await rich.get(f"/payouts/{payout['id']}"))["status"] == "paid"


async def test_no_more_than_there_is(rich: Stripe, gateway: Gateway) -> None:
    await rich.paid(5_000)
    error = await rich.refused("POST", "/payouts", amount=9_681, currency="usd")
    assert (error["code"], error["type"]) == ("balance_insufficient", "invalid_request_error")
    error = await rich.refused("POST", "/payouts", amount=1, currency="eur")
    assert error["code"] == "balance_insufficient"

    await rich.post("/payouts", amount=9_680, currency="usd")
    assert await available(rich) == 0
    await rich.refused("POST", "/payouts", amount=1, currency="usd")
    gateway.clock.advance(timedelta(days=2))
    await rich.post("/payouts", amount=4_825, currency="usd")


async def test_a_payout_that_is_canceled_comes_back(rich: Stripe, gateway: Gateway) -> None:
    payout = await rich.post("/payouts", amount=9_000, currency="usd")

    canceled = await rich.post(f"/payouts/{payout['id']}/cancel", expand=["failure_balance_transaction"])

    back = canceled["failure_balance_transaction"]
    assert (canceled["status"], back["amount"], back["type"]) == ("canceled", 9_000, "payout_cancel")
    assert await available(rich) == 9_680
    assert await gateway.tick(timedelta(days=1)) == 0
    await rich.refused("POST", f"/payouts/{payout['id']}/cancel")


async def test_metadata_changes(rich: Stripe, gateway: Gateway) -> None:
    payout = await rich.post("/payouts", amount=9_000, currency="usd", metadata={"a": "1", "b": "2"})

    changed = await rich.post(f"/payouts/{payout['id']}", metadata={"a": "", "c": "3"})

    assert changed["metadata"] == {"b": "2", "c": "3"}
    assert await rich.get(f"/payouts/{payout['id']}") == changed
    assert (await events_of(gateway))[-1] == "payout.updated"


async def test_payouts_are_listed(rich: Stripe, gateway: Gateway) -> None:
    made = [(await rich.post("/payouts", amount=100, currency="usd"))["id"] for _ in range(3)]
    await rich.post(f"/payouts/{made[0]}/cancel")

    assert [each["id"] for each in (await rich.get("/payouts"))["data"]] == made[::-1]
    page = await rich.get("/payouts", limit=1, starting_after=made[2])
    assert ([each["id"] for each in page["data"]], page["has_more"]) == ([made[1]], True)
    canceled = (await rich.get("/payouts", status="canceled"))["data"]
    assert [each["id"] for each in canceled] == [made[0]]
    arrival = canceled[0]["arrival_date"]
    assert len((await rich.get("/payouts", arrival_date={"gte": arrival}))["data"]) == 3
    assert (await rich.get("/payouts", arrival_date={"lt": arrival}))["data"] == []


async def test_what_there_is_not(rich: Stripe) -> None:
    payout = await rich.post("/payouts", amount=1, currency="usd")

    for parameters in (
        {"amount": 0, "currency": "usd"},
        {"amount": -1, "currency": "usd"},
        {"amount": 10**40, "currency": "usd"},
        {"amount": 1, "currency": "zzz"},
        {"amount": 1, "currency": ""},
        {"currency": "usd"},
        {"amount": 1, "currency": "usd", "method": "slow"},
        {"amount": 1, "currency": "usd", "source_type": "fpx"},
        {"amount": 1, "currency": "usd", "destination": "ba_1"},
        {"amount": 1, "currency": "usd", "statement_descriptor": "x" * 300},
    ):
        await rich.refused("POST", "/payouts", **parameters)
    for path in ("", "/cancel"):
        error = await rich.refused("POST", f"/payouts/{NO_SUCH}{path}", 404)
        assert error["code"] == "resource_missing"
    await rich.refused("GET", f"/payouts/{NO_SUCH}", 404)
    refused = await rich.refused("POST", f"/payouts/{payout['id']}/reverse")
    assert "not simulated" in refused["message"]
    error = await rich.refused("GET", "/balance_transactions", payout=payout["id"])
    assert error["param"] == "payout"
