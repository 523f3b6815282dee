"""`kessai` on PostgreSQL, as a team runs it: several workers, a dispatcher apart, operators beside."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.e2e.command import kessai
from tests.support.postgres import Postgres
from tests.support.processes import wait_until
from tests.support.receiver import Receiver
from tests.support.server import RunningServer, Serve

pytestmark = pytest.mark.postgresql

PAYMENTS = "/api/v1/payments"


def pay(server: RunningServer, count: int = 1) -> list[int]:
    """The status of each of `count` payments, every one over a connection of its own."""
    return [
        httpx.post(f"{server.base_url}{PAYMENTS}", json={"amount": 10000}, headers=server.headers).status_code
        for _ in range(count)
    ]


def counted_payments(server: RunningServer) -> int:
    """How many payments the metrics know of, whichever worker is asked."""
    text = httpx.get(f"{server.base_url}/metrics").text
    found = re.search(r'^kessai_events_total\{type="payment.succeeded"\} (\d+)', text, re.MULTILINE)
    return int(found[1]) if found else 0


def worker_pids(server: RunningServer) -> list[int]:
    """The processes that serve: children of the supervisor that are not multiprocessing's own helper."""
    pids = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [int(pid) for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_workers_share_a_port_a_merchant_and_the_metrics(
    serve: Serve, postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    server = serve("--workers", "2", "--db", postgres_url, env={"TMPDIR": str(scratch)})

    # the workers have the flags, the port and the first merchant's key
    assert server.api_key == "sk_test_kessai"
    assert len(worker_pids(server)) == 2
    assert pay(server, 20) == [201] * 20
    assert [path.name.startswith("kessai-metrics-") for path in scratch.iterdir()] == [True]
    assert counted_payments(server) == 20
    database = postgres_url.rpartition("/")[2]
    assert postgres.sql("SELECT count(*) FROM merchants", database=database) == ["1"]

    # a worker that dies is replaced
    victim = worker_pids(server)[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in worker_pids(server), timeout_s=20, what="the end of a worker")
    assert pay(server, 5) == [201] * 5

    assert server.terminate() == 0
    assert list(scratch.iterdir()) == []


async def test_a_dispatcher_delivers_what_others_took(
    serve: Serve, postgres_url: str, receiver: Receiver
) -> None:
    server = serve("--no-dispatch", "--db", postgres_url)
    endpoint = {"url": receiver.url, "events": ["payment.succeeded"]}
    async with httpx.AsyncClient(base_url=server.base_url, headers=server.headers) as client:
        assert (await client.post("/api/v1/webhooks/endpoints", json=endpoint)).status_code == 201
        assert (await client.post(PAYMENTS, json={"amount": 10000})).status_code == 201

    dispatcher = serve("--port", "0", "--db", postgres_url, command="dispatch")

    [webhook] = await receiver.wait_for(1)
    assert webhook.headers["x-webhook-event"] == "payment.succeeded"
    async with httpx.AsyncClient(base_url=dispatcher.base_url) as client:
        answers = [
            (await client.get(path)).status_code for path in ("/livez", "/readyz", "/metrics", PAYMENTS)
        ]
    assert answers == [200, 200, 200, 404]
    assert dispatcher.terminate() == 0


def test_a_key_is_rotated_beside_a_running_server(serve: Serve, postgres_url: str, tmp_path: Path) -> None:
    server = serve("--db", postgres_url, "--rate-limit", "0")
    assert pay(server) == [201]
    env = {"DATABASE_URL": postgres_url}
    [key] = kessai("keys", "list", "--json", directory=tmp_path, env=env).answer["data"]

    rotated = kessai("keys", "rotate", key["id"], "--json", directory=tmp_path, env=env).answer["api_key"]

    wait_until(lambda: pay(server) == [401], timeout_s=5, what="refusal of the old key")
    server.api_key = rotated["secret_key"]
    assert pay(server) == [201]
