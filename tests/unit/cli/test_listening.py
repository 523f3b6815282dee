"""Sockets are bound early: the port is known, and a taken one is told of."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
import uvicorn

from kessai.cli.failures import CommandError, ExitCode
from kessai.cli.listening import base_url, bound
from kessai.cli.serving import OPTIONS, Server, listen
from tests.support.processes import is_listening


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_the_base_url_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    assert base_url(host, 8000) == url


def test_port_0_picks_one_and_accepts_nothing_yet() -> None:
    with bound("127.0.0.1", 0) as listening:
        assert listening.port > 0
        assert listening.base_url == f"http://127.0.0.1:{listening.port}"
        assert not is_listening(listening.port)


def test_a_name_is_bound_on_all_its_addresses_at_one_port() -> None:
    with bound("localhost", 0) as listening:
        ports = {each.getsockname()[1] for each in listening.sockets}

        assert ports == {listening.port}


def test_a_taken_port_is_told_of() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with (
            pytest.raises(CommandError, match=f"port {port} on 127.0.0.1 is taken") as refused,
            bound("127.0.0.1", port),
        ):
            pass

    assert refused.value.exit_code is ExitCode.CONFIGURATION


def test_everything_is_closed_afterwards() -> None:
    with bound("127.0.0.1", 0) as listening:
        sockets = listening.sockets[:]

    assert [each.fileno() for each in sockets] == [-1] * len(sockets)


async def test_a_port_that_is_taken_in_between_is_told_of_too() -> None:
    async def application(_scope: object, _receive: object, _send: object) -> None:
        raise AssertionError("nobody asks")

    with bound("127.0.0.1", 0) as listening, closing(socket.socket()) as quicker:
        quicker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        quicker.bind(("127.0.0.1", listening.port))
        quicker.listen()

        server = Server(uvicorn.Config(application, lifespan="off", **OPTIONS))
        with pytest.raises(CommandError, match=f"port {listening.port} on 127.0.0.1 is taken"):
            await listen(server, listening)


async def test_who_has_connected_is_let_in_and_answered_before_the_door_is_closed() -> None:
    async def application(_scope: object, _receive: object, send: Callable[[Any], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with bound("127.0.0.1", 0) as listening:
        server = Server(uvicorn.Config(application, lifespan="off", **OPTIONS))
        ready = asyncio.Event()
        server.on_ready = ready.set
        serving = asyncio.create_task(listen(server, listening))
        await ready.wait()

        # given somebody who has connected just now, of which the server has not heard
        with socket.create_connection(("127.0.0.1", listening.port)) as late:
            late.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

            # when it ends
            await server.shutdown(sockets=listening.sockets)

            # then they are answered, and told that it was the last answer
            head = late.recv(1000)
        server.should_exit = True
        await serving
    assert head.startswith(b"HTTP/1.1 204")
    assert b"connection: close" in head
