"""Payouts: made, listed, canceled, arriving, and never more than there is."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kessai.domain.money import AMOUNT_MAX
from tests.api.test_balance import balance
from tests.support.gateway import UNKNOWN, Gateway, opened_gateway, refusal
from tests.support.paging import rows_of
from tests.support.real_card import REAL_CARD
from tests.support.told import events_of

SECOND = timedelta(seconds=1)
AVAILABLE = 9_680


@pytest.fixture
async def rich(each_gateway: Gateway) -> Gateway:
    """A merchant who has AVAILABLE to pay out."""
    await each_gateway.pay(10_000, simulate="available_at_once")
    return each_gateway


async def paid_out(gateway: Gateway, amount: int, **fields: Any) -> dict[str, Any]:
    answer = await gateway.client.post("/payouts", json={"amount": amount, **fields})
    assert answer.status_code == 201, answer.text
    payout: dict[str, Any] = answer.json()
    return payout


async def test_a_payout_leaves_and_arrives(rich: Gateway) -> None:
    payout = await paid_out(
        rich, 9_000, description="Rent", statement_descriptor="KYOTO TEA", metadata={"month": "5"}
    )

    assert UUID(payout["id"]).version == 7
    assert payout == {
        "id": payout["id"],
        "amount": 9_000,
        "currency": "INR",
        "status": "PENDING",
        "method": "standard",
        "description": "Rent",
        "statement_descriptor": "KYOTO TEA",
        "metadata": {"month": "5"},
        "arrives_at": "2026-02-01T12:00:00Z",
        "canceled_at": None,
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
    }
    assert await balance(rich) == {"INR": (AVAILABLE - 9_000, 0)}

    assert await rich.tick(timedelta(days=1)) == 1

    paid = (await rich.client.get(f"/payouts/{payout['id']}")).json()
    assert paid == payout | {"status": "PAID", "updated_at": "2026-02-01T12:00:00Z"}
    assert await balance(rich) == {"INR": (AVAILABLE - 9_000, 0)}
    refused = await rich.client.post(f"/payouts/{payout['id']}/cancel")
    assert refusal(refused, 409, "CONFLICT")["message"] == "cannot cancel a payout that is PAID"


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ({"method": "instant"}, timedelta(minutes=30)),
        ({"delay_s": 5}, 5 * SECOND),
        ({"method": "instant", "delay_s": 5}, 5 * SECOND),
        ({"delay_s": 0}, timedelta(0)),
    ],
)
async def test_how_long_it_takes(rich: Gateway, fields: dict[str, Any], after: timedelta) -> None:
    payout = await paid_out(rich, 1, **fields)

    if after:
        assert await rich.tick(after - timedelta(microseconds=1)) == 0
    rich.clock.advance(timedelta(microseconds=1))
    assert await rich.tick() == 1
    assert (await rich.client.get(f"/payouts/{payout['id']}")).json()["status"] == "PAID"


async def test_no_more_than_is_available(rich: Gateway) -> None:
    await rich.pay(5_000)

    error = refusal(await rich.client.post("/payouts", json={"amount": 9_681}), 422, "AMOUNT_TOO_LARGE")

    assert (error["param"], error["message"]) == ("amount", "cannot pay out 9681: 9680 is left")
    assert "available_at_once" in error["hint"]
    other = await rich.client.post("/payouts", json={"amount": 1, "currency": "USD"})
    refusal(other, 422, "AMOUNT_TOO_LARGE")
    await paid_out(rich, AVAILABLE)
    refusal(await rich.client.post("/payouts", json={"amount": 1}), 422, "AMOUNT_TOO_LARGE")
    rich.clock.advance(timedelta(days=2))
    await paid_out(rich, 4_825)


async def test_a_payout_that_is_canceled_comes_back(rich: Gateway) -> None:
    payout = await paid_out(rich, 9_000)
    rich.clock.advance(SECOND)

    answer = await rich.client.post(f"/payouts/{payout['id']}/cancel")

    assert answer.status_code == 200
    assert answer.json() == payout | {
        "status": "CANCELED",
        "canceled_at": "2026-01-31T12:00:01Z",
        "updated_at": "2026-01-31T12:00:01Z",
    }
    assert await balance(rich) == {"INR": (AVAILABLE, 0)}
    assert await rich.tick(timedelta(days=1)) == 0
    refusal(await rich.client.post(f"/payouts/{payout['id']}/cancel"), 409, "CONFLICT")


async def test_payouts_at_one_moment_never_exceed_what_is_available(rich: Gateway) -> None:
    answers = await asyncio.gather(*(rich.client.post("/payouts", json={"amount": 1_000}) for _ in range(30)))

    assert Counter(each.status_code for each in answers) == {201: 9, 422: 21}
    assert await balance(rich) == {"INR": (AVAILABLE - 9_000, 0)}


@pytest.mark.postgresql
async def test_nor_when_two_processes_are_asked(postgres_url: str) -> None:
    async with opened_gateway(postgres_url) as here, opened_gateway(postgres_url, seed=2) as there:
        await here.pay(10_000, simulate="available_at_once")

        answers = await asyncio.gather(
            *((here, there)[place % 2].client.post("/payouts", json={"amount": 1_000}) for place in range(30))
        )

        assert Counter(each.status_code for each in answers) == {201: 9, 422: 21}
        assert await balance(here) == await balance(there) == {"INR": (AVAILABLE - 9_000, 0)}


async def test_of_many_duplicates_at_once_one_has_an_effect(rich: Gateway) -> None:
    headers = {"Idempotency-Key": "rent"}
    body = {"amount": 1_000}

    answers = await asyncio.gather(
        *(rich.client.post("/payouts", json=body, headers=headers) for _ in range(8))
    )

    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert await balance(rich) == {"INR": (AVAILABLE - 1_000, 0)}
    refused = await rich.client.post("/payouts", json={"amount": 2_000}, headers=headers)
    refusal(refused, 422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_refusal_keeps_no_key(rich: Gateway) -> None:
    headers = {"Idempotency-Key": "rent"}
    before = await rich.rows()
    answer = await rich.client.post("/payouts", json={"amount": 10_000}, headers=headers)
    refusal(answer, 422, "AMOUNT_TOO_LARGE")
    assert await rich.rows() == before

    await rich.pay(10_000, simulate="available_at_once")

    assert (await rich.client.post("/payouts", json={"amount": 10_000}, headers=headers)).status_code == 201


async def test_payouts_are_listed_by_page_and_filter(rich: Gateway) -> None:
    await rich.pay(10_000, currency="JPY", simulate="available_at_once")
    made = [await paid_out(rich, 100) for _ in range(4)]
    rich.clock.advance(SECOND)
    made.append(await paid_out(rich, 100, currency="JPY"))
    await rich.client.post(f"/payouts/{made[1]['id']}/cancel")
    ids = [each["id"] for each in made]

    async def listed(**query: Any) -> list[int]:
        rows = await rows_of(rich.client, "/payouts", **{"limit": 2, **query})
        return [ids.index(each["id"]) for each in rows]

    assert await listed() == [4, 3, 2, 1, 0]
    assert await listed(status="CANCELED") == [1]
    assert await listed(status="PENDING") == [4, 3, 2, 0]
    assert await listed(currency="jpy") == [4]
    assert await listed(created_from="2026-01-31T12:00:01Z") == [4]
    assert await listed(created_to="2026-01-31T12:00:01Z", limit=100) == [3, 2, 1, 0]
    assert await listed(status="PAID") == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "paid"},
        {"currency": "XYZ"},
        {"created_from": "1"},
        {"limit": 101},
        {"cursor": "x"},
        {"to": 1},
    ],
)
async def test_a_list_refuses_what_it_does_not_know(gateway: Gateway, query: dict[str, Any]) -> None:
    answer = await gateway.client.get("/payouts", params=query)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == next(iter(query))


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"amount": None}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": "1"}, "amount"),
        ({"amount": 1.0}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": AMOUNT_MAX + 1}, "amount"),
        ({"amount": 10**40}, "amount"),
        ({"currency": "XYZ"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"method": "slow"}, "method"),
        ({"delay_s": -1}, "delay_s"),
        ({"delay_s": 604_801}, "delay_s"),
        ({"description": "x" * 501}, "description"),
        ({"description": "\x00"}, "description"),
        ({"statement_descriptor": "x" * 23}, "statement_descriptor"),
        ({"metadata": {"k": 1}}, "metadata"),
        ({"metadata": {str(number): "" for number in range(51)}}, "metadata"),
        ({"destination": "ba_1"}, "destination"),
    ],
)
async def test_a_payout_that_is_wrong_is_not_made(
    gateway: Gateway, fields: dict[str, Any], param: str
) -> None:
    before = await gateway.rows()

    answer = await gateway.client.post("/payouts", json={"amount": 1, **fields})

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"].startswith(param)
    assert await gateway.rows() == before


async def test_no_real_card_number_is_kept(rich: Gateway) -> None:
    number = REAL_CARD
    payout = await paid_out(
        rich, 1, description=number, statement_descriptor=number, metadata={number: f"of {number}"}
    )

    assert number not in str(payout)
    assert payout["description"].endswith(f"*{number[-4:]}")


async def test_a_payout_that_is_not_there(gateway: Gateway) -> None:
    payment = await gateway.pay()
    for wrong in (UNKNOWN, payment["id"], "x", "%00"):
        refusal(await gateway.client.get(f"/payouts/{wrong}"), 404, "NOT_FOUND")
        refusal(await gateway.client.post(f"/payouts/{wrong}/cancel"), 404, "NOT_FOUND")


async def test_each_change_of_a_payout_is_told(rich: Gateway) -> None:
    arriving, stopped = await paid_out(rich, 1), await paid_out(rich, 2)
    await rich.client.post(f"/payouts/{stopped['id']}/cancel")
    await rich.tick(timedelta(days=1))

    assert [each for each in await events_of(rich) if each.startswith("payout")] == [
        *("payout.created", "payout.created", "payout.canceled", "payout.paid")
    ]
    (event,) = (await rich.client.get("/webhooks/events?event=payout.paid")).json()["data"]
    assert event["document_id"] == arriving["id"]
    assert event["body"]["payout"] == (await rich.client.get(f"/payouts/{arriving['id']}")).json()
