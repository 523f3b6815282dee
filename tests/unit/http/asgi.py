"""Requests and answers without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from kessai.http.request import Request

Message = dict[str, Any]


class Wire:
    """What one request brings, message by message; then nothing more comes, or the client is gone."""

    def __init__(self, *chunks: bytes, hangs_up: bool = False, never_ends: bool = False) -> None:
        more = [True] * (len(chunks) - 1) + [hangs_up or never_ends]
        self._messages: list[Message] = [
            {"type": "http.request", "body": chunk, "more_body": is_more}
            for chunk, is_more in zip(chunks, more, strict=True)
        ]
        if hangs_up:
            self._messages.append({"type": "http.disconnect"})
        self.sent: list[Message] = []

    async def receive(self) -> Mapping[str, Any]:
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)


def scope_of(
    method: str = "GET",
    path: str = "/",
    query: bytes = b"",
    headers: Iterable[tuple[bytes, bytes]] = (),
    server: tuple[str, int | None] | None = ("127.0.0.1", 8000),
) -> Message:
    """An ASGI scope."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
        "server": server,
    }


def request_of(*headers: tuple[bytes, bytes], wire: Wire | None = None, **scope: Any) -> Request:
    """A request with these headers."""
    return Request(scope_of(headers=headers, **scope), (wire or Wire(b"")).receive)
