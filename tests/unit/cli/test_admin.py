"""What operators do to merchants, keys and the database, on a SQLite file that no server has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kessai.storage.migrate import HEAD
from kessai.storage.sqlite.lock import FileLock
from tests.unit.cli.conftest import Command


@pytest.fixture
def merchant(kessai: Command, database: Path) -> dict[str, Any]:
    """What was told of the only merchant as it was made."""
    made = kessai("merchants", "create", "--name", "Tea house", "--currency", "jpy", "--json")
    assert made.exit_code == 0, made.stderr
    return made.answer


def keys(kessai: Command) -> list[dict[str, Any]]:
    return list(kessai("keys", "list", "--json").answer["data"])


def test_a_merchant_is_made_with_a_key_that_is_shown_once(kessai: Command, merchant: dict[str, Any]) -> None:
    assert merchant["merchant"]["default_currency"] == "JPY"
    assert re.fullmatch(r"sk_test_\w{33}", merchant["api_key"]["secret_key"])

    listed = kessai("merchants", "list", "--json")

    assert listed.answer == {"data": [merchant["merchant"]]}
    assert "secret_key" not in keys(kessai)[0]
    assert keys(kessai)[0]["id"] == merchant["api_key"]["id"]


def test_people_are_told_the_same_in_words(kessai: Command, database: Path) -> None:
    made = kessai("merchants", "create", "--name", "[b]茶屋[/b]", "--email", "tea@example.com")

    assert "[b]茶屋[/b]" in made.stdout
    assert "shown this once" in made.stdout
    secret = re.search(r"sk_test_\w{33}", made.stdout)
    assert secret
    listed = kessai("merchants", "list")
    assert "tea@example.com" in listed.stdout
    assert "yes" in listed.stdout
    assert secret[0] not in listed.stdout + kessai("keys", "list").stdout


def test_a_secret_key_can_be_chosen_once(kessai: Command, database: Path) -> None:
    line = ("merchants", "create", "--name", "x", "--api-key", "sk_test_chosen", "--json")
    assert kessai(*line).answer["api_key"]["secret_key"] == "sk_test_chosen"

    again = kessai(*line)

    assert again.exit_code == 2
    assert "taken" in again.stderr


def test_the_well_known_key_is_for_loopback_only(
    kessai: Command, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")

    refused = kessai("merchants", "create", "--name", "x", "--api-key", "sk_test_kessai")

    assert refused.exit_code == 2
    assert "everybody knows" in refused.stderr


def test_a_merchant_is_switched_off_and_on(kessai: Command, merchant: dict[str, Any]) -> None:
    whose = merchant["merchant"]["id"]

    assert kessai("merchants", "deactivate", whose, "--json").answer["merchant"]["is_active"] is False
    assert kessai("merchants", "list", "--json").answer["data"][0]["is_active"] is False
    assert "is active" in kessai("merchants", "activate", whose).stdout
    assert kessai("merchants", "activate", "nobody").exit_code == 1


def test_keys_are_made_rotated_and_revoked(kessai: Command, merchant: dict[str, Any]) -> None:
    made = kessai("keys", "create", "--name", "CI", "--json").answer["api_key"]
    assert [key["name"] for key in keys(kessai)] == ["CI", "first key"]

    rotated = kessai("keys", "rotate", made["id"], "--grace-period-s", "60", "--json").answer["api_key"]
    assert rotated["secret_key"] != made["secret_key"]
    assert rotated["previous_expires_at"] is not None

    assert "Revoked" in kessai("keys", "revoke", made["id"]).stdout
    assert keys(kessai)[0]["revoked_at"] is not None


def test_people_are_told_of_keys_in_words(kessai: Command, merchant: dict[str, Any]) -> None:
    made = kessai("keys", "create", "--name", "for CI")
    assert "for CI" in made.stdout
    assert "shown this once" in made.stdout

    [newest, _] = keys(kessai)
    rotated = kessai("keys", "rotate", newest["id"], "--grace-period-s", "60")

    assert re.search(r"The old secret works until 20\d\d-\d\d-\d\dT[\d:.]+Z", rotated.stdout)
    assert re.search(r"20\d\d-\d\d-\d\dT[\d:.]+Z", kessai("keys", "list").stdout)
    assert "+00:00" not in kessai("keys", "list").stdout + kessai("merchants", "list").stdout
    revoked = kessai("keys", "revoke", newest["id"], "--json")
    assert revoked.answer["api_key"]["id"] == newest["id"]


def test_the_last_key_stays(kessai: Command, merchant: dict[str, Any]) -> None:
    refused = kessai("keys", "revoke", merchant["api_key"]["id"])

    assert refused.exit_code == 1
    assert "last key" in refused.stderr


def test_a_key_that_is_not_there_is_told_of(kessai: Command, merchant: dict[str, Any]) -> None:
    refused = kessai("keys", "rotate", "01a20758-af82-78fd-a3e7-a9d6bf75b999")

    assert refused.exit_code == 1
    assert "no such API key" in refused.stderr


def test_whose_key_it_is_must_be_clear(kessai: Command, merchant: dict[str, Any]) -> None:
    other = kessai("merchants", "create", "--name", "Other", "--json").answer["merchant"]["id"]

    unclear = kessai("keys", "create")
    made = kessai("keys", "create", "--merchant", other, "--json")

    assert unclear.exit_code == 2
    assert "--merchant" in unclear.stderr
    assert made.exit_code == 0
    assert len(kessai("keys", "list", "--merchant", other, "--json").answer["data"]) == 2


def test_without_any_merchant_no_key_is_made(kessai: Command, database: Path) -> None:
    refused = kessai("keys", "create")

    assert refused.exit_code == 1
    assert "kessai merchants create" in refused.stderr


def test_a_file_somebody_has_is_left_alone(kessai: Command, database: Path) -> None:
    lock = FileLock(database)
    lock.take()
    try:
        for line in ("keys list", "merchants list", "prune", "migrate --down"):
            refused = kessai(*line.split())
            assert refused.exit_code == 4, line
            assert "kessai.db is in use" in refused.stderr
            assert "Hint" in refused.stderr
    finally:
        lock.release()


def test_pruning_says_what_was_forgotten(kessai: Command, database: Path) -> None:
    assert kessai("prune", "--json").answer == {"pruned": 0, "pruned_events": 0}
    assert "0 expired idempotency keys" in kessai("prune").stdout


def test_a_schema_goes_up_and_down(kessai: Command, surroundings: Path) -> None:
    assert kessai("migrate", "--json").answer == {"from": None, "to": HEAD}
    assert "nothing to do" in kessai("migrate").stdout
    assert kessai("migrate", "--down", "--revision", "base", "--json").answer == {"from": HEAD, "to": None}
    assert f"from revision none to {HEAD}" in kessai("migrate").stdout


def test_a_first_command_makes_the_file_it_needs(kessai: Command, surroundings: Path) -> None:
    made = kessai("merchants", "create", "--name", "x", "--db", "sqlite:///own.db", "--json")

    assert made.exit_code == 0
    assert (surroundings / "own.db").exists()
    assert not (surroundings / "kessai.db").exists()
