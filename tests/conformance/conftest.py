"""A server for each database, and a key for each test: on a local gateway a key is a merchant of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import stripe

from tests.conformance.flows import ClientOf
from tests.conftest import BOTH_DATABASES, migrate_to_head
from tests.support.postgres import Postgres
from tests.support.processes import UNMEASURED
from tests.support.server import RunningServer

QUICK: Final = {"WEBHOOK_RETRY_DELAY": "0.2", **UNMEASURED}
"""So that a webhook that was not taken soon comes again."""


@pytest.fixture(scope="session", params=BOTH_DATABASES)
def stripe_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """`kessai serve` on one database, for tests that leave it running."""
    directory = tmp_path_factory.mktemp("stripe")
    if request.param == "sqlite":
        url = f"sqlite:///{directory / 'kessai.db'}"
        migrate_to_head(url)
        with RunningServer("--db", url, "--rate-limit", "0", directory=directory, env=QUICK) as server:
            yield server
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with (
        postgres.fresh_database(migrate_to_head) as url,
        RunningServer("--db", url, "--rate-limit", "0", directory=directory, env=QUICK) as server,
    ):
        yield server


@pytest.fixture
def key() -> str:
    """A secret key that nobody has used yet."""
    return f"sk_test_{uuid4().hex}"


@pytest.fixture
def client_of(stripe_server: RunningServer) -> Iterator[ClientOf]:
    """Makes clients of the server, with options of one's own; they are closed with the test."""
    with ExitStack() as stack:

        def make(key: str, **options: Any) -> stripe.StripeClient:
            http_client = stripe.RequestsClient()
            stack.callback(_closed, http_client)
            known = {
                "base_addresses": {"api": stripe_server.base_url},
                "http_client": http_client,
                "max_network_retries": 0,
                **options,
            }
            return stripe.StripeClient(key, **known)

        yield make


@pytest.fixture
def client(client_of: ClientOf, key: str) -> stripe.StripeClient:
    """Stripe's own client of a merchant of its own."""
    return client_of(key)


@pytest.fixture
def stranger(client_of: ClientOf) -> stripe.StripeClient:
    """A client of another merchant."""
    return client_of(f"sk_test_{uuid4().hex}")


@pytest.fixture
async def async_client(stripe_server: RunningServer, key: str) -> AsyncIterator[stripe.StripeClient]:
    """Stripe's own client with connections for its `..._async` methods."""
    async with AsyncExitStack() as stack:
        http_client = stripe.HTTPXClient()
        stack.push_async_callback(http_client.close_async)
        yield stripe.StripeClient(
            key,
            base_addresses={"api": stripe_server.base_url},
            http_client=http_client,
            max_network_retries=0,
        )


@pytest.fixture
def wire(stripe_server: RunningServer, key: str) -> Iterator[httpx.Client]:
    """Plain HTTP with the same key, to see what a library hides."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=stripe_server.base_url, headers=headers, timeout=20) as plain:
        yield plain


@pytest.fixture
def module_style(stripe_server: RunningServer, key: str) -> Iterator[None]:
    """The settings of the module `stripe`, as older code makes them, put back afterwards."""
    http_client = stripe.RequestsClient()
    with _kept("api_key", "api_base", "max_network_retries", "default_http_client", "api_version"):
        stripe.api_key = key
        stripe.api_base = stripe_server.base_url
        stripe.max_network_retries = 0
        stripe.default_http_client = http_client
        yield
        _closed(http_client)


def _closed(http_client: stripe.RequestsClient) -> None:
    http_client.close()  # type: ignore[no-untyped-call]  # the library's own


@contextmanager
def _kept(*names: str) -> Iterator[None]:
    known = {name: getattr(stripe, name) for name in names}
    try:
        yield
    finally:
        for name, was in known.items():
            setattr(stripe, name, was)
