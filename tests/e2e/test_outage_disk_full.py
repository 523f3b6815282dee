"""The disk is full: writers are told so, readers notice nothing, and all goes on when there is space."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.audit import audit_rows
from tests.e2e.audit_api import audit_api
from tests.e2e.books import read_sqlite
from tests.e2e.disks import Disk, LimitedFiles, SmallDisk, small_file_system, unread
from tests.e2e.scale import scaled
from tests.e2e.shop import Shop
from tests.support.processes import UNMEASURED
from tests.support.server import Serve

pytestmark = pytest.mark.slow

CUSTOMERS: Final = 8
ANSWERS: Final = scaled(60)
FILE_SYSTEM: Final = "24m"
"""Larger than what the test writes by itself: it is full when the test says so."""


@pytest.fixture(params=[SmallDisk, LimitedFiles])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param is LimitedFiles:
        yield LimitedFiles(tmp_path)
        return
    place = tmp_path / "small"
    try:
        with small_file_system(place, FILE_SYSTEM):
            yield SmallDisk(place)
    except PermissionError:
        pytest.skip("nobody but root may mount a file system; here the limit on files stands for both")


async def test_a_full_disk_refuses_writers_and_serves_readers_until_there_is_space(
    disk: Disk, serve: Serve
) -> None:
    path = disk.directory / "kessai.db"
    server = serve("--db", f"sqlite:///{path}", "--rate-limit", "0", env=UNMEASURED)
    async with Shop(lambda: server.base_url, server.api_key) as shop:
        async with shop.customers(CUSTOMERS):
            await shop.until_more(ANSWERS)

            # when the disk is full
            disk.fill(server)

            # then everybody who writes is told so, and everybody who reads is served
            await shop.until_refused(CUSTOMERS)
            assert await unread(shop) == []

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
