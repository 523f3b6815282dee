"""One key, one effect, one answer."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway import Gateway, GatewayWith, refusal, stored_bytes
from tests.support.real_card import REAL_CARD, real_card

DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


async def ask(
    gateway: Gateway, key: str, path: str = "/payments", body: Any = None, **headers: str
) -> httpx.Response:
    """A POST of the first merchant with this key; a payment unless told otherwise."""
    if body is None and path == "/payments":
        body = {"amount": 10_000}
    content = b"" if body is None else json.dumps(body).encode()
    return await gateway.client.post(path, content=content, headers={"Idempotency-Key": key, **headers})


def is_replay(answer: httpx.Response) -> bool:
    return "idempotent-replayed" in answer.headers


def assert_same(first: httpx.Response, again: httpx.Response) -> None:
    """The second is the first, byte for byte, and says that it is."""
    assert again.status_code == first.status_code
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert not is_replay(first)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


@pytest.mark.parametrize("simulate", ["success", "insufficient_funds", "requires_action", "pending_success"])
async def test_the_same_request_gets_the_same_answer(each_gateway: Gateway, simulate: str) -> None:
    body = {"amount": 10_000, "simulate": simulate, "metadata": {"b": "1", "a": "ü"}}
    first = await ask(each_gateway, "k", body=body)
    assert first.status_code == 201
    before = await each_gateway.rows()
    each_gateway.clock.advance(DAY - SECOND)
    for _ in range(2):
        assert_same(first, await ask(each_gateway, "k", body=body))
    assert await each_gateway.rows() == before


async def test_every_post_takes_a_key(each_gateway: Gateway) -> None:
    held, paid = await each_gateway.hold(), await each_gateway.pay(100)
    requests: list[tuple[str, Any]] = [
        (f"/payments/{held['id']}/capture", None),
        (f"/payments/{paid['id']}/refund", {"amount": 60}),
        ("/refunds", {"payment_id": paid["id"], "amount": 20}),
        ("/customers", {"name": "Hanako"}),
        ("/instruments", {"type": "wallet"}),
        ("/intents", {"amount": 100}),
        ("/setups", None),
        ("/merchants/me/api-keys", {"name": "CI"}),
        ("/webhooks/endpoints", {"url": "http://localhost:1/"}),
    ]
    for number, (path, body) in enumerate(requests):
        first = await ask(each_gateway, f"k{number}", path, body)
        assert first.is_success
        assert_same(first, await ask(each_gateway, f"k{number}", path, body))
    assert (await each_gateway.payment(paid["id"]))["refunded_amount"] == 80
    assert (await each_gateway.rows())["api_keys"] == 2

    cancelled = await each_gateway.hold()
    first = await ask(each_gateway, "c", f"/payments/{cancelled['id']}/cancel")
    assert_same(first, await ask(each_gateway, "c", f"/payments/{cancelled['id']}/cancel"))


async def test_a_replay_does_not_follow_what_happened_since(gateway: Gateway) -> None:
    first = await ask(gateway, "k")
    await gateway.client.post(f"/payments/{first.json()['id']}/refund")
    again = await ask(gateway, "k")
    assert again.json()["status"] == "CAPTURED"
    assert (await gateway.payment(first.json()["id"]))["status"] == "REFUNDED"


async def test_an_answer_that_shows_a_secret_is_kept_sealed(gateway: Gateway, tmp_path: Path) -> None:
    first = await ask(gateway, "k", "/merchants/me/api-keys")
    assert_same(first, await ask(gateway, "k", "/merchants/me/api-keys"))
    secret = first.json()["secret_key"].encode()
    await gateway.joined.database.close()
    assert secret not in stored_bytes(tmp_path)


OTHERS: list[tuple[str, Any]] = [
    ("/payments", {"amount": 10_001}),
    ("/payments", {"amount": 10_000, "currency": "INR"}),
    ("/payments", {"amount": 10_000, "metadata": {}}),
    ("/refunds", {"payment_id": "0199d3c2-5f00-7000-8000-000000000000", "amount": 10_000}),
    ("/merchants/me/api-keys", {}),
    ("/merchants/me/api-keys", None),
]


@pytest.mark.parametrize(("path", "body"), OTHERS)
async def test_a_key_is_for_one_request(gateway: Gateway, path: str, body: Any) -> None:
    first = await ask(gateway, "k")
    before = await gateway.rows()
    error = refusal(await ask(gateway, "k", path, body), 422, "IDEMPOTENCY_KEY_REUSED")
    assert error["param"] == "Idempotency-Key"
    assert await gateway.rows() == before
    assert_same(first, await ask(gateway, "k"))


async def test_a_key_used_at_one_payment_is_not_for_another(gateway: Gateway) -> None:
    one, other = await gateway.hold(), await gateway.hold()
    await ask(gateway, "k", f"/payments/{one['id']}/capture")
    refusal(await ask(gateway, "k", f"/payments/{other['id']}/capture"), 422, "IDEMPOTENCY_KEY_REUSED")
    refusal(await ask(gateway, "k", f"/payments/{one['id']}/cancel"), 422, "IDEMPOTENCY_KEY_REUSED")
    assert (await gateway.payment(other["id"]))["status"] == "AUTHORIZED"


async def test_bodies_are_compared_as_json(each_gateway: Gateway) -> None:
    writings = [
        b'{"amount":500,"currency":"INR","metadata":{"a":"1","b":"\xc3\xbc"}}',
        b'{"currency": "INR",\n "metadata": {"b": "\\u00fc", "a": "1"}, "amount": 500}',
    ]
    headers = {"Idempotency-Key": "k"}
    first = await each_gateway.client.post("/payments", content=writings[0], headers=headers)
    again = await each_gateway.client.post("/payments", content=writings[1], headers=headers)
    assert_same(first, again)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": 0}, 422, "VALIDATION_FAILED"),
        ({"amount": 1, "nonsense": 1}, 422, "VALIDATION_FAILED"),
        (
            {
                "amount": 1,
                "payment_method": {
                    "type": "card",
                    "card": {"number": REAL_CARD, "exp_month": 1, "exp_year": 2030},
                },
            },
            422,
            "REAL_CARD_REFUSED",
        ),
    ],
)
async def test_a_refusal_is_not_kept_and_the_key_may_succeed_later(
    gateway: Gateway, body: Any, status: int, code: str
) -> None:
    for _ in range(2):
        refusal(await ask(gateway, "k", body=body), status, code)
    assert (await gateway.rows())["idempotency_keys"] == 0
    later = await ask(gateway, "k")
    assert (later.status_code, is_replay(later)) == (201, False)


async def test_refusals_of_the_state_are_not_kept_either(each_gateway: Gateway) -> None:
    pending = await each_gateway.pay(simulate="pending_success", delay_s=1)
    path = f"/payments/{pending['id']}/refund"
    refusal(await ask(each_gateway, "k", path), 422, "INVALID_PAYMENT_STATE")
    await each_gateway.tick(SECOND)
    refusal(await ask(each_gateway, "k", path, {"amount": 10_001}), 422, "AMOUNT_TOO_LARGE")
    later = await ask(each_gateway, "k", path)
    assert (later.status_code, is_replay(later)) == (201, False)
    assert_same(later, await ask(each_gateway, "k", path))


async def test_malformed_json_and_strangers_keep_no_key(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "k"}
    refusal(await gateway.client.post("/payments", content=b"{", headers=headers), 400, "INVALID_JSON")
    refusal(
        await gateway.stranger.post("/api/v1/payments", json={"amount": 1}, headers=headers),
        401,
        "AUTHENTICATION_FAILED",
    )
    assert (await gateway.rows())["idempotency_keys"] == 0


async def test_too_many_requests_keep_no_key(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=1, rate_limit_window_seconds=1)
    await gateway.client.get("/merchants/me")
    refusal(await ask(gateway, "k"), 429, "RATE_LIMITED")
    gateway.clock.advance(SECOND)
    assert not is_replay(await ask(gateway, "k"))


async def test_a_key_is_new_again_after_a_day(each_gateway: Gateway) -> None:
    first = await ask(each_gateway, "k")
    each_gateway.clock.advance(DAY)
    later = await ask(each_gateway, "k", body={"amount": 7})
    assert (later.status_code, is_replay(later)) == (201, False)
    assert later.json()["id"] != first.json()["id"]
    assert_same(later, await ask(each_gateway, "k", body={"amount": 7}))
    assert (await each_gateway.rows())["idempotency_keys"] == 1


async def test_a_day_after_also_changes_of_the_rare_kind_take_the_key_anew(each_gateway: Gateway) -> None:
    path = "/merchants/me/api-keys"
    first = await ask(each_gateway, "k", path)
    each_gateway.clock.advance(DAY)
    later = await ask(each_gateway, "k", path)
    assert not is_replay(later)
    assert later.json()["id"] != first.json()["id"]
    assert_same(later, await ask(each_gateway, "k", path))


async def test_how_long_a_key_lasts_may_be_set(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(idempotency_ttl_hours=1)
    await ask(gateway, "k")
    gateway.clock.advance(timedelta(minutes=59))
    assert is_replay(await ask(gateway, "k"))
    gateway.clock.advance(timedelta(minutes=1))
    assert not is_replay(await ask(gateway, "k"))


async def test_expired_keys_are_forgotten_and_others_are_not(each_gateway: Gateway) -> None:
    for number in range(3):
        await ask(each_gateway, f"old{number}")
    each_gateway.clock.advance(timedelta(hours=12))
    await ask(each_gateway, "new")
    each_gateway.clock.advance(timedelta(hours=12))
    assert (await each_gateway.joined.pruning.run()).keys == 3
    assert (await each_gateway.rows())["idempotency_keys"] == 1
    assert is_replay(await ask(each_gateway, "new"))


async def test_more_expired_keys_than_one_transaction_takes_are_all_forgotten(gateway: Gateway) -> None:
    await asyncio.gather(*(ask(gateway, f"k{number}") for number in range(520)))
    gateway.clock.advance(DAY)
    assert (await gateway.joined.pruning.run()).keys == 520
    assert (await gateway.rows())["idempotency_keys"] == 0


async def test_keys_are_each_merchants_own(each_gateway: Gateway) -> None:
    other = await each_gateway.another_merchant()
    first = await ask(each_gateway, "k")
    body, headers = {"amount": 77}, {"Idempotency-Key": "k"}
    theirs = await other.post("/payments", json=body, headers=headers)
    assert (theirs.status_code, is_replay(theirs)) == (201, False)
    assert_same(theirs, await other.post("/payments", json=body, headers=headers))
    assert_same(first, await ask(each_gateway, "k"))


@pytest.mark.parametrize("key", ["k", "k" * 255, "order 1", "~!@#$%^&*()_+{}|:<>?[];',./`", "0"])
async def test_what_may_be_a_key(gateway: Gateway, key: str) -> None:
    first = await ask(gateway, key)
    assert_same(first, await ask(gateway, key))


@pytest.mark.parametrize("key", [b"", b" ", b"k" * 256, b"caf\xc3\xa9", b"\xff", b"a\tb", b"\x7f"])
async def test_what_may_not_be_a_key(gateway: Gateway, key: bytes) -> None:
    headers = [(b"Idempotency-Key", key)]
    answer = await gateway.client.post("/payments", json={"amount": 1}, headers=headers)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "Idempotency-Key"
    assert (await gateway.rows())["payments"] == 0


async def test_keys_are_told_apart_by_case(gateway: Gateway) -> None:
    one, other = await ask(gateway, "key"), await ask(gateway, "KEY")
    assert one.json()["id"] != other.json()["id"]


async def test_a_key_that_holds_a_card_number_is_kept_without_it(gateway: Gateway, tmp_path: Path) -> None:
    one, other = f"order-{REAL_CARD}", f"order-{real_card('51')}"
    first = await ask(gateway, one)
    assert_same(first, await ask(gateway, one))
    assert not is_replay(await ask(gateway, other))
    await gateway.joined.database.close()
    assert REAL_CARD.encode() not in stored_bytes(tmp_path)


async def test_other_methods_take_no_key(gateway: Gateway) -> None:
    await ask(gateway, "k")
    headers = {"Idempotency-Key": "k"}
    assert not is_replay(await gateway.client.get("/payments", headers=headers))
    renamed = await gateway.client.patch("/merchants/me", json={"name": "new"}, headers=headers)
    assert (renamed.status_code, is_replay(renamed)) == (200, False)


@pytest.mark.parametrize("simulate", ["success", "bank_error"])
async def test_of_many_duplicates_at_once_one_has_an_effect(each_gateway: Gateway, simulate: str) -> None:
    body = {"amount": 10_000, "simulate": simulate}
    answers = await asyncio.gather(*(ask(each_gateway, "k", body=body) for _ in range(64)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(not is_replay(answer) for answer in answers) == 1
    rows = await each_gateway.rows()
    assert (rows["payments"], rows["webhook_events"], rows["idempotency_keys"]) == (1, 2, 1)


async def test_of_many_duplicate_captures_one_has_an_effect(each_gateway: Gateway) -> None:
    held = await each_gateway.hold()
    path = f"/payments/{held['id']}/capture"
    answers = await asyncio.gather(*(ask(each_gateway, "k", path) for _ in range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(not is_replay(answer) for answer in answers) == 1


async def test_of_many_duplicate_refunds_one_has_an_effect(each_gateway: Gateway) -> None:
    paid = await each_gateway.pay(100)
    path = f"/payments/{paid['id']}/refund"
    answers = await asyncio.gather(*(ask(each_gateway, "k", path, {"amount": 30}) for _ in range(64)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert (await each_gateway.payment(paid["id"]))["refunded_amount"] == 30


async def test_of_many_duplicate_keys_one_is_made(each_gateway: Gateway) -> None:
    answers = await asyncio.gather(*(ask(each_gateway, "k", "/merchants/me/api-keys") for _ in range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert (await each_gateway.rows())["api_keys"] == 2


async def test_different_requests_that_race_for_a_key_get_one_winner(each_gateway: Gateway) -> None:
    answers = await asyncio.gather(
        *(ask(each_gateway, "k", body={"amount": amount}) for amount in range(1, 33))
    )
    winners = [answer for answer in answers if answer.status_code == 201]
    assert len(winners) == 1
    for answer in answers:
        if answer is not winners[0]:
            refusal(answer, 422, "IDEMPOTENCY_KEY_REUSED")
    assert (await each_gateway.rows())["payments"] == 1
