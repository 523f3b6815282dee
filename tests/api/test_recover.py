"""Recovering an endpoint: what it missed goes there, as it was, and nothing goes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from kessai.services.ports import WebhookResult
from kessai.services.recovery import RECOVERED_MAX
from tests.support.gateway import Gateway, opened_gateway, refusal
from tests.support.manual_clock import START
from tests.support.webhooks import until

HOOK = "http://receiver.test/hook"
SINCE = "2026-01-31T12:00:00Z"
OPEN = {"PENDING", "RETRYING"}


async def endpoint_of(client: httpx.AsyncClient, **facts: Any) -> str:
    """An endpoint without retries: what fails is given up at once."""
    wanted = {"url": HOOK, "events": ["payment.failed"], "retry_schedule": "once", **facts}
    answer = await client.post("/webhooks/endpoints", json=wanted)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@asynccontextmanager
async def delivering(url: str) -> AsyncIterator[Gateway]:
    """A gateway with its dispatcher at work."""
    async with opened_gateway(url) as gateway:
        running = asyncio.create_task(gateway.joined.worker.run())
        try:
            yield gateway
        finally:
            await gateway.joined.worker.stop()
            await running


@pytest.fixture
async def gateway(sqlite_url: str) -> AsyncIterator[Gateway]:
    async with delivering(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def each_gateway(each_url: str) -> AsyncIterator[Gateway]:
    async with delivering(each_url) as opened:
        yield opened


async def posted(gateway: Gateway, count: int) -> None:
    """Wait until so many webhooks were sent, and what came of them is written down."""

    async def is_so() -> bool:
        return len(gateway.sender.posts) >= count and not set(await statuses(gateway)) & OPEN

    await until(is_so)
    assert len(gateway.sender.posts) == count


async def fail(gateway: Gateway, payments: int) -> None:
    """So many failed payments whose one heard event does not arrive."""
    gateway.sender.answer = WebhookResult(500, 7)
    before = len(gateway.sender.posts)
    for _ in range(payments):
        await gateway.pay(simulate="bank_error")
    await posted(gateway, before + payments)
    gateway.sender.answer = WebhookResult(200, 7)


async def recover(gateway: Gateway, endpoint_id: str, **wanted: Any) -> dict[str, Any]:
    answer = await gateway.client.post(
        f"/webhooks/endpoints/{endpoint_id}/recover", json={"since": SINCE, **wanted}
    )
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def statuses(gateway: Gateway) -> list[str]:
    listed = (await gateway.client.get("/webhooks/deliveries", params={"limit": 100})).json()["data"]
    return [each["status"] for each in listed]


async def test_what_was_given_up_is_sent_again_with_the_same_id_and_body(each_gateway: Gateway) -> None:
    gateway = each_gateway
    endpoint_id = await endpoint_of(gateway.client)
    await fail(gateway, 3)
    first = {(dict(post.headers)["webhook-id"], post.body) for post in gateway.sender.posts}
    assert await statuses(gateway) == ["EXHAUSTED"] * 3
    gateway.clock.advance(timedelta(hours=1))

    found = await recover(gateway, endpoint_id)
    assert found == {
        "endpoint_id": endpoint_id,
        "recovered": 3,
        "missed": 0,
        "pruned": 0,
        "has_more": False,
    }
    await posted(gateway, 6)

    again = gateway.sender.posts[3:]
    assert {(dict(post.headers)["webhook-id"], post.body) for post in again} == first
    sent_at = str(int((START + timedelta(hours=1)).timestamp()))
    assert {dict(post.headers)["webhook-timestamp"] for post in again} == {sent_at}
    assert await statuses(gateway) == ["SUCCEEDED"] * 3


async def test_events_of_the_time_it_was_disabled_are_delivered_too(each_gateway: Gateway) -> None:
    gateway = each_gateway
    endpoint_id = await endpoint_of(gateway.client)
    await gateway.client.patch(f"/webhooks/endpoints/{endpoint_id}", json={"enabled": False})
    await gateway.pay(simulate="bank_error")
    await gateway.pay()  # nothing it would have heard of
    await gateway.client.patch(f"/webhooks/endpoints/{endpoint_id}", json={"enabled": True})
    assert gateway.sender.posts == []

    found = await recover(gateway, endpoint_id)
    await posted(gateway, 1)

    assert (found["recovered"], found["missed"]) == (0, 1)
    (post,) = gateway.sender.posts
    assert orjson.loads(post.body)["event"] == "payment.failed"


async def test_asked_twice_it_finds_nothing_more_to_do(each_gateway: Gateway) -> None:
    gateway = each_gateway
    endpoint_id = await endpoint_of(gateway.client)
    await fail(gateway, 2)

    assert (await recover(gateway, endpoint_id))["recovered"] == 2
    assert (await recover(gateway, endpoint_id))["recovered"] == 0
    await posted(gateway, 4)

    assert (await recover(gateway, endpoint_id))["recovered"] == 0


async def test_only_the_period_counts(each_gateway: Gateway) -> None:
    gateway = each_gateway
    endpoint_id = await endpoint_of(gateway.client)
    for _ in range(3):
        await fail(gateway, 1)
        gateway.clock.advance(timedelta(hours=1))

    middle = {"since": "2026-01-31T13:00:00Z", "until": "2026-01-31T14:00:00Z"}
    assert (await recover(gateway, endpoint_id, **middle))["recovered"] == 1
    await posted(gateway, 4)
    assert (await recover(gateway, endpoint_id))["recovered"] == 2


async def test_a_new_endpoint_has_missed_nothing_of_the_time_before_it(each_gateway: Gateway) -> None:
    gateway = each_gateway
    await gateway.pay(simulate="bank_error")
    gateway.clock.advance(timedelta(hours=1))
    endpoint_id = await endpoint_of(gateway.client)

    assert (await recover(gateway, endpoint_id))["missed"] == 0


async def test_what_was_pruned_is_counted_and_left(each_gateway: Gateway) -> None:
    gateway = each_gateway
    endpoint_id = await endpoint_of(gateway.client)
    await fail(gateway, 2)
    gateway.clock.advance(timedelta(days=31))
    await gateway.joined.pruning.run()

    found = await recover(gateway, endpoint_id)

    assert (found["recovered"], found["pruned"]) == (0, 2)


async def test_many_are_recovered_in_several_batches(gateway: Gateway) -> None:
    endpoint_id = await endpoint_of(gateway.client)
    await gateway.client.patch(f"/webhooks/endpoints/{endpoint_id}", json={"enabled": False})
    for _ in range(120):
        await gateway.pay(simulate="bank_error")
    await gateway.client.patch(f"/webhooks/endpoints/{endpoint_id}", json={"enabled": True})

    assert (await recover(gateway, endpoint_id))["missed"] == 120
    await posted(gateway, 120)
    assert len({post.body for post in gateway.sender.posts}) == 120
    assert RECOVERED_MAX > 120


async def test_with_a_key_it_is_done_once(gateway: Gateway) -> None:
    endpoint_id = await endpoint_of(gateway.client)
    await fail(gateway, 1)
    path, headers = f"/webhooks/endpoints/{endpoint_id}/recover", {"Idempotency-Key": "after the outage"}

    first = await gateway.client.post(path, json={"since": SINCE}, headers=headers)
    await posted(gateway, 2)
    await fail(gateway, 1)
    second = await gateway.client.post(path, json={"since": SINCE}, headers=headers)

    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    assert await statuses(gateway) == ["EXHAUSTED", "SUCCEEDED"]


async def test_a_disabled_endpoint_is_enabled_first(gateway: Gateway) -> None:
    endpoint_id = await endpoint_of(gateway.client, enabled=False)

    answer = await gateway.client.post(f"/webhooks/endpoints/{endpoint_id}/recover", json={"since": SINCE})

    assert refusal(answer, 409, "CONFLICT")["hint"] == "enable it first, then recover it"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-31T12:00:01Z"}, "since"),
        ({"since": SINCE, "until": "2026-01-31T12:00:00Z"}, "until"),
        ({"since": SINCE, "before": SINCE}, "before"),
    ],
)
async def test_a_period_that_is_none_is_refused(gateway: Gateway, body: dict[str, str], param: str) -> None:
    endpoint_id = await endpoint_of(gateway.client)

    answer = await gateway.client.post(f"/webhooks/endpoints/{endpoint_id}/recover", json=body)

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param


async def test_another_merchants_endpoint_is_unknown(gateway: Gateway) -> None:
    endpoint_id = await endpoint_of(gateway.client)
    stranger = await gateway.another_merchant()

    answer = await stranger.post(f"/webhooks/endpoints/{endpoint_id}/recover", json={"since": SINCE})

    refusal(answer, 404, "NOT_FOUND")
