"""Whatever comes in, the answer is a 4xx in the envelope, and nothing is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kessai.http.request import BODY_MAX
from tests.support.gateway import UNKNOWN, Gateway, GatewayWith, refusal
from tests.support.real_card import REAL_CARD

NO_JSON = [
    *(b"{", b"}", b'{"amount":1', b'{"amount":1,}', b'{"amount":01}', b'{"amount":+1}', b'{"amount":.5}'),
    *(b"{'amount':1}", b"{amount:1}", b'{"amount":1}x', b'{"amount":1}{"amount":1}', b'{"amount":1}\x00'),
    *(
        b'{"amount":NaN}',
        b'{"amount":Infinity}',
        b'{"amount":-Infinity}',
        b'{"amount":0x1}',
        b'{"amount":1e999}',
    ),
    *(b" ", b"\n", b"\x00", b"// {}", b"amount=1", b"\xef\xbb\xbf{}", '{"amount":1}'.encode("utf-16")),
    *(
        b'{"description":"\x00"}',
        b'{"description":"\n"}',
        b'{"description":"\\x41"}',
        b'{"description":"\\u12"}',
    ),
    *(
        b'{"description":"\\ud800"}',
        b'{"description":"\\udc00x"}',
        b'{"\\ud800":1}',
        b'{"a":"\\ud83d\\u0041"}',
    ),
    *(
        b'{"description":"\xff"}',
        b'{"description":"\xed\xa0\x80"}',
        b'{"d":"\xc0\xaf"}',
        b'{"\xfe":1}',
        b"\xff",
    ),
    *(b"[" * 60_000, b'{"a":' * 10_000, b'{"metadata":' + b"[" * 5_000 + b"]" * 5_000 + b"}"),
]
NO_OBJECT = [b"[]", b"[1]", b'[{"amount":1}]', b'"amount"', b"1", b"1.5", b"true", b"null", b'""']


@pytest.mark.parametrize("content", [*NO_JSON, *NO_OBJECT], ids=lambda content: repr(content[:24]))
async def test_what_is_no_json_object_is_refused(gateway: Gateway, content: bytes) -> None:
    before = await gateway.rows()
    answer = await gateway.client.post("/payments", content=content, headers={"Idempotency-Key": "k"})
    error = refusal(answer, 400, "INVALID_JSON")
    assert len(error["message"]) < 200
    assert error["hint"]
    assert await gateway.rows() == before


WRITES = [
    ("POST", "/payments"),
    ("POST", f"/payments/{UNKNOWN}/capture"),
    ("POST", f"/payments/{UNKNOWN}/cancel"),
    ("POST", f"/payments/{UNKNOWN}/refund"),
    ("POST", "/refunds"),
    ("POST", f"/disputes/{UNKNOWN}/evidence"),
    ("POST", f"/disputes/{UNKNOWN}/accept"),
    ("POST", "/payouts"),
    ("POST", f"/payouts/{UNKNOWN}/cancel"),
    ("POST", "/customers"),
    ("PATCH", f"/customers/{UNKNOWN}"),
    ("POST", "/instruments"),
    ("POST", f"/instruments/{UNKNOWN}/attach"),
    ("POST", f"/instruments/{UNKNOWN}/detach"),
    ("POST", "/intents"),
    ("POST", f"/intents/{UNKNOWN}/confirm"),
    ("POST", f"/intents/{UNKNOWN}/capture"),
    ("POST", f"/intents/{UNKNOWN}/cancel"),
    ("POST", "/setups"),
    ("POST", f"/setups/{UNKNOWN}/confirm"),
    ("POST", f"/setups/{UNKNOWN}/cancel"),
    ("PATCH", "/merchants/me"),
    ("POST", "/merchants/me/api-keys"),
    ("POST", f"/merchants/me/api-keys/{UNKNOWN}/rotate"),
    ("POST", "/webhooks/endpoints"),
    ("PATCH", f"/webhooks/endpoints/{UNKNOWN}"),
    ("POST", f"/webhooks/endpoints/{UNKNOWN}/rotate-secret"),
    ("POST", f"/webhooks/endpoints/{UNKNOWN}/test"),
    ("POST", f"/webhooks/events/{UNKNOWN}/redeliver"),
    ("POST", f"/webhooks/deliveries/{UNKNOWN}/retry"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_every_write_refuses_what_is_wrong(gateway: Gateway, method: str, path: str) -> None:
    before = await gateway.rows()
    deep: Any = {}
    for _ in range(200):
        deep = {"a": deep}
    for content in (b"{", b"[]", b"\xff", b"[" * 60_000):
        answer = await gateway.client.request(method, path, content=content)
        refusal(answer, 400, "INVALID_JSON")
    for body in ({"nonsense": 1}, {"\x00": "\x00"}, {"a" * 10_000: 1}, deep):
        answer = await gateway.client.request(method, path, json=body)
        assert len(refusal(answer, 422, "VALIDATION_FAILED")["message"]) < 500
    answer = await gateway.client.request(method, path, content=b" " * (BODY_MAX + 1))
    refusal(answer, 413, "BODY_TOO_LARGE")
    assert await gateway.rows() == before


async def test_wrong_types_in_every_field_at_once(gateway: Gateway) -> None:
    fields = [
        *("amount", "currency", "description", "customer_email", "metadata", "simulate"),
        *("capture_method", "payment_method", "reference", "delay_s"),
        *("customer_id", "instrument_id", "off_session"),
    ]
    wrongs: list[object] = [[], [[]], [{}], 1.5, "\x00", {"\x00": {"\x00": []}}]
    for wrong in wrongs:
        answer = await gateway.client.post("/payments", json=dict.fromkeys(fields, wrong))
        assert refusal(answer, 422, "VALIDATION_FAILED")["details"]
    assert (await gateway.rows())["payments"] == 0


async def test_a_thousand_problems_are_told_in_a_short_answer(gateway: Gateway) -> None:
    body = {f"field{number}": number for number in range(3_000)}
    answer = await gateway.client.post("/payments", json=body)
    refusal(answer, 422, "VALIDATION_FAILED")
    assert len(answer.content) < 20_000


async def test_a_body_of_64_kib_is_taken_and_one_more_byte_is_not(gateway: Gateway) -> None:
    content = b'{"amount":1}'
    full = content + b" " * (BODY_MAX - len(content))
    assert (await gateway.client.post("/payments", content=full)).status_code == 201
    answer = await gateway.client.post("/payments", content=full + b" ")
    error = refusal(answer, 413, "BODY_TOO_LARGE")
    assert "65536" in error["message"]


async def test_the_same_without_a_content_length(gateway: Gateway) -> None:
    async def chunks(size: int) -> AsyncIterator[bytes]:
        yield b'{"amount":1}'
        for _ in range(size - 12):
            yield b" "

    assert (await gateway.client.post("/payments", content=chunks(BODY_MAX))).status_code == 201
    answer = await gateway.client.post("/payments", content=chunks(BODY_MAX + 1))
    refusal(answer, 413, "BODY_TOO_LARGE")
    assert (await gateway.rows())["payments"] == 1


async def test_a_body_that_does_not_come_in_time(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(body_timeout_s=0.05)

    async def never_ending() -> AsyncIterator[bytes]:
        yield b'{"amount":'
        await asyncio.Event().wait()

    answer = await gateway.client.post("/payments", content=never_ending())
    refusal(answer, 408, "REQUEST_TIMEOUT")
    assert answer.headers["connection"] == "close"
    assert (await gateway.rows())["payments"] == 0


@pytest.mark.parametrize(
    "query",
    [
        *("status=CAPTURED&status=FAILED", "limit=1&limit=1", "limit=1&l%69mit=2"),
        *("reference=%ff", "reference=%ed%a0%80", "%ff=1", "reference=%00", "reference=a%00b"),
        "&".join(f"x{number}=1" for number in range(200)),
        *("x=1", "=", "=1", "limit", "limit=", "limit=1;cursor=x", "limit[]=1"),
        "reference=" + "r" * 50_000,
        "r" * 50_000,
    ],
    ids=lambda query: query[:30],
)
async def test_a_bad_query_is_refused(gateway: Gateway, query: str) -> None:
    for path in ("/payments", "/merchants/me/api-keys", "/webhooks/deliveries"):
        answer = await gateway.client.get(f"{path}?{query}")
        error = refusal(answer, 422, "VALIDATION_FAILED")
        assert len(error["message"]) < 500
        assert len(answer.content) < 20_000


async def test_a_raw_query_that_is_no_ascii_is_refused(gateway: Gateway) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/payments",
        "query_string": b"reference=\xff\xfe",
        "headers": [(b"authorization", gateway.client.headers["authorization"].encode())],
        "server": ("127.0.0.1", 8000),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await gateway.joined.app(scope, receive, send)
    assert sent[0]["status"] == 422


async def test_queries_where_none_is_read_do_no_harm(gateway: Gateway) -> None:
    answer = await gateway.client.get("/merchants/me?x=%ff&x=1")
    assert answer.status_code == 200


async def test_very_long_headers(gateway: Gateway) -> None:
    long = "x" * 60_000
    refusal(await gateway.client_with(long).get("/payments"), 401, "AUTHENTICATION_FAILED")
    for name in ("Idempotency-Key", "X-Request-ID", "Content-Type", "X-Anything"):
        answer = await gateway.client.post("/payments", json={"amount": 1}, headers={name: long})
        if name == "Idempotency-Key":
            refusal(answer, 422, "VALIDATION_FAILED")
        else:
            assert answer.status_code == 201
        assert long not in answer.text
        assert long not in answer.headers["x-request-id"]


async def test_of_a_header_given_twice_the_first_counts(gateway: Gateway) -> None:
    right = gateway.client.headers["authorization"].encode()
    path = "/api/v1/merchants/me"
    for values, status in (([right, b"Bearer x"], 200), ([b"Bearer x", right], 401)):
        headers = [(b"Authorization", value) for value in values]
        assert (await gateway.stranger.get(path, headers=headers)).status_code == status


SECRETS = ["sk_test_wrongwrongwrongwrong", "sk_live_realrealrealrealreal", REAL_CARD]


@pytest.mark.parametrize("secret", SECRETS)
async def test_no_secret_is_echoed(gateway: Gateway, secret: str) -> None:
    bodies: list[dict[str, Any]] = [
        {"amount": secret},
        {"amount": 1, "currency": secret},
        {"amount": 1, "simulate": secret},
        {"amount": 1, "customer_email": f"{secret} no address"},
        {"amount": 1, "payment_method": {"type": secret}},
        {"amount": 1, "payment_method": {"type": "card", "card": {"number": secret, "exp_month": secret}}},
        {"amount": 1, "capture_method": secret},
    ]
    if secret.isdigit():
        # A name is repeated, for whoever mistyped it; not so a card number in its place.
        bodies += [{"amount": 1, secret: 1}, {"amount": 1, "metadata": {secret: 1, f"a {secret}": 2}}]
    answers: list[httpx.Response] = [await gateway.client.post("/payments", json=body) for body in bodies]
    answers.append(await gateway.client.post("/payments", content=f'{{"amount": {secret}'.encode()))
    answers.append(await gateway.client.get(f"/payments?simulate={secret}"))
    answers.append(await gateway.client.get(f"/payments/{secret}"))
    answers.append(await gateway.client_with(secret).get("/payments"))
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.text
        assert secret not in answer.text
