"""Giving back what was captured, by every door."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.test_capture_and_cancel import payment_at
from tests.support.gateway import UNKNOWN, Gateway, refusal

SECOND = timedelta(seconds=1)


async def refund(gateway: Gateway, payment: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await gateway.client.post(f"/payments/{payment['id']}/refund", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_without_an_amount_all_is_given_back(each_gateway: Gateway) -> None:
    payment = await each_gateway.pay(10_000)
    each_gateway.clock.advance(SECOND)
    answer = await each_gateway.client.post(f"/payments/{payment['id']}/refund")
    assert answer.status_code == 201
    made = answer.json()
    assert UUID(made["id"]).version == 7
    assert made == {
        "id": made["id"],
        "payment_id": payment["id"],
        "amount": 10_000,
        "currency": "INR",
        "status": "PROCESSED",
        "reason": None,
        "payment_status": "REFUNDED",
        "error_code": None,
        "created_at": "2026-01-31T12:00:01Z",
    }
    assert await each_gateway.payment(payment["id"]) == payment | {
        "status": "REFUNDED",
        "refunded_amount": 10_000,
        "updated_at": "2026-01-31T12:00:01Z",
    }
    assert (await each_gateway.client.get(f"/refunds/{made['id']}")).json() == made


async def test_many_partial_refunds_add_up(each_gateway: Gateway) -> None:
    payment = await each_gateway.pay(100)
    made = [await refund(each_gateway, payment, amount=33, reason=f"part {n}") for n in range(3)]
    assert {each["payment_status"] for each in made} == {"CAPTURED"}
    standing = await each_gateway.payment(payment["id"])
    assert (standing["status"], standing["refunded_amount"]) == ("CAPTURED", 99)

    too_much = await each_gateway.client.post(f"/payments/{payment['id']}/refund", json={"amount": 2})
    error = refusal(too_much, 422, "AMOUNT_TOO_LARGE")
    assert (error["param"], error["hint"]) == (
        "amount",
        "ask for at most 1, or leave amount out to refund all of it",
    )

    last = await refund(each_gateway, payment)
    assert (last["amount"], last["payment_status"]) == (1, "REFUNDED")
    listed = (await each_gateway.client.get(f"/payments/{payment['id']}/refunds")).json()
    assert listed == {"data": [last, *reversed(made)], "has_more": False, "next_cursor": None}


async def test_the_last_part_ends_the_payment_also_when_it_is_named(gateway: Gateway) -> None:
    payment = await gateway.pay(100)
    assert (await refund(gateway, payment, amount=40))["payment_status"] == "CAPTURED"
    assert (await refund(gateway, payment, amount=60))["payment_status"] == "REFUNDED"


async def test_of_a_partial_capture_only_that_is_given_back(gateway: Gateway) -> None:
    held = await gateway.hold(100)
    await gateway.client.post(f"/payments/{held['id']}/capture", json={"amount": 30})
    assert (await refund(gateway, held))["amount"] == 30
    standing = await gateway.payment(held["id"])
    assert (standing["status"], standing["refunded_amount"]) == ("REFUNDED", 30)


@pytest.mark.parametrize(
    "status", ["FAILED", "REQUIRES_ACTION", "PENDING", "AUTHORIZED", "REFUNDED", "VOIDED", "EXPIRED"]
)
async def test_only_what_was_captured_can_be_given_back(gateway: Gateway, status: str) -> None:
    payment = await payment_at(gateway, status)
    before = await gateway.rows()
    for path, body in (
        (f"/payments/{payment['id']}/refund", {}),
        ("/refunds", {"payment_id": payment["id"]}),
    ):
        error = refusal(await gateway.client.post(path, json=body), 422, "INVALID_PAYMENT_STATE")
        assert error["message"] == f"cannot refund a payment that is {status}"
    assert await gateway.rows() == before


@pytest.mark.parametrize("reason", ["", "r" * 500, "返金 🍜"])
async def test_a_reason_is_kept(gateway: Gateway, reason: str) -> None:
    made = await refund(gateway, await gateway.pay(), reason=reason)
    assert made["reason"] == reason
    assert (await gateway.client.get(f"/refunds/{made['id']}")).json() == made


@pytest.mark.parametrize("reason", ["r" * 501, 1, [], "\x00"])
async def test_what_is_no_reason_is_refused(gateway: Gateway, reason: object) -> None:
    payment = await gateway.pay()
    answer = await gateway.client.post(f"/payments/{payment['id']}/refund", json={"reason": reason})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "reason"


async def test_the_payment_may_be_named_in_the_body(each_gateway: Gateway) -> None:
    payment = await each_gateway.pay(100)
    body = {"payment_id": payment["id"].upper(), "amount": 60, "reason": "other door"}
    made = await each_gateway.client.post("/refunds", json=body)
    assert made.status_code == 201
    assert made.json()["payment_id"] == payment["id"]
    rest = await each_gateway.client.post("/refunds", json={"payment_id": payment["id"]})
    assert (rest.json()["amount"], rest.json()["payment_status"]) == (40, "REFUNDED")


@pytest.mark.parametrize("payment_id", [None, "", "x", 1, "z" * 36, "-" * 36, "0" * 36, "{" + "0" * 34 + "}"])
async def test_a_payment_id_that_is_none_is_refused(gateway: Gateway, payment_id: object) -> None:
    answer = await gateway.client.post("/refunds", json={"payment_id": payment_id, "amount": 1})
    if answer.status_code == 404:
        refusal(answer, 404, "NOT_FOUND")
    else:
        assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "payment_id"


async def test_a_payment_id_of_the_right_length_that_is_none_is_unknown(each_gateway: Gateway) -> None:
    answer = await each_gateway.client.post("/refunds", json={"payment_id": "-" * 36})

    refusal(answer, 404, "NOT_FOUND")


async def test_unknown_refunds_and_payments(each_gateway: Gateway) -> None:
    client, unknown = each_gateway.client, UNKNOWN
    refusal(await client.get(f"/refunds/{unknown}"), 404, "NOT_FOUND")
    refusal(await client.get(f"/payments/{unknown}/refunds"), 404, "NOT_FOUND")
    refusal(await client.post(f"/payments/{unknown}/refund"), 404, "NOT_FOUND")
    refusal(await client.post("/refunds", json={"payment_id": unknown}), 404, "NOT_FOUND")


async def test_a_refund_may_fail_at_once(each_gateway: Gateway) -> None:
    payment = await each_gateway.pay(100, simulate="refund_failure")
    for amount in (100, 40):
        made = await refund(each_gateway, payment, amount=amount)
        assert (made["status"], made["error_code"]) == ("FAILED", "REFUND_FAILED")
        assert made["payment_status"] == "CAPTURED"
    standing = await each_gateway.payment(payment["id"])
    assert (standing["status"], standing["refunded_amount"]) == ("CAPTURED", 0)


async def test_a_refund_may_fail_later(each_gateway: Gateway) -> None:
    payment = await each_gateway.pay(100, simulate="refund_failure", delay_s=30)
    first = await refund(each_gateway, payment, amount=40)
    second = await refund(each_gateway, payment)
    assert (first["status"], first["payment_status"]) == ("PENDING", "CAPTURED")
    assert (second["status"], second["payment_status"]) == ("PENDING", "REFUNDED")
    assert (await each_gateway.payment(payment["id"]))["refunded_amount"] == 100

    # given that the bank has not answered yet
    assert await each_gateway.tick(29 * SECOND) == 0

    # when it does, the money is back on the payment; of one payment, one refund after the other
    assert await each_gateway.tick(SECOND) == 1
    assert await each_gateway.tick() == 1
    assert await each_gateway.tick() == 0
    standing = await each_gateway.payment(payment["id"])
    assert (standing["status"], standing["refunded_amount"]) == ("CAPTURED", 0)
    listed = (await each_gateway.client.get(f"/payments/{payment['id']}/refunds")).json()["data"]
    assert [(each["status"], each["error_code"]) for each in listed] == [("FAILED", "REFUND_FAILED")] * 2

    # and it can be asked for again
    assert (await refund(each_gateway, payment))["status"] == "PENDING"


async def test_a_payments_refunds_come_in_pages(each_gateway: Gateway) -> None:
    payment, other = await each_gateway.pay(100), await each_gateway.pay(100)
    made = []
    for amount in range(1, 6):
        made.append((await refund(each_gateway, payment, amount=amount))["id"])
        await refund(each_gateway, other, amount=1)
    path: str | None = f"/payments/{payment['id']}/refunds?limit=2"
    seen: list[str] = []
    sizes = []
    while path is not None:
        page = (await each_gateway.client.get(path)).json()
        seen += [each["id"] for each in page["data"]]
        sizes.append(len(page["data"]))
        cursor = page["next_cursor"]
        assert page["has_more"] == (cursor is not None)
        path = cursor and f"/payments/{payment['id']}/refunds?limit=2&cursor={cursor}"
    assert seen == made[::-1]
    assert sizes == [2, 2, 1]


async def test_refunds_at_once_never_exceed_what_was_captured(each_gateway: Gateway) -> None:
    payment = await each_gateway.pay(100)
    answers = await asyncio.gather(
        *(
            each_gateway.client.post(f"/payments/{payment['id']}/refund", json={"amount": 30})
            for _ in range(12)
        )
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] * 3 + [422] * 9
    standing = await each_gateway.payment(payment["id"])
    assert (standing["refunded_amount"], standing["status"]) == (90, "CAPTURED")
