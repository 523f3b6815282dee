"""kessai as its users run it: a process of its own, talked to over sockets and signals only."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Protocol, Self

from tests.support.processes import plain_environment

Command = Literal["serve", "dispatch"]


class ServerFailedError(Exception):
    """The process ended, or did not get ready in time; the message has what it wrote to stderr."""


class RunningServer:
    """`kessai serve` or `kessai dispatch` in a process group of its own, in a directory of its own.

    A start waits for the line `{"event": "ready", ...}`. After `kill()` or `terminate()` it may be started
    again with the same arguments. Nothing of the developer's environment or `.env` reaches it. `module` names
    another program that answers to the same arguments.
    """

    def __init__(
        self,
        *arguments: str,
        directory: Path,
        command: Command = "serve",
        env: Mapping[str, str] | None = None,
        ready_timeout_s: float = 30.0,
        module: str = "kessai",
    ) -> None:
        self.command = command
        self.module = module
        self.arguments = arguments
        self.directory = directory
        self.env = dict(env or {})
        self.ready_timeout_s = ready_timeout_s
        self.base_url = ""
        self.api_key = ""
        self.stdout: deque[str] = deque(maxlen=10_000)
        self.stderr_file = directory / f"{command}-{id(self):x}.stderr"
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id, also of one that has ended."""
        return self._present().pid

    @property
    def port(self) -> int:
        """The port it serves on."""
        return int(self.base_url.rpartition(":")[2])

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def headers(self) -> dict[str, str]:
        """What a request by the first merchant needs."""
        return {"Authorization": f"Bearer {self.api_key}"}

    @property
    def stderr(self) -> str:
        """Everything written to stderr by this and by earlier starts."""
        return self.stderr_file.read_text(errors="replace") if self.stderr_file.exists() else ""

    def start(self) -> Self:
        """Start and wait for the ready line.

        Raises:
            ServerFailedError: it ended, said something else first or took too long.
        """
        if self.is_running:
            raise RuntimeError(f"kessai {self.command} is running already")
        with self.stderr_file.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self._command_line()],
                cwd=self.directory,
                env=plain_environment(self.env),
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        first: queue.Queue[str] = queue.Queue(maxsize=1)
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout, first), daemon=True)
        self._reader.start()
        self._take_ready(self._first_line(first))
        return self

    def terminate(self, timeout_s: float = 15.0) -> int:
        """SIGTERM, wait for the end, return the exit code.

        Raises:
            ServerFailedError: it was still there after `timeout_s`, and was killed.
        """
        self._present().send_signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self) -> None:
        """`kill -9` the process and its children, as a power cut would."""
        process = self._present()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._reader is not None:
            self._reader.join(timeout=5)

    def wait(self, timeout_s: float = 15.0) -> int:
        """Wait until it ends by itself; returns the exit code.

        Raises:
            ServerFailedError: it did not, and was killed.
        """
        try:
            return self._present().wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailedError(self._story(f"did not end within {timeout_s} s")) from None

    def close(self) -> None:
        """End it in order if it runs, so that its coverage is kept, and sweep up its process group."""
        if self._process is None:
            return
        try:
            if self.is_running:
                self.terminate()
        finally:
            self.kill()

    def _command_line(self) -> list[str]:
        port = ["--port", "0"] if self.command == "serve" and "--port" not in self.arguments else []
        return [self.command, "--json", *port, *self.arguments]

    def _present(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError(f"kessai {self.command} has not been started")
        return self._process

    def _read(self, lines: IO[str], first: queue.Queue[str]) -> None:
        """Empty the pipe for as long as there is one, so that the process never waits for us."""
        with lines:
            for line in lines:
                self.stdout.append(line)
                with suppress(queue.Full):
                    first.put_nowait(line)
        with suppress(queue.Full):
            first.put_nowait("")

    def _first_line(self, first: queue.Queue[str]) -> str:
        try:
            line = first.get(timeout=self.ready_timeout_s)
        except queue.Empty:
            self.kill()
            raise ServerFailedError(self._story(f"was not ready within {self.ready_timeout_s} s")) from None
        if not line:
            code = self.wait()
            raise ServerFailedError(self._story(f"ended with exit code {code} before it was ready"))
        return line

    def _take_ready(self, line: str) -> None:
        event: dict[str, Any] = {}
        with suppress(ValueError):
            event = json.loads(line)
        if event.get("event") != "ready":
            self.kill()
            raise ServerFailedError(self._story(f"said {line!r} instead of being ready"))
        self.base_url = event.get("base_url") or ""
        self.api_key = event.get("api_key") or ""

    def _story(self, what: str) -> str:
        return f"kessai {' '.join(self._command_line())} {what}; stderr:\n{self.stderr[-8000:]}"


class Serve(Protocol):
    """Starts kessai as a process; it ends with the test."""

    def __call__(
        self,
        *arguments: str,
        command: Command = "serve",
        env: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> RunningServer:
        """Start `kessai COMMAND --json ARGUMENTS`, by default in `tmp_path`, and wait until it is ready."""
        ...


def stories(servers: Sequence[RunningServer]) -> list[tuple[str, str]]:
    """Title and text of what each server said, for the report of a failed test."""
    return [
        (f"stderr of kessai {server.command} ({number})", server.stderr[-8000:])
        for number, server in enumerate(servers, start=1)
    ]
