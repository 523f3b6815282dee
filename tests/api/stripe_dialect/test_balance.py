"""The balance and its transactions over the wire, in process; the queries on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway

NO_SUCH = "txn_0123456789abcdefghijklmn"
DAY = timedelta(days=1)


async def balance(stripe: Stripe) -> dict[str, tuple[int, int]]:
    """Pending and available, by currency."""
    found = await stripe.get("/balance")
    pending = {each["currency"]: each["amount"] for each in found["pending"]}
    available = {each["currency"]: each["amount"] for each in found["available"]}
    assert pending.keys() == available.keys()
    return {currency: (pending[currency], available[currency]) for currency in pending}


async def every(stripe: Stripe, limit: int = 100, **wanted: Any) -> list[dict[str, Any]]:
    """All transactions, page by page, the newest first."""
    found: list[dict[str, Any]] = []
    more = True
    while more:
        after = {"starting_after": found[-1]["id"]} if found else {}
        page = await stripe.get("/balance_transactions", limit=limit, **wanted, **after)
        found += page["data"]
        more = page["has_more"]
    return found


def sums(transactions: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Pending and available as transactions add up."""
    found: dict[str, tuple[int, int]] = {"usd": (0, 0)}
    for each in transactions:
        pending, available = found.get(each["currency"], (0, 0))
        net = each["net"]
        found[each["currency"]] = (
            (pending + net, available) if each["status"] == "pending" else (pending, available + net)
        )
    return found


async def story(stripe: Stripe, gateway: Gateway) -> None:
    """Some of everything that moves money, over ten days."""
    first = await stripe.paid(10_000)
    await stripe.paid(5_000, "jpy")
    await stripe.paid(7_777, "eur", payment_method="pm_card_bypassPending")
    await stripe.paid(4_321, "usd", payment_method="pm_card_bypassPendingInternational")
    await stripe.post("/refunds", payment_intent=first["id"], amount=2_500)
    held = await stripe.paid(3_000, capture_method="manual")
    await stripe.paid(900, capture_method="manual")
    failing = await stripe.paid(1_234, payment_method="pm_card_refundFail")
    await stripe.post("/refunds", payment_intent=failing["id"])
    won = await stripe.paid(2_000, payment_method="pm_card_createDispute")
    await stripe.paid(2_001, payment_method="pm_card_createDisputeInquiry")
    [dispute] = (await stripe.get("/disputes", payment_intent=won["id"]))["data"]
    await gateway.tick(DAY)
    await stripe.post(f"/payment_intents/{held['id']}/capture", amount_to_capture=2_999)
    await stripe.post(f"/disputes/{dispute['id']}", evidence={"uncategorized_text": "winning_evidence"})
    await stripe.paid(6_000)
    await gateway.tick(timedelta(hours=1))
    await stripe.post("/payouts", amount=1_000, currency="eur")
    payout = await stripe.post("/payouts", amount=500, currency="eur")
    await gateway.tick(timedelta(minutes=1))
    await stripe.post(f"/payouts/{payout['id']}/cancel")
    await gateway.client.post("/payments", json={"amount": 100, "currency": "INR"})


async def test_transactions_add_up_to_the_balance(each_stripe: Stripe, each_gateway: Gateway) -> None:
    stripe = each_stripe
    await story(stripe, each_gateway)

    for _ in range(12):
        assert sums(await every(stripe)) == await balance(stripe)
        await each_gateway.tick(DAY / 4)

    found = await every(stripe)
    kinds = {each["reporting_category"] for each in found}
    assert kinds == {
        *("charge", "refund", "refund_failure", "dispute", "dispute_reversal"),
        *("payout", "payout_reversal"),
    }
    assert all(pending == 0 for pending, _ in (await balance(stripe)).values())


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_have_each_transaction_once(
    each_stripe: Stripe, each_gateway: Gateway, limit: int
) -> None:
    stripe = each_stripe
    await story(stripe, each_gateway)
    whole = [each["id"] for each in await every(stripe)]
    assert len(set(whole)) == len(whole) == 17
    created = [each["created"] for each in await every(stripe)]
    assert created == sorted(created, reverse=True)

    assert [each["id"] for each in await every(stripe, limit)] == whole
    backwards: list[str] = [whole[-1]]
    more = True
    while more:
        page = await stripe.get("/balance_transactions", limit=limit, ending_before=backwards[0])
        backwards = [*(each["id"] for each in page["data"]), *backwards]
        more = page["has_more"]
    assert backwards == whole


