"""Opens what a disk held after the power went, as a server would, and audits it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.e2e.audit import Finding, Wrong, audit_rows
from tests.e2e.books import read_sqlite
from tests.e2e.journal import Journal

_INDEX_BYTES: Final = 32768


def put_down(directory: Path, files: Mapping[str, bytes]) -> Path:
    """Write an image into an empty directory; returns the database's path."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    path = directory / "kessai.db"
    for ending, content in files.items():
        path.with_name(path.name + ending).write_bytes(content)
    return path


def audit_image(
    directory: Path, files: Mapping[str, bytes], journal: Journal, chance: random.Random
) -> list[Finding]:
    """What is wrong with an image: it is recovered, copied together and then read."""
    path = put_down(directory, files)
    if "" not in files:
        return [Finding(Wrong.DAMAGE, "there is no database")]
    if chance.random() < 0.5:
        # Nobody syncs the log's index: any bytes may be there.
        path.with_name(f"{path.name}-shm").write_bytes(chance.randbytes(_INDEX_BYTES))
    try:
        _recover(path)
    except sqlite3.DatabaseError as error:
        return [Finding(Wrong.DAMAGE, f"cannot be recovered: {error}")]
    return audit_rows(read_sqlite(path), journal)


def _recover(path: Path) -> None:
    """Open it to write and copy the log into the database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # It is only an image.
        database.execute("PRAGMA synchronous = OFF")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
