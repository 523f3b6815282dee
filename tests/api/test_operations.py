"""What operators and curious people ask: health, readiness, metrics, the reference pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from html.parser import HTMLParser

import httpx
import pytest

import kessai
from kessai.bootstrap import open_gateway
from kessai.domain.endpoint import FAILURES_BEFORE_REST
from kessai.services.ports import WebhookResult
from kessai.settings import load_settings
from kessai.storage.migrate import HEAD
from tests.support.gateway import ROOT, UNKNOWN, Gateway, refusal
from tests.support.webhooks import until

HOOK = "http://receiver.test/hook"
OPERATIONS = ["/health", "/livez", "/readiness", "/readyz", "/metrics"]


@pytest.mark.parametrize("path", ["/health", "/livez"])
async def test_alive(gateway: Gateway, path: str) -> None:
    answer = await gateway.stranger.get(path)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": kessai.__version__}


@pytest.mark.parametrize("path", ["/readiness", "/readyz"])
async def test_ready(each_gateway: Gateway, path: str) -> None:
    answer = await each_gateway.stranger.get(path)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {
            "database": {"ok": True, "detail": "answers"},
            "migrations": {"ok": True, "detail": f"at {HEAD}"},
            "dispatcher": {"ok": True, "detail": "lag 0.0 s"},
        },
    }


async def test_a_dispatcher_that_lags_degrades(each_gateway: Gateway) -> None:
    await each_gateway.client.post("/webhooks/endpoints", json={"url": "http://receiver.test/hook"})
    await each_gateway.pay()
    each_gateway.clock.advance(timedelta(seconds=59))
    assert (await each_gateway.stranger.get("/readiness")).json()["status"] == "ready"
    each_gateway.clock.advance(timedelta(seconds=1))
    answer = await each_gateway.stranger.get("/readiness")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["dispatcher"] == {"ok": False, "detail": "lag 60.0 s"}


@asynccontextmanager
async def dispatching(gateway: Gateway) -> AsyncIterator[None]:
    """The gateway's own dispatcher runs."""
    worker = gateway.joined.worker
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop()
        await running


async def figures(gateway: Gateway) -> dict[str, float]:
    """What /metrics says of webhooks, by name and labels."""
    text = (await gateway.stranger.get("/metrics")).text
    samples = (line.rpartition(" ") for line in text.splitlines() if line.startswith("kessai_webhook"))
    return {name: float(value) for name, _, value in samples}


async def test_an_endpoint_that_fails_does_not_make_the_service_look_sick(each_gateway: Gateway) -> None:
    gateway = each_gateway

    async def is_paused() -> bool:
        endpoints = (await gateway.client.get("/webhooks/endpoints")).json()["data"]
        return all(each["paused_until"] for each in endpoints)

    # given an endpoint that has failed so often that it is left alone for a while
    gateway.sender.answer = WebhookResult(503, 7)
    await gateway.client.post("/webhooks/endpoints", json={"url": HOOK, "events": ["payment.failed"]})
    async with dispatching(gateway):
        for _ in range(FAILURES_BEFORE_REST):
            await gateway.pay(simulate="bank_error")
        await until(is_paused)

    # then readiness says so
    dispatcher = (await gateway.stranger.get("/readiness")).json()["checks"]["dispatcher"]
    assert dispatcher == {"ok": True, "detail": "lag 0.0 s; failing endpoints paused: 1"}

    # and what waits there for long is no lag of the dispatcher's
    gateway.clock.advance(timedelta(hours=1))
    answer = (await gateway.stranger.get("/readiness")).json()
    assert (answer["status"], answer["checks"]["dispatcher"]["detail"]) == ("ready", "lag 0.0 s")
    found = await figures(gateway)
    assert found['kessai_webhook_oldest_due_seconds{endpoint="healthy"}'] == 0
    assert found['kessai_webhook_oldest_due_seconds{endpoint="failing"}'] > 3000


async def test_a_database_that_is_away_is_named(gateway: Gateway) -> None:
    await gateway.joined.database.close()
    for path in ("/readiness", "/readyz"):
        answer = await gateway.stranger.get(path)
        assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
        assert answer.json()["checks"]["database"]["ok"] is False
    assert (await gateway.stranger.get("/health")).status_code == 200


async def test_requests_without_a_database_are_refused_for_now(gateway: Gateway) -> None:
    held = await gateway.hold()
    gateway.clock.advance(timedelta(seconds=2))
    await gateway.joined.database.close()
    for method, path in (
        ("POST", "/payments"),
        ("GET", "/payments"),
        ("POST", f"/payments/{held['id']}/capture"),
    ):
        answer = await gateway.client.request(method, path, content=b'{"amount":1}')
        refusal(answer, 503, "DATABASE_UNAVAILABLE")
        assert int(answer.headers["retry-after"]) >= 1


async def test_a_database_that_is_not_migrated_is_named(gateway: Gateway) -> None:
    from sqlalchemy import text

    await gateway.joined.database.run(
        lambda connection: connection.execute(text("DELETE FROM alembic_version"))
    )
    answer = await gateway.stranger.get("/readiness")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"]["ok"] is False
    assert "kessai migrate" in answer.json()["checks"]["migrations"]["detail"]


