"""Webhooks through the API: endpoints, what they were sent, and sending it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest

from kessai.services.ports import WebhookResult
from tests.support.gateway import Gateway, GatewayWith, refusal
from tests.support.webhooks import until

URL = "http://receiver.test/webhooks"
UNKNOWN = "0199d3c2-5f00-7000-8000-0000000000ff"
ENDPOINT_FIELDS = {
    *("id", "url", "events", "description", "enabled", "disabled_reason", "failing_since"),
    *("retry_schedule", "verify_tls", "consecutive_failures", "paused_until", "created_at", "updated_at"),
}
DELIVERY_FIELDS = {
    *("id", "endpoint_id", "event_id", "event", "status", "attempt_count", "next_attempt_at"),
    *("last_error", "body", "pruned_at", "attempts", "created_at", "updated_at"),
}


async def made_endpoint(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    """An endpoint of the first merchant, with its secret."""
    answer = await gateway.client.post("/webhooks/endpoints", json={"url": URL, **fields})
    assert answer.status_code == 201, answer.text
    endpoint: dict[str, Any] = answer.json()
    return endpoint


async def listed(gateway: Gateway, kind: str, **query: Any) -> list[dict[str, Any]]:
    """The first page of events or deliveries."""
    answer = await gateway.client.get(f"/webhooks/{kind}", params=query)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def all_is_delivered(gateway: Gateway) -> bool:
    """Whether there are deliveries and all have arrived."""
    deliveries = await listed(gateway, "deliveries", limit=100)
    return bool(deliveries) and all(each["status"] == "SUCCEEDED" for each in deliveries)


@asynccontextmanager
async def dispatching(gateway: Gateway) -> AsyncIterator[None]:
    """The gateway's own dispatcher runs, and has delivered everything at the end."""
    worker = gateway.joined.worker
    running = asyncio.create_task(worker.run())
    try:
        yield
        await until(lambda: all_is_delivered(gateway))
    finally:
        await worker.stop()
        await running


# Endpoints


async def test_an_endpoint_is_made_with_a_secret_that_is_shown(each_gateway: Gateway) -> None:
    endpoint = await made_endpoint(each_gateway)

    secret = endpoint.pop("secret")
    assert set(endpoint) == ENDPOINT_FIELDS
    assert (endpoint["url"], endpoint["events"], endpoint["enabled"]) == (URL, ["*"], True)
    assert endpoint["created_at"] == "2026-01-31T12:00:00Z"
    assert secret.startswith("whsec_")
    shown = await each_gateway.client.get(f"/webhooks/endpoints/{endpoint['id']}/secret")
    assert shown.json() == {
        "id": endpoint["id"],
        "secret": secret,
        "previous_secret": None,
        "previous_expires_at": None,
    }
    found = await each_gateway.client.get(f"/webhooks/endpoints/{endpoint['id']}")
    assert found.json() == endpoint


async def test_certificates_are_verified_unless_an_endpoint_says_otherwise(gateway: Gateway) -> None:
    endpoint = await made_endpoint(gateway)
    assert endpoint["verify_tls"] is True

    answer = await gateway.client.patch(f"/webhooks/endpoints/{endpoint['id']}", json={"verify_tls": False})
    assert answer.json()["verify_tls"] is False

    # and another change leaves it so
    answer = await gateway.client.patch(f"/webhooks/endpoints/{endpoint['id']}", json={"description": "x"})
    assert answer.json()["verify_tls"] is False
    await gateway.client.post(f"/webhooks/endpoints/{endpoint['id']}/test")
    assert [each.verifies_tls for each in gateway.sender.posts] == [False]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/webhooks/endpoints", {"url": "http://10.0.0.5/"}, "url"),
        ("/webhooks/endpoints", {"url": "http://localhost:3000/"}, "url"),
        ("/webhooks/endpoints", {"url": "https://hooks.test/", "verify_tls": False}, "verify_tls"),
        ("/merchants/me", {"webhook_url": "http://127.0.0.1:3000/"}, "webhook_url"),
    ],
)
async def test_where_others_can_reach_it_a_gateway_is_stricter(
    gateway_with: GatewayWith, path: str, body: dict[str, Any], param: str
) -> None:
    gateway = await gateway_with(host="0.0.0.0", api_key="sk_test_of_a_team")
    client = gateway.client_with("sk_test_of_a_team")

    answer = await client.request("PATCH" if path == "/merchants/me" else "POST", path, json=body)

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param


