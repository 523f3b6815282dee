"""Disputes: opened by what was paid with, answered, accepted, decided by time."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kessai.domain.dispute import EVIDENCE_WITHIN
from tests.support.gateway import UNKNOWN, Gateway, refusal
from tests.support.paging import rows_of
from tests.support.real_card import REAL_CARD
from tests.support.told import events_of

FEE = 1_500
SECOND = timedelta(seconds=1)
WINNING = {"evidence": {"uncategorized_text": "winning_evidence"}}


async def disputes_of(gateway: Gateway, **query: Any) -> list[dict[str, Any]]:
    answer = await gateway.client.get("/disputes", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def disputed(gateway: Gateway, simulate: str = "dispute", **fields: Any) -> dict[str, Any]:
    """The newest dispute of a payment that was made just now."""
    payment = await gateway.pay(simulate=simulate, **fields)
    return (await disputes_of(gateway, payment_id=payment["id"]))[0]


async def answered(gateway: Gateway, dispute: dict[str, Any], **body: Any) -> httpx.Response:
    return await gateway.client.post(f"/disputes/{dispute['id']}/evidence", json=body)


async def test_a_payment_is_disputed(each_gateway: Gateway) -> None:
    payment = await each_gateway.pay(10_000, simulate="dispute")
    assert payment["status"] == "CAPTURED"

    (dispute,) = await disputes_of(each_gateway)

    assert dispute == {
        "id": dispute["id"],
        "payment_id": payment["id"],
        "amount": 10_000,
        "currency": "INR",
        "reason": "fraudulent",
        "status": "NEEDS_RESPONSE",
        "evidence": {},
        "evidence_due_at": "2026-02-09T12:00:00Z",
        "submission_count": 0,
        "lapsed": False,
        "withdrawn_amount": 10_000,
        "fee": FEE,
        "withdrawn_at": "2026-01-31T12:00:00Z",
        "reinstated_at": None,
        "metadata": {},
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
    }
    assert (await each_gateway.client.get(f"/disputes/{dispute['id']}")).json() == dispute
    assert await each_gateway.payment(payment["id"]) == payment
    refused = await each_gateway.client.post(f"/payments/{payment['id']}/refund")
    assert "charged back" in refusal(refused, 409, "CONFLICT")["message"]


@pytest.mark.parametrize(
    ("simulate", "number", "reason", "status", "count"),
    [
        ("dispute", "4000000000000259", "fraudulent", "NEEDS_RESPONSE", 1),
        (
            *("dispute_product_not_received", "4000000000002685"),
            *("product_not_received", "NEEDS_RESPONSE", 1),
        ),
        ("dispute_noncompliant", "4000008400000779", "noncompliant", "NEEDS_RESPONSE", 1),
        ("dispute_inquiry", "4000000000001976", "fraudulent", "WARNING_NEEDS_RESPONSE", 1),
        ("dispute_twice", "4000000404000079", "fraudulent", "NEEDS_RESPONSE", 2),
    ],
)
async def test_each_name_and_its_card_do_the_same(
    gateway: Gateway, simulate: str, number: str, reason: str, status: str, count: int
) -> None:
    card = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2030}}
    for payment in (await gateway.pay(simulate=simulate), await gateway.pay(payment_method=card)):
        found = await disputes_of(gateway, payment_id=payment["id"])
        assert [(each["status"], each["reason"]) for each in found] == [(status, reason)] * count


async def test_what_is_only_held_is_disputed_when_it_is_captured(gateway: Gateway) -> None:
    held = await gateway.hold(simulate="dispute")
    assert await disputes_of(gateway) == []

    await gateway.client.post(f"/payments/{held['id']}/capture", json={"amount": 4_000})

    (dispute,) = await disputes_of(gateway)
    assert (dispute["payment_id"], dispute["amount"]) == (held["id"], 4_000)


async def test_what_settles_later_is_disputed_then(gateway: Gateway) -> None:
    await gateway.pay(simulate="dispute", payment_method={"type": "konbini"})
    assert await disputes_of(gateway) == []

    assert await gateway.tick(timedelta(minutes=1)) == 1

    assert len(await disputes_of(gateway)) == 1


async def test_a_payment_is_disputed_once(gateway: Gateway) -> None:
    """Whatever happens to it afterwards."""
    won = await disputed(gateway)
    await answered(gateway, won, **WINNING)

    refund = await gateway.client.post(f"/payments/{won['payment_id']}/refund", json={"amount": 1})

    assert refund.status_code == 201
    assert len(await disputes_of(gateway)) == 1


@pytest.mark.parametrize(("text", "status"), [("winning_evidence", "WON"), ("losing_evidence", "LOST")])
async def test_evidence_decides(each_gateway: Gateway, text: str, status: str) -> None:
    dispute = await disputed(each_gateway)
    each_gateway.clock.advance(SECOND)

    decided = (await answered(each_gateway, dispute, evidence={"uncategorized_text": text})).json()

    assert decided == dispute | {
        "status": status,
        "evidence": {"uncategorized_text": text},
        "submission_count": 1,
        "reinstated_at": "2026-01-31T12:00:01Z" if status == "WON" else None,
        "updated_at": "2026-01-31T12:00:01Z",
    }
    assert (await each_gateway.client.get(f"/disputes/{dispute['id']}")).json() == decided
    again = refusal(await answered(each_gateway, dispute, **WINNING), 409, "CONFLICT")
    assert again["message"] == f"a dispute that is {status} takes no evidence"


async def test_evidence_is_kept_until_it_is_sent_in(gateway: Gateway) -> None:
    dispute = await disputed(gateway)

    pieces = {"customer_name": "Ann", "service_date": "2026-01-01", "uncategorized_text": "winning_evidence"}
    await answered(gateway, dispute, evidence=pieces, metadata={"case": "7"}, submit=False)
    more = {"shipping_carrier": "Yamato", "service_date": None}
    kept = (await answered(gateway, dispute, evidence=more, submit=False)).json()

    assert (kept["status"], kept["submission_count"]) == ("NEEDS_RESPONSE", 0)
    assert kept["evidence"] == {
        "customer_name": "Ann",
        "uncategorized_text": "winning_evidence",
        "shipping_carrier": "Yamato",
    }
    sent = (await answered(gateway, dispute)).json()
    assert (sent["status"], sent["metadata"]) == ("WON", {"case": "7"})


async def test_other_evidence_is_reviewed_until_time_is_up(gateway: Gateway) -> None:
    dispute = await disputed(gateway)
    reviewed = (await answered(gateway, dispute, evidence={"uncategorized_text": "We sent it."})).json()
    assert reviewed["status"] == "UNDER_REVIEW"
    refusal(await answered(gateway, dispute, **WINNING), 409, "CONFLICT")
    relabelled = await answered(gateway, dispute, metadata={"still": "possible"}, submit=False)
    assert relabelled.json()["status"] == "UNDER_REVIEW"

    assert await gateway.tick(EVIDENCE_WITHIN) == 1

    lost = (await gateway.client.get(f"/disputes/{dispute['id']}")).json()
    assert (lost["status"], lost["lapsed"]) == ("LOST", False)


async def test_a_dispute_that_nobody_answers_is_lost(each_gateway: Gateway) -> None:
    dispute = await disputed(each_gateway, delay_s=5)
    assert dispute["evidence_due_at"] == "2026-01-31T12:00:05Z"

    assert await each_gateway.tick(4 * SECOND) == 0
    assert await each_gateway.tick(SECOND) == 1

    lost = (await each_gateway.client.get(f"/disputes/{dispute['id']}")).json()
    assert (lost["status"], lost["lapsed"]) == ("LOST", True)


async def test_an_inquiry_becomes_a_dispute(gateway: Gateway) -> None:
    inquiry = await disputed(gateway, "dispute_inquiry", delay_s=60)
    assert (inquiry["withdrawn_amount"], inquiry["withdrawn_at"]) == (0, None)

    text = {"uncategorized_text": "escalate_inquiry_evidence"}
    escalated = (await answered(gateway, inquiry, evidence=text)).json()

    assert (escalated["status"], escalated["withdrawn_amount"]) == ("NEEDS_RESPONSE", 10_000)
    assert (escalated["evidence"], escalated["evidence_due_at"]) == ({}, "2026-01-31T12:01:00Z")


@pytest.mark.parametrize(("simulate", "status"), [("dispute", "LOST"), ("dispute_inquiry", "WARNING_CLOSED")])
async def test_a_dispute_is_accepted(each_gateway: Gateway, simulate: str, status: str) -> None:
    dispute = await disputed(each_gateway, simulate)
    path = f"/disputes/{dispute['id']}/accept"

    accepted = await each_gateway.client.post(path)

    assert (accepted.status_code, accepted.json()["status"]) == (200, status)
    again = refusal(await each_gateway.client.post(path), 409, "CONFLICT")
    assert again["message"] == f"a dispute that is {status} is decided for good"


async def test_of_an_answer_and_an_acceptance_at_once_one_is_heard(each_gateway: Gateway) -> None:
    for _ in range(5):
        dispute = await disputed(each_gateway)
        path = f"/disputes/{dispute['id']}"

        answers = await asyncio.gather(
            each_gateway.client.post(f"{path}/evidence", json=WINNING),
            each_gateway.client.post(f"{path}/accept"),
        )

        assert Counter(each.status_code for each in answers) == {200: 1, 409: 1}
        (heard,) = [each.json() for each in answers if each.status_code == 200]
        assert (await each_gateway.client.get(path)).json() == heard


async def test_a_repeated_answer_is_given_again(each_gateway: Gateway) -> None:
    dispute = await disputed(each_gateway)
    headers = {"Idempotency-Key": "k"}
    path = f"/disputes/{dispute['id']}/evidence"

    first = await each_gateway.client.post(path, json=WINNING, headers=headers)
    again = await each_gateway.client.post(path, json=WINNING, headers=headers)

    assert first.status_code == 200
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    other = await each_gateway.client.post(f"/disputes/{dispute['id']}/accept", headers=headers)
    refusal(other, 422, "IDEMPOTENCY_KEY_REUSED")


async def test_disputes_are_listed_by_page_and_filter(each_gateway: Gateway) -> None:
    made = [await disputed(each_gateway) for _ in range(5)]
    each_gateway.clock.advance(SECOND)
    made.append(await disputed(each_gateway, "dispute_inquiry"))
    await each_gateway.client.post(f"/disputes/{made[1]['id']}/accept")
    ids = [each["id"] for each in made]

    async def listed(**query: Any) -> list[int]:
        rows = await rows_of(each_gateway.client, "/disputes", **{"limit": 2, **query})
        return [ids.index(each["id"]) for each in rows]

    assert await listed() == [5, 4, 3, 2, 1, 0]
    assert await listed(status="LOST") == [1]
    assert await listed(status="NEEDS_RESPONSE") == [4, 3, 2, 0]
    assert await listed(payment_id=made[3]["payment_id"].upper()) == [3]
    assert await listed(payment_id=made[3]["payment_id"], status="LOST") == []
    assert await listed(payment_id=UNKNOWN) == []
    assert await listed(created_from="2026-01-31T12:00:01Z") == [5]
    assert await listed(created_to="2026-01-31T12:00:01Z", limit=100) == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "query",
    [
        {"payment_id": "x"},
        {"payment_id": "\x00"},
        {"status": "needs_response"},
        {"created_from": "1"},
        {"limit": 0},
        {"limit": 101},
        {"cursor": "x"},
        {"state": "LOST"},
    ],
)
async def test_a_list_refuses_what_it_does_not_know(each_gateway: Gateway, query: dict[str, Any]) -> None:
    answer = await each_gateway.client.get("/disputes", params=query)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == next(iter(query))


@pytest.mark.parametrize(
    ("body", "param", "hint"),
    [
        ({"evidence": {"customer_nam": "Ann"}}, "evidence.customer_nam", "customer_name"),
        ({"evidence": {"receipt": "file_1"}}, "evidence.receipt", None),
        ({"evidence": {"customer_name": 1}}, "evidence.customer_name", None),
        ({"evidence": {"customer_name": "\x00"}}, "evidence.customer_name", None),
        ({"evidence": {"customer_name": "x" * 20_001}}, "evidence.customer_name", None),
        ({"evidence": None}, "evidence", None),
        ({"evidence": "winning_evidence"}, "evidence", None),
        ({"submit": "yes"}, "submit", None),
        ({"submitt": True}, "submitt", "submit"),
        ({"metadata": {"k" * 41: "v"}}, "metadata", None),
        ({"metadata": {str(number): "" for number in range(51)}}, "metadata", None),
        ({"metadata": {"k": "v" * 501}}, "metadata.k", None),
    ],
)
async def test_an_answer_that_is_wrong_changes_nothing(
    gateway: Gateway, body: dict[str, Any], param: str, hint: str | None
) -> None:
    dispute = await disputed(gateway)

    error = refusal(await answered(gateway, dispute, **body), 422, "VALIDATION_FAILED")

    assert error["param"].startswith(param)
    assert hint is None or hint in error["hint"]
    assert (await gateway.client.get(f"/disputes/{dispute['id']}")).json() == dispute


async def test_no_real_card_number_is_kept(gateway: Gateway) -> None:
    dispute = await disputed(gateway)
    number = REAL_CARD

    kept = await answered(
        gateway, dispute, evidence={"customer_name": number}, metadata={number: number}, submit=False
    )

    assert number not in kept.text
    assert kept.json()["evidence"]["customer_name"].endswith(f"*{number[-4:]}")


async def test_a_dispute_that_is_not_there(gateway: Gateway) -> None:
    payment = await gateway.pay()
    for wrong in (UNKNOWN, payment["id"], "x", "%00"):
        refusal(await gateway.client.get(f"/disputes/{wrong}"), 404, "NOT_FOUND")
        refusal(await gateway.client.post(f"/disputes/{wrong}/accept"), 404, "NOT_FOUND")
        refusal(await gateway.client.post(f"/disputes/{wrong}/evidence", json=WINNING), 404, "NOT_FOUND")


async def test_each_change_of_a_dispute_is_told(gateway: Gateway) -> None:
    dispute = await disputed(gateway)
    await answered(gateway, dispute, evidence={"customer_name": "Ann"}, submit=False)
    closed = (await gateway.client.post(f"/disputes/{dispute['id']}/accept")).json()

    assert [each for each in await events_of(gateway) if each.startswith("dispute")] == [
        *("dispute.created", "dispute.funds_withdrawn"),
        *("dispute.updated", "dispute.updated", "dispute.closed"),
    ]
    (event,) = (await gateway.client.get("/webhooks/events?event=dispute.closed")).json()["data"]
    assert event["document_id"] == dispute["id"]
    assert event["body"]["dispute"] == closed