async def test_metrics_count_requests_and_events(gateway: Gateway) -> None:
    await gateway.pay()
    await gateway.pay(simulate="bank_error")
    await gateway.client.post("/payments", json={})
    answer = await gateway.stranger.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert 'kessai_requests_total{operation="create_payment",status="201"} 2.0' in lines
    assert 'kessai_requests_total{operation="create_payment",status="422"} 1.0' in lines
    assert 'kessai_events_total{type="payment.created"} 2.0' in lines
    assert 'kessai_events_total{type="payment.failed"} 1.0' in lines
    assert 'kessai_request_seconds_count{operation="create_payment"} 3.0' in lines


async def test_metrics_show_the_queue_as_it_is_and_look_once_a_second(each_gateway: Gateway) -> None:
    gateway = each_gateway
    held = asyncio.Event()
    gateway.sender.held = held
    await gateway.client.post("/webhooks/endpoints", json={"url": HOOK, "events": ["payment.failed"]})
    await gateway.pay(simulate="bank_error")
    found = await figures(gateway)
    assert found["kessai_webhook_events_waiting"] == 2
    assert found["kessai_webhook_endpoints_paused"] == 0
    under_way = 'kessai_webhook_deliveries_open{state="under_way",status="PENDING"}'
    assert found[under_way] == 0

    async def is_posted() -> bool:
        return bool(gateway.sender.posts)

    async with dispatching(gateway):
        await until(is_posted)
        # what happened within a second is not looked at yet
        assert await figures(gateway) == found
        gateway.clock.advance(timedelta(seconds=1))
        found = await figures(gateway)
        held.set()
    assert (found["kessai_webhook_events_waiting"], found[under_way]) == (0, 1)


async def test_attempts_are_counted_by_what_came_back(gateway: Gateway) -> None:
    async def there_are(count: float) -> bool:
        found = await figures(gateway)
        return sum(found[each] for each in found if each.startswith("kessai_webhook_attempts_t")) == count

    await gateway.client.post("/webhooks/endpoints", json={"url": HOOK, "events": ["payment.failed"]})
    answers = (
        WebhookResult(204, 7, connect_ms=2, first_byte_ms=5),
        WebhookResult(302, 7),
        WebhookResult(None, 30_000, error="no answer"),
        WebhookResult(999, 7),
    )
    async with dispatching(gateway):
        for count, answer in enumerate(answers, start=1):
            gateway.sender.answer = answer
            await gateway.pay(simulate="bank_error")
            await until(partial(there_are, count))
    found = await figures(gateway)
    for labels in (
        'result="2xx",status="SUCCEEDED"',
        'result="3xx",status="RETRYING"',
        'result="no_answer",status="RETRYING"',
        'result="other",status="RETRYING"',
    ):
        assert found[f"kessai_webhook_attempts_total{{{labels}}}"] == 1
    assert found["kessai_webhook_attempt_seconds_count"] == 4
    assert found["kessai_webhook_first_byte_seconds_count"] == 1
    assert found["kessai_webhook_connect_seconds_count"] == 1


async def test_metrics_without_a_database_leave_out_the_queue_and_show_the_rest(gateway: Gateway) -> None:
    await gateway.pay()
    await gateway.joined.database.close()
    answer = await gateway.stranger.get("/metrics")
    assert answer.status_code == 200
    assert 'kessai_events_total{type="payment.created"} 1.0' in answer.text
    assert "kessai_webhook_events_waiting" not in answer.text


async def test_metrics_have_bounded_labels_whatever_is_asked(gateway: Gateway) -> None:
    for number in range(20):
        await gateway.stranger.get(f"/nowhere/{number}")
        await gateway.stranger.request(f"BREW{number}", "/api/v1/payments")
    names = set(re.findall(r'operation="([^"]*)"', (await gateway.stranger.get("/metrics")).text))
    assert names <= {"method_not_allowed", "get_metrics"}


async def test_a_dispatcher_serves_its_health_and_nothing_else(sqlite_url: str) -> None:
    settings = load_settings(env_file=None, database_url=sqlite_url)
    async with (
        open_gateway(settings, serves_apis=False) as dispatcher,
        httpx.AsyncClient(transport=httpx.ASGITransport(dispatcher.app), base_url=ROOT) as client,
    ):
        for path in OPERATIONS:
            assert (await client.get(path)).status_code == 200
        for path in ("/api/v1/payments", f"/challenge/{UNKNOWN}"):
            refusal(await client.get(path), 404, "NOT_FOUND")
        assert list((await client.get("/openapi.json")).json()["paths"]) == OPERATIONS


class Assets(HTMLParser):
    """Every address a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.addresses += [named[name] or "" for name in ("src", "href", "spec-url") if name in named]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_the_reference_pages_work_without_a_network(gateway: Gateway, path: str) -> None:
    page = await gateway.stranger.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in re.sub(r"^\s*//.*$|<!--.*?-->", "", page.text, flags=re.MULTILINE | re.DOTALL)
    assets = Assets()
    assets.feed(page.text)
    assert any(address.endswith(".js") for address in assets.addresses)
    inline = re.findall(r"'(/[^']+)'", page.text)
    for address in {*assets.addresses, *inline}:
        asset = await gateway.stranger.get(address)
        assert (asset.status_code, len(asset.content) > 100) == (200, True), address
