"""Runs the application under uvicorn in this process, and says so once connections are accepted."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any, Final

import uvicorn

from kessai.asgi import Application
from kessai.cli.listening import Listening, refusal
from kessai.cli.opening import refusals
from kessai.cli.welcome import announce, key_to_show
from kessai.settings import Settings

# Any: uvicorn's options are of many types.
OPTIONS: Final[dict[str, Any]] = {
    "loop": "auto" if sys.platform == "win32" else "uvloop",
    "http": "auto" if sys.platform == "win32" else "httptools",
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


class Server(uvicorn.Server):
    """uvicorn's, which tells when it accepts connections and ends without a signal of its own."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.on_ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets=sockets)
        self.on_ready()

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
        with server.capture_signals():
            async with application.opened() as (gateway, first_key):
                key = None if is_dispatcher else await key_to_show(gateway, first_key)
                server.on_ready = lambda: announce(listening, gateway, key, as_json=as_json)
                if not server.should_exit:
                    await listen(server, listening)

    with refusals(), asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(run())


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