async def test_one_may_bring_a_secret_and_choose_events(gateway: Gateway) -> None:
    endpoint = await made_endpoint(
        gateway, secret="topsecret", events=["payment.failed", "payment.failed"], description="the shop"
    )

    assert endpoint["secret"] == "topsecret"
    assert endpoint["events"] == ["payment.failed"]
    assert endpoint["description"] == "the shop"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "url"),
        ({"url": None}, "url"),
        ({"url": 1}, "url"),
        ({"url": ""}, "url"),
        ({"url": "receiver.test"}, "url"),
        ({"url": "ftp://receiver.test"}, "url"),
        ({"url": "http://user:pass@receiver.test/"}, "url"),
        ({"url": "http://receiver.test/\r\nX-Evil: 1"}, "url"),
        ({"url": f"http://receiver.test/{'a' * 2000}"}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": "*"}, "events"),
        ({"url": URL, "events": ["payment.exploded"]}, "events.0"),
        ({"url": URL, "secret": "short"}, "secret"),
        ({"url": URL, "secret": "with spaces in it"}, "secret"),
        ({"url": URL, "enabled": "yes"}, "enabled"),
        ({"url": URL, "description": "x" * 501}, "description"),
        ({"url": URL, "descripton": "typo"}, "descripton"),
    ],
)
async def test_what_cannot_be_an_endpoint_is_refused(
    gateway: Gateway, fields: dict[str, Any], param: str
) -> None:
    answer = await gateway.client.post("/webhooks/endpoints", json=fields)

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param
    assert (await gateway.rows())["webhook_endpoints"] == 0


async def test_only_what_is_sent_changes(gateway: Gateway) -> None:
    endpoint = await made_endpoint(gateway, description="the shop")
    path = f"/webhooks/endpoints/{endpoint['id']}"

    moved = await gateway.client.patch(path, json={"url": "http://moved.test/"})
    assert (moved.json()["url"], moved.json()["description"]) == ("http://moved.test/", "the shop")

    cleared = await gateway.client.patch(path, json={"description": None, "enabled": False})
    assert cleared.json()["description"] is None
    assert cleared.json()["disabled_reason"] == "switched off by its owner"

    enabled = await gateway.client.patch(path, json={"enabled": True})
    assert (enabled.json()["enabled"], enabled.json()["disabled_reason"]) == (True, None)


@pytest.mark.parametrize(
    "fields", [{"url": None}, {"enabled": None}, {"events": None}, {"secret": "topsecret"}]
)
async def test_a_change_that_makes_no_sense_is_refused(gateway: Gateway, fields: dict[str, Any]) -> None:
    endpoint = await made_endpoint(gateway)

    answer = await gateway.client.patch(f"/webhooks/endpoints/{endpoint['id']}", json=fields)

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == next(iter(fields))


async def test_a_deleted_endpoint_is_gone_and_listed_no_more(gateway: Gateway) -> None:
    kept, deleted = await made_endpoint(gateway), await made_endpoint(gateway)
    path = f"/webhooks/endpoints/{deleted['id']}"

    answer = await gateway.client.delete(path)

    assert answer.json() == {"id": deleted["id"], "deleted": True}
    refusal(await gateway.client.get(path), 404, "NOT_FOUND")
    refusal(await gateway.client.delete(path), 404, "NOT_FOUND")
    page = await gateway.client.get("/webhooks/endpoints")
    assert [each["id"] for each in page.json()["data"]] == [kept["id"]]


async def test_endpoints_are_listed_page_by_page(gateway: Gateway) -> None:
    made = [(await made_endpoint(gateway))["id"] for _ in range(3)]

    first = (await gateway.client.get("/webhooks/endpoints", params={"limit": 2})).json()
    rest = await gateway.client.get("/webhooks/endpoints", params={"cursor": first["next_cursor"]})

    assert [each["id"] for each in first["data"]] == [made[2], made[1]]
    assert first["has_more"]
    assert [each["id"] for each in rest.json()["data"]] == [made[0]]
    assert not rest.json()["has_more"]
    assert "secret" not in first["data"][0]


async def test_both_secrets_are_shown_while_the_grace_period_lasts(each_gateway: Gateway) -> None:
    endpoint = await made_endpoint(each_gateway)
    path = f"/webhooks/endpoints/{endpoint['id']}"

    rotated = await each_gateway.client.post(f"{path}/rotate-secret", json={"grace_period_s": 3600})

    new = rotated.json()["secret"]
    assert new != endpoint["secret"]
    assert (await each_gateway.client.get(f"{path}/secret")).json() == {
        "id": endpoint["id"],
        "secret": new,
        "previous_secret": endpoint["secret"],
        "previous_expires_at": "2026-01-31T13:00:00Z",
    }
    each_gateway.clock.advance(timedelta(hours=1))
    assert (await each_gateway.client.get(f"{path}/secret")).json()["previous_secret"] is None


