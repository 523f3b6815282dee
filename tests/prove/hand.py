"""A hand on the clock of a server of the harnesses': its time passes only when it is told to.

    POST /hand/merchant              makes a merchant; answers its secret key and the moment it is
    POST /hand/tick?after_s=60       lets time pass and does once what is due; answers how much that was

Both stand beside the API, which knows nothing of them.
"""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from kessai.asgi import Application, Receive, Send
from kessai.bootstrap import Gateway
from tests.support.manual_clock import ManualClock, tick


class Hand:
    """In front of the application; `gateway` is there once that has started."""

    def __init__(self, application: Application, clock: ManualClock) -> None:
        self.gateway: Gateway | None = None
        self._application = application
        self._clock = clock

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection, or the server's life."""
        if scope["type"] != "http" or not scope["path"].startswith("/hand/"):
            await self._application(scope, receive, send)
            return
        asked = dict(parse_qsl(scope["query_string"].decode()))
        is_time = scope["path"] == "/hand/tick"
        said = await (self._tick(float(asked["after_s"])) if is_time else self._merchant())
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    async def _merchant(self) -> dict[str, str]:
        """A merchant nobody has used."""
        gateway, now = self._started(), self._clock.now()
        _, issued, change = gateway.services.merchants.create(
            "A merchant", email=None, currency="INR", secret_key=None, at=now
        )
        await gateway.database.commit(change)
        return {"secret_key": issued.secret_key, "now": now.isoformat()}

    async def _tick(self, after_s: float) -> int:
        """Let time pass, then do what is due."""
        self._clock.advance(timedelta(seconds=after_s))
        return await tick(self._started())

    def _started(self) -> Gateway:
        if self.gateway is None:
            raise RuntimeError("the application has not started")
        return self.gateway
