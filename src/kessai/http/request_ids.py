"""What the exchange does not serve, the reference pages and unknown paths: a request id, and HEAD as GET."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kessai.http.answer import Send
from kessai.http.request import Receive, Request
from kessai.services.ports import Clock, IdFactory

App = Callable[[Any, Any, Any], Awaitable[None]]


class RequestIds:
    """Pure ASGI: puts the id into the scope's state and on the answer. FastAPI's routes know no HEAD."""

    def __init__(self, app: App, clock: Clock, ids: IdFactory) -> None:
        self._app = app
        self._clock = clock
        self._ids = ids

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = Request(scope, receive).request_id or self._ids.new_id(self._clock.now())
        scope.setdefault("state", {})["request_id"] = request_id
        is_head = scope["method"] == "HEAD"

        async def send_with_id(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            elif is_head:
                message["body"] = b""
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send_with_id)
