"""Several processes on one PostgreSQL database, as a team runs them: two for the API, one that delivers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kessai.bootstrap import open_gateway
from kessai.settings import load_settings
from tests.e2e.scale import scaled
from tests.e2e.shop import Shop
from tests.support.processes import UNMEASURED, RunDirectory
from tests.support.server import Command, RunningServer
from tests.support.valkey import Valkey

RATE_LIMIT: Final = max(256, scaled(256))
"""Requests of one merchant: enough for any test here, and soon used up by the one that wants that."""
_ENVIRONMENT: Final = {
    "RATE_LIMIT_REQUESTS": str(RATE_LIMIT),
    # So long that nothing worth counting comes back during a test.
    "RATE_LIMIT_WINDOW_SECONDS": "86400",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """The processes and what they share."""

    url: str
    valkey: Valkey
    apis: tuple[RunningServer, RunningServer]
    dispatcher: RunningServer

    @asynccontextmanager
    async def shops(self) -> AsyncIterator[tuple[Shop, Shop]]:
        """A new merchant at both API processes: what one does not know of, the other may."""
        (api_key,) = await new_merchants(self.url)
        first, second = self.apis
        async with (
            Shop(lambda: first.base_url, api_key) as here,
            Shop(lambda: second.base_url, api_key) as there,
        ):
            there.journal = here.journal
            yield here, there


async def new_merchants(url: str, count: int = 1) -> list[str]:
    """Make merchants on a migrated database, which other processes may use; returns their secret keys."""
    settings = load_settings(env_file=None, database_url=url)
    keys: list[str] = []
    async with open_gateway(settings) as gateway:
        for _ in range(count):
            _, issued, change = gateway.services.merchants.create(
                "A merchant", email=None, currency="INR", secret_key=None, at=gateway.clock.now()
            )
            await gateway.database.commit(change)
            keys.append(issued.secret_key)
    return keys


@contextmanager
def running_cluster(url: str, run: RunDirectory, directory: Path) -> Iterator[Cluster]:
    """Start everything on a migrated database."""
    with ExitStack() as stack:
        valkey = stack.enter_context(closing(Valkey(run)))
        valkey.start()
        env = {**_ENVIRONMENT, "REDIS_URL": valkey.url}
        here, there, dispatcher = started(
            stack,
            api_server(url, directory, env),
            api_server(url, directory, env),
            dispatch_server(url, directory, env),
        )
        yield Cluster(url, valkey, (here, there), dispatcher)


def started(stack: ExitStack, *servers: RunningServer) -> tuple[RunningServer, ...]:
    """Start them all at the same time."""
    for server in servers:
        stack.callback(server.close)
    with ThreadPoolExecutor(len(servers)) as threads:
        return tuple(threads.map(RunningServer.start, servers))


def api_server(url: str, directory: Path, env: Mapping[str, str]) -> RunningServer:
    """A process that serves the API and delivers nothing, not started."""
    return _server("serve", url, directory, {**env, "KESSAI_DISPATCH": "false"})


def dispatch_server(url: str, directory: Path, env: Mapping[str, str]) -> RunningServer:
    """A process that delivers and serves no API, not started."""
    return _server("dispatch", url, directory, env, "--port", "0")


def _server(command: Command, url: str, directory: Path, env: Mapping[str, str], *more: str) -> RunningServer:
    return RunningServer("--db", url, *more, directory=directory, command=command, env={**UNMEASURED, **env})
