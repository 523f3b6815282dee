"""What every test may ask for: real databases, a real Valkey, kessai as a process, a webhook receiver.

Each test gets its own database. Servers start when the first test asks and end with the run.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from hypothesis import HealthCheck, settings
from structlog.dev import ConsoleRenderer, plain_traceback

from tests.support.postgres import Postgres, PrivatePostgres, shared_postgres
from tests.support.processes import RunDirectory, place_in_memory
from tests.support.receiver import Receiver
from tests.support.server import Command, RunningServer, Serve, stories
from tests.support.tracing import trace_imports, untraced
from tests.support.valkey import Valkey

RUN = pytest.StashKey[RunDirectory]()
SERVERS = pytest.StashKey[list[RunningServer]]()
BOTH_DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]

_UNTRACED: Final = ("bench", "conformance", "contract", "docs", "property", "prove", "tidy")
"""Rooms of tests that repeat, or hold against one another, what other rooms try step by step."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's directory, or in a worker of xdist take the one of its controller."""
    inherited = getattr(config, "workerinput", {}).get("run_directory")
    run = RunDirectory(Path(inherited)) if inherited else RunDirectory.create(place_in_memory())
    config.stash[RUN] = run
    # How long an example takes says something of a busy machine.
    settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("house")
    # Where Rich is there, structlog would draw the local values of each call with it: seconds for a trace.
    plain = ConsoleRenderer(exception_formatter=plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    if not inherited:
        # Whatever is temporary is in there, also what pytest, its workers and all they start make.
        os.environ["TMPDIR"] = tempfile.tempdir = str(run.path)
        # A run that is told to end, by a CI's time limit for example, ends like one that is interrupted.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where the run's directory is; xdist has no types for `node`."""
    node.workerinput["run_directory"] = str(node.config.stash[RUN].path)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Find the tests without noting the lines that run meanwhile, but those of imports."""
    trace_imports(session.config)
    with untraced(session.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note lines where they are met first: to do so in every test would double the time of all."""
    room = item.path.relative_to(item.config.rootpath).parts[1]
    is_repeated = room in _UNTRACED or (room == "api" and "postgresql" in item.name)
    with untraced(item.config) if is_repeated else nullcontext():
        return (yield)


def pytest_collection_finish() -> None:
    """Spare the collector what stays: thousands of tests are looked through else, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run started; its workers have ended by now."""
    if not hasattr(config, "workerinput") and RUN in config.stash:
        config.stash[RUN].close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what its servers wrote to stderr."""
    report = yield
    if report.failed:
        servers: list[RunningServer] = item.stash.get(SERVERS, [])
        report.sections.extend(stories(servers))
    return report


def migrate_to_head(url: str) -> None:
    """Bring an empty database to the newest schema."""
    from kessai.storage.migrate import upgrade

    upgrade(url)


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> RunDirectory:
    """Where the run keeps its servers; support code asks for it."""
    return pytestconfig.stash[RUN]


@pytest.fixture(scope="session")
def postgres(run_directory: RunDirectory) -> Postgres:
    """The PostgreSQL server of the whole run; take databases from it, do not break it."""
    return shared_postgres(run_directory)


@pytest.fixture
def private_postgres(run_directory: RunDirectory) -> Iterator[PrivatePostgres]:
    """A PostgreSQL server of this test alone, started, for killing and restarting."""
    with closing(PrivatePostgres(run_directory)) as server:
        server.start()
        yield server


@pytest.fixture(scope="session")
def _valkey_of_this_process(run_directory: RunDirectory) -> Iterator[Valkey]:
    with closing(Valkey(run_directory)) as server:
        server.start()
        yield server


@pytest.fixture
def valkey(_valkey_of_this_process: Valkey) -> Valkey:
    """A Valkey server without any key; its `url` goes into REDIS_URL."""
    _valkey_of_this_process.clear()
    return _valkey_of_this_process


@pytest.fixture
def private_valkey(run_directory: RunDirectory) -> Iterator[Valkey]:
    """A Valkey server of this test alone, started, for killing and restarting."""
    with closing(Valkey(run_directory)) as server:
        server.start()
        yield server


@pytest.fixture(scope="session")
def _migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrate_to_head(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def sqlite_url(_migrated_sqlite_file: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite file without rows."""
    path = shutil.copyfile(_migrated_sqlite_file, tmp_path / "kessai.db")
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database without rows."""
    with postgres.fresh_database(migrate_to_head) as url:
        yield url


@pytest.fixture(params=BOTH_DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database without rows: the test runs on SQLite and on PostgreSQL."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture(params=BOTH_DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, on SQLite and on PostgreSQL: for tests of migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        with server.fresh_database() as url:
            yield url


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook endpoint in this test's event loop."""
    async with Receiver() as server:
        yield server


@pytest.fixture
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serve]:
    """A function that starts `kessai serve` or `kessai dispatch`, as often as a test likes."""
    servers = request.node.stash[SERVERS] = []

    with ExitStack() as stack:

        def start(
            *arguments: str,
            command: Command = "serve",
            env: Mapping[str, str] | None = None,
            directory: Path | None = None,
        ) -> RunningServer:
            server = RunningServer(*arguments, directory=directory or tmp_path, command=command, env=env)
            servers.append(server)
            return stack.enter_context(server)

        yield start
