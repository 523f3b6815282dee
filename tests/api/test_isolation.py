"""One merchant never sees another: a foreign id and an unknown one give the same answer."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.gateway import Gateway, refusal
from tests.support.webhooks import until

OPERATIONS: list[tuple[str, str, Any]] = [
    ("GET", "/payments/{payment}", None),
    ("POST", "/payments/{held}/capture", None),
    ("POST", "/payments/{held}/capture", {"amount": 1}),
    ("POST", "/payments/{payment}/capture", None),
    ("POST", "/payments/{held}/cancel", None),
    ("POST", "/payments/{payment}/refund", None),
    ("POST", "/payments/{payment}/refund", {"amount": 999_999}),
    ("GET", "/payments/{payment}/refunds", None),
    ("GET", "/payments/{payment}/timeline", None),
    ("GET", "/refunds/{refund}", None),
    ("POST", "/refunds", {"payment_id": "{payment}"}),
    ("GET", "/disputes/{dispute}", None),
    ("POST", "/disputes/{dispute}/evidence", {"evidence": {"uncategorized_text": "winning_evidence"}}),
    ("POST", "/disputes/{dispute}/accept", None),
    ("GET", "/payouts/{payout}", None),
    ("POST", "/payouts/{payout}/cancel", None),
    ("POST", "/payments", {"amount": 1, "customer_id": "{customer}"}),
    ("POST", "/payments", {"amount": 1, "instrument_id": "{instrument}"}),
    ("GET", "/customers/{customer}", None),
    ("PATCH", "/customers/{customer}", {"name": "mine"}),
    ("PATCH", "/customers/{customer}", {"default_instrument_id": "{instrument}"}),
    ("DELETE", "/customers/{customer}", None),
    ("GET", "/customers/{customer}/instruments", None),
    ("GET", "/customers/{customer}/payments", None),
    ("POST", "/instruments", {"type": "wallet", "customer_id": "{customer}"}),
    ("GET", "/instruments/{instrument}", None),
    ("PATCH", "/instruments/{instrument}", {"metadata": {"name": "mine"}}),
    ("POST", "/instruments/{instrument}/attach", {"customer_id": "{customer}"}),
    ("POST", "/instruments/{instrument}/detach", None),
    ("DELETE", "/instruments/{instrument}", None),
    ("POST", "/intents", {"amount": 1, "customer_id": "{customer}"}),
    ("POST", "/intents", {"amount": 1, "instrument_id": "{instrument}"}),
    ("GET", "/intents/{intent}", None),
    ("PATCH", "/intents/{intent}", {"amount": 1}),
    ("PATCH", "/intents/{intent}", {"customer_id": "{customer}"}),
    ("PATCH", "/intents/{intent}", {"instrument_id": "{instrument}"}),
    ("GET", "/intents/{intent}/payments", None),
    ("POST", "/intents/{intent}/confirm", {"instrument_id": "{instrument}"}),
    ("POST", "/intents/{intent}/capture", None),
    ("POST", "/intents/{intent}/cancel", None),
    ("POST", "/setups", {"customer_id": "{customer}"}),
    ("GET", "/setups/{setup}", None),
    ("POST", "/setups/{setup}/confirm", {"instrument_id": "{instrument}"}),
    ("POST", "/setups/{setup}/cancel", None),
    ("POST", "/merchants/me/api-keys/{key}/rotate", None),
    ("DELETE", "/merchants/me/api-keys/{key}", None),
    ("GET", "/webhooks/endpoints/{endpoint}", None),
    ("PATCH", "/webhooks/endpoints/{endpoint}", {"enabled": False}),
    ("DELETE", "/webhooks/endpoints/{endpoint}", None),
    ("GET", "/webhooks/endpoints/{endpoint}/secret", None),
    ("POST", "/webhooks/endpoints/{endpoint}/rotate-secret", None),
    ("POST", "/webhooks/endpoints/{endpoint}/test", None),
    ("GET", "/webhooks/events/{event}", None),
    ("POST", "/webhooks/events/{event}/redeliver", None),
    ("GET", "/webhooks/deliveries/{delivery}", None),
    ("POST", "/webhooks/deliveries/{delivery}/retry", None),
]
LISTS = [
    "/payments",
    "/disputes",
    "/balance/entries",
    "/payouts",
    "/customers",
    "/instruments",
    "/intents",
    "/setups",
    "/merchants/me/api-keys",
    "/webhooks/endpoints",
    "/webhooks/events",
    "/webhooks/deliveries",
]
FILTERS = ["/webhooks/events?payment_id={payment}", "/webhooks/deliveries?event_id={event}"]
FILTERS += ["/disputes?payment_id={disputed}", "/balance/entries?payment_id={payment}"]
FILTERS += ["/customers?email=theirs@example.com", "/intents?customer_id={customer}"]
FILTERS += ["/setups?customer_id={customer}", "/webhooks/deliveries?endpoint_id={endpoint}"]


async def everything_of(gateway: Gateway, client: httpx.AsyncClient) -> dict[str, str]:
    """One of each thing a merchant may have, by name."""

    async def posted(path: str, body: Any = None) -> str:
        answer = await client.post(path, json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    async def newest(path: str) -> str | None:
        data = (await client.get(path)).json()["data"]
        return str(data[0]["id"]) if data else None

    async def is_delivered() -> bool:
        return await newest("/webhooks/deliveries?status=SUCCEEDED") is not None

    endpoint = await posted("/webhooks/endpoints", {"url": "http://receiver.test/hook"})
    payment = await posted("/payments", {"amount": 100})
    held = await posted("/payments", {"amount": 100, "capture_method": "manual"})
    refund = await posted(f"/payments/{payment}/refund", {"amount": 1})
    await posted("/payments", {"amount": 90_000, "simulate": "available_at_once"})
    payout = await posted("/payouts", {"amount": 1})
    disputed = await posted("/payments", {"amount": 100, "simulate": "dispute"})
    customer = await posted("/customers", {"email": "theirs@example.com"})
    instrument = await posted("/instruments", {"type": "wallet", "customer_id": customer})
    intent = await posted("/intents", {"amount": 100, "instrument_id": instrument})
    setup = await posted("/setups", {"customer_id": customer})
    worker = gateway.joined.worker
    working = asyncio.create_task(worker.run())
    try:
        await until(is_delivered)
    finally:
        await worker.stop()
        await working
    found = {
        "payment": payment,
        "held": held,
        "refund": refund,
        "payout": payout,
        "disputed": disputed,
        "dispute": await newest("/disputes"),
        "customer": customer,
        "instrument": instrument,
        "intent": intent,
        "setup": setup,
        "endpoint": endpoint,
        "key": await posted("/merchants/me/api-keys", {}),
        "event": await newest("/webhooks/events"),
        "delivery": await newest("/webhooks/deliveries"),
    }
    return {name: value for name, value in found.items() if value is not None}


def filled(part: Any, ids: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {name: filled(value, ids) for name, value in part.items()}
    return part.format(**ids) if isinstance(part, str) else part


async def test_a_foreign_id_is_as_good_as_unknown(each_gateway: Gateway) -> None:
    theirs = await everything_of(each_gateway, await each_gateway.another_merchant())
    assert len(theirs) == 14
    unknown = {name: str(uuid4()) for name in theirs}
    before = await each_gateway.rows()
    headers = {"X-Request-ID": "the same"}
    for method, path, body in OPERATIONS:
        answers = [
            await each_gateway.client.request(
                method, filled(path, ids), json=filled(body, ids), headers={**headers, "Idempotency-Key": "k"}
            )
            for ids in (theirs, unknown)
        ]
        for answer in answers:
            refusal(answer, 404, "NOT_FOUND")
        assert answers[0].content == answers[1].content, (method, path)
        assert answers[0].headers == answers[1].headers, (method, path)
    assert await each_gateway.rows() == before


async def test_lists_show_nothing_of_others(each_gateway: Gateway) -> None:
    theirs = await everything_of(each_gateway, await each_gateway.another_merchant())
    for path in (*LISTS, *(filled(path, theirs) for path in FILTERS)):
        answer = await each_gateway.client.get(path)
        assert answer.status_code == 200, answer.text
        assert not [value for value in theirs.values() if value in answer.text], path
        if path != "/merchants/me/api-keys":
            assert answer.json()["data"] == []


async def test_the_list_of_operations_is_whole(gateway: Gateway) -> None:
    document = (await gateway.stranger.get("/openapi.json")).json()
    with_ids = {
        (method.upper(), path.removeprefix("/api/v1").partition("{")[0])
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/v1") and "{" in path
    }
    tried = {(method, path.partition("{")[0]) for method, path, _ in OPERATIONS}
    assert with_ids <= tried


@pytest.mark.parametrize("path", ["/payments", "/payments?limit=100", "/webhooks/events"])
async def test_two_merchants_side_by_side_each_see_their_own(each_gateway: Gateway, path: str) -> None:
    other = await each_gateway.another_merchant()
    mine, theirs = set(), set()
    for _ in range(3):
        mine.add((await each_gateway.pay())["id"])
        theirs.add((await other.post("/payments", json={"amount": 1})).json()["id"])
    seen_by_me = (await each_gateway.client.get(path)).text
    seen_by_them = (await other.get(path)).text
    assert all(each in seen_by_me and each not in seen_by_them for each in mine)
    assert all(each in seen_by_them and each not in seen_by_me for each in theirs)
