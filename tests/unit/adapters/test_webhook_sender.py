"""Posting to receivers of every kind on the loopback interface, and what is said about each."""

from __future__ import annotations

import asyncio
import gzip
import socket
from contextlib import ExitStack

import pytest

from kessai import __version__
from kessai.adapters.webhook_answer import ANSWER_BYTES_READ
from kessai.services.ports import WebhookRequest, WebhookSender
from tests.support.receiver import Answer, Receiver
from tests.unit.adapters.conftest import SenderOf
from tests.unit.adapters.receivers import Talk, listening, ping, saying


async def test_bytes_and_headers_arrive_as_they_were_given(sender: WebhookSender, receiver: Receiver) -> None:
    receiver.answer(Answer(status=202, body="受け取りました".encode()))

    result = await sender.post(ping(receiver.url, ("X-Webhook-Signature", "abc"), ("webhook-id", "e1")))

    [got] = receiver.requests
    assert (got.method, got.path, got.body) == ("POST", "/webhooks", b'{"event":"ping"}')
    assert (got.headers["x-webhook-signature"], got.headers["webhook-id"]) == ("abc", "e1")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == f"kessai/{__version__}"
    assert (result.status_code, result.answer, result.error) == (202, "受け取りました", None)
    assert result.succeeded
    assert 0 <= result.latency_ms < 20_000


async def test_a_dialect_may_bring_its_own_user_agent(sender: WebhookSender, receiver: Receiver) -> None:
    await sender.post(ping(receiver.url, ("user-agent", "Stripe/1.0")))

    assert receiver.requests[0].headers["user-agent"] == "Stripe/1.0"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(sender: WebhookSender, receiver: Receiver, status: int) -> None:
    receiver.answer(Answer(status=status, headers={"Location": f"{receiver.url}/elsewhere"}))

    result = await sender.post(ping(receiver.url))

    assert (result.status_code, result.succeeded) == (status, False)
    assert [got.path for got in receiver.requests] == ["/webhooks"]


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
async def test_a_refusal_is_an_answer(sender: WebhookSender, receiver: Receiver, status: int) -> None:
    receiver.answer(Answer(status=status, headers={"Retry-After": "120"}, body=b"no"))

    result = await sender.post(ping(receiver.url))

    assert (result.status_code, result.answer, result.error) == (status, "no", None)
    assert result.retry_after_s == 120
    assert not result.succeeded


async def test_cookies_are_not_kept(sender: WebhookSender, receiver: Receiver) -> None:
    receiver.answer(Answer(headers={"Set-Cookie": "session=1; Path=/"}))

    for _ in range(2):
        await sender.post(ping(receiver.url))

    assert "cookie" not in receiver.requests[1].headers


async def test_proxies_of_the_environment_are_ignored(
    sender: WebhookSender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert (await sender.post(ping(receiver.url))).succeeded


async def test_posts_in_turn_use_one_connection(sender: WebhookSender) -> None:
    connections: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        for _ in range(3):
            await reader.readuntil(b'{"event":"ping"}')
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with listening(talk) as url:
        results = [await sender.post(ping(url)) for _ in range(3)]

    assert [result.answer for result in results] == ["ok"] * 3
    assert len(connections) == 1


async def test_posts_at_once_do_not_wait_for_each_other(sender: WebhookSender, receiver: Receiver) -> None:
    gate = asyncio.Event()
    receiver.otherwise = Answer(until=gate)

    posts = [asyncio.create_task(sender.post(ping(receiver.url))) for _ in range(50)]
    await receiver.wait_for(50)
    gate.set()

    assert all(result.succeeded for result in await asyncio.gather(*posts))


async def test_only_the_beginning_of_a_long_answer_is_read_and_kept(sender: WebhookSender) -> None:
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b'{"event":"ping"}')
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                written += 65_536
                await writer.drain()
        except OSError:
            writer.close()

    async with listening(endless) as url:
        result = await sender.post(ping(url))

    assert result.succeeded
    assert result.answer == "x" * 4096
    assert written > ANSWER_BYTES_READ


async def test_an_answer_becomes_text_that_databases_take(sender: WebhookSender, receiver: Receiver) -> None:
    receiver.answer(
        Answer(body=b"a\0b\xff"),
        # 4 KiB end within a character of three bytes
        Answer(body=b"x" + "決".encode() * 2000),
    )

    assert (await sender.post(ping(receiver.url))).answer == "ab�"
    assert (await sender.post(ping(receiver.url))).answer == "x" + "決" * 1365


async def test_a_compressed_answer_is_not_unpacked(sender: WebhookSender, receiver: Receiver) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    receiver.answer(Answer(headers={"Content-Encoding": "gzip"}, body=bomb))

    result = await sender.post(ping(receiver.url))

    assert receiver.requests[0].headers["accept-encoding"] == "identity"
    assert result.succeeded
    assert len(result.answer) <= 4096


