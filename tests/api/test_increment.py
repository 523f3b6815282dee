"""Having more held than before: by how much, how often, and what a decline leaves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.api.test_capture_and_cancel import payment_at
from tests.support.gateway import Gateway, refusal

WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)


async def asked(gateway: Gateway, payment: dict[str, Any], amount: object, **sent: Any) -> Any:
    """The answer to a request to hold so much."""
    path = f"/payments/{payment['id']}/increment"
    return await gateway.client.post(path, json={"amount": amount}, **sent)


async def test_more_is_held_and_captured_whole(each_gateway: Gateway) -> None:
    held = await each_gateway.hold(10_000)
    each_gateway.clock.advance(SECOND)

    answer = await asked(each_gateway, held, 12_500)

    assert answer.status_code == 200
    assert answer.json() == held | {"amount": 12_500, "updated_at": "2026-01-31T12:00:01Z"}
    assert await each_gateway.payment(held["id"]) == answer.json()
    found = (await each_gateway.client.get("/payments?amount_min=12500")).json()["data"]
    assert found == [answer.json()]
    taken = (await each_gateway.client.post(f"/payments/{held['id']}/capture")).json()
    assert (taken["status"], taken["amount"], taken["captured_amount"]) == ("CAPTURED", 12_500, 12_500)


async def test_the_timeline_and_the_events_tell_how_it_grew(each_gateway: Gateway) -> None:
    # given a hold that was raised
    held = await each_gateway.hold(10_000)
    await asked(each_gateway, held, 12_500)

    # then the timeline shows by how much
    data = (await each_gateway.client.get(f"/payments/{held['id']}/timeline")).json()["data"]
    steps = [(each["action"], each.get("amount")) for each in data if each["kind"] == "transition"]
    assert steps == [("create", None), ("authorize", None), ("increment", 2_500)]

    # and each event what was held when it happened
    events = (await each_gateway.client.get("/webhooks/events")).json()["data"]
    told = [(each["event"], each["body"]["payment"]["amount"]) for each in reversed(events)]
    assert told == [
        ("payment.created", 10_000),
        ("payment.authorized", 10_000),
        ("payment.incremented", 12_500),
    ]


async def test_a_decline_leaves_what_was_held(each_gateway: Gateway) -> None:
    # given a bank that holds no more
    held = await each_gateway.hold(10_000, simulate="increment_declined")

    # when more is asked for, and the answer is asked for again
    key = {"Idempotency-Key": "k1"}
    answer = await asked(each_gateway, held, 10_001, headers=key)
    again = await asked(each_gateway, held, 10_001, headers=key)

    # then the bank said no once, which is remembered and told of by nothing but the timeline
    error = refusal(answer, 402, "INCREMENT_DECLINED")
    assert (error["param"], error["hint"]) == ("amount", "10000 is held as before, to be captured or let go")
    assert again.content == answer.content
    after = await each_gateway.payment(held["id"])
    assert after == held | {"updated_at": after["updated_at"]}
    data = (await each_gateway.client.get(f"/payments/{held['id']}/timeline")).json()["data"]
    assert [each.get("action") for each in data].count("decline_increment") == 1
    assert (await each_gateway.rows())["webhook_events"] == 2
    taken = (await each_gateway.client.post(f"/payments/{held['id']}/capture")).json()
    assert taken["captured_amount"] == 10_000


async def test_a_hold_lapses_when_it_would_have(gateway: Gateway) -> None:
    held = await gateway.hold(10_000)
    await gateway.tick(WEEK - SECOND)
    assert (await asked(gateway, held, 20_000)).json()["expires_at"] == held["expires_at"]

    await gateway.tick(SECOND)

    refusal(await asked(gateway, held, 30_000), 422, "INVALID_PAYMENT_STATE")
    assert (await gateway.payment(held["id"]))["status"] == "EXPIRED"


@pytest.mark.parametrize("simulate", ["success", "increment_declined"])
async def test_it_is_asked_for_ten_times_at_most(gateway: Gateway, simulate: str) -> None:
    held = await gateway.hold(10_000, simulate=simulate)
    for more in range(1, 11):
        assert (await asked(gateway, held, 10_000 + more)).status_code in (200, 402)

    error = refusal(await asked(gateway, held, 20_000), 409, "CONFLICT")

    assert "10 times" in error["message"]
    assert (await gateway.client.post(f"/payments/{held['id']}/capture")).status_code == 200


@pytest.mark.parametrize("amount", [1, 9_999, 10_000])
async def test_a_hold_is_only_ever_raised(gateway: Gateway, amount: int) -> None:
    held = await gateway.hold(10_000)
    error = refusal(await asked(gateway, held, amount), 422, "VALIDATION_FAILED")
    assert (error["param"], error["hint"]) == ("amount", "give the new total, not what is to be added")
    assert await gateway.payment(held["id"]) == held


@pytest.mark.parametrize("amount", [None, 0, -1, 1.5, "1", True, 100_000_000_000])
async def test_what_is_no_amount_is_refused(gateway: Gateway, amount: object) -> None:
    held = await gateway.hold()
    error = refusal(await asked(gateway, held, amount), 422, "VALIDATION_FAILED")
    assert error["param"] == "amount"
    assert await gateway.payment(held["id"]) == held


@pytest.mark.parametrize(
    "status", ["FAILED", "REQUIRES_ACTION", "PENDING", "CAPTURED", "REFUNDED", "VOIDED", "EXPIRED"]
)
async def test_only_what_is_held_can_be_raised(gateway: Gateway, status: str) -> None:
    payment = await payment_at(gateway, status)
    error = refusal(await asked(gateway, payment, 20_000), 422, "INVALID_PAYMENT_STATE")
    assert error["message"] == f"cannot increment a payment that is {status}"


async def test_requests_at_once_end_in_the_highest_of_those_answered(each_gateway: Gateway) -> None:
    held = await each_gateway.hold(10_000)
    answers = await asyncio.gather(
        *(asked(each_gateway, held, amount) for amount in range(10_001, 10_009)),
        each_gateway.client.post(f"/payments/{held['id']}/capture"),
    )

    *raised, taken = answers
    held_in_the_end = max([10_000, *(each.json()["amount"] for each in raised if each.status_code == 200)])
    assert taken.status_code == 200
    assert taken.json()["captured_amount"] == taken.json()["amount"] == held_in_the_end
