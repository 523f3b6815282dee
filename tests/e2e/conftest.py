"""What tests of several processes share: a cluster costs seconds to start, so there is one for all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.conftest import migrate_to_head
from tests.e2e.cluster import Cluster, running_cluster
from tests.e2e.embedded import Embedded, running_embedded
from tests.e2e.example_shop import open_shop
from tests.support.chromium import missing_here, running_chromium
from tests.support.postgres import Postgres
from tests.support.processes import UNMEASURED, RunDirectory
from tests.support.server import RunningServer


@pytest.fixture(scope="session")
def cluster(
    postgres: Postgres, run_directory: RunDirectory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Two API processes, a dispatcher, PostgreSQL and Valkey. Each test is a merchant of its own there.

    Whoever kills a part starts it again.
    """
    directory = tmp_path_factory.mktemp("cluster")
    with (
        postgres.fresh_database(migrate_to_head) as url,
        running_cluster(url, run_directory, directory) as it,
    ):
        yield it


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """`kessai serve` on SQLite, for tests that leave it running; it waits a second for bodies."""
    with running_embedded(tmp_path_factory.mktemp("embedded"), {"BODY_TIMEOUT_S": "1"}) as it:
        yield it


@pytest.fixture(scope="session")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """`kessai serve` on SQLite, for tests that end it and start it again; webhooks are retried soon."""
    with running_embedded(tmp_path_factory.mktemp("restarted"), {"WEBHOOK_RETRY_DELAY": "2"}) as it:
        yield it


@pytest.fixture(scope="session")
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`kessai serve` as somebody starts it to try it out, for tests that leave it running."""
    directory = tmp_path_factory.mktemp("local")
    with RunningServer("--rate-limit", "0", directory=directory, env=UNMEASURED) as server:
        yield server


@pytest.fixture(scope="session")
def shop(local_server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the example shop, which is paid through a server."""
    with open_shop(local_server.base_url, tmp_path_factory.mktemp("shop")) as url:
        yield url


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser that reaches this machine only."""
    if (reason := missing_here()) is not None:
        pytest.skip(reason)
    async with running_chromium() as browser:
        yield browser
