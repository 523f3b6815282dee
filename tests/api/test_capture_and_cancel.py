"""Taking what is held, letting it go, and its lapse."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.support.gateway import Gateway, refusal

WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)


async def payment_at(gateway: Gateway, status: str) -> dict[str, Any]:
    """A payment that stands there."""
    match status:
        case "FAILED":
            return await gateway.pay(simulate="bank_error")
        case "REQUIRES_ACTION":
            return await gateway.pay(simulate="requires_action")
        case "PENDING":
            return await gateway.pay(simulate="pending_success")
        case "AUTHORIZED":
            return await gateway.hold()
        case _:
            pass
    payment = await gateway.hold()
    path = f"/payments/{payment['id']}"
    if status == "EXPIRED":
        await gateway.tick(WEEK)
    elif status == "VOIDED":
        await gateway.client.post(f"{path}/cancel")
    else:
        await gateway.client.post(f"{path}/capture")
        if status == "REFUNDED":
            await gateway.client.post(f"{path}/refund")
    moved = await gateway.payment(payment["id"])
    assert moved["status"] == status
    return moved


@pytest.mark.parametrize("content", [b"", b"{}", b'{"amount":null}', b'{"amount":10000}'])
async def test_all_that_is_held_is_taken(each_gateway: Gateway, content: bytes) -> None:
    held = await each_gateway.hold(10_000)
    each_gateway.clock.advance(SECOND)
    answer = await each_gateway.client.post(f"/payments/{held['id']}/capture", content=content)
    assert answer.status_code == 200
    assert answer.json() == held | {
        "status": "CAPTURED",
        "captured_amount": 10_000,
        "updated_at": "2026-01-31T12:00:01Z",
        "captured_at": "2026-01-31T12:00:01Z",
        "expires_at": None,
    }
    assert await each_gateway.payment(held["id"]) == answer.json()


@pytest.mark.parametrize("amount", [1, 9_999])
async def test_a_part_is_taken_and_the_rest_released(gateway: Gateway, amount: int) -> None:
    held = await gateway.hold(10_000)
    path = f"/payments/{held['id']}"
    captured = (await gateway.client.post(f"{path}/capture", json={"amount": amount})).json()
    assert (captured["status"], captured["amount"]) == ("CAPTURED", 10_000)
    assert captured["captured_amount"] == amount

    # the rest can be neither captured nor refunded any more
    refusal(await gateway.client.post(f"{path}/capture"), 422, "INVALID_PAYMENT_STATE")
    too_much = await gateway.client.post(f"{path}/refund", json={"amount": amount + 1})
    refusal(too_much, 422, "AMOUNT_TOO_LARGE")


async def test_more_than_is_held_is_refused(gateway: Gateway) -> None:
    held = await gateway.hold(10_000)
    path = f"/payments/{held['id']}"
    error = refusal(
        await gateway.client.post(f"{path}/capture", json={"amount": 10_001}), 422, "AMOUNT_TOO_LARGE"
    )
    assert error["param"] == "amount"
    assert "10000" in error["message"]
    assert await gateway.payment(held["id"]) == held


@pytest.mark.parametrize("amount", [0, -1, 1.5, "1", True, 100_000_000_000, [1]])
async def test_what_is_no_amount_is_refused(gateway: Gateway, amount: object) -> None:
    held = await gateway.hold()
    for path in ("capture", "refund"):
        answer = await gateway.client.post(f"/payments/{held['id']}/{path}", json={"amount": amount})
        assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "amount"
    assert await gateway.payment(held["id"]) == held


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("FAILED", "FAILED is final"),
        ("REQUIRES_ACTION", "stays REQUIRES_ACTION until its payer"),
        ("PENDING", "stays PENDING until its payer"),
        ("CAPTURED", "from CAPTURED you can: refund"),
        ("REFUNDED", "REFUNDED is final"),
        ("VOIDED", "VOIDED is final"),
        ("EXPIRED", "EXPIRED is final"),
    ],
)
async def test_only_what_is_held_can_be_taken_or_let_go(gateway: Gateway, status: str, allowed: str) -> None:
    payment = await payment_at(gateway, status)
    for action in ("capture", "cancel"):
        answer = await gateway.client.post(f"/payments/{payment['id']}/{action}")
        error = refusal(answer, 422, "INVALID_PAYMENT_STATE")
        assert error["message"] == f"cannot {action} a payment that is {status}"
        assert allowed in error["hint"]
    assert await gateway.payment(payment["id"]) == payment


async def test_what_is_held_can_be_let_go(each_gateway: Gateway) -> None:
    held = await each_gateway.hold()
    each_gateway.clock.advance(SECOND)
    answer = await each_gateway.client.post(f"/payments/{held['id']}/cancel")
    assert answer.status_code == 200
    assert answer.json() == held | {
        "status": "VOIDED",
        "updated_at": "2026-01-31T12:00:01Z",
        "expires_at": None,
    }
    # and does not lapse later
    assert await each_gateway.tick(WEEK) == 0


@pytest.mark.parametrize("body", [{"amount": 1}, {"reason": "no"}])
async def test_cancelling_takes_no_fields(gateway: Gateway, body: dict[str, object]) -> None:
    held = await gateway.hold()
    answer = await gateway.client.post(f"/payments/{held['id']}/cancel", json=body)
    refusal(answer, 422, "VALIDATION_FAILED")
    assert (await gateway.client.post(f"/payments/{held['id']}/cancel", json={})).status_code == 200


async def test_a_hold_lapses_after_seven_days(each_gateway: Gateway) -> None:
    held, captured = await each_gateway.hold(), await payment_at(each_gateway, "CAPTURED")
    assert await each_gateway.tick(WEEK - SECOND) == 0
    assert (await each_gateway.payment(held["id"]))["status"] == "AUTHORIZED"

    assert await each_gateway.tick(SECOND) == 1
    lapsed = await each_gateway.payment(held["id"])
    assert (lapsed["status"], lapsed["expires_at"]) == ("EXPIRED", "2026-02-07T12:00:00Z")
    assert lapsed["captured_amount"] == 0
    assert (await each_gateway.payment(captured["id"]))["status"] == "CAPTURED"
    assert await each_gateway.tick(WEEK) == 0


@pytest.mark.parametrize("simulate", ["success", "requires_action"])
async def test_an_order_may_have_its_hold_lapse_sooner(each_gateway: Gateway, simulate: str) -> None:
    # given an order whose hold stands an hour, authorized at once or by its payer a day later
    held = await each_gateway.hold(simulate=simulate, expires_in_s=3600)
    if simulate == "requires_action":
        await each_gateway.tick(timedelta(days=1))
        await each_gateway.stranger.post(f"/challenge/{held['id']}?outcome=approve")

    # then it stands for that hour
    assert await each_gateway.tick(timedelta(hours=1) - SECOND) == 0
    assert (await each_gateway.payment(held["id"]))["status"] == "AUTHORIZED"
    assert await each_gateway.tick(SECOND) == 1
    assert (await each_gateway.payment(held["id"]))["status"] == "EXPIRED"


async def test_only_a_hold_can_lapse(gateway: Gateway) -> None:
    before = await gateway.rows()
    answer = await gateway.client.post("/payments", json={"amount": 1, "expires_in_s": 60})
    error = refusal(answer, 422, "VALIDATION_FAILED")
    assert (error["param"], error["hint"]) == (
        "expires_in_s",
        "add capture_method manual, or leave it out",
    )
    assert await gateway.rows() == before


@pytest.mark.parametrize("seconds", [0, -1, 604_801, 1.5, "60", True])
async def test_a_hold_stands_for_a_second_to_a_week(gateway: Gateway, seconds: object) -> None:
    body = {"amount": 1, "capture_method": "manual"}
    for longest in (1, 604_800):
        answer = await gateway.client.post("/payments", json={**body, "expires_in_s": longest})
        assert answer.status_code == 201
    answer = await gateway.client.post("/payments", json={**body, "expires_in_s": seconds})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "expires_in_s"


async def test_of_many_captures_at_once_one_takes(each_gateway: Gateway) -> None:
    held = await each_gateway.hold(10_000)
    answers = await asyncio.gather(
        *(
            each_gateway.client.post(f"/payments/{held['id']}/capture", json={"amount": amount})
            for amount in range(1, 21)
        )
    )
    taken = [answer for answer in answers if answer.status_code == 200]
    assert len(taken) == 1
    for answer in answers:
        if answer is not taken[0]:
            refusal(answer, 422, "INVALID_PAYMENT_STATE")
    assert await each_gateway.payment(held["id"]) == taken[0].json()


async def test_capture_and_cancel_at_once_end_in_one_of_the_two(each_gateway: Gateway) -> None:
    for _ in range(5):
        held = await each_gateway.hold()
        answers = await asyncio.gather(
            *(
                each_gateway.client.post(f"/payments/{held['id']}/{action}")
                for action in ("capture", "cancel")
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 422]
