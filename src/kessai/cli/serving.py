"""Runs the application under uvicorn in this process, and says so once connections are accepted."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from socket import socket
from typing import Any, Final

import uvicorn

from kessai.asgi import Application
from kessai.cli.connections import Connection
from kessai.cli.listening import Listening, refusal
from kessai.cli.opening import refusals
from kessai.cli.welcome import announce, key_to_show
from kessai.settings import Settings

# Any: uvicorn's options are of many types.
OPTIONS: Final[dict[str, Any]] = {
    "loop": "auto" if sys.platform == "win32" else "uvloop",
    "http": Connection,
    "ws": "none",
    # Logging is configured by the application; requests are counted, not logged.
    "log_config": None,
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    # Longer than most clients and proxies keep a connection, so that it is they who close it.
    "timeout_keep_alive": 75,
    # Time for answers that are slow on purpose, well within what orchestrators wait before they kill.
    "timeout_graceful_shutdown": 20,
}

_LOOKS: Final = 3
"""How often to look who waits at the door before it is closed: somebody may come while others are let in."""


class Server(uvicorn.Server):
    """uvicorn's, which tells when it accepts connections and ends without a signal of its own."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.on_ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets=sockets)
        self.on_ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let in who waits at the door, close it, and end when all are answered."""
        for _ in range(_LOOKS):
            if not await self._let_in(sockets or []):
                break
        await super().shutdown(sockets=sockets)

    async def _let_in(self, sockets: Iterable[socket]) -> int:
        """Accept every connection that is there; return how many.

        The system hangs up on those that are not accepted when a socket is closed.
        """
        waiting = [connection for each in sockets for connection in _waiting_at(each)]
        for connection in waiting:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        return len(waiting)

    def _protocol(self) -> asyncio.Protocol:
        return Connection(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and leave it at that; uvicorn would repeat it, and so end with another code."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def run_here(settings: Settings, listening: Listening, *, as_json: bool, is_dispatcher: bool = False) -> None:
    """Serve the API, or dispatch, until a signal comes.

    Raises:
        CommandError: the database cannot be used, or the port was taken meanwhile.
    """
    # That a new file gets its tables is no news to somebody who starts a server.
    logging.getLogger("alembic").setLevel(settings.log_threshold if settings.debug else "WARNING")
    application = Application(settings, is_dispatcher=is_dispatcher)
    options = {**OPTIONS, "log_level": None} if settings.debug else OPTIONS
    server = Server(uvicorn.Config(application, lifespan="off", **options))

    async def run() -> None:
        # From the beginning: a signal may come while the database is being migrated.
        with told_once(server), server.capture_signals():
            async with application.opened() as (gateway, first_key):
                key = None if is_dispatcher else await key_to_show(gateway, first_key)
                server.on_ready = lambda: announce(listening, gateway, key, as_json=as_json)
                if not server.should_exit:
                    await listen(server, listening)

    with refusals(), asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(run())


def _waiting_at(listening: socket) -> Iterator[socket]:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            connection.setblocking(False)
            yield connection


@contextmanager
def told_once(server: Server) -> Iterator[None]:
    """Have SIGTERM stop the server; afterwards the process ends, and another one does not interrupt it."""
    signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


async def listen(server: Server, listening: Listening) -> None:
    """Serve on bound sockets until the server is told to exit.

    Raises:
        CommandError: somebody else began to listen there since they were bound.
    """
    try:
        await server.serve(sockets=listening.sockets)
    except OSError as error:
        if server.started:
            raise
        raise refusal(error, listening.host, listening.port) from error
