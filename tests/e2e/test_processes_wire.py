"""What goes over the wire: answers that are lost, clients that are slow, broken or hostile."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

import pytest

from tests.e2e.books import read_sqlite
from tests.e2e.embedded import Embedded
from tests.e2e.shop import Shop

PAY: Final = b'{"amount":1}'


async def exchanged(embedded: Embedded, *sent: bytes, ends: bool = False) -> bytes:
    """Send over a bare socket; returns every byte that came until the server closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", embedded.server.port)
    came = b""
    try:
        for part in sent:
            writer.write(part)
        if ends:
            writer.write_eof()
        async with asyncio.timeout(10):
            while chunk := await reader.read(65_536):
                came += chunk
    except ConnectionResetError:
        # The other way for a connection to end.
        return came
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return came


def head(embedded: Embedded, *headers: str) -> bytes:
    """The head of a POST of a payment, on a connection that is to be closed afterwards."""
    lines = ("POST /api/v1/payments HTTP/1.1", "Host: localhost", "Connection: close")
    with_key = (*lines, f"Authorization: Bearer {embedded.keys[0]}", *headers)
    return "".join(f"{line}\r\n" for line in (*with_key, "")).encode("latin-1")


def status(came: bytes) -> int:
    return int(came.split(b" ", 2)[1])


def error_code(came: bytes) -> str:
    body: dict[str, Any] = json.loads(came.partition(b"\r\n\r\n")[2])
    return str(body["error"]["code"])


def payments(embedded: Embedded) -> int:
    return len(read_sqlite(embedded.path).payments)


def somebody(embedded: Embedded) -> Shop:
    """A program of the merchant of these tests: it is the last one that another test would be given."""
    return Shop(lambda: embedded.server.base_url, embedded.keys[0])


async def test_a_lost_response_is_a_closed_connection_and_a_payment_that_is_there(
    embedded: Embedded,
) -> None:
    body = {"amount": 4200, "simulate": "lost_response", "reference": "order 7"}
    content = json.dumps(body).encode()
    before = len(embedded.server.stderr)

    # when the answer is lost, then not one byte comes
    named = head(embedded, "Idempotency-Key: lost once", f"Content-Length: {len(content)}")
    assert await exchanged(embedded, named, content) == b""

    async with somebody(embedded) as shop:
        # but the payment is there
        (payment,) = (await shop.get("/payments", reference="order 7")).json["data"]
        assert payment["status"] == "CAPTURED"

        # and whoever asks again with the same key learns of it, and pays once
        again = await shop.post("/payments", body, key="lost once")
        assert (again.status, again.is_replay, again.json["id"]) == (201, True, payment["id"])
        assert len((await shop.get("/payments", reference="order 7")).json["data"]) == 1
    # and the log says nothing of it
    assert embedded.server.stderr[before:] == ""


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (["Content-Length: 50"], b'{"amount":', (408, "REQUEST_TIMEOUT")),
        (["Transfer-Encoding: chunked"], b'c\r\n{"amount":1}\r\n', (408, "REQUEST_TIMEOUT")),
        (["Content-Length: 70000"], b"x" * 70_000, (413, "BODY_TOO_LARGE")),
        (["Content-Length: 999999999"], b"", (413, "BODY_TOO_LARGE")),
        (["Transfer-Encoding: chunked"], b"11170\r\n" + b"x" * 70_000, (413, "BODY_TOO_LARGE")),
        (["Content-Length: 60000"], b"[" * 60_000, (400, "INVALID_JSON")),
        (["Content-Length: 15"], b"\xef\xbb\xbf" + PAY, (400, "INVALID_JSON")),
        (["Content-Length: 27"], b'{"amount":1,"x":"\\ud800aa"}', (400, "INVALID_JSON")),
        (["Content-Length: 12", "Idempotency-Key: caf\xe9"], PAY, (422, "VALIDATION_FAILED")),
        (["Content-Length: 12", "Idempotency-Key: "], PAY, (422, "VALIDATION_FAILED")),
    ],
    ids=lambda value: str(value[1]) if isinstance(value, tuple) else "",
)
async def test_slow_large_and_broken_bodies_are_refused_in_the_envelope(
    embedded: Embedded, headers: list[str], body: bytes, expected: tuple[int, str]
) -> None:
    before = payments(embedded)
    came = await exchanged(embedded, head(embedded, *headers), body)
    assert (status(came), error_code(came)) == expected
    assert payments(embedded) == before


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00 a TLS client\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Broken: \x01\x02\r\n\r\n",
    ],
    ids=["tls", "http2", "long", "smuggled", "twice", "negative", "control"],
)
async def test_what_is_not_http_is_refused(embedded: Embedded, sent: bytes) -> None:
    assert status(await exchanged(embedded, sent)) == 400


async def test_who_hangs_up_leaves_nothing_behind(embedded: Embedded) -> None:
    before, said = payments(embedded), len(embedded.server.stderr)
    cut_short = head(embedded, "Content-Length: 50") + b'{"amount":'
    came = await asyncio.gather(*(exchanged(embedded, cut_short, ends=True) for _ in range(20)))
    assert set(came) == {b""}
    assert payments(embedded) == before
    assert embedded.server.stderr[said:] == ""


async def test_slow_clients_are_in_nobodys_way(embedded: Embedded) -> None:
    # given many who never finish their head or their body
    unfinished = [b"GET /health HTTP/1.1\r\nX-Slow: a", head(embedded, "Content-Length: 50") + b"{"]
    held = [await asyncio.open_connection("127.0.0.1", embedded.server.port) for _ in range(200)]
    for number, (_, writer) in enumerate(held):
        writer.write(unfinished[number % 2])
        await writer.drain()

    # when somebody else asks, then the answer comes as always
    async with somebody(embedded) as shop:
        answers = await asyncio.gather(*(shop.post("/payments", {"amount": 1}) for _ in range(20)))
    assert {answer.status for answer in answers} == {201}
    for _, writer in held:
        writer.close()
