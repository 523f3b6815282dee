"""The whole gateway in this process: real database and exchange, with clock, dice and sender in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
from sqlalchemy import Connection, func, select

from kessai.adapters.dice import SeededDice
from kessai.bootstrap import Gateway as Joined
from kessai.bootstrap import World, open_gateway
from kessai.services.ports import WebhookRequest, WebhookResult
from kessai.services.secrets import WELL_KNOWN_KEY
from kessai.settings import load_settings
from kessai.storage.tables import metadata
from tests.support.manual_clock import ManualClock, tick

ROOT: Final = "http://localhost:8000"
API: Final = "/api/v1"
UNKNOWN: Final = "0199d3c2-5f00-7000-8000-0000000000ff"
"""An id that nothing has."""
SECRET: Final = "a-secret-under-which-these-tests-keep-their-keys"


class KeptPosts:
    """A sender that keeps what it is to send; every endpoint takes it unless `answer` is set.

    While `held` is not set, posts are not answered.
    """

    def __init__(self) -> None:
        self.posts: list[WebhookRequest] = []
        self.answer = WebhookResult(200, 7, "ok")
        self.held: asyncio.Event | None = None

    async def post(self, request: WebhookRequest) -> WebhookResult:
        self.posts.append(request)
        if self.held is not None:
            await self.held.wait()
        return replace(self.answer, request_headers=request.headers)


class Gateway:
    """The joined gateway and its first merchant. Paths given to `client` are below /api/v1."""

    def __init__(self, joined: Joined, clock: ManualClock, sender: KeptPosts, stack: AsyncExitStack) -> None:
        self.joined = joined
        self.clock = clock
        self.sender = sender
        self._stack = stack
        self.client = self.client_with(WELL_KNOWN_KEY)
        self.stranger = self._open(httpx.AsyncClient(transport=self._transport(), base_url=ROOT))

    def client_with(self, secret_key: str) -> httpx.AsyncClient:
        """A client of whoever has this key."""
        headers = {"Authorization": f"Bearer {secret_key}"}
        return self._open(
            httpx.AsyncClient(transport=self._transport(), base_url=ROOT + API, headers=headers)
        )

    async def another_merchant(self, **facts: Any) -> httpx.AsyncClient:
        """A client of a merchant made now."""
        wanted: dict[str, Any] = {
            "name": "Another",
            "email": None,
            "currency": "INR",
            "secret_key": None,
            **facts,
        }
        _, issued, change = self.joined.services.merchants.create(**wanted, at=self.clock.now())
        await self.joined.database.commit(change)
        return self.client_with(issued.secret_key)

    async def pay(self, amount: int = 10_000, **fields: Any) -> dict[str, Any]:
        """A payment of the first merchant, of whatever outcome."""
        answer = await self.client.post("/payments", json={"amount": amount, **fields})
        assert answer.status_code == 201, answer.text
        payment: dict[str, Any] = answer.json()
        return payment

    async def hold(self, amount: int = 10_000, **fields: Any) -> dict[str, Any]:
        """A payment that is authorized and waits to be captured."""
        return await self.pay(amount, capture_method="manual", **fields)

    async def payment(self, payment_id: str) -> dict[str, Any]:
        """A payment of the first merchant as it stands now."""
        answer = await self.client.get(f"/payments/{payment_id}")
        assert answer.status_code == 200, answer.text
        payment: dict[str, Any] = answer.json()
        return payment

    @property
    def opened_at(self) -> datetime:
        """Where its time begins."""
        return self.clock.start

    async def tick(self, after: timedelta = timedelta(0)) -> int:
        """Let time pass, then do once what the clock does to payments; returns how much that was."""
        self.clock.advance(after)
        return await tick(self.joined)

    async def rows(self) -> dict[str, int]:
        """How many rows each table has."""

        def count(connection: Connection) -> dict[str, int]:
            counts = ((each.name, select(func.count()).select_from(each)) for each in metadata.sorted_tables)
            return {name: connection.execute(statement).scalar_one() for name, statement in counts}

        return await self.joined.database.run(count)

    def _open(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        self._stack.push_async_callback(client.aclose)
        return client

    def _transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(self.joined.app)


class GatewayWith(Protocol):
    """Opens a gateway on SQLite; it closes with the test."""

    async def __call__(self, **settings: Any) -> Gateway:
        """With settings of one's own."""
        ...


@asynccontextmanager
async def opened_gateway(
    database_url: str, *, clock: ManualClock | None = None, seed: int = 1, **settings: Any
) -> AsyncIterator[Gateway]:
    """A gateway on a migrated database, with its first merchant; without a rate limit unless one is set."""
    clock, sender = clock or ManualClock(), KeptPosts()
    plain: dict[str, Any] = {
        "api_key": WELL_KNOWN_KEY,
        "api_secret_key": SECRET,
        "rate_limit_requests": 0,
        "simulated_timeout_ms": 0,
        "public_url": ROOT,
    }
    known = load_settings(env_file=None, database_url=database_url, **{**plain, **settings})
    world = World(clock=clock, dice=SeededDice(seed), sender=sender)
    async with open_gateway(known, world) as joined, AsyncExitStack() as stack:
        await joined.welcome()
        yield Gateway(joined, clock, sender, stack)


def stored_bytes(directory: Path) -> bytes:
    """What the files of a database hold."""
    return b"".join(path.read_bytes() for path in directory.iterdir() if path.is_file())


def refusal(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error of an answer that must be this refusal, in the envelope and no more than that."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code
    assert set(error) - {"details"} == {"code", "message", "param", "hint", "request_id"}
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return error