async def test_a_rotation_without_a_body_ends_the_old_secret_at_once(gateway: Gateway) -> None:
    endpoint = await made_endpoint(gateway)
    path = f"/webhooks/endpoints/{endpoint['id']}"

    rotated = await gateway.client.post(f"{path}/rotate-secret")

    assert rotated.status_code == 200
    assert (await gateway.client.get(f"{path}/secret")).json()["previous_secret"] is None


@pytest.mark.parametrize("grace", [-1, 604_801, "1", 1.5, True])
async def test_a_grace_period_out_of_bounds_is_refused(gateway: Gateway, grace: object) -> None:
    endpoint = await made_endpoint(gateway)

    answer = await gateway.client.post(
        f"/webhooks/endpoints/{endpoint['id']}/rotate-secret", json={"grace_period_s": grace}
    )

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "grace_period_s"


async def test_a_secret_is_stored_sealed_with_its_answer_and_replayed(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "make one"}
    first = await gateway.client.post("/webhooks/endpoints", json={"url": URL}, headers=headers)

    second = await gateway.client.post("/webhooks/endpoints", json={"url": URL}, headers=headers)

    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    assert (await gateway.rows())["webhook_endpoints"] == 1


async def test_a_ping_says_what_came_back(gateway: Gateway) -> None:
    endpoint = await made_endpoint(gateway)

    answer = await gateway.client.post(f"/webhooks/endpoints/{endpoint['id']}/test")

    assert answer.json() == {
        "delivered": True,
        "status_code": 200,
        "latency_ms": 7,
        "answer": "ok",
        "error": None,
    }
    (post,) = gateway.sender.posts
    assert orjson.loads(post.body)["event"] == "ping"
    assert dict(post.headers)["X-Webhook-Event"] == "ping"


async def test_a_ping_that_is_asked_for_again_with_its_key_is_not_sent_again(gateway: Gateway) -> None:
    endpoint = await made_endpoint(gateway)
    path, headers = f"/webhooks/endpoints/{endpoint['id']}/test", {"Idempotency-Key": "ping once"}
    first = await gateway.client.post(path, headers=headers)

    second = await gateway.client.post(path, headers=headers)

    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    assert len(gateway.sender.posts) == 1


async def test_too_many_endpoints_are_refused(gateway: Gateway) -> None:
    for _ in range(50):
        await made_endpoint(gateway)

    refusal(await gateway.client.post("/webhooks/endpoints", json={"url": URL}), 409, "CONFLICT")


async def test_the_merchants_webhook_url_is_one_endpoint(gateway: Gateway) -> None:
    merchant = await gateway.client.patch("/merchants/me", json={"webhook_url": URL})
    assert merchant.json()["webhook_url"] == URL
    page = await gateway.client.get("/webhooks/endpoints")
    (endpoint,) = page.json()["data"]
    assert endpoint["url"] == URL

    await gateway.client.delete(f"/webhooks/endpoints/{endpoint['id']}")

    assert (await gateway.client.get("/merchants/me")).json()["webhook_url"] is None


# Events and deliveries


