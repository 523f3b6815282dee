"""`kessai serve` on SQLite, as installed: ready, refused, stopped, killed and started again."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.command import Ended, kessai
from tests.support.processes import free_port, plain_environment, wait_until
from tests.support.server import RunningServer, Serve

PAYMENTS = "/api/v1/payments"


def pay(server: RunningServer, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{server.base_url}{PAYMENTS}", json={"amount": 10000}, headers=server.headers | headers
    )


def shown(server: RunningServer, payment_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{server.base_url}{PAYMENTS}/{payment_id}", headers=server.headers)
    assert answer.status_code == 200
    return dict(answer.json())


def assert_a_sentence(ended: Ended, *words: str) -> None:
    """It was refused in words, not with a trace."""
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    for word in words:
        assert word in ended.stderr


def test_one_line_says_that_it_is_ready_and_how_to_get_in(serve: Serve) -> None:
    server = serve()

    assert pay(server).status_code == 201
    assert server.terminate() == 0
    assert [json.loads(line) for line in server.stdout] == [
        {
            "event": "ready",
            "base_url": server.base_url,
            "api_key": "sk_test_kessai",
            "docs_url": f"{server.base_url}/docs",
        }
    ]


def test_a_request_under_way_is_answered_before_it_stops(serve: Serve) -> None:
    server = serve()
    with ThreadPoolExecutor(1) as pool:
        slow = {"amount": 10000, "simulate": "slow", "delay_s": 1}
        asked = pool.submit(
            httpx.post, f"{server.base_url}{PAYMENTS}", json=slow, headers=server.headers, timeout=15
        )
        wait_until(lambda: in_flight(server) > 0, timeout_s=5, what="arrival of the slow request")

        os.kill(server.pid, signal.SIGINT)

        assert asked.result().status_code == 201
    assert server.wait() == 0


def in_flight(server: RunningServer) -> int:
    """Connections somebody has to the server now."""
    port = f":{server.port:04X}"
    lines = [line.split() for line in Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]]
    return sum(line[1].endswith(port) and line[3] == "01" for line in lines)


def test_what_was_acknowledged_is_there_after_a_kill_and_a_new_start(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    payment = pay(server, **{"Idempotency-Key": "order-1"})

    server.kill()
    server.start()

    assert server.api_key == "sk_test_kessai"
    assert shown(server, payment.json()["id"]) == payment.json()
    assert pay(server, **{"Idempotency-Key": "order-1"}).content == payment.content

    # and where others could reach it, a database with a key that everybody knows is not served
    server.terminate()
    refused = kessai("serve", "--host", "0.0.0.0", "--port", "0", directory=tmp_path)
    assert refused.exit_code == 4
    assert_a_sentence(refused, "everybody knows the key sk_test_kessai", "kessai keys rotate")


def test_a_second_server_on_the_same_file_or_port_is_refused(serve: Serve, tmp_path: Path) -> None:
    server = serve()

    same_file = kessai("serve", "--port", "0", directory=tmp_path)
    same_port = kessai("serve", "--port", str(server.port), "--db", "sqlite:///b.db", directory=tmp_path)

    assert (same_file.exit_code, same_port.exit_code) == (4, 4)
    assert_a_sentence(same_file, "kessai.db is in use", f"process {server.pid}")
    assert_a_sentence(same_port, f"port {server.port} on 127.0.0.1 is taken", "--port 0")
    assert not (tmp_path / "b.db").exists()
    assert pay(server).status_code == 201


def test_the_curl_it_prints_can_be_pasted(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "kessai", "serve", "--port", str(port)],
        cwd=tmp_path,
        env=plain_environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    said = ""
    while "-d " not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    pasted = said[said.index("  curl") :]

    answer = json.loads(
        subprocess.check_output(["bash", "-c", pasted.replace("curl ", curl(), 1)], text=True)
    )

    process.terminate()
    process.stdout.close()
    assert process.wait(15) == 0
    assert answer["status"] == "CAPTURED"
    assert f"http://127.0.0.1:{port}\n" in said
    assert f"http://127.0.0.1:{port}/docs" in said
    assert "sk_test_kessai" in said
    assert "kessai.db" in said


def curl() -> str:
    """curl where there is one, or a stand-in that understands the same few options."""
    if shutil.which("curl"):
        return "curl --silent "
    stand_in = (
        "import sys, httpx; url, *rest = sys.argv[1:]; "
        "headers = dict(rest[n + 1].split(': ', 1) for n, word in enumerate(rest) if word == '-H'); "
        "print(httpx.post(url, headers=headers, content=rest[rest.index('-d') + 1]).text)"
    )
    return f'{sys.executable} -c "{stand_in}" '


def test_where_others_can_reach_it_the_key_is_random_and_shown_once(serve: Serve) -> None:
    server = serve("--host", "0.0.0.0")

    made = server.api_key
    assert re.fullmatch(r"sk_test_\w{33}", made)
    assert server.base_url == f"http://127.0.0.1:{server.port}"
    assert pay(server).status_code == 201
    assert pay(server, Authorization="Bearer sk_test_kessai").status_code == 401
    assert server.terminate() == 0

    server.start()

    assert server.api_key == ""
    assert pay(server, Authorization=f"Bearer {made}").status_code == 201
    assert made not in server.stderr


def test_the_first_key_can_be_chosen(serve: Serve) -> None:
    server = serve("--api-key", "sk_test_of_my_own", "--rate-limit", "1")

    assert server.api_key == "sk_test_of_my_own"
    assert [pay(server).status_code, pay(server).status_code] == [201, 429]


def test_in_production_no_merchant_is_made_silently(serve: Serve, tmp_path: Path) -> None:
    env = {"KESSAI_ENV": "production", "API_SECRET_KEY": "a-long-secret-of-this-test-and-only-of-it"}
    server = serve(env=env)
    assert server.api_key == ""
    assert pay(server, Authorization="Bearer sk_test_kessai").status_code == 401
    server.terminate()

    made = kessai("merchants", "create", "--name", "店", "--json", directory=tmp_path, env=env).answer

    server.start()
    key = made["api_key"]["secret_key"]
    assert pay(server, Authorization=f"Bearer {key}").status_code == 201


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "kessai.db").write_text("my notes, which nobody must touch\n" * 100)

    refused = kessai("serve", "--port", "0", directory=tmp_path)

    assert refused.exit_code == 4
    assert_a_sentence(refused, "kessai.db", "not a database")
    assert (tmp_path / "kessai.db").read_text().startswith("my notes")
