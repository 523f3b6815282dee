"""The disk is full: writers are told so, readers notice nothing, and all goes on when there is space."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import pytest

from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_sqlite
from tests.e2e.scale import scaled
from tests.e2e.shop import Shop
from tests.support.server import RunningServer, Serve

pytestmark = pytest.mark.slow

CUSTOMERS: Final = 8
ANSWERS: Final = scaled(60)
FILE_SYSTEM: Final = "24m"
"""Larger than what the test writes by itself: it is full when the test says so."""


LEAST_LIMIT: Final = 64 * 1024
"""The limit is for every file of the server, and it still has to be able to say what happened."""


class Disk(Protocol):
    """Where the database is, and how to take its space away and give it back."""

    directory: Path

    def fill(self, server: RunningServer) -> None: ...

    def clear(self, server: RunningServer) -> None: ...


class SmallDisk:
    """A file system of its own, filled by another file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._ballast = directory / "ballast"

    def fill(self, server: RunningServer) -> None:
        # Until nothing more fits.
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(64 * 1024)):
                pass

    def clear(self, server: RunningServer) -> None:
        self._ballast.unlink()


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


@pytest.fixture(params=[SmallDisk, LimitedFiles])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param is LimitedFiles:
        yield LimitedFiles(tmp_path)
        return
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={FILE_SYSTEM}", "kessai-test", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nobody but root may mount a file system; here the limit on files stands for both")
    try:
        yield SmallDisk(place)
    finally:
        # Lazily: a server that outlives a failed test still has its file open.
        subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_refuses_writers_and_serves_readers_until_there_is_space(
    disk: Disk, serve: Serve
) -> None:
    path = disk.directory / "kessai.db"
    server = serve("--db", f"sqlite:///{path}", "--rate-limit", "0")
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        async with shop.customers(CUSTOMERS):
            await shop.until_more(ANSWERS)

            # when the disk is full
            disk.fill(server)

            # then everybody who writes is told so, and everybody who reads is served
            await shop.until_refused(CUSTOMERS)
            await readers_are_served(shop)

            # and when there is space again, all goes on
            disk.clear(server)
            await shop.until_more(ANSWERS)

        # then nothing that was acknowledged is lost, and every refusal said why
        assert await audit_api(shop) == []
        assert audit_rows(read_sqlite(path), shop.journal) == []
        for _, refusal in shop.journal.refused:
            assert (refusal.status, refusal.json["error"]["code"]) == (507, "STORAGE_FULL")
        # and on a full disk it still ends in order
        disk.fill(server)
        assert await asyncio.to_thread(server.terminate) == 0
        print(f"{len(shop.journal.acknowledged)} acknowledged, {len(shop.journal.refused)} refused")


async def readers_are_served(shop: Shop) -> None:
    payment_id = next(answer.json["id"] for ask, answer in shop.journal.effects if ask.path == "/payments")
    for path in (
        *("/payments", f"/payments/{payment_id}", f"/payments/{payment_id}/timeline", "/merchants/me"),
        *("/webhooks/events", "/health", "/readiness"),
    ):
        answer = await shop.get(path)
        assert answer.status == 200, (path, answer.body)
