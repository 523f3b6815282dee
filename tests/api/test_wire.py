"""What only a socket can send, to a server as it is installed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.support.server import RunningServer

BODY_TIMEOUT_S = 0.3
BODY_MAX = 64 * 1024
POST = b"POST /api/v1/payments HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all of these tests: each looks at what it has made itself."""
    directory = tmp_path_factory.mktemp("wire")
    env = {"BODY_TIMEOUT_S": str(BODY_TIMEOUT_S), "RATE_LIMIT_REQUESTS": "0"}
    with RunningServer(directory=directory, env=env) as running:
        yield running


@pytest.fixture
def untouched(server: RunningServer) -> Iterator[None]:
    """Whatever a test sends, no payment comes of it, nothing is logged as a bug, and the server goes on."""
    before = payments(server)
    yield
    assert payments(server) == before
    assert "Traceback" not in server.stderr
    assert "internal_error" not in server.stderr


def payments(server: RunningServer, **query: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{server.base_url}/api/v1/payments?limit=100", params=query, headers=server.headers)
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def connect(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def head(server: RunningServer, *lines: bytes, target: bytes = b"POST /api/v1/payments HTTP/1.1") -> bytes:
    """The head of a request with the right key."""
    key = f"Authorization: Bearer {server.api_key}".encode()
    return b"\r\n".join((target, b"Host: localhost", key, *lines, b"", b""))


def said(server: RunningServer, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send this on a new connection; the status, headers and body that come back."""
    with closing(connect(server)) as wire:
        for piece in pieces:
            try:
                wire.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        return answer_on(wire)


def answer_on(wire: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += more(wire)
    raw_head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = raw_head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += more(wire)
    return int(first.split()[1]), headers, body


def more(wire: socket.socket) -> bytes:
    received = wire.recv(65_536)
    assert received, "the server hung up in the middle of an answer"
    return received


def assert_refused(answer: tuple[int, dict[str, str], bytes], status: int, code: str) -> None:
    assert answer[0] == status, answer
    error = json.loads(answer[2])["error"]
    assert error["code"] == code
    assert error["request_id"] == answer[1]["x-request-id"]


@pytest.mark.usefixtures("untouched")
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(server: RunningServer) -> None:
    for length in (BODY_MAX + 1, 10**12):
        answer = said(server, head(server, b"Content-Length: %d" % length))
        assert_refused(answer, 413, "BODY_TOO_LARGE")
        assert answer[1]["connection"] == "close"


@pytest.mark.usefixtures("untouched")
def test_a_chunked_body_that_grows_too_large_is_refused(server: RunningServer) -> None:
    chunks = [b"1000\r\n" + b" " * 4096 + b"\r\n"] * 17
    answer = said(server, head(server, b"Transfer-Encoding: chunked"), *chunks)
    assert_refused(answer, 413, "BODY_TOO_LARGE")


def test_a_chunked_body_is_as_good_as_any(server: RunningServer) -> None:
    body = b'9\r\n{"amount"\r\n3\r\n:7}\r\n0\r\n\r\n'
    status, _, answer = said(server, head(server, b"Transfer-Encoding: chunked"), body)
    assert (status, json.loads(answer)["amount"]) == (201, 7)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("begun", [b"", b'{"amount":1'])
def test_a_slow_body_is_not_waited_for_without_end(server: RunningServer, begun: bytes) -> None:
    for framing, piece in (
        (b"Content-Length: 12", begun),
        (b"Transfer-Encoding: chunked", begun and b"%x\r\n%s\r\n" % (len(begun), begun)),
    ):
        answer = said(server, head(server, framing), piece)
        assert_refused(answer, 408, "REQUEST_TIMEOUT")
        assert answer[1]["connection"] == "close"


@pytest.mark.usefixtures("untouched")
def test_a_client_that_hangs_up_in_the_middle_leaves_nothing_behind(server: RunningServer) -> None:
    for begun in (
        head(server, b"Content-Length: 12") + b'{"amount":1',
        head(server, b"Transfer-Encoding: chunked") + b'c\r\n{"amount":1}\r\n',
        head(server, b"Content-Length: 12"),
        head(server)[:-2],
        b"POST /api/v1/pay",
        b"",
    ):
        with closing(connect(server)) as wire:
            wire.sendall(begun)
    assert httpx.get(f"{server.base_url}/health").status_code == 200


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /he alth HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nA: b\x00\r\n\r\n",
        POST + b"Content-Length: x\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"brew /health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_what_is_no_http_is_answered_by_the_server_itself(server: RunningServer, raw: bytes) -> None:
    # Nothing of this gets as far as the application, so there is no envelope: a plain 400.
    with closing(connect(server)) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        received = b""
        while piece := wire.recv(65_536):
            received += piece
    assert received.split(b" ")[1] in {b"400", b"401", b"404", b"405"}, received
    assert b"Traceback" not in received


@pytest.mark.usefixtures("untouched")
def test_bytes_beyond_ascii_in_the_target(server: RunningServer) -> None:
    for target, wanted in (
        (b"GET /api/v1/payments?reference=\xff\xfe HTTP/1.1", {400, 422}),
        (b"GET /api/v1/payments/\xff HTTP/1.1", {400, 404}),
        (b"GET /api/v1/payments/\xc3\xbc HTTP/1.1", {400, 404}),
        (b"GET /api/v1/payments/%ff%00 HTTP/1.1", {404}),
        (b"GET /" + b"a" * 60_000 + b" HTTP/1.1", {404, 414}),
        (b"GET * HTTP/1.1", {400, 404}),
        (b"OPTIONS * HTTP/1.1", {400, 404, 405}),
    ):
        assert said(server, head(server, target=target))[0] in wanted, target[:60]


@pytest.mark.usefixtures("untouched")
def test_raw_bytes_that_are_no_text_in_the_body(server: RunningServer) -> None:
    for body in (b'{"amount":1,"description":"\xed\xa0\x80"}', b"\xff\xfe{\x00}\x00", b'{"a":"\x00"}'):
        answer = said(server, head(server, b"Content-Length: %d" % len(body)), body)
        assert_refused(answer, 400, "INVALID_JSON")


@pytest.mark.usefixtures("untouched")
def test_many_and_long_headers(server: RunningServer) -> None:
    many = [b"X-%d: %s" % (number, b"v" * 100) for number in range(500)]
    status, _, _ = said(server, head(server, *many, target=b"GET /api/v1/merchants/me HTTP/1.1"))
    assert status in {200, 400, 431}
    for name in (b"Idempotency-Key", b"X-Request-ID"):
        refused = said(server, head(server, name + b": " + b"k" * 60_000, b"Content-Length: 2"), b"{}")
        assert_refused(refused, 422, "VALIDATION_FAILED")


def test_a_connection_goes_on_after_a_refusal(server: RunningServer) -> None:
    body = b'{"amount":8}'
    good = head(server, b"Content-Length: %d" % len(body)) + body
    stranger = good.replace(server.api_key.encode(), b"sk_test_x")
    with closing(connect(server)) as wire:
        for request, status in ((stranger, 401), (good, 201), (good[:-1] + b"]", 400), (good, 201)):
            wire.sendall(request)
            assert answer_on(wire)[0] == status


def test_requests_sent_at_once_are_answered_in_order(server: RunningServer) -> None:
    requests = []
    for amount in (11, 12, 13):
        body = b'{"amount":%d}' % amount
        requests.append(head(server, b"Content-Length: %d" % len(body)) + body)
    with closing(connect(server)) as wire:
        wire.sendall(b"".join(requests))
        received = b""
        while received.count(b'"status":"CAPTURED"') < 3:
            received += more(wire)
    places = [received.index(b'"amount":%d' % amount) for amount in (11, 12, 13)]
    assert places == sorted(places)


def test_a_client_may_ask_before_it_sends(server: RunningServer) -> None:
    body = b'{"amount":9}'
    with closing(connect(server)) as wire:
        wire.sendall(head(server, b"Expect: 100-continue", b"Content-Length: %d" % len(body)))
        assert wire.recv(65_536).startswith(b"HTTP/1.1 100")
        wire.sendall(body)
        assert answer_on(wire)[0] == 201


@pytest.mark.usefixtures("untouched")
def test_upgrades_are_not_for_us(server: RunningServer) -> None:
    asked = head(
        server,
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        target=b"GET /api/v1/payments HTTP/1.1",
    )
    assert said(server, asked)[0] in {200, 400, 426}


def test_a_lost_answer_closes_the_connection_without_a_byte(server: RunningServer) -> None:
    body = b'{"amount":1,"simulate":"lost_response","reference":"lost on the wire"}'
    with closing(connect(server)) as wire:
        wire.sendall(head(server, b"Content-Length: %d" % len(body)) + body)
        try:
            received = wire.recv(1)
        except ConnectionResetError:
            received = b""
    assert received == b""
    (payment,) = payments(server, reference="lost on the wire")
    assert payment["status"] == "CAPTURED"


def test_head_sends_no_body(server: RunningServer) -> None:
    with closing(connect(server)) as wire:
        for target in (b"HEAD /api/v1/payments HTTP/1.1", b"HEAD /docs HTTP/1.1", b"HEAD /nowhere HTTP/1.1"):
            wire.sendall(head(server, target=target))
            received = b""
            while not received.endswith(b"\r\n\r\n"):
                received += more(wire)
            assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 404"))
