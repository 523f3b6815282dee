"""A server with a planted bug: it acknowledges some payments before they are durable.

`python -m tests.e2e.planted serve --json --port 0 --db URL` behaves like `kessai serve`, and no audit that
lets it through is worth anything.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import uvicorn
from sqlalchemy import Connection

from kessai.asgi import Application
from kessai.bootstrap import Gateway, World, open_database
from kessai.cli.listening import bound
from kessai.domain.change import Change
from kessai.settings import load_settings
from kessai.storage.journal import COMMITTED, CommitResult, Database
from kessai.storage.query import Query

T = TypeVar("T")

_HELD_BACK_S: Final = 0.25


class EarlyDatabase:
    """Says of declined payments that they are committed, and commits them a little later."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self._late: set[asyncio.Task[None]] = set()

    async def rows(self, query: Query, **params: object) -> Sequence[tuple[Any, ...]]:
        return await self._inner.rows(query, **params)

    async def commit(self, change: Change) -> CommitResult:
        if change.payment is None or change.payment.error_code is None:
            return await self._inner.commit(change)
        late = asyncio.create_task(self._commit_late(change))
        self._late.add(late)
        late.add_done_callback(self._late.discard)
        return COMMITTED

    async def run(self, unit: Callable[[Connection], T]) -> T:
        return await self._inner.run(unit)

    async def close(self) -> None:
        await asyncio.gather(*self._late)
        await self._inner.close()

    async def _commit_late(self, change: Change) -> None:
        await asyncio.sleep(_HELD_BACK_S)
        await self._inner.commit(change)


def main(arguments: Sequence[str]) -> None:
    """Serve the database that `--db` names, without a rate limit."""
    url = arguments[arguments.index("--db") + 1]
    with bound("127.0.0.1", 0) as listening:
        settings = load_settings(env_file=None, database_url=url, port=listening.port, rate_limit_requests=0)

        def say_ready(gateway: Gateway, _first_key: str | None) -> None:
            ready = {"event": "ready", "base_url": listening.base_url, "api_key": "sk_test_kessai"}
            print(json.dumps(ready), flush=True)

        world = World(database=EarlyDatabase(open_database(settings)))
        application = Application(settings, world=world, on_started=say_ready)
        server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False))
        server.run(sockets=listening.sockets)


if __name__ == "__main__":
    main(sys.argv)
