"""Takes a webhook, passes it on byte for byte, and answers as the target answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from kessai.cli.listening import Listening
from kessai.cli.remote.lines import Teller
from kessai.domain.delivery import GONE
from kessai.services.ports import WebhookRequest, WebhookResult, WebhookSender

BODY_MAX: Final = 1024 * 1024
"""Bytes of one webhook: far more than the server makes of its largest payment."""

_UNDER_WAY_S: Final = 1.0
"""How long webhooks that are being passed on may take once it is over."""
_BAD_GATEWAY: Final = 502
_OF_ONE_CONNECTION: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer"),
        *("upgrade", "proxy-connection", "proxy-authenticate", "proxy-authorization", "expect"),
        # Every sender of ours says the same of what it accepts.
        *("accept", "accept-encoding"),
    }
)
"""Headers between two neighbours; all others are the webhook's own and are passed on as they came."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Relay:
    """Between the server and `target`; without one, webhooks are shown and thanked for.

    `on_gone` is called when the target says 410, before the server hears it.
    """

    def __init__(
        self, sender: WebhookSender, target: str | None, teller: Teller, on_gone: Callable[[], None]
    ) -> None:
        self._sender = sender
        self._target = target
        self._teller = teller
        self._on_gone = on_gone

    async def receive(self, request: web.Request) -> web.Response:
        """One webhook on its way. The answer is the target's: the server's record and retries rest on it."""
        body = await request.read()
        event_id = request.headers.get("X-Webhook-Id", "")
        self._teller.arrived(request.headers.get("X-Webhook-Event", ""), event_id, _said(body))
        if self._target is None:
            return web.Response(text="heard")
        try:
            result = await self._sender.post(WebhookRequest(self._target, _headers(request), body))
        except asyncio.CancelledError:
            self._teller.given_up(event_id, self._target)
            raise
        self._teller.answered(event_id, self._target, result)
        if result.status_code == GONE:
            self._on_gone()
        return _answer(result, self._target)


@asynccontextmanager
async def receiving(listening: Listening, path: str, handler: Handler) -> AsyncIterator[None]:
    """Have what is posted to `path` handled; what the server does not wait for any more is broken off."""
    application = web.Application(client_max_size=BODY_MAX)
    application.router.add_post(path, handler)
    runner = web.AppRunner(
        application, access_log=None, handler_cancellation=True, shutdown_timeout=_UNDER_WAY_S
    )
    await runner.setup()
    try:
        for each in listening.sockets:
            await web.SockSite(runner, each).start()
        yield
    finally:
        await runner.cleanup()


def _headers(request: web.Request) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value) for name, value in request.headers.items() if name.lower() not in _OF_ONE_CONNECTION
    )


def _answer(result: WebhookResult, target: str) -> web.Response:
    if result.status_code is None:
        return web.Response(status=_BAD_GATEWAY, text=f"kessai listen: POST {target}: {result.error}")
    answer = web.Response(status=result.status_code, text=result.answer)
    passed_on = [
        (name, value)
        for name, value in result.answer_headers
        if name.lower() not in _OF_ONE_CONNECTION and value.isprintable()
    ]
    # What is ours gives way to the target's own; that may have a name more than once.
    for name, _ in passed_on:
        answer.headers.popall(name, None)
    for name, value in passed_on:
        answer.headers.add(name, value)
    if result.retry_after_s is not None:
        answer.headers["Retry-After"] = str(result.retry_after_s)
    return answer


def _said(body: bytes) -> dict[str, Any]:
    """What a webhook says; nothing where it says nothing that can be read."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
