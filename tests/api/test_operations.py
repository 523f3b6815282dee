"""What operators and curious people ask: health, readiness, metrics, the reference pages."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest

import kessai
from kessai.storage.migrate import HEAD
from tests.support.gateway import ROOT, UNKNOWN, Gateway, refusal


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


async def test_metrics_have_bounded_labels_whatever_is_asked(gateway: Gateway) -> None:
    for number in range(20):
        await gateway.stranger.get(f"/nowhere/{number}")
        await gateway.stranger.request(f"BREW{number}", "/api/v1/payments")
    names = set(re.findall(r'operation="([^"]*)"', (await gateway.stranger.get("/metrics")).text))
    assert names <= {"method_not_allowed", "get_metrics"}


async def test_a_dispatcher_serves_its_health_and_nothing_else(gateway: Gateway) -> None:
    transport = httpx.ASGITransport(gateway.joined.operations)
    async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
        for path in ("/health", "/readiness", "/livez", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200
        for path in ("/api/v1/payments", f"/challenge/{UNKNOWN}"):
            refusal(await client.get(path), 404, "NOT_FOUND")


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