async def test_every_event_of_a_payment_arrives_and_is_listed(each_gateway: Gateway) -> None:
    gateway = each_gateway
    endpoint = await made_endpoint(gateway, secret="topsecret")
    async with dispatching(gateway):
        payment = await gateway.pay(10_000)
        refund = await gateway.client.post(f"/payments/{payment['id']}/refund", json={"amount": 4_000})

    bodies = {orjson.loads(post.body)["event"]: orjson.loads(post.body) for post in gateway.sender.posts}
    assert set(bodies) == {"payment.created", "payment.succeeded", "payment.refunded"}
    assert bodies["payment.succeeded"]["payment"] == payment
    assert bodies["payment.refunded"]["refund"] == refund.json()
    assert "refund" not in bodies["payment.succeeded"]

    events = await listed(gateway, "events", payment_id=payment["id"])
    assert events[0]["event"] == "payment.refunded"
    assert {each["id"]: each["body"] for each in events} == {each["id"]: each for each in bodies.values()}

    deliveries = await listed(gateway, "deliveries", endpoint_id=endpoint["id"], event="payment.succeeded")
    (delivery,) = deliveries
    assert set(delivery) == DELIVERY_FIELDS
    assert (delivery["status"], delivery["attempt_count"]) == ("SUCCEEDED", 1)
    assert delivery["body"].encode() in {post.body for post in gateway.sender.posts}
    (attempt,) = delivery["attempts"]
    (post,) = [each for each in gateway.sender.posts if each.body == delivery["body"].encode()]
    assert attempt == {
        "number": 1,
        "started_at": "2026-01-31T12:00:00Z",
        "status_code": 200,
        "latency_ms": 7,
        "connect_ms": None,
        "first_byte_ms": None,
        "request_headers": [{"name": name, "value": value} for name, value in post.headers],
        "answer_headers": [],
        "answer": "ok",
        "error": None,
    }
    found = await gateway.client.get(f"/webhooks/deliveries/{delivery['id']}")
    assert found.json() == delivery
    event = await gateway.client.get(f"/webhooks/events/{delivery['event_id']}")
    assert event.json()["deliveries"] == [delivery]
    assert (event.json()["payment_id"], event.json()["refund_id"]) == (payment["id"], None)


async def test_the_timeline_shows_events_and_attempts(gateway: Gateway) -> None:
    await made_endpoint(gateway, events=["payment.succeeded"])
    async with dispatching(gateway):
        payment = await gateway.pay()

    timeline = (await gateway.client.get(f"/payments/{payment['id']}/timeline")).json()["data"]

    kinds = [each["kind"] for each in timeline]
    assert kinds.count("event") == 2
    assert kinds.count("attempt") == 1


async def test_events_and_deliveries_are_filtered(gateway: Gateway) -> None:
    await made_endpoint(gateway)
    async with dispatching(gateway):
        await gateway.pay()
        await gateway.pay(simulate="card_declined")

    assert len(await listed(gateway, "events")) == 4
    assert len(await listed(gateway, "events", event="payment.failed")) == 1
    assert len(await listed(gateway, "deliveries", status="SUCCEEDED")) == 4
    assert await listed(gateway, "deliveries", status="EXHAUSTED") == []
    assert len(await listed(gateway, "deliveries", event="payment.failed")) == 1
    assert await listed(gateway, "deliveries", event_id=UNKNOWN) == []


@pytest.mark.parametrize("kind", ["events", "deliveries"])
async def test_lists_go_on_where_the_page_before_ended(each_gateway: Gateway, kind: str) -> None:
    gateway = each_gateway
    await made_endpoint(gateway)
    async with dispatching(gateway):
        await gateway.pay()
        await gateway.pay()

    path = f"/webhooks/{kind}"
    first = (await gateway.client.get(path, params={"limit": 3})).json()
    rest = (await gateway.client.get(path, params={"limit": 3, "cursor": first["next_cursor"]})).json()

    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    ids = [each["id"] for each in (*first["data"], *rest["data"])]
    assert len(ids) == 4
    assert ids == sorted(set(ids), reverse=True)


async def test_an_endpoint_that_says_it_is_gone_is_disabled_and_that_is_an_event(gateway: Gateway) -> None:
    endpoint = await made_endpoint(gateway)
    gateway.sender.answer = WebhookResult(410, 7)
    running = asyncio.create_task(gateway.joined.worker.run())
    await gateway.pay()

    async def is_disabled() -> bool:
        found = await gateway.client.get(f"/webhooks/endpoints/{endpoint['id']}")
        return found.json()["enabled"] is False

    await until(is_disabled)
    await gateway.joined.worker.stop()
    await running

    (event,) = await listed(gateway, "events", event="endpoint.disabled")
    assert event["endpoint_id"] == endpoint["id"]
    assert event["payment_id"] is None
    assert event["body"] == {
        "id": event["id"],
        "event": "endpoint.disabled",
        "endpoint": {"id": endpoint["id"], "url": URL, "enabled": False, "failing_since": None},
        "reason": "the endpoint answered 410 Gone",
        "timestamp": "2026-01-31T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("path", "query", "param"),
    [
        ("events", {"event": "payment.exploded"}, "event"),
        ("events", {"payment_id": "not-an-id"}, "payment_id"),
        ("events", {"type": "payment.failed"}, "type"),
        ("events", {"limit": 0}, "limit"),
        ("events", {"limit": 101}, "limit"),
        ("events", {"cursor": "?"}, "cursor"),
        ("deliveries", {"status": "LOST"}, "status"),
        ("deliveries", {"endpoint_id": "x"}, "endpoint_id"),
        ("deliveries", {"event_id": "x\0"}, "event_id"),
        ("endpoints", {"cursor": "AAAA"}, "cursor"),
    ],
)
async def test_a_bad_query_is_refused(
    each_gateway: Gateway, path: str, query: dict[str, Any], param: str
) -> None:
    answer = await each_gateway.client.get(f"/webhooks/{path}", params=query)

    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param