async def test_lists_are_narrowed(stripe: Stripe, gateway: Gateway) -> None:
    await story(stripe, gateway)
    whole = await every(stripe)

    for limit in (2, 100):
        assert await every(stripe, limit, currency="eur") == [
            each for each in whole if each["currency"] == "eur"
        ]
        assert await every(stripe, limit, type="charge") == [
            each for each in whole if each["type"] == "charge"
        ]
    moments = sorted({each["created"] for each in whole})
    for moment in moments:
        assert await every(stripe, created=moment) == [each for each in whole if each["created"] == moment]
        assert await every(stripe, 2, created={"gt": moment}) == [
            each for each in whole if each["created"] > moment
        ]
        assert await every(stripe, 2, created={"lte": moment}) == [
            each for each in whole if each["created"] <= moment
        ]
    for source in {each["source"] for each in whole}:
        of_source = [each for each in whole if each["source"] == source]
        assert await every(stripe, source=source) == of_source
        assert await every(stripe, 1, source=source) == of_source
    assert await stripe.get("/balance/history") == await stripe.get("/balance_transactions")


async def test_a_charge_is_pending_for_two_days(stripe: Stripe, gateway: Gateway) -> None:
    assert await balance(stripe) == {"usd": (0, 0)}
    intent = await stripe.paid(10_000, description="Tea", expand=["latest_charge.balance_transaction"])

    found = intent["latest_charge"]["balance_transaction"]
    assert (found["amount"], found["fee"], found["net"]) == (10_000, 320, 9_680)
    assert (found["status"], found["type"], found["reporting_category"]) == ("pending", "charge", "charge")
    assert (found["source"], found["description"]) == (intent["latest_charge"]["id"], "Tea")
    assert found["available_on"] == found["created"] + 2 * 86_400
    [fee] = found["fee_details"]
    assert (fee["amount"], fee["currency"], fee["type"]) == (320, "usd", "stripe_fee")
    assert await balance(stripe) == {"usd": (9_680, 0)}

    gateway.clock.advance(2 * DAY - timedelta(microseconds=1))
    assert await stripe.get(f"/balance_transactions/{found['id']}") == found
    gateway.clock.advance(timedelta(microseconds=1))
    later = await stripe.get(f"/balance/history/{found['id']}")
    assert later == {**found, "status": "available"}
    assert await balance(stripe) == {"usd": (0, 9_680)}


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [(1_000, "jpy", 59), (10_000, "kwd", 590), (1_050, "eur", 60), (50, "usd", 31)],
)
async def test_fees_are_rounded_half_up(stripe: Stripe, amount: int, currency: str, fee: int) -> None:
    intent = await stripe.paid(amount, currency, expand=["latest_charge.balance_transaction"])

    assert intent["latest_charge"]["balance_transaction"]["fee"] == fee


async def test_what_is_captured_later_counts_from_then(stripe: Stripe, gateway: Gateway) -> None:
    intent = await stripe.paid(1_000, capture_method="manual")
    assert await every(stripe) == []
    gateway.clock.advance(DAY)
    await stripe.post(f"/payment_intents/{intent['id']}/capture", amount_to_capture=400)

    [found] = await every(stripe)
    assert (found["amount"], found["created"]) == (400, intent["created"] + 86_400)


