"""How much a start costs: a test suite starts kessai for every run, so it must be cheap."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.support.processes import plain_environment

BARE: Final = "import fastapi, uvicorn, sqlalchemy"
"""What a program like ours loads, whatever it does."""
SHARE: Final = 1.5
"""On a quiet machine a start costs about as much; what it must not load is looked at by name, below."""
FOR_POSTGRESQL: Final = frozenset({"asyncpg", "sqlalchemy.dialects.postgresql", "kessai.storage.postgresql"})
TRIES: Final = 15
"""Other programs make ours look dearer than it is, never cheaper: the best of these counts."""
UNUSED: Final = frozenset(
    {
        # for the reference, when somebody asks for it
        *("fastapi", "fastapi_offline", "kessai.control.pages"),
        # to migrate
        *("alembic", "mako"),
        # for who has Redis
        "redis",
        # for commands that ask or listen
        *("aiohttp", "kessai.cli.remote.api"),
        # for help, and for traces in colour
        *("rich.console", "pygments", "attr"),
    }
)


@contextmanager
def serving(
    directory: Path, bytecode: Path, *flags: str, url: str = "sqlite:///kessai.db", workers: int = 1
) -> Iterator[tuple[subprocess.Popen[bytes], HTTPConnection]]:
    """`kessai serve`, after its first payment; SQLite is in this directory. `flags` are Python's."""
    command = [sys.executable, *flags, "-m", "kessai", "serve", "--json"]
    with (directory / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--port", "0", "--db", url, "--workers", str(workers)],
            cwd=directory,
            env=environment(bytecode),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with closing(HTTPConnection(urlsplit(ready["base_url"]).netloc, timeout=10)) as connection:
            assert ask(connection, "POST", "/api/v1/payments", '{"amount": 1000}') == 201
            yield process, connection
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.communicate()


def ask(connection: HTTPConnection, method: str, path: str, body: str | None = None) -> int:
    """The status of the answer."""
    connection.request(method, path, body, {"Authorization": "Bearer sk_test_kessai"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def environment(bytecode: Path) -> dict[str, str]:
    measured = {
        name: value for name, value in plain_environment().items() if not name.startswith("COVERAGE_")
    }
    return {**measured, "PYTHONPYCACHEPREFIX": str(bytecode)}


def cpu_until_a_payment(directory: Path, bytecode: Path) -> float:
    """Seconds of CPU, in user and in system mode, from the start to the first answer."""
    with serving(directory, bytecode) as (process, _):
        # What it has used is what it will have used when it is gone.
        os.kill(process.pid, signal.SIGKILL)
        return cpu_of(process)


def cpu_of_bare_imports(bytecode: Path) -> float:
    return cpu_of(subprocess.Popen([sys.executable, "-c", BARE], env=environment(bytecode)))


def cpu_of(process: subprocess.Popen[bytes]) -> float:
    """What a process has used that ends."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def loaded(directory: Path) -> set[str]:
    """The modules that Python, run with `-X importtime`, told that it has loaded."""
    told = (directory / "stderr").read_text(encoding="utf-8")
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", told, re.MULTILINE))


@pytest.fixture
def bytecode(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """Where byte code is kept from one run to the next: to compile everything takes eight seconds."""
    cache: pytest.Cache | None = getattr(pytestconfig, "cache", None)
    return tmp_path / "bytecode" if cache is None else cache.mkdir("kessai-bytecode")


@pytest.mark.slow
def test_a_start_on_an_existing_database_costs_little(tmp_path: Path, bytecode: Path) -> None:
    # given a database, and byte code, from a start before
    cpu_of_bare_imports(bytecode)
    with serving(tmp_path, bytecode):
        assert list(bytecode.rglob("gateway.*.pyc"))

    # when kessai is started again, and beside it what is loaded by any program of its kind
    starts: list[float] = []
    bare: list[float] = []
    while len(starts) < TRIES and min(starts, default=1) > SHARE * min(bare, default=0):
        bare.append(cpu_of_bare_imports(bytecode))
        starts.append(cpu_until_a_payment(tmp_path, bytecode))

    # then it has taken a payment after little more work
    print(f"{min(starts):.2f} s of CPU, to load the libraries alone {min(bare):.2f} s")
    assert min(starts) <= SHARE * min(bare), (starts, bare)


@pytest.mark.slow
def test_a_server_loads_what_it_needs_and_the_rest_when_it_is_asked_for(
    tmp_path: Path, bytecode: Path
) -> None:
    # given an embedded database that is there already
    with serving(tmp_path, bytecode):
        pass

    # when a server on it takes payments, and is asked for what is not there
    with serving(tmp_path, bytecode, "-X", "importtime") as (_, connection):
        assert ask(connection, "GET", "/api/v1/payments") == 200
        assert ask(connection, "GET", "/favicon.ico") == 404
        # then nothing was loaded but what that needs
        assert "sqlalchemy" in loaded(tmp_path)
        assert loaded(tmp_path) & (UNUSED | FOR_POSTGRESQL) == set()

        # and the reference is there for who asks
        assert ask(connection, "GET", "/openapi.json") == 200
        assert "fastapi" in loaded(tmp_path)


@pytest.mark.slow
@pytest.mark.postgresql
def test_workers_load_no_more_than_one_process_would(
    tmp_path: Path, bytecode: Path, postgres_url: str
) -> None:
    with serving(tmp_path, bytecode, "-X", "importtime", url=postgres_url, workers=2) as (_, connection):
        assert ask(connection, "GET", "/api/v1/payments") == 200

        assert loaded(tmp_path) >= FOR_POSTGRESQL
        assert loaded(tmp_path) & UNUSED == set()
