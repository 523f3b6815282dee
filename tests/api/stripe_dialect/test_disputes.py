"""Disputes over the wire, in process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from kessai.dialects.stripe.ids import decode
from kessai.domain.dispute import EVIDENCE_WITHIN
from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.told import events_of

NO_SUCH = "du_0123456789abcdefghijklmn"
FEE = 1_500


async def disputed(stripe: Stripe, card: str = "createDispute", amount: int = 1_000) -> dict[str, Any]:
    """The newest dispute of a payment that was made just now."""
    intent = await stripe.paid(amount, payment_method=f"pm_card_{card}")
    assert intent["status"] == "succeeded"
    found = await stripe.get("/disputes", payment_intent=intent["id"])
    dispute: dict[str, Any] = found["data"][0]
    return dispute


async def test_a_card_disputes_its_payment(stripe: Stripe) -> None:
    dispute = await disputed(stripe, amount=2_000)

    charge = await stripe.get(f"/charges/{dispute['charge']}")
    assert (charge["disputed"], charge["paid"], charge["payment_intent"]) == (
        True,
        True,
        dispute["payment_intent"],
    )
    assert (dispute["object"], dispute["status"], dispute["reason"]) == (
        "dispute",
        "needs_response",
        "fraudulent",
    )
    assert (dispute["amount"], dispute["currency"], dispute["is_charge_refundable"]) == (2_000, "usd", False)
    [withdrawn] = dispute["balance_transactions"]
    assert (withdrawn["amount"], withdrawn["fee"], withdrawn["net"]) == (-2_000, FEE, -2_000 - FEE)
    assert (withdrawn["type"], withdrawn["reporting_category"], withdrawn["source"]) == (
        "adjustment",
        "dispute",
        dispute["id"],
    )
    assert dispute["evidence_details"]["submission_count"] == 0
    assert await stripe.get(f"/disputes/{dispute['id']}") == dispute


async def test_a_charge_names_its_dispute(stripe: Stripe) -> None:
    dispute = await disputed(stripe)
    path = f"/charges/{dispute['charge']}"
    intent = f"/payment_intents/{dispute['payment_intent']}"

    assert (await stripe.get(path))["dispute"] == dispute["id"]
    assert (await stripe.get(path, expand=["dispute"]))["dispute"] == dispute
    assert (await stripe.get("/charges", expand=["data.dispute"]))["data"][0]["dispute"] == dispute
    expanded = await stripe.get(intent, expand=["latest_charge.dispute"])
    assert expanded["latest_charge"]["dispute"] == dispute
    around = await stripe.get(f"/disputes/{dispute['id']}", expand=["charge.dispute"])
    assert around["charge"]["dispute"] == dispute


async def test_a_payment_that_is_disputed_at_once_shows_it(stripe: Stripe) -> None:
    paid = await stripe.paid(payment_method="pm_card_createDispute", expand=["latest_charge.dispute"])

    dispute = paid["latest_charge"]["dispute"]
    assert (dispute["object"], dispute["charge"]) == ("dispute", paid["latest_charge"]["id"])


async def test_a_charge_that_nobody_disputes_has_none(stripe: Stripe) -> None:
    paid = await stripe.paid(expand=["latest_charge.dispute"])

    charge = paid["latest_charge"]
    assert (charge["dispute"], charge["destination"], charge["order"]) == (None, None, None)
    assert charge["radar_options"] == {}


@pytest.mark.parametrize(
    ("card", "reason", "status", "count"),
    [
        ("createDisputeProductNotReceived", "product_not_received", "needs_response", 1),
        ("createDisputeInquiry", "fraudulent", "warning_needs_response", 1),
        ("createMultipleDisputes", "fraudulent", "needs_response", 2),
    ],
)
async def test_what_each_card_does(stripe: Stripe, card: str, reason: str, status: str, count: int) -> None:
    dispute = await disputed(stripe, card)

    found = await stripe.get("/disputes", charge=dispute["charge"])
    assert [each["status"] for each in found["data"]] == [status] * count
    assert dispute["reason"] == reason


@pytest.mark.parametrize(
    ("text", "status", "back"), [("winning_evidence", "won", True), ("losing_evidence", "lost", False)]
)
async def test_evidence_decides(stripe: Stripe, text: str, status: str, back: bool) -> None:
    dispute = await disputed(stripe)

    decided = await stripe.post(f"/disputes/{dispute['id']}", evidence={"uncategorized_text": text})

    assert (decided["status"], decided["evidence"]["uncategorized_text"]) == (status, text)
    assert decided["evidence_details"]["submission_count"] == 1
    assert [each["net"] for each in decided["balance_transactions"]] == [1_000 + FEE] * back + [-1_000 - FEE]
    again = await stripe.refused("POST", f"/disputes/{dispute['id']}", evidence={"uncategorized_text": "no"})
    assert "closed" in again["message"]


async def test_evidence_may_be_kept_and_sent_in_later(stripe: Stripe) -> None:
    dispute = await disputed(stripe)
    path = f"/disputes/{dispute['id']}"

    kept = await stripe.post(
        path,
        evidence={"uncategorized_text": "winning_evidence", "customer_name": "Ann"},
        metadata={"case": "7"},
        submit=False,
    )
    assert (kept["status"], kept["metadata"]) == ("needs_response", {"case": "7"})
    assert kept["evidence_details"]["has_evidence"]
    more = await stripe.post(path, evidence={"receipt": "file_1"}, submit=False)
    assert (more["evidence"]["customer_name"], more["evidence"]["receipt"]) == ("Ann", "file_1")
    assert (await stripe.post(path, metadata={"case": ""}))["status"] == "needs_response"

    assert (await stripe.post(path, submit=True))["status"] == "won"


async def test_other_evidence_is_reviewed_until_time_is_up(stripe: Stripe, gateway: Gateway) -> None:
    dispute = await disputed(stripe)
    path = f"/disputes/{dispute['id']}"

    reviewed = await stripe.post(path, evidence={"uncategorized_text": "We sent it."})
    assert reviewed["status"] == "under_review"
    refused = await stripe.refused("POST", path, evidence={"uncategorized_text": "winning_evidence"})
    assert "already submitted" in refused["message"]
    assert (await stripe.post(path, metadata={"still": "possible"}))["status"] == "under_review"

    assert await gateway.tick(EVIDENCE_WITHIN - timedelta(seconds=1)) == 0
    assert await gateway.tick(timedelta(seconds=1)) == 1
    lost = await stripe.get(path)
    assert (lost["status"], lost["evidence_details"]["past_due"]) == ("lost", False)
    assert await gateway.tick() == 0


@pytest.mark.parametrize(
    ("card", "status"), [("createDispute", "lost"), ("createDisputeInquiry", "warning_closed")]
)
async def test_who_does_not_answer_has_lost(stripe: Stripe, gateway: Gateway, card: str, status: str) -> None:
    dispute = await disputed(stripe, card)

    assert await gateway.tick(EVIDENCE_WITHIN) == 1

    after = await stripe.get(f"/disputes/{dispute['id']}")
    assert (after["status"], after["evidence_details"]["past_due"]) == (status, True)


async def test_an_inquiry_moves_nothing_until_it_is_a_dispute(stripe: Stripe) -> None:
    inquiry = await disputed(stripe, "createDisputeInquiry")
    path = f"/disputes/{inquiry['id']}"
    assert (inquiry["balance_transactions"], inquiry["is_charge_refundable"]) == ([], True)
    assert inquiry["payment_method_details"]["card"]["case_type"] == "inquiry"
    await stripe.post("/refunds", charge=inquiry["charge"], amount=400)

    dispute = await stripe.post(path, evidence={"uncategorized_text": "escalate_inquiry_evidence"})

    assert (dispute["status"], dispute["amount"]) == ("needs_response", 600)
    [withdrawn] = dispute["balance_transactions"]
    assert withdrawn["net"] == -600 - FEE
    refused = await stripe.refused("POST", "/refunds", charge=inquiry["charge"])
    assert refused["code"] == "charge_disputed"
    won = await stripe.post(path, evidence={"uncategorized_text": "winning_evidence"})
    assert won["status"] == "won"
    assert (await stripe.post("/refunds", charge=inquiry["charge"]))["amount"] == 600


async def test_an_inquiry_of_what_was_refunded_ends_there(stripe: Stripe) -> None:
    inquiry = await disputed(stripe, "createDisputeInquiry")
    await stripe.post("/refunds", charge=inquiry["charge"])

    ended = await stripe.post(
        f"/disputes/{inquiry['id']}", evidence={"uncategorized_text": "escalate_inquiry_evidence"}
    )
    assert (ended["status"], ended["balance_transactions"]) == ("warning_closed", [])


async def test_closing_is_giving_in(stripe: Stripe) -> None:
    dispute = await disputed(stripe)

    assert (await stripe.post(f"/disputes/{dispute['id']}/close"))["status"] == "lost"

    refused = await stripe.refused("POST", f"/disputes/{dispute['id']}/close")
    assert "closed" in refused["message"]


async def test_a_payment_that_is_captured_later_is_disputed_then(stripe: Stripe) -> None:
    intent = await stripe.paid(capture_method="manual", payment_method="pm_card_createDispute")
    assert (await stripe.get("/disputes"))["data"] == []

    captured = await stripe.post(
        f"/payment_intents/{intent['id']}/capture", amount_to_capture=700, expand=["latest_charge"]
    )

    assert captured["latest_charge"]["disputed"]
    [dispute] = (await stripe.get("/disputes", payment_intent=intent["id"]))["data"]
    assert dispute["amount"] == 700


async def test_a_charge_without_an_intent_is_disputed_too(stripe: Stripe) -> None:
    charge = await stripe.post("/charges", amount=800, currency="usd", source="tok_createDispute")
    held = await stripe.post(
        "/charges", amount=900, currency="usd", source="tok_createDispute", capture=False
    )
    later = await stripe.post(f"/charges/{held['id']}/capture")

    assert (charge["disputed"], held["disputed"], later["disputed"]) == (True, False, True)
    found = (await stripe.get("/disputes"))["data"]
    assert [(each["charge"], each["amount"], each["payment_intent"]) for each in found] == [
        (held["id"], 900, None),
        (charge["id"], 800, None),
    ]


async def test_what_was_charged_back_is_refunded_by_no_door(stripe: Stripe, gateway: Gateway) -> None:
    dispute = await disputed(stripe)
    payment_id = decode("ch", dispute["charge"])
    native = gateway.client_with("sk_test_of_this_test")

    refused = await native.post(f"/payments/{payment_id}/refund", json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    await stripe.post(f"/disputes/{dispute['id']}", evidence={"uncategorized_text": "winning_evidence"})
    assert (await native.post(f"/payments/{payment_id}/refund", json={})).status_code == 201


async def test_disputes_are_told_of(stripe: Stripe, gateway: Gateway) -> None:
    dispute = await disputed(stripe)
    await stripe.post(f"/disputes/{dispute['id']}", evidence={"uncategorized_text": "winning_evidence"})

    assert await events_of(gateway) == [
        "intent.created",
        "payment.succeeded",
        "intent.succeeded",
        "dispute.created",
        "dispute.funds_withdrawn",
        "dispute.updated",
        "dispute.closed",
        "dispute.funds_reinstated",
    ]


async def test_disputes_are_listed_in_pages(stripe: Stripe) -> None:
    made = [(await disputed(stripe))["id"] for _ in range(3)]

    first = await stripe.get("/disputes", limit=2)
    rest = await stripe.get("/disputes", limit=2, starting_after=made[1])

    assert [each["id"] for each in first["data"]] == [made[2], made[1]]
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == ([made[0]], False)
    paid = await stripe.paid()
    assert (await stripe.get("/disputes", charge=paid["latest_charge"]))["data"] == []
    assert (await stripe.get("/disputes", charge=paid["latest_charge"], payment_intent=paid["id"]))[
        "data"
    ] == []


async def test_what_there_is_not(stripe: Stripe, gateway: Gateway) -> None:
    dispute = await disputed(stripe)

    for path in (f"/disputes/{NO_SUCH}", f"/disputes/{dispute['charge']}", "/disputes/du_%F0%9F%98%80"):
        error = await stripe.refused("GET", path, 404)
        assert error["code"] == "resource_missing"
    for path in (f"/disputes/{NO_SUCH}", f"/disputes/{NO_SUCH}/close"):
        await stripe.refused("POST", path, 404)
    for parameters in ({"charge": "ch_nope"}, {"payment_intent": "pi_nope"}, {"starting_after": NO_SUCH}):
        error = await stripe.refused("GET", "/disputes", **parameters)
        assert error["code"] == "resource_missing"
    undisputed = (await stripe.paid())["latest_charge"]
    await stripe.refused("GET", f"/charges/{undisputed}/dispute", 404)
    await stripe.refused("POST", f"/charges/{undisputed}/dispute/close", 404)
    await stripe.refused("POST", f"/disputes/{dispute['id']}", evidence={"no_such_piece": "x"})
    transport = httpx.ASGITransport(gateway.joined.app)
    headers = {"Authorization": "Bearer sk_test_of_somebody_else"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as other:
        assert (await other.get(f"/v1/disputes/{dispute['id']}")).status_code == 404
        assert (await other.get("/v1/disputes")).json()["data"] == []


async def test_early_fraud_warnings(stripe: Stripe) -> None:
    await stripe.paid()
    intent = await stripe.paid(payment_method="pm_card_createIssuerFraudRecord")
    path = "/radar/early_fraud_warnings"

    [warning] = (await stripe.get(path))["data"]

    assert (warning["charge"], warning["payment_intent"]) == (intent["latest_charge"], intent["id"])
    assert warning["actionable"]
    assert await stripe.get(f"{path}/{warning['id']}") == warning
    assert (await stripe.get(path, charge=intent["latest_charge"]))["data"] == [warning]
    assert (await stripe.get(path, payment_intent=intent["id"]))["data"] == [warning]
    other = await stripe.paid()
    assert (await stripe.get(path, payment_intent=other["id"]))["data"] == []
    await stripe.refused("GET", f"{path}/issfr_{other['latest_charge'][3:]}", 404)
    await stripe.refused("GET", path, payment_intent="pi_nope")
    await stripe.post("/refunds", charge=intent["latest_charge"])
    assert not (await stripe.get(f"{path}/{warning['id']}"))["actionable"]
