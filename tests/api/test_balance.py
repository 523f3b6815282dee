"""The balance and its entries: what there is, and what has moved it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.support.gateway import UNKNOWN, Gateway, refusal
from tests.support.paging import rows_of

SECOND = timedelta(seconds=1)
FEE = 10_000 * 29 // 1_000 + 30
DISPUTE_FEE = 1_500


async def balance(gateway: Gateway) -> dict[str, tuple[int, int]]:
    """What is available and pending, by currency."""
    answer = await gateway.client.get("/balance")
    assert answer.status_code == 200, answer.text
    return {each["currency"]: (each["available"], each["pending"]) for each in answer.json()["data"]}


async def entries(gateway: Gateway, **query: Any) -> list[dict[str, Any]]:
    """Every entry, page by page."""
    return await rows_of(gateway.client, "/balance/entries", **{"limit": 2, **query})


async def some_of_everything(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """Payments, refunds, disputes and payouts, one after the other."""
    made: dict[str, dict[str, Any]] = {}

    async def post(name: str, path: str, **body: Any) -> None:
        gateway.clock.advance(SECOND)
        answer = await gateway.client.post(path, json=body)
        assert answer.is_success, answer.text
        made[name] = answer.json()

    await post("payment", "/payments", amount=10_000, description="Tea")
    await post("prompt", "/payments", amount=90_000, simulate="available_at_once")
    await post("yen", "/payments", amount=500, currency="JPY")
    await post("refund", f"/payments/{made['payment']['id']}/refund", amount=1_000)
    await post("disputed", "/payments", amount=20_000, simulate="dispute")
    (made["dispute"],) = (await gateway.client.get("/disputes")).json()["data"]
    won = {"uncategorized_text": "winning_evidence"}
    await post("won", f"/disputes/{made['dispute']['id']}/evidence", evidence=won)
    await post("returned", f"/payments/{made['disputed']['id']}/refund", amount=100)
    await post("failing", "/payments", amount=700, simulate="refund_failure")
    await post("failed", f"/payments/{made['failing']['id']}/refund")
    await post("payout", "/payouts", amount=2_000)
    await post("canceled", "/payouts", amount=3_000)
    await post("stopped", f"/payouts/{made['canceled']['id']}/cancel")
    return made


async def test_a_payment_is_pending_for_two_days(each_gateway: Gateway) -> None:
    assert await balance(each_gateway) == {"INR": (0, 0)}
    payment = await each_gateway.pay(10_000, description="Tea")
    await each_gateway.pay(500, currency="JPY", simulate="available_at_once")

    assert await balance(each_gateway) == {"INR": (0, 10_000 - FEE), "JPY": (455, 0)}
    (entry,) = await entries(each_gateway, payment_id=payment["id"])
    assert entry == {
        "id": payment["id"],
        "type": "payment",
        "source_id": payment["id"],
        "amount": 10_000,
        "fee": FEE,
        "net": 10_000 - FEE,
        "currency": "INR",
        "description": "Tea",
        "available": False,
        "available_at": "2026-02-02T12:00:00Z",
        "created_at": "2026-01-31T12:00:00Z",
    }

    each_gateway.clock.advance(timedelta(days=2))
    assert await balance(each_gateway) == {"INR": (10_000 - FEE, 0), "JPY": (455, 0)}
    assert [each["available"] for each in await entries(each_gateway)] == [True, True]


async def test_a_currency_is_there_before_it_was_used(gateway: Gateway) -> None:
    await gateway.client.patch("/merchants/me", json={"default_currency": "KWD"})
    await gateway.pay(10_000, currency="JPY")

    assert await balance(gateway) == {"JPY": (0, 10_000 - FEE), "KWD": (0, 0)}


@pytest.mark.parametrize("number", ["4000000000000077", "4000003720000278"])
async def test_a_card_may_be_available_at_once(gateway: Gateway, number: str) -> None:
    card = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2030}}
    await gateway.pay(10_000, payment_method=card)

    assert await balance(gateway) == {"INR": (10_000 - FEE, 0)}


async def test_entries_add_up_to_the_balance(each_gateway: Gateway) -> None:
    await some_of_everything(each_gateway)

    found = await entries(each_gateway)

    sums: Counter[tuple[str, bool]] = Counter()
    for each in found:
        assert each["net"] == each["amount"] - each["fee"]
        sums[each["currency"], each["available"]] += each["net"]
    assert await balance(each_gateway) == {
        currency: (sums[currency, True], sums[currency, False]) for currency in ("INR", "JPY")
    }
    assert Counter(each["type"] for each in found) == {
        "payment": 5,
        "refund": 3,
        "refund_failure": 1,
        "dispute": 1,
        "dispute_reversal": 1,
        "payout": 2,
        "payout_reversal": 1,
    }
    assert len({each["id"] for each in found}) == len(found)
    assert [each["created_at"] for each in found] == sorted(
        (each["created_at"] for each in found), reverse=True
    )


async def test_a_refund_takes_the_balance_below_nothing(gateway: Gateway) -> None:
    payment = await gateway.pay(10_000)
    refund = (await gateway.client.post(f"/payments/{payment['id']}/refund")).json()

    assert await balance(gateway) == {"INR": (-10_000, 10_000 - FEE)}
    (taken, _) = await entries(gateway)
    assert (taken["type"], taken["source_id"], taken["net"]) == ("refund", refund["id"], -10_000)


async def test_entries_are_narrowed(each_gateway: Gateway) -> None:
    made = await some_of_everything(each_gateway)

    async def sources(**query: Any) -> list[str]:
        names = {each["id"]: name for name, each in reversed(made.items())}
        return [f"{each['type']} {names[each['source_id']]}" for each in await entries(each_gateway, **query)]

    assert await sources(payment_id=made["payment"]["id"].upper()) == ["refund refund", "payment payment"]
    assert await sources(payment_id=made["disputed"]["id"]) == [
        *("refund returned", "dispute_reversal dispute", "dispute dispute", "payment disputed")
    ]
    assert await sources(payment_id=made["disputed"]["id"], type="dispute") == ["dispute dispute"]
    assert await sources(payment_id=UNKNOWN) == []
    assert await sources(payment_id=made["refund"]["id"]) == []
    assert await sources(type="payout") == ["payout canceled", "payout payout"]
    assert await sources(type="refund_failure") == ["refund_failure failed"]
    assert await sources(currency="jpy") == ["payment yen"]
    assert await sources(type="payout", currency="JPY") == []
    assert await sources(created_to="2026-01-31T12:00:03Z") == ["payment prompt", "payment payment"]
    assert await sources(created_from="2026-01-31T12:00:11Z", limit=100) == [
        *("payout_reversal canceled", "payout canceled")
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"payment_id": "x"},
        {"payment_id": "\x00"},
        {"type": "PAYMENT"},
        {"currency": "XYZ"},
        {"created_to": "yesterday"},
        {"limit": 0},
        {"cursor": "x"},
        {"cursor": "AZnTwl8AcACAAAAAAAAAAA"},
        {"kind": "payment"},
    ],
)
async def test_a_list_refuses_what_it_does_not_know(each_gateway: Gateway, query: dict[str, Any]) -> None:
    answer = await each_gateway.client.get("/balance/entries", params=query)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == next(iter(query))


async def test_a_cursor_of_another_merchant_leads_nowhere(each_gateway: Gateway) -> None:
    for _ in range(2):
        await each_gateway.pay()
    page = (await each_gateway.client.get("/balance/entries?limit=1")).json()
    other = await each_gateway.another_merchant()

    answer = await other.get("/balance/entries", params={"cursor": page["next_cursor"]})

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "cursor"
    assert (await other.get("/balance")).json() == {
        "data": [{"currency": "INR", "available": 0, "pending": 0}]
    }
