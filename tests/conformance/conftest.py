"""A server for each database, and a key for each test: on a local gateway a key is a merchant of its own."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
import stripe

from tests.conftest import BOTH_DATABASES, migrate_to_head
from tests.support.postgres import Postgres
from tests.support.server import RunningServer


@pytest.fixture(scope="session", params=BOTH_DATABASES)
def stripe_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """`kessai serve` on one database, for tests that leave it running."""
    directory = tmp_path_factory.mktemp("stripe")
    if request.param == "sqlite":
        url = f"sqlite:///{directory / 'kessai.db'}"
        migrate_to_head(url)
        with RunningServer("--db", url, "--rate-limit", "0", directory=directory) as server:
            yield server
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with (
        postgres.fresh_database(migrate_to_head) as url,
        RunningServer("--db", url, "--rate-limit", "0", directory=directory) as server,
    ):
        yield server


@pytest.fixture
def key() -> str:
    """A secret key that nobody has used yet."""
    return f"sk_test_{uuid4().hex}"


@pytest.fixture
def client(stripe_server: RunningServer, key: str) -> stripe.StripeClient:
    """Stripe's own client of a merchant of its own."""
    return stripe.StripeClient(key, base_addresses={"api": stripe_server.base_url}, max_network_retries=0)
