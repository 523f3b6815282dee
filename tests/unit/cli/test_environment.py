"""`kessai env`: every option, its value without secrets, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kessai.settings import SECRETS, describe
from tests.unit.cli.conftest import Command

SECRET = "do-not-show-this-secret-anywhere-please"


def options(kessai: Command) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in kessai("env", "--json").answer["settings"]}


def test_every_option_is_listed_with_its_default_and_help(kessai: Command) -> None:
    listed = options(kessai)

    assert [row["help"] for row in listed.values()] == [option.help for option in describe()]
    assert {row["source"] for row in listed.values()} == {"default"}
    assert (listed["PORT"]["value"], listed["PORT"]["default"]) == ("8000", "8000")
    assert (listed["REDIS_URL"]["value"], listed["REDIS_URL"]["default"]) == (None, None)
    assert (listed["WEBHOOK_TIMEOUT"]["value"], listed["DISPATCH"]["value"]) == ("30", "true")


def test_the_source_is_the_one_that_wins(
    kessai: Command, surroundings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (surroundings / ".env").write_text("PORT=1\nLOG_LEVEL=ERROR\nKESSAI_DEBUG=yes\nDEBUG=no\nHOST=\n")
    monkeypatch.setenv("PORT", "2")
    # what others mean by these names
    monkeypatch.setenv("KESSAI_PORT", "tcp://10.0.0.7:8000")
    monkeypatch.setenv("ENV", "/etc/profile")

    listed = options(kessai)

    assert (listed["PORT"]["value"], listed["PORT"]["source"]) == ("2", "environment PORT")
    assert (listed["LOG_LEVEL"]["value"], listed["LOG_LEVEL"]["source"]) == ("ERROR", ".env LOG_LEVEL")
    assert (listed["DEBUG"]["value"], listed["DEBUG"]["source"]) == ("true", ".env KESSAI_DEBUG")
    assert listed["HOST"]["source"] == listed["KESSAI_ENV"]["source"] == "default"


def test_no_secret_is_shown(kessai: Command, surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (surroundings / "secret").write_text(SECRET)
    monkeypatch.setenv("API_SECRET_KEY_FILE", str(surroundings / "secret"))
    monkeypatch.setenv("API_SECRET_KEY_PREVIOUS", f"{SECRET},{SECRET}-before")
    monkeypatch.setenv("WEBHOOK_SIGNING_SECRET", SECRET)
    monkeypatch.setenv("API_KEY", SECRET)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://kessai:{SECRET}@db/kessai?password={SECRET}")
    monkeypatch.setenv("REDIS_URL", f"redis://:{SECRET}@cache:6379/0")

    listed = options(kessai)

    assert listed["API_SECRET_KEY"]["source"] == "environment API_SECRET_KEY_FILE"
    assert listed["API_SECRET_KEY"]["value"] == "***"
    assert listed["DATABASE_URL"]["value"] == "postgresql+asyncpg://kessai:***@db/kessai?password=***"
    assert listed["REDIS_URL"]["value"] == "redis://:***@cache:6379/0"
    assert {name.upper() for name in SECRETS} <= {
        name for name, row in listed.items() if row["source"] != "default"
    }
    assert SECRET not in kessai("env", "--json").stdout + kessai("env").stdout


def test_people_get_a_table(kessai: Command) -> None:
    told = kessai("env")

    assert told.exit_code == 0
    assert all(option.name in told.stdout for option in describe())


def test_a_setting_that_cannot_be_is_named(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eight thousand")

    refused = kessai("env")

    assert refused.exit_code == 4
    assert "PORT" in refused.stderr
