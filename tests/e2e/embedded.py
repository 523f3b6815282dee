"""`kessai serve` on SQLite with merchants for many tests: a start costs a second, a merchant nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conftest import migrate_to_head
from tests.e2e.cluster import new_merchants
from tests.e2e.shop import Shop
from tests.support.processes import UNMEASURED
from tests.support.server import RunningServer

_MERCHANTS: Final = 40


@dataclass(frozen=True, slots=True)
class Embedded:
    """A server, its file, and the keys of merchants that no test has been yet."""

    server: RunningServer
    path: Path
    keys: list[str]

    def shop(self) -> Shop:
        """A program of the next merchant, to be opened."""
        return Shop(lambda: self.server.base_url, self.keys.pop())


@contextmanager
def running_embedded(directory: Path, env: Mapping[str, str]) -> Iterator[Embedded]:
    """Make the database with its merchants, and serve it."""
    path = directory / "kessai.db"
    url = f"sqlite:///{path}"
    migrate_to_head(url)
    keys = asyncio.run(new_merchants(url, _MERCHANTS))
    with RunningServer(
        "--db", url, "--rate-limit", "0", directory=directory, env={**UNMEASURED, **env}
    ) as server:
        yield Embedded(server, path, keys)
