"""What tests of several processes share: a cluster costs seconds to start, so there is one for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import migrate_to_head
from tests.e2e.cluster import Cluster, running_cluster
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
