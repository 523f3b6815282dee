"""The bucket of each merchant, as answers tell of it."""

from __future__ import annotations

from datetime import timedelta

import httpx

from tests.support.gateway import Gateway, GatewayWith, refusal

SECOND = timedelta(seconds=1)


def told(answer: httpx.Response) -> tuple[int, int, int]:
    return (
        int(answer.headers["ratelimit-limit"]),
        int(answer.headers["ratelimit-remaining"]),
        int(answer.headers["ratelimit-reset"]),
    )


async def test_a_hundred_requests_a_minute_by_default(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=100, rate_limit_window_seconds=60)
    for left in range(99, -1, -1):
        answer = await gateway.client.get("/merchants/me")
        assert answer.status_code == 200
        assert told(answer)[:2] == (100, left)
    refused = await gateway.client.get("/merchants/me")
    error = refusal(refused, 429, "RATE_LIMITED")
    assert told(refused) == (100, 0, 60)
    assert refused.headers["retry-after"] == "1"
    assert "1 s" in error["hint"]


async def test_after_the_time_in_retry_after_one_more_is_let_in(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=2, rate_limit_window_seconds=60)
    for _ in range(2):
        assert (await gateway.client.get("/merchants/me")).status_code == 200
    refused = await gateway.client.get("/merchants/me")
    assert refused.headers["retry-after"] == "30"
    gateway.clock.advance(29 * SECOND)
    again = await gateway.client.get("/merchants/me")
    assert (again.status_code, again.headers["retry-after"]) == (429, "1")
    gateway.clock.advance(SECOND)
    assert (await gateway.client.get("/merchants/me")).status_code == 200
    assert (await gateway.client.get("/merchants/me")).status_code == 429


async def test_what_is_refused_for_other_reasons_counts_too(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=2)
    refused = await gateway.client.post("/payments", json={"amount": 0})
    refusal(refused, 422, "VALIDATION_FAILED")
    assert told(refused)[:2] == (2, 1)
    await gateway.client.post("/payments", content=b"{")
    refusal(await gateway.client.get("/merchants/me"), 429, "RATE_LIMITED")


async def test_a_request_beyond_the_limit_has_no_effect(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=1)
    await gateway.pay()
    before = await gateway.rows()
    refusal(await gateway.client.post("/payments", json={"amount": 1}), 429, "RATE_LIMITED")
    assert await gateway.rows() == before


async def test_each_merchant_has_a_bucket_which_its_keys_share(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=2)
    other = await gateway.another_merchant()
    key = (await gateway.client.post("/merchants/me/api-keys")).json()["secret_key"]
    assert told(await gateway.client_with(key).get("/merchants/me"))[1] == 0
    assert (await gateway.client.get("/merchants/me")).status_code == 429
    assert told(await other.get("/merchants/me"))[1] == 1


async def test_strangers_take_no_tokens_and_are_told_no_limits(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=1)
    for answer in (
        await gateway.stranger.get("/api/v1/merchants/me"),
        await gateway.client_with("sk_test_nobody").get("/merchants/me"),
        await gateway.stranger.get("/health"),
    ):
        assert "ratelimit-limit" not in answer.headers
    assert (await gateway.client.get("/merchants/me")).status_code == 200


async def test_without_a_limit_nothing_is_told_of_one(gateway: Gateway) -> None:
    for _ in range(150):
        answer = await gateway.client.get("/merchants/me")
        assert answer.status_code == 200
        assert not [name for name in answer.headers if "ratelimit" in name]


async def test_paths_that_need_no_key_have_no_limit(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(rate_limit_requests=1)
    for _ in range(3):
        assert (await gateway.stranger.get("/health")).status_code == 200
