"""A proxy that carries requests to the server and may keep an answer for itself: the network at its worst."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_OF_ONE_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


class LossyProxy:
    """Listens on a free loopback port. The next `losing` requests are carried out, but nobody is told."""

    def __init__(self, port: int, *, losing: int = 0) -> None:
        self.losing = losing
        self.statuses: list[int] = []
        """What the server said, also where the answer was lost."""
        self.keys: list[str | None] = []
        """The idempotency key of each request."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, port))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """What a client takes for the server."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def note(self, status: int, key: str | None) -> bool:
        """Keep what was said; returns whether the answer gets lost."""
        with self._lock:
            self.statuses.append(status)
            self.keys.append(key)
            self.losing -= 1
            return self.losing >= 0


def _handler(proxy: LossyProxy, port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._carry()

        def do_POST(self) -> None:
            self._carry()

        def do_DELETE(self) -> None:
            self._carry()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

        def _carry(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: text for name, text in self.headers.items() if name.lower() not in _OF_ONE_HOP}
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                server.request(self.command, self.path, body=body, headers=headers)
                answer = server.getresponse()
                content = answer.read()
            finally:
                server.close()
            self.close_connection = True
            if proxy.note(answer.status, self.headers.get("idempotency-key")):
                return
            self.send_response_only(answer.status)
            for name, text in answer.getheaders():
                if name.lower() not in _OF_ONE_HOP:
                    self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

    return Handler
