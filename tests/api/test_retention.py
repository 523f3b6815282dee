"""Old events as their merchant sees them: still listed, without bodies, not to be sent again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.support.gateway import Gateway, GatewayWith, refusal
from tests.support.webhooks import until

HOOK = "http://receiver.test/hook"


async def delivered(gateway: Gateway) -> str:
    """A payment whose one heard event has arrived; returns the payment's id."""

    async def has_arrived() -> bool:
        found = (await gateway.client.get("/webhooks/deliveries")).json()["data"]
        return [each["status"] for each in found] == ["SUCCEEDED"]

    await gateway.client.post("/webhooks/endpoints", json={"url": HOOK, "events": ["payment.failed"]})
    payment = await gateway.pay(simulate="bank_error")
    worker = gateway.joined.worker
    running = asyncio.create_task(worker.run())
    await until(has_arrived)
    await worker.stop()
    await running
    return str(payment["id"])


async def test_what_was_pruned_is_listed_without_its_body(each_gateway: Gateway) -> None:
    gateway = each_gateway
    payment_id = await delivered(gateway)
    gateway.clock.advance(timedelta(days=30, hours=1))
    await gateway.joined.pruning.run()

    (delivery,) = (await gateway.client.get("/webhooks/deliveries")).json()["data"]
    assert (delivery["status"], delivery["attempt_count"], delivery["attempts"]) == ("SUCCEEDED", 1, [])
    assert (delivery["body"], delivery["pruned_at"]) == (None, "2026-03-02T13:00:00Z")
    events = (await gateway.client.get("/webhooks/events", params={"payment_id": payment_id})).json()["data"]
    assert [each["event"] for each in events] == ["payment.failed", "payment.created"]
    assert {(each["body"], each["pruned_at"]) for each in events} == {(None, "2026-03-02T13:00:00Z")}
    event = (await gateway.client.get(f"/webhooks/events/{events[0]['id']}")).json()
    assert event["deliveries"] == [delivery]

    # and the payment's story is told as far as it is known
    timeline = (await gateway.client.get(f"/payments/{payment_id}/timeline")).json()["data"]
    assert [each["event"] for each in timeline if each["kind"] == "event"] == [
        "payment.created",
        "payment.failed",
    ]
    assert not [each for each in timeline if each["kind"] == "attempt"]

    # and nothing of it can be sent again
    for path in (f"deliveries/{delivery['id']}/retry", f"events/{event['id']}/redeliver"):
        error = refusal(await gateway.client.post(f"/webhooks/{path}"), 409, "CONFLICT")
        assert "was pruned on 2026-03-02" in error["message"]
        assert error["hint"] == "bodies are kept for 30 days (EVENT_RETENTION_DAYS)"


@pytest.mark.parametrize(("days", "is_pruned"), [(0, False), (31, False), (7, True)])
async def test_how_long_is_a_setting(gateway_with: GatewayWith, days: int, is_pruned: bool) -> None:
    gateway = await gateway_with(event_retention_days=days)
    await gateway.pay()
    gateway.clock.advance(timedelta(days=30, hours=1))
    assert bool((await gateway.joined.pruning.run()).events) is is_pruned
