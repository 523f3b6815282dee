"""Who a key lets in: strangers on a local gateway, public keys with a secret, nobody with a live key."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway, GatewayWith


def client_of(gateway: Gateway, authorization: str, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(gateway.joined.app),
        base_url="http://localhost/v1",
        headers={"Authorization": authorization, **headers},
    )


async def customers(gateway: Gateway, authorization: str, **headers: str) -> list[Any]:
    async with client_of(gateway, authorization, **headers) as client:
        answer = await client.get("/customers")
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()["data"]
        return found


async def test_each_key_is_a_merchant_of_its_own(gateway: Gateway, stripe: Stripe) -> None:
    made = await stripe.post("/customers", name="Ann")

    mine = await customers(gateway, "Bearer sk_test_of_this_test")
    assert mine == [made]
    assert await customers(gateway, "Bearer sk_test_another") == []
    assert await customers(gateway, "Bearer rk_test_another") == []
    # who acts for an account sees what is that account's
    assert await customers(gateway, "Bearer sk_test_of_this_test", **{"Stripe-Account": "acct_1"}) == []


async def test_the_key_may_come_as_a_user_name(gateway: Gateway, stripe: Stripe) -> None:
    made = await stripe.post("/customers", name="Ann")
    user = base64.b64encode(b"sk_test_of_this_test:").decode()
    assert await customers(gateway, f"Basic {user}") == [made]


async def test_many_first_requests_at_once_make_one_merchant(gateway: Gateway) -> None:
    before = (await gateway.rows())["merchants"]
    await asyncio.gather(*(customers(gateway, "Bearer sk_test_at_once") for _ in range(8)))
    assert (await gateway.rows())["merchants"] == before + 1


@pytest.mark.parametrize(
    "authorization",
    [
        *("Bearer ", "Bearer hunter2", "Basic !!", "Basic c2s6", "Digest x", "Bearer sk_test_a b", ""),
        f"Bearer sk_test_{'x' * 300}",
        f"Basic {base64.b64encode(bytes([255, 254])).decode()}",
    ],
)
async def test_what_is_no_test_key_is_refused(gateway: Gateway, authorization: str) -> None:
    before = (await gateway.rows())["merchants"]
    async with client_of(gateway, authorization) as client:
        answer = await client.get("/customers")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert (await gateway.rows())["merchants"] == before


async def test_live_keys_are_refused_with_a_word_of_help(gateway: Gateway) -> None:
    async with client_of(gateway, "Bearer sk_live_x") as client:
        answer = await client.get("/customers")
    assert answer.status_code == 401
    assert "live" in answer.json()["error"]["message"]


async def test_a_public_key_sees_what_it_knows_the_secret_of(gateway: Gateway, stripe: Stripe) -> None:
    intent = await stripe.post("/payment_intents", amount=100, currency="usd", payment_method_types=["card"])
    path = f"/payment_intents/{intent['id']}"
    async with client_of(gateway, "Bearer pk_test_of_this_test") as client:
        shown = await client.get(path, params={"client_secret": intent["client_secret"]})
        assert shown.json() == intent
        for secret in ({}, {"client_secret": "pi_x_secret_y"}):
            assert (await client.get(path, params=secret)).status_code == 400
        refused = await client.get("/payment_intents")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "secret_key_required")
        paid = await client.post(
            f"{path}/confirm",
            data={"client_secret": intent["client_secret"], "payment_method": "pm_card_visa"},
        )
        assert paid.json()["status"] == "succeeded"


async def test_a_public_key_opens_nothing_of_the_native_api(gateway: Gateway) -> None:
    headers = {"Authorization": "Bearer pk_test_kessai"}
    assert (await gateway.stranger.get("/api/v1/payments", headers=headers)).status_code == 401


async def test_a_stranger_who_comes_from_another_machine_is_not_taken(gateway: Gateway) -> None:
    """As under uvicorn with an address of its own, of which the settings know nothing."""
    before = (await gateway.rows())["merchants"]

    def came_in_elsewhere(scope: Any, receive: Any, send: Any) -> Any:
        return gateway.joined.app({**scope, "server": ("192.0.2.7", 8000)}, receive, send)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(came_in_elsewhere),
        base_url="http://localhost/v1",
        headers={"Authorization": "Bearer sk_test_of_this_test"},
    ) as client:
        assert (await client.get("/customers")).status_code == 401

    assert (await gateway.rows())["merchants"] == before


async def test_a_gateway_that_others_can_reach_takes_no_strangers(gateway_with: GatewayWith) -> None:
    gateway = await gateway_with(host="0.0.0.0", api_secret_key="x" * 40, api_key="sk_test_of_the_team")
    async with client_of(gateway, "Bearer sk_test_stranger") as client:
        assert (await client.get("/customers")).status_code == 401
