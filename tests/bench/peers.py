"""Other simulators that can be installed from PyPI and npm: put into `.bench/` when asked for, and measured.

Each makes what it has that is most like a payment, in its own words, and keeps it in memory. One that cannot
be installed, or does not start, is left out and named.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.asked import Ask
from tests.bench.hammer import NUMBER
from tests.bench.stage import HOUSE, SERVER_CORE, Target
from tests.prove.processes import pinned
from tests.support.processes import end_process, free_port, is_listening, plain_environment, wait_until

CACHE: Final = HOUSE / ".bench"
_START_S: Final = 20.0
_INSTALL_S: Final = 300.0
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class NotInstallableError(Exception):
    """A peer is not to be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """`package` names its version; `command` starts it, where PORT stands for its port."""

    name: str
    package: str
    is_python: bool
    command: Sequence[str]
    ask: Ask

    @property
    def home(self) -> Path:
        """Where it is installed."""
        return CACHE / self.package.replace("@", "-").replace("==", "-")


def _asks(path: str, body: str, key: str) -> Ask:
    headers = {**_FORM, "Authorization": f"Bearer {key}", "Content-Length": str(len(body))}
    return Ask(path, "POST", headers, body)


_INTENT: Final = "amount=50000&currency=inr"
PEERS: Final = (
    Peer(
        "localstripe",
        "localstripe==1.15.10",
        True,
        ("-c", "from localstripe.server import start; start()", "--port", "PORT", "--from-scratch"),
        _asks("/v1/payment_intents", f"{_INTENT}&payment_method_types[]=card", "sk_test_bench"),
    ),
    Peer(
        "stripe-stateful-mock",
        "stripe-stateful-mock@0.0.16",
        False,
        ("node_modules/stripe-stateful-mock/dist/cli.js",),
        _asks("/v1/charges", f"{_INTENT}&source=tok_visa", "sk_test_bench"),
    ),
    Peer(
        "emulate",
        # The last that starts on Node 20. Its limit of requests is for each key, so each has another.
        "emulate@0.11.2",
        False,
        ("node_modules/.bin/emulate", "start", "--service", "stripe", "--port", "PORT"),
        _asks("/v1/payment_intents", _INTENT, f"sk_test_{NUMBER}"),
    ),
)


def install(peer: Peer) -> None:
    """Put it into the cache, unless it is there.

    Raises:
        NotInstallableError: with the last thing that was said.
    """
    if (peer.home / "complete").exists():
        return
    if not peer.is_python and shutil.which("node") is None:
        raise NotInstallableError("there is no Node.js")
    shutil.rmtree(peer.home, ignore_errors=True)
    peer.home.mkdir(parents=True)
    if peer.is_python:
        command = [_python(), "-m", "pip", "install", "--quiet", "--target", str(peer.home), peer.package]
    else:
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(peer.home), peer.package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstallableError(str(error)) from error
    if done.returncode:
        raise NotInstallableError((done.stderr.strip() or "no reason given").splitlines()[-1][:200])
    (peer.home / "complete").touch()


@contextmanager
def running(peer: Peer, directory: Path) -> Iterator[Target]:
    """Start it on the server's core.

    Raises:
        NotInstallableError: it did not get to listen.
    """
    port = free_port()
    command = [_python() if peer.is_python else "node", *peer.command]
    env = plain_environment({"PORT": str(port), "LOG_LEVEL": "silent", "PYTHONPATH": str(peer.home)})
    with (directory / f"{peer.name}.log").open("wb") as log, pinned(SERVER_CORE):
        process = subprocess.Popen(
            [each.replace("PORT", str(port)) for each in command],
            cwd=peer.home,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        try:
            wait_until(lambda: is_listening(port), timeout_s=_START_S, what=peer.name)
        except TimeoutError as error:
            raise NotInstallableError("it did not start") from error
        yield Target(peer.name, port, {"server": [process.pid]}, {"create": peer.ask}, (32,))
    finally:
        end_process(process.pid, signal.SIGTERM)
        process.wait()


def _python() -> str:
    """The interpreter that our own environment was made of: it has pip, and none of our packages."""
    return str(Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3"))
