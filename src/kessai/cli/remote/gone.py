"""A receiver that wants nothing: it answers 410 to every webhook, by which a server disables an endpoint."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import socket

from kessai.cli.remote.address import bound_at, reached_at, secret_path

_BODY_READ_MAX = 1024 * 1024


@contextmanager
def gone_receiver(bind: str, reachable_at: str | None) -> Iterator[str]:
    """Receive while this lasts; gives the URL for webhooks.

    Raises:
        CommandError: one cannot receive there.
    """
    with bound_at(bind) as listening, ExitStack() as stack:
        url = reached_at(listening, reachable_at) + secret_path()
        for each in listening.sockets:
            stack.enter_context(_serving(each))
        yield url


@contextmanager
def _serving(bound: socket) -> Iterator[None]:
    with HTTPServer(bound.getsockname()[:2], _Gone, bind_and_activate=False) as server:
        # The one it has made for itself is not the one that was bound.
        server.socket.close()
        server.socket = bound
        server.server_activate()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Gone(BaseHTTPRequestHandler):
    timeout = 5

    def do_POST(self) -> None:
        """Read what comes, and never want it again."""
        length = self.headers.get("Content-Length", "0")
        self.rfile.read(min(int(length), _BODY_READ_MAX) if length.isdecimal() else 0)
        self.send_response(410)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