async def test_an_event_is_sent_again_with_the_same_id_and_body(each_gateway: Gateway) -> None:
    gateway = each_gateway
    await made_endpoint(gateway, events=["payment.succeeded"])
    async with dispatching(gateway):
        await gateway.pay()
        await until(lambda: all_is_delivered(gateway))
        (delivery,) = await listed(gateway, "deliveries")
        gateway.clock.advance(timedelta(minutes=1))

        answer = await gateway.client.post(f"/webhooks/events/{delivery['event_id']}/redeliver")

    assert answer.status_code == 202
    (again,) = answer.json()["data"]
    assert (again["id"], again["status"]) == (delivery["id"], "RETRYING")
    first, second = gateway.sender.posts
    assert first.body == second.body
    headers = [dict(post.headers) for post in gateway.sender.posts]
    assert headers[0]["webhook-id"] == headers[1]["webhook-id"]
    assert int(headers[1]["webhook-timestamp"]) == int(headers[0]["webhook-timestamp"]) + 60


async def test_a_delivery_is_sent_again(each_gateway: Gateway) -> None:
    gateway = each_gateway
    await made_endpoint(gateway, events=["payment.succeeded"])
    async with dispatching(gateway):
        await gateway.pay()
        await until(lambda: all_is_delivered(gateway))
        (delivery,) = await listed(gateway, "deliveries")

        answer = await gateway.client.post(f"/webhooks/deliveries/{delivery['id']}/retry")

    assert answer.status_code == 202
    assert set(answer.json()) == DELIVERY_FIELDS
    assert [attempt["number"] for attempt in (await listed(gateway, "deliveries"))[0]["attempts"]] == [1, 2]


async def test_what_nobody_would_hear_is_not_sent_again(gateway: Gateway) -> None:
    await gateway.pay()
    event = (await listed(gateway, "events"))[0]

    refusal(await gateway.client.post(f"/webhooks/events/{event['id']}/redeliver"), 409, "CONFLICT")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"endpoints/{UNKNOWN}"),
        ("PATCH", f"endpoints/{UNKNOWN}"),
        ("DELETE", f"endpoints/{UNKNOWN}"),
        ("GET", f"endpoints/{UNKNOWN}/secret"),
        ("POST", f"endpoints/{UNKNOWN}/rotate-secret"),
        ("POST", f"endpoints/{UNKNOWN}/test"),
        ("GET", f"events/{UNKNOWN}"),
        ("POST", f"events/{UNKNOWN}/redeliver"),
        ("GET", f"deliveries/{UNKNOWN}"),
        ("POST", f"deliveries/{UNKNOWN}/retry"),
        ("GET", "events/not-an-id"),
    ],
)
async def test_what_is_unknown_is_not_found(gateway: Gateway, method: str, path: str) -> None:
    answer = await gateway.client.request(method, f"/webhooks/{path}", json={} if method == "PATCH" else None)

    refusal(answer, 404, "NOT_FOUND")


async def test_another_merchants_webhooks_are_unknown(gateway: Gateway) -> None:
    endpoint = await made_endpoint(gateway)
    async with dispatching(gateway):
        await gateway.pay()
    delivery = (await listed(gateway, "deliveries"))[0]
    stranger = await gateway.another_merchant()

    for method, path in (
        ("GET", f"endpoints/{endpoint['id']}"),
        ("GET", f"endpoints/{endpoint['id']}/secret"),
        ("DELETE", f"endpoints/{endpoint['id']}"),
        ("POST", f"endpoints/{endpoint['id']}/test"),
        ("GET", f"events/{delivery['event_id']}"),
        ("POST", f"events/{delivery['event_id']}/redeliver"),
        ("GET", f"deliveries/{delivery['id']}"),
        ("POST", f"deliveries/{delivery['id']}/retry"),
    ):
        refusal(await stranger.request(method, f"/webhooks/{path}"), 404, "NOT_FOUND")
    for path in ("endpoints", "events", "deliveries"):
        assert (await stranger.get(f"/webhooks/{path}")).json()["data"] == []
