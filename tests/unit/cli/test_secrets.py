"""`kessai secrets rotate`: what operators are told when API_SECRET_KEY changes, on a SQLite file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from kessai.adapters.secret_box import FernetBox
from kessai.domain.change import Change
from kessai.domain.idempotency import StoredAnswer
from kessai.storage.sqlite.lock import FileLock
from tests.support.ledger import DAY, START, Ledger, opened, write
from tests.unit.cli.conftest import Command

OLD = "the-key-that-was-there-before-the-rotation"
NEW = "the-key-that-is-there-after-the-rotation"


@pytest.fixture
def public_key(kessai: Command, database: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The public key of a merchant that was made under the old key; the new one is in force now."""
    monkeypatch.setenv("API_SECRET_KEY", OLD)
    made = kessai("merchants", "create", "--name", "Tea house", "--json").answer
    monkeypatch.setenv("API_SECRET_KEY", NEW)
    monkeypatch.setenv("API_SECRET_KEY_PREVIOUS", OLD)
    return str(made["api_key"]["public_key"])


def test_keys_that_have_not_moved_are_named(kessai: Command, public_key: str) -> None:
    done = kessai("secrets", "rotate", "--json")

    assert done.exit_code == 0
    assert done.answer == {
        "resealed": {"endpoints": 0, "answers": 0},
        "unreadable": {"endpoints": [], "answers": []},
        "moved": 0,
        "api_keys_remaining": [public_key],
    }


def test_people_are_told_the_same_in_words(kessai: Command, public_key: str) -> None:
    said = kessai("secrets", "rotate").stdout

    assert "Sealed anew: 0 of endpoints, 0 of stored answers." in said
    assert "used once" in said
    assert public_key in said


def test_when_nothing_remains_the_old_key_can_go(kessai: Command, database: Path) -> None:
    done = kessai("secrets", "rotate")

    assert done.exit_code == 0
    assert "the previous ones can be dropped" in done.stdout


def test_a_key_made_under_the_old_one_is_still_known(
    kessai: Command, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ("merchants", "create", "--name", "x", "--api-key", "sk_test_chosen", "--json")
    monkeypatch.setenv("API_SECRET_KEY", OLD)
    assert kessai(*line).exit_code == 0
    monkeypatch.setenv("API_SECRET_KEY", NEW)
    monkeypatch.setenv("API_SECRET_KEY_PREVIOUS", OLD)

    again = kessai(*line)

    assert again.exit_code == 2
    assert "taken" in again.stderr


def test_a_server_that_has_the_file_is_to_be_stopped(kessai: Command, database: Path) -> None:
    lock = FileLock(database)
    lock.take()
    try:
        refused = kessai("secrets", "rotate")
    finally:
        lock.release()

    assert refused.exit_code == 4
    assert "stop the server" in refused.stderr


async def lose_a_key(file: Path) -> tuple[str, str]:
    """An endpoint and a stored answer that are sealed under a key nobody has; their id and key."""
    ledger = Ledger(9)
    sealed = FernetBox(["a-key-that-was-lost"]).seal(b"secret")
    endpoint = ledger.new_endpoint(sealed_secret=sealed.decode())
    answer = StoredAnswer(200, "application/json", sealed, is_sealed=True)
    # not expired, whenever this runs
    claim = replace(ledger.claim("make one"), answer=answer, expires_at=START + 365_000 * DAY)
    async with opened(f"sqlite:///{file}") as database:
        await write(database, Change(records=(ledger.merchant, endpoint)), Change(claim=claim))
    return endpoint.id, claim.key


def test_what_no_key_opens_is_named_and_an_error(kessai: Command, database: Path) -> None:
    endpoint_id, key = asyncio.run(lose_a_key(database))

    told, listed = kessai("secrets", "rotate"), kessai("secrets", "rotate", "--json")

    assert (told.exit_code, listed.exit_code) == (1, 1)
    assert f"Endpoint {endpoint_id}: no key known opens its secret" in told.stdout
    assert f"idempotency key {key} of merchant" in told.stdout
    assert listed.answer["unreadable"]["endpoints"] == [endpoint_id]
    assert [each["idempotency_key"] for each in listed.answer["unreadable"]["answers"]] == [key]


def test_earlier_secrets_are_shown_to_nobody(kessai: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_SECRET_KEY_PREVIOUS", OLD)

    listed = kessai("env")

    assert "API_SECRET_KEY_PREVIOUS" in listed.stdout
    assert OLD not in listed.stdout
