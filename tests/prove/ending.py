"""Telling one process to end, at any time of its life, and what came of it."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import httpx

from tests.e2e.command import kessai
from tests.e2e.shop import API
from tests.prove.ground import Ground
from tests.support.processes import plain_environment, wait_until
from tests.support.server import RunningServer, ServerFailedError

_PATIENCE_S: Final = 30.0
_START_UP_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Ended:
    """When it was told, how long that took, what is wrong with it if anything.

    `could_catch`: it had got so far that it could hear the signal. `ready_at` is when it was ready before,
    if it was; else when it was told.
    """

    who: str
    told_at: float
    seconds: float
    could_catch: bool
    ready_at: float
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Tells a process to end, `again_after_s` once more."""

    server: RunningServer
    again_after_s: float | None = None

    def end(self, ready_at: float | None = None) -> Ended:
        """Do so, and wait for it."""
        server, told_at = self.server, time.monotonic()
        who = " ".join((server.command, *server.arguments))
        could_catch = catches(server.pid)
        _tell(server)
        if self.again_after_s is not None:
            time.sleep(self.again_after_s)
            _tell(server)
        try:
            wrong = _wrong(server.wait(_PATIENCE_S), could_catch=could_catch)
        except ServerFailedError as error:
            wrong = f"did not end: {error}"
        seconds = time.monotonic() - told_at
        return Ended(who, told_at, seconds, could_catch, ready_at or told_at, wrong)


def in_start_up(server: RunningServer, chance: random.Random) -> Ended:
    """Start it and tell it to end meanwhile, or just after."""
    ready_at: list[float] = []

    def start() -> None:
        with suppress(ServerFailedError):
            server.start()
            ready_at.append(time.monotonic())

    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(start)
        wait_until(lambda: server.is_running, timeout_s=_PATIENCE_S, what="its start")
        time.sleep(chance.uniform(0, _START_UP_S))
        ended = Ending(server).end(*ready_at[:1])
        starting.result()
    return ended


def while_migrating(ground: Ground, chance: random.Random) -> list[Ended]:
    """Interrupt the migration of a new database, then serve it."""
    directory = Path(mkdtemp(dir=ground.directory))
    if ground.postgres is None:
        return _served(f"sqlite:///{directory / 'new.db'}", directory, chance)
    with ground.postgres.fresh_database() as url:
        ended = _migration(url, directory, chance)
        return [ended] if ended.wrong else [ended, *_served(url, directory, chance)]


def _migration(url: str, directory: Path, chance: random.Random) -> Ended:
    """Interrupt one, and migrate again: what was committed stays, and the rest is done then."""
    migrate = ("migrate", "--db", url)
    with subprocess.Popen(
        [sys.executable, "-m", "kessai", *migrate],
        cwd=directory,
        env=plain_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            time.sleep(chance.uniform(0, _START_UP_S))
            told_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(_PATIENCE_S)
            seconds = time.monotonic() - told_at
        finally:
            process.kill()
    again = kessai(*migrate, "--json", directory=directory)
    # It does not catch the signal: ended by it, or done before.
    wrong = _wrong(code, could_catch=False)
    if again.exit_code != 0:
        wrong = f"a migration that was interrupted cannot be repeated: {again.stderr}"
    elif code == 0 and again.answer["from"] != again.answer["to"]:
        wrong = f"exit code 0, and it is not done: {again.answer}"
    return Ended("migrate", told_at, seconds, False, told_at, wrong)


def _served(url: str, directory: Path, chance: random.Random) -> list[Ended]:
    """Start, interrupt, start again: then it takes a payment, and ends."""
    with closing(RunningServer("--db", url, directory=directory)) as server:
        interrupted = in_start_up(server, chance)
        server.start()
        paid = httpx.post(
            f"{server.base_url}{API}/payments", json={"amount": 100}, headers=server.headers, trust_env=False
        )
        assert paid.status_code == 201, paid.text
        return [interrupted, Ending(server).end()]


def catches(pid: int) -> bool:
    """Whether a process would hear SIGTERM, and is not just ended by it."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^SigCgt:\s+([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> (signal.SIGTERM - 1) & 1)


def _tell(server: RunningServer) -> None:
    with suppress(ProcessLookupError):
        if server.is_running:
            os.kill(server.pid, signal.SIGTERM)


def _wrong(code: int, *, could_catch: bool) -> str:
    is_fine = code == 0 or (code == -signal.SIGTERM and not could_catch)
    return "" if is_fine else f"another exit code, {code}"
