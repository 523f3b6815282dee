"""Whether the servers that other tests lean on do what those tests believe."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import asyncpg
import pytest
import redis

from tests.support.postgres import Postgres, PrivatePostgres
from tests.support.postgres_programs import PostgresPrograms
from tests.support.processes import UNMEASURED, RunDirectory, is_listening
from tests.support.receiver import Answer, Receiver
from tests.support.server import RunningServer, ServerFailedError
from tests.support.valkey import Valkey


@pytest.fixture
def own_run() -> Iterator[RunDirectory]:
    run = RunDirectory.create()
    yield run
    run.close()


def make_a_table(url: str) -> None:
    async def make() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute("CREATE TABLE made (by_fill integer)")
        await connection.close()

    asyncio.run(make())


@pytest.mark.postgresql
def test_a_fresh_database_is_a_copy_of_what_fill_made(postgres: Postgres) -> None:
    with postgres.fresh_database(make_a_table) as first, postgres.fresh_database(make_a_table) as second:
        assert first != second
        name = second.rpartition("/")[2]
        postgres.sql("INSERT INTO made VALUES (1), (2)", database=name)
        assert postgres.sql("SELECT count(*) FROM made", database=name) == ["2"]
        assert postgres.sql("SELECT count(*) FROM made", database=first.rpartition("/")[2]) == ["0"]
    assert postgres.sql(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == ["0"]


@pytest.mark.postgresql
def test_the_server_is_one_that_we_support(postgres: Postgres) -> None:
    [version] = postgres.sql("SHOW server_version_num")
    assert int(version) >= 160_000


@pytest.mark.postgresql
def test_a_private_server_keeps_its_data_through_a_kill(private_postgres: PrivatePostgres) -> None:
    private_postgres.sql("CREATE TABLE kept (n integer)", "INSERT INTO kept VALUES (7)")
    private_postgres.kill()
    assert not is_listening(private_postgres.port)
    private_postgres.start()
    private_postgres.restart("immediate")
    assert private_postgres.sql("SELECT n FROM kept") == ["7"]


@pytest.mark.postgresql
@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")
def test_a_server_of_root_runs_from_a_copy_where_its_user_cannot_read_the_wheel(
    own_run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.postgres_programs._can_start", lambda *_: False)
    assert PostgresPrograms.find(own_run).directory.is_relative_to(own_run.path)
    server = PrivatePostgres(own_run, durable=False)
    with closing(server):
        server.start()
        assert server.sql("SELECT 1") == ["1"]


@pytest.mark.postgresql
@pytest.mark.valkey
def test_the_end_of_a_run_leaves_nothing_behind(own_run: RunDirectory) -> None:
    postgres, valkey = PrivatePostgres(own_run, durable=False), Valkey(own_run)
    postgres.start()
    valkey.start()
    own_run.close()
    assert not is_listening(postgres.port)
    assert not is_listening(valkey.port)
    assert not own_run.path.exists()
    postgres.close()
    valkey.close()


@pytest.mark.valkey
def test_valkey_forgets_between_tests(private_valkey: Valkey) -> None:
    with redis.Redis.from_url(private_valkey.url) as client:
        client.set("key", "value")
        private_valkey.clear()
        assert client.get("key") is None
    private_valkey.restart()
    with redis.Redis.from_url(private_valkey.url) as client:
        assert client.ping()


async def test_a_receiver_answers_as_told_and_keeps_what_came(receiver: Receiver) -> None:
    release = asyncio.Event()
    receiver.answer(503, Answer(status=201, headers={"X-Kind": "late"}, body=b"ok", until=release))
    async with aiohttp.ClientSession() as client:
        async with client.post(
            receiver.url + "/a", data=b"\x00raw", headers={"X-Webhook-Id": "1"}
        ) as refused:
            assert refused.status == 503
        late = asyncio.create_task(client.post(receiver.url))
        first, second = await receiver.wait_for(2)
        release.set()
        answer = await late
        assert (answer.status, answer.headers["X-Kind"], await answer.read()) == (201, "late", b"ok")
    assert (first.path, first.body, first.headers["x-webhook-id"]) == ("/webhooks/a", b"\x00raw", "1")
    assert second.body == b""


async def test_a_receiver_may_hang_up_and_go_away(receiver: Receiver) -> None:
    receiver.answer(Answer(hang_up=True))
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.post(receiver.url)
        await receiver.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.post(receiver.url)
        await receiver.start()
        async with client.post(receiver.url) as answer:
            assert answer.status == 200
    with pytest.raises(AssertionError, match="2 of 3 webhooks came"):
        await receiver.wait_for(3, timeout_s=0.05)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = RunningServer("--no-such-option", directory=tmp_path)
    with pytest.raises(ServerFailedError, match=r"exit code \d+ before it was ready; stderr:\n.+"):
        server.start()
    server.close()


def test_a_server_may_be_killed_and_started_again(tmp_path: Path) -> None:
    # given something that answers to the name of kessai
    (tmp_path / "kessai").mkdir()
    (tmp_path / "kessai" / "__init__.py").touch()
    (tmp_path / "kessai" / "__main__.py").write_text(
        "import json, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "ready = {'event': 'ready', 'base_url': 'http://127.0.0.1:8123', 'api_key': 'k'}\n"
        "print('args', sys.argv[1:], file=sys.stderr, flush=True)\n"
        "print(json.dumps(ready), flush=True)\n"
        "signal.pause()\n"
    )
    with RunningServer("--rate-limit", "0", directory=tmp_path, env=UNMEASURED) as server:
        assert (server.port, server.headers) == (8123, {"Authorization": "Bearer k"})
        server.kill()
        assert not server.is_running

        # when it is started again
        server.start()

        # then it is the same command, and it ends in order
        assert server.terminate() == 0
        assert server.stderr.count("args ['serve', '--json', '--port', '0', '--rate-limit', '0']") == 2
