"""What tests of several processes share: a cluster costs seconds to start, so there is one for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import migrate_to_head
from tests.e2e.cluster import Cluster, running_cluster
from tests.e2e.embedded import Embedded, running_embedded
from tests.support.postgres import Postgres
from tests.support.processes import RunDirectory


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
