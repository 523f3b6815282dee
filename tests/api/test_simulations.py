"""What each `simulate` value leads to, and how its answer travels."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from kessai.http.answer import AnswerLostError
from kessai.simulation.table import SIMULATIONS
from tests.support.gateway import ROOT, Gateway, GatewayWith, refusal

DECLINES = [
    "insufficient_funds",
    "network_timeout",
    "fraud_detected",
    "bank_error",
    "card_declined",
    "expired_card",
    "incorrect_cvc",
    "processing_error",
    "limit_exceeded",
    "lost_card",
    "stolen_card",
    "card_velocity_exceeded",
]
DISPUTED = [
    *("dispute", "dispute_product_not_received", "dispute_noncompliant", "dispute_inquiry"),
    "dispute_twice",
]
PROMPT = [
    *("success", "refund_failure", "refund_pending", "increment_declined", "available_at_once"),
    *DISPUTED,
]
CAPTURED = [*PROMPT, "lost_response", "slow"]
DECLINES_AFTER_ACTION = {
    "requires_action_declined": "CARD_DECLINED",
    "requires_action_insufficient_funds": "INSUFFICIENT_FUNDS",
    "requires_action_processing_error": "PROCESSING_ERROR",
}
WAITING = ["requires_action", *DECLINES_AFTER_ACTION, "pending_success", "pending_failure"]
SECOND = timedelta(seconds=1)


def test_these_are_all_simulations() -> None:
    assert sorted(SIMULATIONS) == sorted(DECLINES + CAPTURED + WAITING)


async def test_a_decline_is_a_payment_that_failed(each_gateway: Gateway) -> None:
    for simulate in DECLINES:
        payment = await each_gateway.pay(simulate=simulate)
        assert payment["status"] == "FAILED"
        assert payment["error_code"] == simulate.upper()
        assert payment["error_message"].endswith(".")
        assert (payment["captured_amount"], payment["authorized_at"]) == (0, None)
        assert payment["captured_at"] is None
        assert await each_gateway.payment(payment["id"]) == payment


@pytest.mark.parametrize("simulate", DECLINES)
async def test_a_manual_payment_is_declined_as_well(gateway: Gateway, simulate: str) -> None:
    assert (await gateway.hold(simulate=simulate))["status"] == "FAILED"


@pytest.mark.parametrize("simulate", PROMPT)
async def test_what_succeeds_is_captured_or_held(gateway: Gateway, simulate: str) -> None:
    assert (await gateway.pay(simulate=simulate))["status"] == "CAPTURED"
    assert (await gateway.hold(simulate=simulate))["status"] == "AUTHORIZED"


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
async def test_a_payment_may_require_the_payers_action(gateway: Gateway, capture_method: str) -> None:
    payment = await gateway.pay(simulate="requires_action", capture_method=capture_method)
    assert payment["status"] == "REQUIRES_ACTION"
    assert payment["next_action"] == {"redirect_url": f"{ROOT}/challenge/{payment['id']}"}
    assert payment["captured_amount"] == 0


@pytest.mark.parametrize(("simulate", "code"), DECLINES_AFTER_ACTION.items())
async def test_a_payer_who_approved_may_be_declined(gateway: Gateway, simulate: str, code: str) -> None:
    payment = await gateway.pay(simulate=simulate)
    assert payment["status"] == "REQUIRES_ACTION"

    await gateway.stranger.post(f"/challenge/{payment['id']}?outcome=approve")
    ended = await gateway.payment(payment["id"])
    assert (ended["status"], ended["error_code"], ended["captured_amount"]) == ("FAILED", code, 0)


async def test_pending_payments_settle_after_a_minute(each_gateway: Gateway) -> None:
    ends = {"pending_success": "CAPTURED", "pending_failure": "FAILED"}
    payments = [await each_gateway.pay(simulate=simulate) for simulate in ends]
    assert {payment["status"] for payment in payments} == {"PENDING"}

    # given that they are not yet due
    assert await each_gateway.tick(59 * SECOND) == 0
    assert [await each_gateway.payment(payment["id"]) for payment in payments] == payments

    # when they are, then they settle, once
    assert await each_gateway.tick(SECOND) == 2
    settled = [await each_gateway.payment(payment["id"]) for payment in payments]
    assert [payment["status"] for payment in settled] == list(ends.values())
    assert {payment["updated_at"] for payment in settled} == {"2026-01-31T12:01:00Z"}
    assert await each_gateway.tick(60 * SECOND) == 0


async def test_a_pending_payment_settles_after_the_delay_it_asks_for(gateway: Gateway) -> None:
    payment = await gateway.pay(simulate="pending_failure", delay_s=3)
    assert await gateway.tick(2 * SECOND) == 0
    assert await gateway.tick(SECOND) == 1
    settled = await gateway.payment(payment["id"])
    assert (settled["status"], settled["error_code"]) == ("FAILED", "PAYMENT_NOT_COMPLETED")


async def test_a_pending_payment_without_delay_settles_at_the_next_tick(gateway: Gateway) -> None:
    payment = await gateway.pay(simulate="pending_success", delay_s=0)
    assert payment["status"] == "PENDING"
    assert await gateway.tick() == 1
    assert (await gateway.payment(payment["id"]))["captured_amount"] == payment["amount"]


@pytest.mark.parametrize(("delay", "seconds"), [({}, 60), ({"delay_s": 3}, 3), ({"delay_s": 0}, 0)])
async def test_a_refund_that_waits_is_processed_after_the_delay(
    gateway: Gateway, delay: dict[str, int], seconds: int
) -> None:
    payment = await gateway.pay(simulate="refund_pending", **delay)
    answer = await gateway.client.post(f"/payments/{payment['id']}/refund", json={})
    refund = answer.json()
    assert refund["status"] == "PENDING"

    assert await gateway.tick(seconds * SECOND) == 1
    refunded = (await gateway.client.get(f"/refunds/{refund['id']}")).json()
    assert refunded["status"] == "PROCESSED"


@pytest.mark.parametrize("method", ["konbini", "bank_transfer"])
async def test_methods_whose_payer_pays_later_wait(gateway: Gateway, method: str) -> None:
    payment = await gateway.pay(payment_method={"type": method})
    assert payment["status"] == "PENDING"
    assert payment["payment_method"] == {"type": method, "brand": None, "last4": None}
    assert await gateway.tick(60 * SECOND) == 1
    assert (await gateway.payment(payment["id"]))["status"] == "CAPTURED"


@pytest.mark.parametrize("method", ["upi", "wallet", "netbanking"])
async def test_other_methods_are_decided_at_once(gateway: Gateway, method: str) -> None:
    details = {"upi": {"vpa": "somebody@bank"}} if method == "upi" else {}
    payment = await gateway.pay(payment_method={"type": method, **details})
    assert (payment["status"], payment["payment_method"]["type"]) == ("CAPTURED", method)


async def test_more_pending_payments_than_one_tick_settles_are_settled_by_the_next(gateway: Gateway) -> None:
    await asyncio.gather(*(gateway.pay(simulate="pending_success", delay_s=1) for _ in range(230)))
    assert await gateway.tick(SECOND) == 200
    assert await gateway.tick() == 30
    assert await gateway.tick() == 0


async def test_a_slow_answer_is_held_back_once_the_payment_is_there(gateway: Gateway) -> None:
    asking = asyncio.create_task(
        gateway.client.post("/payments", json={"amount": 1, "simulate": "slow", "reference": "late"})
    )
    await gateway.clock.until_asleep()

    # given that there is no answer yet, the payment is captured
    gateway.clock.advance(timedelta(seconds=4.9))
    (payment,) = (await gateway.client.get("/payments?reference=late")).json()["data"]
    assert payment["status"] == "CAPTURED"
    assert not asking.done()

    # when five seconds are over, the answer comes
    gateway.clock.advance(timedelta(seconds=0.1))
    assert (await asking).json() == payment


async def test_how_slow_an_answer_is_may_be_said_within_bounds(gateway: Gateway) -> None:
    asking = asyncio.create_task(gateway.pay(simulate="slow", delay_s=300))
    await gateway.clock.until_asleep()
    gateway.clock.advance(300 * SECOND)
    assert (await asking)["status"] == "CAPTURED"
    answer = await gateway.client.post("/payments", json={"amount": 1, "simulate": "slow", "delay_s": 301})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "delay_s"


async def test_no_delay_means_no_wait(gateway: Gateway) -> None:
    assert (await gateway.pay(simulate="slow", delay_s=0))["status"] == "CAPTURED"


async def test_a_silent_bank_is_waited_for_before_anything_is_written(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(simulated_timeout_ms=2_000)
    before = await gateway.rows()
    asking = asyncio.create_task(gateway.pay(simulate="network_timeout"))
    await gateway.clock.until_asleep()
    assert await gateway.rows() == before

    # others are served meanwhile, and write as well
    gateway.clock.advance(timedelta(seconds=1.9))
    assert (await gateway.pay())["status"] == "CAPTURED"
    assert not asking.done()

    gateway.clock.advance(timedelta(seconds=0.1))
    payment = await asking
    assert (payment["status"], payment["error_code"]) == ("FAILED", "NETWORK_TIMEOUT")


async def test_a_duplicate_of_what_the_bank_answered_late_need_not_wait(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(simulated_timeout_ms=2_000)

    async def ask() -> httpx.Response:
        body = {"amount": 1, "simulate": "network_timeout"}
        return await gateway.client.post("/payments", json=body, headers={"Idempotency-Key": "k"})

    asking = asyncio.create_task(ask())
    await gateway.clock.until_asleep()
    gateway.clock.advance(2 * SECOND)
    first = await asking
    again = await ask()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content


async def test_a_lost_answer_leaves_the_payment_behind(each_gateway: Gateway) -> None:
    body = {"amount": 700, "simulate": "lost_response", "reference": "lost"}
    headers = {"Idempotency-Key": "retry-me"}
    with pytest.raises(AnswerLostError):
        await each_gateway.client.post("/payments", json=body, headers=headers)
    (payment,) = (await each_gateway.client.get("/payments?reference=lost")).json()["data"]
    assert payment["status"] == "CAPTURED"

    # whoever asks again with the same key gets the answer that was lost
    again = await each_gateway.client.post("/payments", json=body, headers=headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == payment
    assert (await each_gateway.rows())["payments"] == 1
