"""Receivers of webhooks that talk as no decent one does, and what is sent to them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kessai.services.ports import WebhookRequest

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that talks however `talk` does; gives its URL."""
    open_ends: list[asyncio.StreamWriter] = []

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ends.append(writer)
        await talk(reader, writer)

    server = await asyncio.start_server(served, "127.0.0.1", ssl=tls)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"{'https' if tls else 'http'}://{host}:{port}/hook"
    finally:
        server.close()
        for writer in open_ends:
            writer.close()


def saying(answer: bytes, *, hang_up: bool = True) -> Talk:
    """Read one whole request, say this, and hang up or leave the line open."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'{"event":"ping"}')
        writer.write(answer)
        await writer.drain()
        if hang_up:
            writer.close()

    return talk


def ping(url: str, *headers: tuple[str, str]) -> WebhookRequest:
    """A small signed webhook."""
    return WebhookRequest(url, (("content-type", "application/json"), *headers), b'{"event":"ping"}')
