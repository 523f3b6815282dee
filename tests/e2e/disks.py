"""Disks that fail on demand, each in its own way, and what readers are owed meanwhile."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from tests.e2e.shop import Shop
from tests.support.server import RunningServer

LEAST_LIMIT: Final = 64 * 1024
"""The limit is for every file of the server, and it still has to be able to say what happened."""
_BLOCK: Final = 64 * 1024


class Disk(Protocol):
    """Where the database is, and how to take its space away and give it back."""

    directory: Path

    def fill(self, server: RunningServer) -> None: ...

    def clear(self, server: RunningServer) -> None: ...


class SmallDisk:
    """A file system of its own, filled by another file but for `spare` bytes."""

    def __init__(self, directory: Path, spare: int = 0) -> None:
        self.directory = directory
        self.spare = spare
        self._ballast = directory / "ballast"

    def fill(self, server: RunningServer) -> None:
        # Until nothing more fits.
        with self._ballast.open("wb", buffering=0) as file:
            with suppress(OSError):
                while file.write(bytes(_BLOCK)):
                    pass
            file.truncate(max(0, file.tell() - self.spare))

    def clear(self, server: RunningServer) -> None:
        self._ballast.unlink(missing_ok=True)


class LimitedFiles:
    """A limit on the size of the server's files: needs no privilege, and is to SQLite a disk that is full."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def fill(self, server: RunningServer) -> None:
        log = self.directory / "kessai.db-wal"
        self._limit(server, max(log.stat().st_size, LEAST_LIMIT))

    def clear(self, server: RunningServer) -> None:
        if server.is_running:
            self._limit(server, resource.RLIM_INFINITY)

    def _limit(self, server: RunningServer, size: int) -> None:
        _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def small_file_system(directory: Path, size: str) -> Iterator[None]:
    """A new file system in memory at this directory.

    Raises:
        PermissionError: nobody but root may mount one.
    """
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "kessai-test", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        raise PermissionError(errno.EPERM, "nobody but root may mount a file system")
    try:
        yield
    finally:
        # Lazily: a server that outlives a failed test still has its file open.
        subprocess.run(["umount", "-l", str(directory)], check=True)


@contextmanager
def remounted_read_only(directory: Path) -> Iterator[None]:
    """Nobody may write to a file system of ours meanwhile; Linux refuses if a file is open for that."""
    try:
        subprocess.run(["mount", "-o", "remount,ro", str(directory)], check=True)
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(directory)], check=True)


async def unread(shop: Shop) -> list[str]:
    """What a reader is not served, of all that can be read without writing."""
    payment_id = next(answer.json["id"] for ask, answer in shop.journal.effects if ask.path == "/payments")
    paths = (
        *("/payments", f"/payments/{payment_id}", f"/payments/{payment_id}/timeline", "/merchants/me"),
        *("/webhooks/events", "/health", "/readiness"),
    )
    answers = [(path, await shop.get(path)) for path in paths]
    return [f"{path}: {answer.status} {answer.body!r}" for path, answer in answers if answer.status != 200]
