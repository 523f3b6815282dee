"""API_SECRET_KEY changes: on PostgreSQL beside running servers, even if killed; on SQLite between two."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import insert, select

from kessai.adapters.secret_box import FernetBox
from kessai.domain.change import Change
from kessai.storage.journal import Database
from kessai.storage.record_rows import record_values
from kessai.storage.tables import webhook_endpoints
from tests.e2e.command import kessai
from tests.support.ledger import Ledger, opened, write
from tests.support.processes import UNMEASURED, plain_environment
from tests.support.server import RunningServer, Serve

OLD = "the-key-that-was-there-before-the-rotation"
NEW = "the-key-that-is-there-after-the-rotation"
BEFORE = {"API_SECRET_KEY": OLD, **UNMEASURED}
PREPARED = {**BEFORE, "API_SECRET_KEY_PREVIOUS": NEW}
AFTER = {"API_SECRET_KEY": NEW, **UNMEASURED}
BOTH = {**AFTER, "API_SECRET_KEY_PREVIOUS": OLD}
MANY = 1_500


def asked(server: RunningServer, method: str, path: str, **facts: Any) -> httpx.Response:
    url = f"{server.base_url}/api/v1{path}"
    return httpx.request(method, url, headers=server.headers, timeout=10, **facts)


def made_endpoint(server: RunningServer) -> dict[str, Any]:
    answer = asked(server, "POST", "/webhooks/endpoints", json={"url": "http://127.0.0.1:9/"})
    assert answer.status_code == 201, answer.text
    endpoint: dict[str, Any] = answer.json()
    return endpoint


def secret_of(server: RunningServer, endpoint: dict[str, Any]) -> object:
    return asked(server, "GET", f"/webhooks/endpoints/{endpoint['id']}/secret").json().get("secret")


def test_on_sqlite_a_server_is_stopped_and_started_again(serve: Serve, tmp_path: Path) -> None:
    server = serve(env=BEFORE)
    endpoint = made_endpoint(server)
    assert kessai("secrets", "rotate", directory=tmp_path, env=BOTH).exit_code == 4
    assert server.terminate() == 0

    done = kessai("secrets", "rotate", "--json", directory=tmp_path, env=BOTH)
    assert done.answer["resealed"] == {"endpoints": 1, "answers": 0}
    assert len(done.answer["api_keys_remaining"]) == 1
    # the key is used once, and moves
    server = serve(env=BOTH)
    assert secret_of(server, endpoint) == endpoint["secret"]
    assert server.terminate() == 0
    done = kessai("secrets", "rotate", "--json", directory=tmp_path, env=BOTH)
    assert done.answer["api_keys_remaining"] == []

    server = serve(env=AFTER)
    assert secret_of(server, endpoint) == endpoint["secret"]


async def crowd(url: str) -> dict[str, str]:
    """Very many endpoints of another merchant; by id, their secrets."""
    ledger, box = Ledger(5), FernetBox([OLD])
    secrets = {ledger.new_id(): f"secret number {number}" for number in range(MANY)}
    rows = [
        record_values(ledger.new_endpoint(id=each, sealed_secret=box.seal(secret.encode()).decode()))
        for each, secret in secrets.items()
    ]
    async with opened(url) as database:
        await write(database, Change(records=(ledger.merchant,)))
        await database.run(lambda connection: connection.execute(insert(webhook_endpoints), rows).rowcount)
    return secrets


async def seals(database: Database) -> dict[str, bytes]:
    """Every endpoint's sealed secret, by id."""
    columns = select(webhook_endpoints.c.id, webhook_endpoints.c.sealed_secret)
    rows = await database.run(lambda connection: connection.execute(columns).all())
    return {row[0]: row[1].encode() for row in rows}


def begun_rotation(url: str, directory: Path) -> subprocess.Popen[bytes]:
    """The command, on its way; it waits for locked rows longer than the test lasts."""
    command = [sys.executable, "-m", "kessai", "secrets", "rotate", "--db", url]
    env = plain_environment({**BOTH, "DATABASE_TIMEOUT_S": "60"})
    return subprocess.Popen(command, cwd=directory, env=env)


@asynccontextmanager
async def last_one_locked(url: str) -> AsyncIterator[None]:
    """Whoever goes through the endpoints comes as far as the last."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM webhook_endpoints ORDER BY id DESC LIMIT 1 FOR UPDATE")
            yield
    finally:
        await connection.close()


@pytest.mark.postgresql
async def test_on_postgresql_it_is_done_beside_running_servers_and_may_be_killed(
    serve: Serve, postgres_url: str, tmp_path: Path
) -> None:
    # given servers of both kinds, as in the middle of a roll-out
    line = ("--db", postgres_url, "--no-dispatch", "--rate-limit", "0")
    prepared = serve(*line, env=PREPARED)
    made = made_endpoint(prepared)
    secrets = {**await crowd(postgres_url), made["id"]: made["secret"]}
    rotated = serve(*line, env=BOTH)
    rotated.api_key = prepared.api_key
    for server in (prepared, rotated):
        assert secret_of(server, made) == made["secret"]

    # when the command is killed in the middle
    async with opened(postgres_url) as database, last_one_locked(postgres_url):
        before = await seals(database)
        rotating = begun_rotation(postgres_url, tmp_path)
        while (now := await seals(database)) == before:
            assert rotating.poll() is None
        rotating.kill()
    rotating.wait()

    # then some are under one key, some under the other, and every server still reads them all
    both = FernetBox([NEW, OLD])
    assert {each: both.open(seal).decode() for each, seal in now.items()} == secrets
    for server in (prepared, rotated):
        assert secret_of(server, made) == made["secret"]
    prepared.terminate()

    # and when it is run again, the rest follows, and the old key can go
    done = kessai("secrets", "rotate", "--json", "--db", postgres_url, directory=tmp_path, env=BOTH)
    assert done.exit_code == 0, done.stderr
    assert done.answer["resealed"]["endpoints"] <= MANY
    new = FernetBox([NEW])
    async with opened(postgres_url) as database:
        left = await seals(database)
    assert {each: new.open(seal).decode() for each, seal in left.items()} == secrets

    rotated.terminate()
    after = kessai("secrets", "rotate", "--json", "--db", postgres_url, directory=tmp_path, env=BOTH)
    assert after.answer["api_keys_remaining"] == []
    finished = serve(*line, env=AFTER)
    finished.api_key = prepared.api_key
    assert secret_of(finished, made) == made["secret"]
