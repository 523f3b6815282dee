"""What the exchange does not serve: the reference, /docs, /redoc and /openapi.json, and unknown paths.

FastAPI serves the reference. It is loaded when somebody first asks for a page: to load it and to draw the
document takes longer than all the rest of a start, and a server in a test suite is never asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from kessai.http.answer import Send, send_answer
from kessai.http.dialect import Dialect
from kessai.http.request import Receive, Request
from kessai.http.request_ids import App
from kessai.http.routes import Routers

PAGES: Final = frozenset({"docs", "redoc", "openapi.json", "reference-assets"})
"""With what a path begins that FastAPI knows."""
DOCUMENT: Final = "/openapi.json"
"""What takes long to draw; the pages load it when they are shown."""


class Reference:
    """Pure ASGI. Expects the request's id in the scope's state.

    `roots` are with what paths begin that are another API's than the one described, known or not.
    """

    def __init__(self, routers: Routers, dialect: Dialect, roots: Mapping[str, Dialect]) -> None:
        self._routers = routers
        self._dialect = dialect
        self._roots = roots
        self._pages: App | None = None
        self._draw: Callable[[], object] | None = None
        self._one_builds: Final = asyncio.Lock()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["path"].partition("/")[2].partition("/")[0] not in PAGES:
            path: str = scope["path"]
            dialect = next(
                (each for root, each in self._roots.items() if path.startswith(root)), self._dialect
            )
            method, request_id = scope["method"], scope["state"]["request_id"]
            answer = dialect.refuse(dialect.unknown(method, path), request_id)
            headers = dialect.answer_headers(Request(scope, receive), request_id)
            await send_answer(send, answer, headers, with_body=method != "HEAD")
        else:
            pages = await self._built(with_document=scope["path"] == DOCUMENT)
            await pages(scope, receive, send)

    async def _built(self, *, with_document: bool) -> App:
        # Not in the loop, which has payments to serve meanwhile.
        async with self._one_builds:
            if self._pages is None:
                self._pages = await asyncio.to_thread(self._build)
            if with_document and self._draw is not None:
                await asyncio.to_thread(self._draw)
                self._draw = None
            return self._pages

    def _build(self) -> App:
        from kessai.control.pages import build_pages

        pages = build_pages(self._routers, self._dialect)
        self._draw = pages.openapi
        return pages
