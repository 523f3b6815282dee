"""What a database URL means."""

from __future__ import annotations

from pathlib import Path

import pytest

from kessai.storage.address import sqlite_file


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///kessai.db", Path("kessai.db")),
        ("sqlite:////var/lib/kessai/kessai.db", Path("/var/lib/kessai/kessai.db")),
        ("sqlite:///a 100%.db", Path("a 100%.db")),
        ("postgresql+asyncpg://kessai@db/kessai", None),
    ],
)
def test_a_file_or_a_server(url: str, path: Path | None) -> None:
    assert sqlite_file(url) == path
