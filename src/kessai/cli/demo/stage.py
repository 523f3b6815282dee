"""What the demo is played with: a gateway of its own, a shop that asks it, a receiver that hears from it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from aiohttp import ClientSession, ClientTimeout, web

from kessai.asgi import Application
from kessai.cli.listening import Listening, bound
from kessai.cli.serving import OPTIONS, Server, listen
from kessai.settings import WELL_KNOWN_API_KEY, Settings

_HOST: Final = "127.0.0.1"
_PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the shop and the answer to it, as they went over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The answer as JSON, whose values are of any type."""
        return dict(json.loads(self.answer))


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook as it arrived."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The body as JSON, whose values are of any type."""
        return dict(json.loads(self.body))


class Shop:
    """The merchant's application: it asks the gateway over HTTP, as any would."""

    def __init__(self, base_url: str, session: ClientSession) -> None:
        self._base_url = base_url
        self._session = session

    async def get(self, path: str) -> Exchange:
        """Ask."""
        return await self._send("GET", path, b"", {})

    async def post(
        self, path: str, body: Mapping[str, object] | None = None, *, idempotency_key: str | None = None
    ) -> Exchange:
        """Ask for something to be done."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return await self._send("POST", path, b"" if body is None else json.dumps(body).encode(), headers)

    async def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Exchange:
        sent = {"Authorization": f"Bearer {WELL_KNOWN_API_KEY}", **headers}
        async with self._session.request(
            method, f"{self._base_url}{path}", data=body or None, headers=sent
        ) as answer:
            received = {name.lower(): value for name, value in answer.headers.items()}
            return Exchange(method, path, sent, body, answer.status, received, await answer.read())


class Receiver:
    """The shop's webhook endpoint; it keeps what arrives."""

    def __init__(self) -> None:
        self.url = ""
        self._webhooks: list[Webhook] = []
        self._arrived = asyncio.Condition()

    async def wait_for(self, event: str, payment_id: str) -> Webhook | None:
        """The webhook that tells of `event` for a payment; None if it does not come in time."""

        def found() -> Webhook | None:
            return next((each for each in self._webhooks if _tells_of(each, event, payment_id)), None)

        try:
            async with asyncio.timeout(_PATIENCE_S), self._arrived:
                await self._arrived.wait_for(lambda: found() is not None)
        except TimeoutError:
            return None
        return found()

    async def receive(self, request: web.Request) -> web.Response:
        """Keep one webhook and say thank you."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._arrived:
            self._webhooks.append(Webhook(headers, await request.read()))
            self._arrived.notify_all()
        return web.Response(text="thank you")


def is_genuine(body: bytes, signature: str, secret: str) -> bool:
    """Whether a webhook comes from who knows the secret: the function of the how-to, as it is printed."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


@asynccontextmanager
async def on_stage(database: Path) -> AsyncIterator[tuple[Shop, Receiver]]:
    """Start everything, and end it again in order."""
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(_gateway(database))
        receiver = await stack.enter_async_context(_receiver())
        session = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(total=_PATIENCE_S)))
        yield Shop(base_url, session), receiver


def _tells_of(webhook: Webhook, event: str, payment_id: str) -> bool:
    said = webhook.said
    return said.get("event") == event and said.get("payment", {}).get("id") == payment_id


@asynccontextmanager
async def _gateway(database: Path) -> AsyncIterator[str]:
    with bound(_HOST, 0) as listening:
        application = Application(_settings(database, listening))
        server = _Server(uvicorn.Config(application, lifespan="off", **OPTIONS))
        is_ready = asyncio.Event()
        server.on_ready = is_ready.set
        async with application.opened():
            serving = asyncio.create_task(listen(server, listening))
            waiting = asyncio.create_task(is_ready.wait())
            try:
                await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
                yield listening.base_url
            finally:
                waiting.cancel()
                server.should_exit = True
                await serving


class _Server(Server):
    """Leaves signals alone: they end the demo, and the server with it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _settings(database: Path, listening: Listening) -> Settings:
    """Every option by its default: what is set on this machine is for real gateways."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    own = {
        "database_url": f"sqlite:///{database}",
        "host": listening.host,
        "port": listening.port,
        "rate_limit_requests": 0,
        "log_level": "ERROR",
    }
    return Settings(_env_file=None, **(defaults | own))


@asynccontextmanager
async def _receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/webhooks", receiver.receive)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, 0).start()
        receiver.url = f"http://{_HOST}:{runner.addresses[0][1]}/webhooks"
        yield receiver
    finally:
        await runner.cleanup()
