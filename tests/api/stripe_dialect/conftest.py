"""A client of the Stripe API of a gateway in process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.api.stripe_dialect.payer import Payer
from tests.support.gateway import Gateway
from tests.support.stripe_forms import form
from tests.support.stripe_schema import Judge, judge
from tests.support.webhooks import until

Dispatch = Callable[[int], Awaitable[None]]
"""Lets the dispatcher work until it has posted so many in all."""


class Stripe:
    """Sends forms as the SDKs do, and gives the objects that come back.

    Every answer is held against Stripe's OpenAPI document where that is at hand.
    """

    def __init__(self, client: httpx.AsyncClient, judge: Judge | None) -> None:
        self.client = client
        self.judge = judge

    async def post(self, path: str, status: int = 200, /, **parameters: Any) -> dict[str, Any]:
        """POST below /v1. `headers` are headers, whatever else is a parameter, nested as it comes."""
        return await self._send("POST", path, status, parameters)

    async def get(self, path: str, status: int = 200, /, **parameters: Any) -> dict[str, Any]:
        """GET below /v1."""
        return await self._send("GET", path, status, parameters)

    async def delete(self, path: str, status: int = 200) -> dict[str, Any]:
        """DELETE below /v1."""
        return await self._send("DELETE", path, status, {})

    async def refused(
        self, method: str, path: str, status: int = 400, /, **parameters: Any
    ) -> dict[str, Any]:
        """The error inside a refusal's envelope."""
        error: dict[str, Any] = (await self._send(method, path, status, parameters))["error"]
        return error

    async def paid(self, amount: int = 1_000, currency: str = "usd", **parameters: Any) -> dict[str, Any]:
        """A PaymentIntent that was confirmed with a card."""
        wanted = {"payment_method": "pm_card_visa", "payment_method_types": ["card"], **parameters}
        return await self.post("/payment_intents", amount=amount, currency=currency, confirm=True, **wanted)

    async def _send(self, method: str, path: str, status: int, parameters: dict[str, Any]) -> dict[str, Any]:
        headers = parameters.pop("headers", {})
        fields = form(parameters)
        sent: dict[str, Any] = {"params": fields} if method == "GET" else {"data": fields}
        answer = await self.client.request(method, f"/v1{path}", headers=headers, **sent)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        if self.judge is not None:
            assert self.judge.problems(method, f"/v1{path}", status, found) == []
        return found


@asynccontextmanager
async def _client_of(gateway: Gateway) -> AsyncIterator[Stripe]:
    transport = httpx.ASGITransport(gateway.joined.app)
    headers = {"Authorization": "Bearer sk_test_of_this_test"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        yield Stripe(client, judge())


@pytest.fixture
async def stripe(gateway: Gateway) -> AsyncIterator[Stripe]:
    """A client whose key nobody has registered."""
    async with _client_of(gateway) as client:
        yield client


@pytest.fixture
async def each_stripe(each_gateway: Gateway) -> AsyncIterator[Stripe]:
    """A client on each database."""
    async with _client_of(each_gateway) as client:
        yield client


@pytest.fixture
async def payer(gateway: Gateway) -> AsyncIterator[Payer]:
    """Somebody with a browser."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway.joined.app)) as client:
        yield Payer(client)


@pytest.fixture
async def dispatch(gateway: Gateway) -> AsyncIterator[Dispatch]:
    """The gateway's own dispatcher, from the first time on that it is asked for."""
    running: list[asyncio.Task[None]] = []

    async def until_posted(count: int) -> None:
        if not running:
            running.append(asyncio.create_task(gateway.joined.worker.run()))

        async def is_done() -> bool:
            posted = len(gateway.sender.posts)
            return posted >= count and (await gateway.rows())["webhook_attempts"] == posted

        await until(is_done)

    yield until_posted
    if running:
        await gateway.joined.worker.stop()
        await running[0]