async def test_a_port_where_nobody_listens(sender: WebhookSender) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        result = await sender.post(ping(f"http://127.0.0.1:{nobody.getsockname()[1]}/"))

    assert (result.status_code, result.error, result.answer) == (None, "connection refused", "")
    assert not result.succeeded


async def test_a_receiver_that_never_answers(sender_of: SenderOf, receiver: Receiver) -> None:
    gate = asyncio.Event()
    receiver.answer(Answer(until=gate))

    result = await sender_of(timeout_s=0.05).post(ping(receiver.url))
    gate.set()

    assert (result.status_code, result.error) == (None, "timed out after 0.05 s")
    assert result.latency_ms >= 50


async def test_a_receiver_that_accepts_nothing(sender_of: SenderOf) -> None:
    # given a listener whose queue of connections is full
    with socket.socket() as full, ExitStack() as fillers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))

        result = await sender_of(connect_timeout_s=0.05).post(ping(f"http://127.0.0.1:{port}/"))

    assert (result.status_code, result.error) == (None, "could not connect within 0.05 s")


async def test_a_host_that_does_not_exist(sender: WebhookSender) -> None:
    result = await sender.post(ping("http://no-such-host.invalid/hook"))

    assert (result.status_code, result.error) == (None, "could not resolve host")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example",
        "//example",
        "http://",
        "http:///path",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
async def test_what_is_no_web_address(sender: WebhookSender, url: str) -> None:
    result = await sender.post(ping(url))

    assert (result.status_code, result.error) == (None, "not a usable http or https URL")


@pytest.mark.parametrize("host", ["a..b", "-", "x" * 64 + ".example", "\N{SNOWMAN}" * 80, "a b", "\0", "%00"])
async def test_a_host_that_is_no_name_is_an_error_in_words(sender: WebhookSender, host: str) -> None:
    result = await sender.post(ping(f"http://{host}.invalid/"))

    assert result.status_code is None
    assert result.error
    assert result.error.isprintable()


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        (saying(b""), "connection closed without an answer"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "the answer is not HTTP"),
        (
            saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"),
            "the answer begins with more than 32 KiB of headers",
        ),
    ],
    ids=["hangs up", "speaks SSH", "endless header"],
)
async def test_answers_that_are_none(sender: WebhookSender, talk: Talk, error: str) -> None:
    async with listening(talk) as url:
        result = await sender.post(ping(url))

    assert (result.status_code, result.error) == (None, error)


async def test_a_connection_that_is_torn_down(sender: WebhookSender) -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire: socket.socket = writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with listening(reset) as url:
        result = await sender.post(WebhookRequest(url, (), b"x" * 900_000))

    assert result.status_code is None
    assert result.error in {"connection reset", "connection closed without an answer"}


async def test_a_status_counts_even_if_the_rest_breaks_off(sender: WebhookSender) -> None:
    async with listening(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")) as url:
        result = await sender.post(ping(url))

    assert (result.status_code, result.answer) == (200, "part")
    assert result.error == "the answer broke off, while reading the answer"
    assert result.succeeded


async def test_a_status_counts_even_if_the_rest_never_comes(sender_of: SenderOf) -> None:
    talk = saying(b"HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n", hang_up=False)
    slow = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", hang_up=False)

    async with listening(talk) as empty, listening(slow) as stalled:
        no_body = await sender_of(timeout_s=0.2).post(ping(empty))
        half_body = await sender_of(timeout_s=0.2).post(ping(stalled))

    assert (no_body.status_code, no_body.succeeded) == (204, True)
    assert (half_body.status_code, half_body.answer) == (200, "part")
    assert half_body.error == "timed out after 0.2 s, while reading the answer"


async def test_an_early_refusal_of_a_large_body_is_heard(sender: WebhookSender) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async with listening(refuse) as url:
        result = await sender.post(WebhookRequest(url, (), b"x" * 500_000))

    assert result.status_code == 413


async def test_being_cancelled_passes_through(sender: WebhookSender, receiver: Receiver) -> None:
    gate = asyncio.Event()
    receiver.answer(Answer(until=gate))
    post = asyncio.create_task(sender.post(ping(receiver.url)))
    await receiver.wait_for(1)

    post.cancel()

    with pytest.raises(asyncio.CancelledError):
        await post
    gate.set()


async def test_it_can_be_closed_unused_and_twice_and_used_again(
    sender_of: SenderOf, receiver: Receiver
) -> None:
    sender = sender_of()

    await sender.close()
    await sender.close()

    assert (await sender.post(ping(receiver.url))).succeeded
