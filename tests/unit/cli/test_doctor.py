"""`kessai doctor`: what it looks at, what it says, and its exit code."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import kessai as package
from kessai.cli import database_checks, machine_checks
from kessai.storage.migrate import HEAD
from kessai.storage.sqlite.lock import FileLock
from tests.support.processes import free_port
from tests.unit.cli.conftest import Command


@pytest.fixture(autouse=True)
def _a_port_of_our_own(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """8000 may be somebody's on the machine that runs the tests."""
    monkeypatch.setenv("PORT", str(free_port()))


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port on which somebody listens who says nothing."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        yield taken.getsockname()[1]


def checks(kessai: Command, *arguments: str, exit_code: int = 0) -> dict[str, dict[str, Any]]:
    ended = kessai("doctor", "--json", *arguments)
    assert ended.exit_code == exit_code, ended.stdout
    assert ended.answer["ok"] is (exit_code == 0)
    return {check["name"]: check for check in ended.answer["checks"]}


def test_all_is_well_on_a_fresh_machine(kessai: Command, surroundings: Path) -> None:
    found = checks(kessai)

    assert found["kessai"]["detail"] == package.__version__
    assert found["sqlite"]["detail"] == sqlite3.sqlite_version
    assert "fastapi" in found["libraries"]["detail"]
    assert "1 from environment" in found["settings"]["detail"]
    assert "will be made" in found["database"]["detail"]
    assert found["port"]["detail"].endswith("is free")
    assert set(found) >= {"python", "secrets", "durability", "space", "clock", "redis"}
    assert list(surroundings.iterdir()) == []


def test_a_database_is_looked_at_without_touching_it(kessai: Command, database: Path) -> None:
    before = database.read_bytes()

    found = checks(kessai)

    assert found["migrations"] == {
        "name": "migrations",
        "verdict": "ok",
        "detail": f"at head ({HEAD})",
        "advice": None,
    }
    assert "on disk after" in found["durability"]["detail"] or found["durability"]["verdict"] == "warn"
    assert database.read_bytes() == before


def test_a_file_without_tables_will_be_migrated(kessai: Command, surroundings: Path) -> None:
    with closing(sqlite3.connect(surroundings / "kessai.db")) as file:
        file.execute("PRAGMA user_version = 1")

    assert "kessai serve will bring it to" in checks(kessai)["migrations"]["detail"]


def test_it_says_who_has_the_database(kessai: Command, database: Path) -> None:
    lock = FileLock(database)
    lock.take()
    try:
        assert f"process {os.getpid()}" in checks(kessai)["database"]["detail"]
    finally:
        lock.release()


def test_a_file_that_is_no_database_is_an_outage(kessai: Command, surroundings: Path) -> None:
    (surroundings / "kessai.db").write_text("no database\n" * 100)

    found = checks(kessai, exit_code=3)

    assert found["database"]["verdict"] == "fail"
    assert "back-up" in found["database"]["advice"]


def test_a_directory_that_is_not_there_fails(kessai: Command) -> None:
    found = checks(kessai, "--db", "sqlite:///nowhere/kessai.db", exit_code=1)

    assert found["disk"]["verdict"] == "fail"


def test_bad_settings_fail_by_name(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")

    found = checks(kessai, exit_code=1)

    assert "LOG_LEVEL" in found["settings"]["detail"]
    assert "database" not in found


def test_secrets_that_everybody_knows_are_warned_of(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    assert checks(kessai)["secrets"]["verdict"] == "warn"

    monkeypatch.setenv("API_SECRET_KEY", "a-secret-of-this-test")
    assert checks(kessai)["secrets"]["verdict"] == "ok"


def test_a_port_that_somebody_else_has_is_warned_of(kessai: Command, taken_port: int) -> None:
    found = checks(kessai)

    assert found["port"]["verdict"] == "warn"
    assert str(taken_port) in found["port"]["detail"]


def test_redis_that_is_away_is_warned_of(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hidden@127.0.0.1:1/0")

    found = checks(kessai)

    assert found["redis"]["verdict"] == "warn"
    assert "hidden" not in str(found)


@pytest.mark.parametrize(
    ("sync_s", "filesystem", "verdict", "words"),
    [
        (0.001, "ext4", "ok", "after 1.00 ms"),
        (0.001, None, "ok", "after 1.00 ms"),
        (0.001, "tmpfs", "warn", "in memory"),
        (0.001, "nfs4", "warn", "on a network"),
        (0.000_001, "ext4", "warn", "after 0.00 ms"),
        (0.2, "ext4", "warn", "after 200.00 ms"),
    ],
)
def test_a_disk_is_judged_by_what_it_keeps(
    tmp_path: Path, sync_s: float, filesystem: str | None, verdict: str, words: str
) -> None:
    finding = machine_checks.judge_durability(tmp_path, sync_s, filesystem)

    assert finding.verdict == verdict
    assert words in finding.detail


@pytest.mark.parametrize(("free", "verdict"), [(10 << 30, "ok"), (500 << 20, "warn"), (1 << 20, "fail")])
def test_a_disk_is_judged_by_its_room(tmp_path: Path, free: int, verdict: str) -> None:
    assert machine_checks.judge_space(tmp_path, free).verdict == verdict


def test_a_server_is_judged_by_what_it_says() -> None:
    good = {
        "server_version": "18.1",
        "server_version_num": "180001",
        "apart_s": 0.0,
        **dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "on"),
    }
    bad = good | {"server_version_num": "150004", "apart_s": 7.5, "fsync": "off"}
    judges = (
        database_checks.judge_age,
        database_checks.judge_durability,
        database_checks.judge_clock,
    )

    assert [judge(good).verdict for judge in judges] == ["ok"] * 3
    assert [judge(bad).verdict for judge in judges] == ["warn"] * 3
    assert "fsync" in database_checks.judge_durability(bad).detail
    assert "7.5 s apart" in database_checks.judge_clock(bad).detail


def test_a_running_kessai_is_recognised(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok", "version": "9.9.9"}')

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("PORT", str(server.server_port))

        found = checks(kessai)

        server.shutdown()
        thread.join()
    assert found["port"]["detail"] == f"kessai 9.9.9 answers at http://127.0.0.1:{server.server_port}"


def test_people_are_told_what_to_do(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    told = kessai("doctor")

    assert told.exit_code == 0
    assert "ok    kessai" in told.stdout
    assert "warn  redis" in told.stdout
    assert "until it does, each process limits by itself" in told.stdout
