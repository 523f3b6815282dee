"""What happened to a payment, as its merchant sees it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from tests.support.gateway import UNKNOWN, Gateway, refusal
from tests.support.webhooks import until

WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)


async def timeline(gateway: Gateway, payment: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await gateway.client.get(f"/payments/{payment['id']}/timeline")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"payment_id", "data"}
    assert body["payment_id"] == payment["id"]
    entries: list[dict[str, Any]] = body["data"]
    moments = [each["at"] for each in entries]
    assert moments == sorted(moments)
    return entries


def transitions(entries: list[dict[str, Any]]) -> list[tuple[str, str | None, str, int | None]]:
    return [
        (each["action"], each["from_status"], each["to_status"], each["amount"])
        for each in entries
        if each["kind"] == "transition"
    ]


def events(entries: list[dict[str, Any]]) -> list[str]:
    return [each["event"] for each in entries if each["kind"] == "event"]


async def test_an_automatic_success_passes_through_every_state(each_gateway: Gateway) -> None:
    entries = await timeline(each_gateway, await each_gateway.pay(500))
    assert transitions(entries) == [
        ("create", None, "CREATED", None),
        ("authorize", "CREATED", "AUTHORIZED", None),
        ("capture", "AUTHORIZED", "CAPTURED", 500),
    ]
    assert events(entries) == ["payment.created", "payment.succeeded"]
    assert {each["at"] for each in entries} == {"2026-01-31T12:00:00Z"}


async def test_every_step_of_a_long_life_is_there_with_its_time(each_gateway: Gateway) -> None:
    payment = await each_gateway.hold(500)
    path = f"/payments/{payment['id']}"
    each_gateway.clock.advance(SECOND)
    await each_gateway.client.post(f"{path}/capture", json={"amount": 300})
    each_gateway.clock.advance(SECOND)
    await each_gateway.client.post(f"{path}/refund", json={"amount": 100})
    each_gateway.clock.advance(SECOND)
    await each_gateway.client.post(f"{path}/refund")
    entries = await timeline(each_gateway, payment)
    assert transitions(entries) == [
        ("create", None, "CREATED", None),
        ("authorize", "CREATED", "AUTHORIZED", None),
        ("capture", "AUTHORIZED", "CAPTURED", 300),
        ("refund_part", "CAPTURED", "CAPTURED", 100),
        ("refund", "CAPTURED", "REFUNDED", 200),
    ]
    assert events(entries) == [
        "payment.created",
        "payment.authorized",
        "payment.succeeded",
        "payment.refunded",
        "payment.refunded",
    ]
    assert entries[-1]["at"] == "2026-01-31T12:00:03Z"
    assert entries[-1]["event_id"]


async def test_other_lives(each_gateway: Gateway) -> None:
    declined = await each_gateway.pay(simulate="bank_error")
    pending = await each_gateway.pay(simulate="pending_success")
    challenged = await each_gateway.pay(simulate="requires_action")
    voided, expired = await each_gateway.hold(), await each_gateway.hold()
    failing = await each_gateway.pay(100, simulate="refund_failure", delay_s=5)
    await each_gateway.stranger.post(f"/challenge/{challenged['id']}?outcome=fail")
    await each_gateway.client.post(f"/payments/{voided['id']}/cancel")
    await each_gateway.client.post(f"/payments/{failing['id']}/refund")
    await each_gateway.tick(WEEK)

    lives = {}
    for name, payment in locals().items():
        if isinstance(payment, dict) and "id" in payment:
            entries = await timeline(each_gateway, payment)
            lives[name] = ([each[2] for each in transitions(entries)], events(entries))
    assert lives == {
        "declined": (["CREATED", "FAILED"], ["payment.created", "payment.failed"]),
        "pending": (["CREATED", "PENDING", "CAPTURED"], ["payment.created", "payment.succeeded"]),
        "challenged": (
            ["CREATED", "REQUIRES_ACTION", "FAILED"],
            ["payment.created", "payment.requires_action", "payment.failed"],
        ),
        "voided": (
            ["CREATED", "AUTHORIZED", "VOIDED"],
            ["payment.created", "payment.authorized", "payment.canceled"],
        ),
        "expired": (
            ["CREATED", "AUTHORIZED", "EXPIRED"],
            ["payment.created", "payment.authorized", "payment.expired"],
        ),
        "failing": (
            ["CREATED", "AUTHORIZED", "CAPTURED", "REFUNDED", "CAPTURED"],
            ["payment.created", "payment.succeeded", "refund.pending", "refund.failed"],
        ),
    }


async def test_delivery_attempts_are_there_as_well(each_gateway: Gateway) -> None:
    endpoint = await each_gateway.client.post(
        "/webhooks/endpoints", json={"url": "http://receiver.test/hook", "events": ["payment.succeeded"]}
    )
    payment = await each_gateway.pay()

    async def attempts() -> list[dict[str, Any]]:
        return [each for each in await timeline(each_gateway, payment) if each["kind"] == "attempt"]

    async def has_been_tried() -> bool:
        return bool(await attempts())

    working = asyncio.create_task(each_gateway.joined.worker.run())
    try:
        await until(has_been_tried)
    finally:
        await each_gateway.joined.worker.stop()
        await working

    (attempt,) = await attempts()
    assert attempt["endpoint_id"] == endpoint.json()["id"]
    assert (attempt["event"], attempt["attempt"]) == ("payment.succeeded", 1)
    assert (attempt["status_code"], attempt["error"]) == (200, None)
    assert attempt["delivery_id"]


async def test_of_an_unknown_payment_there_is_none(gateway: Gateway) -> None:
    refusal(await gateway.client.get(f"/payments/{UNKNOWN}/timeline"), 404, "NOT_FOUND")
