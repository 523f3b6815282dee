"""`kessai readyz`: what a running process answers becomes words and an exit code."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support.processes import free_port
from tests.unit.cli.conftest import Command

READY = {"status": "ready", "checks": {"database": {"ok": True, "detail": "answers"}}}
UNAVAILABLE = {"status": "unavailable", "checks": {"database": {"ok": False, "detail": "does not answer"}}}

Answering = Callable[[int, bytes], str]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A function that starts a server which gives one answer to everything, and tells its URL."""
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def start(status: int, body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status if self.path == "/base/readyz" else 404)
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/base"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_who_is_ready(kessai: Command, answering: Answering) -> None:
    url = answering(200, json.dumps(READY).encode())

    assert kessai("readyz", "--url", f"{url}/", "--json").answer == {
        "url": url,
        "ready": True,
        "http_status": 200,
        **READY,
    }
    told = kessai("readyz", "--url", url)
    assert told.exit_code == 0
    assert f"{url} is ready" in told.stdout
    assert "database: answers" in told.stdout


def test_who_is_not_ready(kessai: Command, answering: Answering) -> None:
    told = kessai("readyz", "--url", answering(503, json.dumps(UNAVAILABLE).encode()))

    assert told.exit_code == 1
    assert "FAIL  database: does not answer" in told.stdout


@pytest.mark.parametrize("body", [b"<html>gateway time-out</html>", b"[]", b"\xff"])
def test_who_is_somebody_else(kessai: Command, answering: Answering, body: bytes) -> None:
    told = kessai("readyz", "--url", answering(502, body))

    assert told.exit_code == 1
    assert "502" in told.stdout


def test_who_does_not_answer(kessai: Command, surroundings: Path) -> None:
    # the port is read where the server would read it
    (surroundings / ".env").write_text(f"PORT={(port := free_port())}\nHOST=0.0.0.0\n")

    told = kessai("readyz")

    assert told.exit_code == 3
    assert f"http://127.0.0.1:{port} does not answer: Connection refused" in told.stderr
