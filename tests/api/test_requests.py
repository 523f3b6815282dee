"""What holds for every request: its id, its method, its path, its origin."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from tests.support.gateway import UNKNOWN, Gateway, GatewayWith, refusal

PATHS = ["/api/v1/payments", "/health", "/docs", "/openapi.json", "/nowhere", "/api/v1/payments/nowhere"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_a_request_id(gateway: Gateway, path: str) -> None:
    made = [(await gateway.stranger.get(path)).headers["x-request-id"] for _ in range(2)]
    assert all(UUID(each).version == 7 for each in made)
    assert made[0] != made[1]


@pytest.mark.parametrize("path", PATHS)
async def test_a_clients_request_id_is_echoed(gateway: Gateway, path: str) -> None:
    for request_id in ("r", "r" * 128, "order 1 ~!#", "a-b_c.d"):
        answer = await gateway.stranger.get(path, headers={"X-Request-ID": request_id})
        assert answer.headers.get_list("x-request-id") == [request_id]
        if answer.is_error:
            assert answer.json()["error"]["request_id"] == request_id


@pytest.mark.parametrize("path", ["/api/v1/payments", "/nowhere"])
async def test_a_request_id_that_could_do_harm_is_replaced(gateway: Gateway, path: str) -> None:
    for request_id in (b"", b"r" * 129, b"caf\xc3\xa9", b"\xff", b"a\tb", b"a\x00b", b"\x1b[31m"):
        answer = await gateway.stranger.get(path, headers=[(b"X-Request-ID", request_id)])
        (told,) = answer.headers.get_list("x-request-id")
        assert UUID(told).version == 7


async def test_a_refusal_and_a_success_carry_the_same_kind_of_id(gateway: Gateway) -> None:
    headers = {"X-Request-ID": "mine"}
    created = await gateway.client.post("/payments", json={"amount": 1}, headers=headers)
    assert created.headers["x-request-id"] == "mine"
    refused = await gateway.client.post("/payments", json={}, headers=headers)
    assert refusal(refused, 422, "VALIDATION_FAILED")["request_id"] == "mine"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/payments", "GET, HEAD, POST"),
        ("DELETE", "/api/v1/payments", "GET, HEAD, POST"),
        ("OPTIONS", "/api/v1/payments", "GET, HEAD, POST"),
        ("TRACE", "/api/v1/payments", "GET, HEAD, POST"),
        ("BREW", "/api/v1/payments", "GET, HEAD, POST"),
        ("PATCH", f"/api/v1/payments/{UNKNOWN}", "GET, HEAD"),
        ("GET", f"/api/v1/payments/{UNKNOWN}/capture", "POST"),
        ("HEAD", f"/api/v1/payments/{UNKNOWN}/capture", "POST"),
        ("GET", "/api/v1/refunds", "POST"),
        ("POST", "/api/v1/merchants/me", "GET, HEAD, PATCH"),
        ("GET", f"/api/v1/merchants/me/api-keys/{UNKNOWN}", "DELETE"),
        ("PUT", f"/challenge/{UNKNOWN}", "GET, HEAD, POST"),
        ("POST", "/health", "GET, HEAD"),
        ("DELETE", "/metrics", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("DELETE", "/reference-assets/swagger-ui.css", "GET, HEAD"),
    ],
)
async def test_a_method_the_path_does_not_take(
    gateway: Gateway, method: str, path: str, allowed: str
) -> None:
    answer = await gateway.stranger.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    if method != "HEAD":
        error = refusal(answer, 405, "METHOD_NOT_ALLOWED")
        assert error["hint"] == f"use {allowed.replace(', ', ' or ')}"


async def test_a_method_without_end_is_not_repeated(gateway: Gateway) -> None:
    answer = await gateway.stranger.request("X" * 5_000, "/api/v1/payments")
    assert len(refusal(answer, 405, "METHOD_NOT_ALLOWED")["message"]) < 100


UNKNOWN_PATHS = [
    *(
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/payments",
        "/nowhere",
        "/favicon.ico",
        "//health",
        "/health/",
    ),
    *("/api/v1/payments/", "/api/v1/payments/x", "/api/v1/payments/x/capture", "/API/v1/payments"),
    f"/api/v1/payments/{UNKNOWN}/",
    f"/api/v1/payments/{UNKNOWN}/nothing",
    f"/api/v1/payments/{UNKNOWN.replace('-', '')}",
    f"/api/v1/payments/{{{UNKNOWN}}}",
    f"/api/v1/payments/urn:uuid:{UNKNOWN}",
    "/api/v1/payments/%00",
    "/api/v1/payments/%ff%fe",
    "/api/v1/payments/..%2f..%2fhealth",
    "/api/v1/payments/" + "a" * 5_000,
    "/reference-assets/",
    "/reference-assets/none.js",
    "/reference-assets/..%2f..%2f..%2fpyproject.toml",
    "/challenge/",
    "/challenge/x",
]


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
async def test_an_unknown_path(gateway: Gateway, path: str) -> None:
    key = {"Authorization": gateway.client.headers["authorization"]}
    for method, headers in (("GET", key), ("GET", {}), ("POST", key), ("POST", {})):
        answer = await gateway.stranger.request(method, path, headers=headers, content=b'{"amount":1}')
        if method == "POST" and path.startswith("/reference-assets"):
            refusal(answer, 405, "METHOD_NOT_ALLOWED")
        else:
            refusal(answer, 404, "NOT_FOUND")
    assert (await gateway.rows())["payments"] == 0


async def test_an_id_in_capitals_is_the_same_id(gateway: Gateway) -> None:
    payment = await gateway.pay()
    assert (await gateway.client.get(f"/payments/{payment['id'].upper()}")).json() == payment


@pytest.mark.parametrize(
    "path", ["/api/v1/payments", "/health", "/readiness", "/metrics", "/docs", "/openapi.json"]
)
async def test_head_is_get_without_a_body(gateway: Gateway, path: str) -> None:
    headers = {"Authorization": gateway.client.headers["authorization"]}
    got = await gateway.stranger.get(path, headers=headers)
    head = await gateway.stranger.head(path, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    if path != "/metrics":
        assert head.headers["content-length"] == got.headers["content-length"]


async def test_head_of_an_unknown_payment(gateway: Gateway) -> None:
    answer = await gateway.client.head(f"/payments/{UNKNOWN}")
    assert (answer.status_code, answer.content) == (404, b"")


ORIGIN = "https://shop.example"


def preflight(origin: str = ORIGIN) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key,content-type,x-api-key,x-request-id",
    }


async def test_by_default_no_origin_may_call(gateway: Gateway) -> None:
    refusal(
        await gateway.stranger.options("/api/v1/payments", headers=preflight()), 405, "METHOD_NOT_ALLOWED"
    )
    answer = await gateway.client.get("/payments", headers={"Origin": ORIGIN})
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_an_origin_that_is_allowed_may_call_and_read(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(cors_allow_origins=f"{ORIGIN}, https://other.example", rate_limit_requests=9)
    asked = await gateway.stranger.options("/api/v1/payments", headers=preflight())
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    allowed = {each.strip() for each in asked.headers["access-control-allow-methods"].split(",")}
    assert allowed >= {"GET", "POST", "PATCH", "DELETE"}

    for answer in (
        await gateway.client.get("/payments", headers={"Origin": ORIGIN}),
        await gateway.stranger.get("/api/v1/payments", headers={"Origin": ORIGIN}),
    ):
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        exposed = answer.headers["access-control-expose-headers"].lower()
        for name in ("x-request-id", "retry-after", "ratelimit-remaining", "idempotent-replayed"):
            assert name in exposed
        assert "access-control-allow-credentials" not in answer.headers


async def test_other_origins_may_not(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(cors_allow_origins=ORIGIN)
    stranger = "https://evil.example"
    asked = await gateway.stranger.options("/api/v1/payments", headers=preflight(stranger))
    assert asked.status_code == 400
    answer = await gateway.client.get("/payments", headers={"Origin": stranger})
    for each in (asked, answer):
        assert "access-control-allow-origin" not in each.headers


async def test_any_origin_may_where_that_is_set(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(cors_allow_origins="*")
    answer: httpx.Response = await gateway.client.get("/payments", headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == "*"
