"""The merchant as it sees and changes itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.support.gateway import Gateway, refusal


async def test_a_merchant_sees_itself(each_gateway: Gateway) -> None:
    answer = await each_gateway.client.get("/merchants/me")
    assert answer.status_code == 200
    merchant = answer.json()
    assert merchant == {
        "id": merchant["id"],
        "name": "First merchant",
        "email": None,
        "default_currency": "INR",
        "webhook_url": None,
        "is_active": True,
        "created_at": "2026-01-31T12:00:00Z",
    }


async def test_only_what_is_sent_changes(each_gateway: Gateway) -> None:
    before = (await each_gateway.client.get("/merchants/me")).json()
    changes: list[dict[str, Any]] = [
        {"name": "ラーメン屋"},
        {"email": "owner@example.com"},
        {"default_currency": "jpy"},
        {},
        {"email": None},
        {"name": "n" * 200, "default_currency": "USD"},
    ]
    for change in changes:
        answer = await each_gateway.client.patch("/merchants/me", json=change)
        assert answer.status_code == 200, answer.text
        before |= change | ({"default_currency": "JPY"} if change.get("default_currency") == "jpy" else {})
        assert answer.json() == before
        assert (await each_gateway.client.get("/merchants/me")).json() == before


async def test_nothing_to_change_is_no_error(gateway: Gateway) -> None:
    assert (await gateway.client.patch("/merchants/me")).status_code == 200


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("name", wrong) for wrong in ("", "n" * 201, None, 1, "\x00")),
        *(("email", wrong) for wrong in ("", "nobody", 1)),
        *(("default_currency", wrong) for wrong in ("", None, "XTS", 1)),
        *(
            ("webhook_url", wrong)
            for wrong in ("", "ftp://x.test", "nonsense", "http://", 1, "http://a:b@c.test")
        ),
        *(("is_active", wrong) for wrong in (None, "false", 0)),
        *((name, "x") for name in ("id", "created_at", "nam")),
    ],
)
async def test_what_is_wrong_is_refused_and_changes_nothing(
    gateway: Gateway, field: str, wrong: object
) -> None:
    before = (await gateway.client.get("/merchants/me")).json()
    answer = await gateway.client.patch("/merchants/me", json={"name": "other", field: wrong})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == field
    assert (await gateway.client.get("/merchants/me")).json() == before


async def test_a_webhook_url_makes_moves_and_removes_one_endpoint(each_gateway: Gateway) -> None:
    client = each_gateway.client

    async def set_to(url: str | None) -> list[str]:
        answer = await client.patch("/merchants/me", json={"webhook_url": url})
        assert answer.status_code == 200, answer.text
        assert answer.json()["webhook_url"] == url
        assert (await client.get("/merchants/me")).json()["webhook_url"] == url
        return [each["url"] for each in (await client.get("/webhooks/endpoints")).json()["data"]]

    assert await set_to("http://localhost:3000/hook") == ["http://localhost:3000/hook"]
    assert await set_to("https://example.com/other") == ["https://example.com/other"]
    assert await set_to(None) == []
    assert await set_to(None) == []
    assert await set_to("http://localhost:3000/again") == ["http://localhost:3000/again"]


async def test_an_endpoint_made_by_hand_is_not_the_shorthands(gateway: Gateway) -> None:
    await gateway.client.post("/webhooks/endpoints", json={"url": "http://localhost:1/own"})
    await gateway.client.patch("/merchants/me", json={"webhook_url": "http://localhost:2/short"})
    await gateway.client.patch("/merchants/me", json={"webhook_url": None})
    listed = (await gateway.client.get("/webhooks/endpoints")).json()["data"]
    assert [each["url"] for each in listed] == ["http://localhost:1/own"]


async def test_a_merchant_that_is_not_active_is_let_in_nowhere(each_gateway: Gateway) -> None:
    other = await each_gateway.another_merchant()
    payment = (await other.post("/payments", json={"amount": 1})).json()
    assert (await other.patch("/merchants/me", json={"is_active": False})).json()["is_active"] is False
    before = await each_gateway.rows()
    for method, path in (
        ("GET", "/merchants/me"),
        ("PATCH", "/merchants/me"),
        ("POST", "/payments"),
        ("POST", f"/payments/{payment['id']}/refund"),
    ):
        refusal(await other.request(method, path, json={"is_active": True}), 403, "MERCHANT_INACTIVE")
    assert await each_gateway.rows() == before
    assert (await each_gateway.client.get("/merchants/me")).status_code == 200


async def test_two_changes_at_once_both_last(each_gateway: Gateway) -> None:
    each_gateway.clock.advance(timedelta(seconds=1))
    changes: list[dict[str, Any]] = [
        {"name": "new"},
        {"email": "new@example.com"},
        {"default_currency": "USD"},
    ]
    await asyncio.gather(*(each_gateway.client.patch("/merchants/me", json=change) for change in changes))
    after = (await each_gateway.client.get("/merchants/me")).json()
    assert (after["name"], after["email"], after["default_currency"]) == ("new", "new@example.com", "USD")