async def test_a_refund_and_its_failure(stripe: Stripe, gateway: Gateway) -> None:
    intent = await stripe.paid(1_000, payment_method="pm_card_refundFail")
    refund = await stripe.post("/refunds", payment_intent=intent["id"], expand=["balance_transaction"])
    given = refund["balance_transaction"]
    assert (given["amount"], given["fee"], given["type"], given["source"]) == (
        -1_000,
        0,
        "refund",
        refund["id"],
    )
    await gateway.tick(DAY)

    failed = await stripe.get(f"/refunds/{refund['id']}", expand=["failure_balance_transaction"])
    back = failed["failure_balance_transaction"]
    assert (back["amount"], back["type"], back["source"]) == (1_000, "refund_failure", refund["id"])
    gateway.clock.advance(DAY)
    await stripe.post(f"/refunds/{refund['id']}", metadata={"seen": "yes"})
    assert await stripe.get(f"/balance_transactions/{back['id']}") == back


async def test_what_was_only_held_moves_nothing(stripe: Stripe) -> None:
    for _ in range(3):
        held = await stripe.post("/charges", amount=900, currency="usd", source="tok_visa", capture=False)
        refund = await stripe.post("/refunds", charge=held["id"])
        assert refund["balance_transaction"] is None
        await stripe.refused("GET", f"/balance_transactions/txn_{refund['id'][3:]}", 404)
        assert await every(stripe, source=refund["id"]) == []

    await stripe.paid(1_000)
    assert len(await every(stripe, 1)) == 1
    assert await balance(stripe) == {"usd": (941, 0)}


async def test_sources_expand_to_what_they_are(stripe: Stripe) -> None:
    intent = await stripe.paid(1_000)
    await stripe.post("/refunds", payment_intent=intent["id"], amount=300)
    await stripe.paid(payment_method="pm_card_createDispute")

    found = await stripe.get("/balance_transactions", expand=["data.source"])
    assert [each["source"]["object"] for each in found["data"]] == ["dispute", "charge", "refund", "charge"]


async def test_what_there_is_not(stripe: Stripe, gateway: Gateway) -> None:
    intent = await stripe.paid(1_000)
    charge = intent["latest_charge"]
    uncaptured = await stripe.paid(1_000, capture_method="manual")

    for path in (NO_SUCH, charge, f"txn_{uncaptured['latest_charge'][3:]}", f"txn_{intent['id'][3:]}"):
        error = await stripe.refused("GET", f"/balance_transactions/{path}", 404)
        assert error["code"] == "resource_missing"
        await stripe.refused("GET", f"/balance/history/{path}", 404)
    for parameters in (
        {"starting_after": NO_SUCH},
        {"ending_before": charge},
        {"starting_after": NO_SUCH, "ending_before": NO_SUCH},
        {"source": "ch_nope"},
        {"source": intent["id"]},
        {"payout": "po_nope"},
        {"currency": "zzz"},
        {"limit": -1},
        {"limit": 10**30},
        {"created": 10**30},
        {"created": {"gte": -(10**20)}},
    ):
        await stripe.refused("GET", "/balance_transactions", **parameters)
    for created in (0, 10**15, {"gt": 10**15}, {"lt": 0}):
        assert (await stripe.get("/balance_transactions", created=created))["data"] == []
    assert await every(stripe, type="topup") == []
    transport = httpx.ASGITransport(gateway.joined.app)
    headers = {"Authorization": "Bearer sk_test_of_somebody_else"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as other:
        assert (await other.get(f"/v1/balance_transactions/txn_{charge[3:]}")).status_code == 404
        assert (await other.get("/v1/balance_transactions")).json()["data"] == []
        assert (await other.get("/v1/balance_transactions", params={"source": charge})).status_code == 400
        [amount] = (await other.get("/v1/balance")).json()["pending"]
        assert amount["amount"] == 0
