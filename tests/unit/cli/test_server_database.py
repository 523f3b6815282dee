"""A database server is migrated by its operator only, and looked at closely; needs a PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from kessai.storage.migrate import HEAD
from tests.support.postgres import Postgres
from tests.unit.cli.conftest import Command

pytestmark = pytest.mark.postgresql


@pytest.fixture
def empty(postgres: Postgres, monkeypatch: pytest.MonkeyPatch, surroundings: object) -> Iterator[str]:
    """The URL of a database without tables, which `kessai` uses."""
    del surroundings
    with postgres.fresh_database() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("PORT", "0")
        yield url


@pytest.mark.parametrize("line", ["serve", "dispatch --port 0", "keys list", "merchants create --name x"])
def test_what_is_not_migrated_is_refused(kessai: Command, empty: str, line: str) -> None:
    refused = kessai(*line.split())

    assert refused.exit_code == 4
    assert "run `kessai migrate`" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_workers_are_not_started_on_it_either(
    kessai: Command, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # so that what the command hands on to its workers is put back afterwards
    for name in ("PROMETHEUS_MULTIPROC_DIR", "KESSAI_PORT", "KESSAI_RATE_LIMIT_REQUESTS"):
        monkeypatch.setenv(name, "")

    refused = kessai("serve", "--workers", "2", "--rate-limit", "7")

    assert refused.exit_code == 4
    assert "run `kessai migrate`" in refused.stderr
    assert os.environ["KESSAI_RATE_LIMIT_REQUESTS"] == "7"
    assert int(os.environ["KESSAI_PORT"]) > 0


def test_a_doctor_finds_it_well_once_it_is_migrated(kessai: Command, empty: str) -> None:
    before = kessai("doctor", "--json")
    assert before.exit_code == 1
    assert {"run kessai migrate"} == {
        check["advice"] for check in before.answer["checks"] if check["verdict"] == "fail"
    }

    assert kessai("migrate", "--json").answer == {"from": None, "to": HEAD}

    after = {check["name"]: check for check in kessai("doctor", "--json").answer["checks"]}
    assert after["database"]["detail"].startswith("PostgreSQL ")
    assert after["migrations"]["verdict"] == "ok"
    assert "agree" in after["clock"]["detail"]
    # the server of the test run forgets for speed, and that is noticed
    assert "fsync" in after["durability"]["detail"]
    assert after["durability"]["verdict"] == "warn"
