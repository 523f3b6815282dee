"""How much a start costs: a test suite starts kessai for every run, so it must be cheap."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.support.processes import plain_environment

CPU_S: Final = 1.5
TRIES: Final = 5
"""Other programs make ours look dearer than it is, never cheaper: the best of a few counts."""


@contextmanager
def serving(directory: Path, bytecode: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`kessai serve` on this directory's database, after it has answered its first request."""
    measured = {
        name: value for name, value in plain_environment().items() if not name.startswith("COVERAGE_")
    }
    # Byte code has its place here, whatever the developer's environment says of it.
    measured.pop("PYTHONDONTWRITEBYTECODE", None)
    measured["PYTHONPYCACHEPREFIX"] = str(bytecode)
    with (directory / "stderr").open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "kessai", "serve", "--json", "--port", "0", "--db", "sqlite:///kessai.db"],
            cwd=directory,
            env=measured,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        ask_for_health(process)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        process.communicate()


def ask_for_health(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    connection = HTTPConnection(urlsplit(ready["base_url"]).netloc, timeout=10)
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()


def cpu_until_health(directory: Path, bytecode: Path) -> float:
    """Seconds of CPU, in user and in system mode, from the start to the first answer."""
    with serving(directory, bytecode) as process:
        # What it has used is what it will have used when it is gone.
        os.kill(process.pid, signal.SIGKILL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


@pytest.fixture
def bytecode(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """Where byte code is kept from one run to the next: to compile everything takes eight seconds."""
    cache: pytest.Cache | None = getattr(pytestconfig, "cache", None)
    return tmp_path / "bytecode" if cache is None else cache.mkdir("kessai-bytecode")


@pytest.mark.slow
def test_a_start_on_an_existing_database_costs_little(tmp_path: Path, bytecode: Path) -> None:
    # given a database, and byte code, from a start before
    with serving(tmp_path, bytecode):
        assert list(bytecode.rglob("bootstrap.*.pyc"))

    # when kessai is started again
    costs: list[float] = []
    while len(costs) < TRIES and min(costs, default=CPU_S + 1) > CPU_S:
        costs.append(cpu_until_health(tmp_path, bytecode))

    # then it answers after little work
    print(f"{min(costs):.2f} s of CPU")
    assert min(costs) <= CPU_S, costs
