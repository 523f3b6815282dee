"""Ports, processes and the directory of one test run. Knows no particular server."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

_PREFIX = "kessai-tests-"
# Below the range from which Linux takes the ports of outgoing connections: a client that keeps on knocking
# while its server is down must not be given the server's own port.
_PORTS = range(20_000, 32_000)
_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 4 << 30
"""Bytes that a whole run of the tests has enough of, twice over."""
# Not the module's functions: their seed is the same in every xdist worker.
_CHANCE = random.SystemRandom()


def free_port() -> int:
    """A loopback port nobody listens on now, and no outgoing connection will take."""
    for _ in range(200):
        port = _CHANCE.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port found on the loopback interface")


def is_listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Look again every 10 ms, for things of another process that no event tells of.

    Raises:
        TimeoutError: `condition` did not hold in time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s} s")
        time.sleep(0.01)


def end_process(pid: int, number: signal.Signals, *, timeout_s: float = 10.0) -> None:
    """Signal a process that may be somebody else's child, wait until it is gone, kill it if it stays."""
    try:
        handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        os.kill(pid, number)
    except ProcessLookupError:
        return
    if handle is None:
        with suppress(TimeoutError):
            wait_until(lambda: not _is_alive(pid), timeout_s=timeout_s, what="end of process")
    else:
        # Readable once it has ended, even if its parent never asks how.
        select.select([handle], [], [], timeout_s)
        os.close(handle)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


UNMEASURED: Final[Mapping[str, str]] = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
"""For the environment of a program whose speed matters: nothing notes which of its lines are run."""


def plain_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a program under test: nothing of the developer's own settings in it.

    Not even PYTHONDONTWRITEBYTECODE: hundreds of programs are started, and each would compile all of it anew.
    """
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return environment | dict(extra or {})


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where the processes of one test run share what they started; the one who made it cleans up."""

    path: Path

    @classmethod
    def create(cls, within: Path | None = None) -> RunDirectory:
        """Make one for this run and clear away what runs that were killed left behind."""
        base = within or _base()
        _sweep(base)
        path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
        # Servers may run under another user; what is in here is guarded one level down.
        path.chmod(0o711)
        return cls(path)

    def lock(self, name: str) -> FileLock:
        """A lock between the processes of this run."""
        return FileLock(self.path / f"{name}.lock")

    def remember(self, pid: int, number: signal.Signals) -> None:
        """Note a process which the run must not leave behind, and the signal that ends it."""
        (self.path / f"{pid}.pid").write_text(f"{int(number)}\n")

    def close(self) -> None:
        """End every remembered process and remove everything."""
        for note in self.path.glob("*.pid"):
            pid = int(note.stem)
            if _belongs_to(pid, self.path):
                end_process(pid, signal.Signals(int(note.read_text())))
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        shutil.rmtree(self.path, ignore_errors=True)


def _base() -> Path:
    """A temporary directory that other users can reach into, when there may be need for it."""
    chosen = Path(tempfile.gettempdir())
    if os.geteuid() != 0:
        return chosen
    for base in (chosen, Path("/tmp"), Path("/var/tmp")):
        if all(place.stat().st_mode & stat.S_IXOTH for place in (base, *base.resolve().parents)):
            return base
    return chosen


def place_in_memory() -> Path | None:
    """Where files are made and synced at once, if this machine has room there for a run; else None.

    Copying a database of PostgreSQL is twenty times as quick there.
    """
    try:
        free = shutil.disk_usage(_MEMORY).free
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
    return _MEMORY if min(free, available) >= _ROOM and os.access(_MEMORY, os.W_OK) else None


def _sweep(base: Path) -> None:
    for path in base.glob(f"{_PREFIX}*-*"):
        owner = path.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _is_alive(int(owner)) and path.stat().st_uid == os.geteuid():
            RunDirectory(path).close()


def _belongs_to(pid: int, directory: Path) -> bool:
    """Whether a process works in our directory; its number may be another's by now."""
    if not Path("/proc/self").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(directory)
    except OSError:
        return False
