"""Several processes on PostgreSQL: uvicorn's supervisor, and what is done once for all of them."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from socket import socket
from typing import Any

import uvicorn
from pydantic import SecretStr
from uvicorn.supervisors import multiprocess

from kessai.cli.failures import configuration_error
from kessai.cli.listening import Listening
from kessai.cli.loading import loading
from kessai.settings import SECRETS, Settings

_BOOT_S = 30
"""A worker that says nothing for so long is taken to hang; starting may be slow on a busy machine."""


def serve_with_workers(
    settings: Settings, flags: Mapping[str, Any], listening: Listening, workers: int, *, as_json: bool
) -> None:
    """Serve until a signal comes. `flags` are settings that the workers cannot read for themselves.

    Raises:
        CommandError: the database cannot be used, or a worker could not start.
    """
    with ExitStack() as stack:
        # Until the supervisor takes over, end in order: there is a directory to remove.
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
        # And in the end be told no more: the process is ending.
        stack.callback(signal.signal, signal.SIGTERM, signal.SIG_IGN)
        # Before anything imports prometheus_client, which looks for it then.
        metrics = stack.enter_context(tempfile.TemporaryDirectory(prefix="kessai-metrics-"))
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        _hand_on(flags)
        say_ready = _prepared(settings, listening, as_json=as_json)

        from kessai.cli.serving import OPTIONS

        # That a worker died is told at INFO.
        options = {**OPTIONS, "log_level": None, "timeout_worker_healthcheck": _BOOT_S}
        config = _Config("kessai.asgi:app", workers=workers, **options)
        supervisor = _Supervisor(config, listening.sockets, say_ready)
        supervisor.run()
    if not supervisor.was_told_to_stop:
        raise configuration_error("a worker could not start, so none is left", hint="its log tells why")


class _Config(uvicorn.Config):
    """uvicorn's, with which each worker loads the application."""

    def load(self) -> None:
        """Load it without what a start can do without."""
        with loading():
            super().load()


class Worker(multiprocess.Process):
    """uvicorn's, of which one server is made.

    There, the thread that gives signs of life and the one that serves each make it if it is not there. At the
    same moment they make two, and the worker says for ever that it has not started.
    """

    def target(self, sockets: list[socket] | None = None) -> None:
        """What the process does."""
        self._server = uvicorn.Server(self.config)
        super().target(sockets)


class _Supervisor(multiprocess.Multiprocess):
    """uvicorn's, which tells when every worker accepts connections."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket], on_ready: Callable[[], None]) -> None:
        super().__init__(config, sockets=sockets)
        # It makes workers in many places, all by this name.
        multiprocess.Process = Worker  # type: ignore[misc]
        self._on_ready: Callable[[], None] | None = on_ready
        self.was_told_to_stop = False

    def keep_subprocess_alive(self) -> None:
        """Look after the workers, a few times a second."""
        for process in self.processes:
            # The worker's end, which it has: while it is open here too, nobody notices that a worker died
            # which was just asked for a sign of life, and it is waited for as long as for one that starts.
            process.child_conn.close()
        super().keep_subprocess_alive()
        if self._on_ready is not None and all(process.is_ready() for process in self.processes):
            self._on_ready()
            self._on_ready = None

    def terminate_all(self) -> None:
        """End the workers; with the door closed here too, or the system would let in whom nobody serves."""
        for each in self.sockets:
            each.close()
        super().terminate_all()

    def handle_int(self) -> None:
        """Stop, as asked."""
        self.was_told_to_stop = True
        super().handle_int()

    def handle_term(self) -> None:
        """Stop, as asked."""
        self.was_told_to_stop = True
        super().handle_term()


def _prepared(settings: Settings, listening: Listening, *, as_json: bool) -> Callable[[], None]:
    """Check the database and make the first merchant, once for all workers; give what to say when ready."""
    with loading():
        from kessai.adapters.logging import configure_logging
        from kessai.bootstrap import Gateway
        from kessai.cli.opening import with_gateway
        from kessai.cli.welcome import Key, announce, key_to_show

    async def work(gateway: Gateway) -> tuple[Gateway, Key]:
        return gateway, await key_to_show(gateway, await gateway.welcome())

    gateway, key = with_gateway(settings, work)
    configure_logging(level=settings.log_threshold, log_format=settings.log_format)
    return lambda: announce(listening, gateway, key, as_json=as_json)


def _hand_on(flags: Mapping[str, Any]) -> None:
    """Put flags where the workers read their settings; there they win over everything else."""
    for name, value in flags.items():
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        os.environ[f"KESSAI_{name.upper()}"] = str(plain)
        if name in SECRETS:
            # Both would be one too many.
            os.environ.pop(f"KESSAI_{name.upper()}_FILE", None)
            os.environ.pop(f"{name.upper()}_FILE", None)
