"""`kessai listen`, `kessai events` and `kessai trigger` as installed, against a server that runs."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from kessai.cli import main
from kessai.cli.remote.recipes import RECIPES
from tests.e2e.command import Ended, kessai
from tests.e2e.running import running
from tests.support.processes import UNMEASURED, free_port, wait_until
from tests.support.receiver import Answer, Receiver
from tests.support.server import RunningServer, Serve

ENDPOINTS = "/api/v1/webhooks/endpoints"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One for the tests that leave it running and remove what they register."""
    with RunningServer(
        "--rate-limit", "0", directory=tmp_path_factory.mktemp("watched"), env=UNMEASURED
    ) as it:
        yield it


def endpoints(server: RunningServer) -> list[dict[str, Any]]:
    """Those that are registered."""
    answer = httpx.get(server.base_url + ENDPOINTS, headers=server.headers)
    return list(answer.json()["data"])


def asking(
    server: RunningServer, *arguments: str, directory: Path, env: Mapping[str, str] | None = None
) -> Ended:
    """`kessai ARGUMENTS` of this server."""
    return kessai(*arguments, *whose(server), directory=directory, env=env)


def whose(server: RunningServer) -> tuple[str, ...]:
    """The options that name a server and its merchant's key."""
    return ("--url", server.base_url, "--api-key", server.api_key or "sk_test_kessai")


async def test_a_webhook_is_passed_on_byte_for_byte_and_its_answer_back(
    server: RunningServer, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.answer(Answer(418, {"Content-Type": "text/x-tea"}, b"short and stout"))
    wanted = ("--events", "payment.failed", "--forward-to", receiver.url)
    with running("listen", "--json", *wanted, "--url", server.base_url, directory=tmp_path) as listener:
        endpoint = (await asyncio.to_thread(listener.said, "listening"))["endpoint"]
        assert "temporary" in endpoint["description"]
        assert [each["id"] for each in endpoints(server)] == [endpoint["id"]]

        # when a payment fails
        made = await asyncio.to_thread(
            asking, server, "trigger", "payment.failed", "--json", directory=tmp_path
        )
        event_id = made.answer["event"]["id"]
        (webhook,) = await receiver.wait_for(1)

        # then the code under test gets what the server signed
        signature = hmac.new(endpoint["secret"].encode(), webhook.body, hashlib.sha256).hexdigest()
        assert webhook.headers["x-webhook-signature"] == signature
        assert webhook.headers["user-agent"].startswith("kessai/")
        assert webhook.path == "/webhooks"

        # and the server records what that code answered
        answered = await asyncio.to_thread(listener.said, "answered")
        assert (answered["event_id"], answered["status_code"]) == (event_id, 418)
        shown = await asyncio.to_thread(
            asking, server, "events", "show", event_id, "--json", directory=tmp_path
        )
        (delivery,) = shown.answer["deliveries"]
        assert delivery["body"].encode() == webhook.body
        assert (delivery["attempts"][0]["status_code"], delivery["attempts"][0]["answer"]) == (
            418,
            "short and stout",
        )

        # and Ctrl-C leaves nothing behind
        assert await asyncio.to_thread(listener.end) == 0
    assert listener.stderr == ""
    assert endpoints(server) == []


def test_a_target_that_is_down_is_told_of_on_both_sides(server: RunningServer, tmp_path: Path) -> None:
    target = f"http://127.0.0.1:{free_port()}/hook"
    wanted = ("--events", "payment.failed", "--forward-to", target, "--print-secret")
    with running("listen", *wanted, "--url", server.base_url, directory=tmp_path) as listener:
        assert listener.line().startswith("whsec_")
        while "Secret" not in listener.line():
            pass

        made = asking(server, "trigger", "payment.failed", "--json", directory=tmp_path).answer

        event_id, payment_id = made["event"]["id"], made["payment"]["id"]
        arrived, answered = listener.line(), listener.line()
        assert f"--> payment.failed           {event_id}  payment {payment_id} FAILED" in arrived
        assert f"<-- [---] POST {target}" in answered
        assert answered.endswith("connection refused")
        shown = asking(server, "events", "show", event_id, directory=tmp_path).stdout
        assert "answered 502" in shown
        assert f"kessai listen: POST {target}: connection refused" in shown

        again = asking(server, "events", "resend", event_id, directory=tmp_path)
        assert endpoints(server)[0]["url"] in again.stdout
        assert event_id in listener.line()

        assert listener.end(signal.SIGTERM) == 0
    assert endpoints(server) == []


def test_the_server_may_go_and_come_back(serve: Serve, tmp_path: Path) -> None:
    server = serve("--rate-limit", "0", "--port", str(free_port()), env=UNMEASURED)
    with (
        running("listen", "--json", "--url", server.base_url, directory=tmp_path) as listener,
        running("events", "tail", "--json", "--url", server.base_url, directory=tmp_path) as tail,
    ):
        before = listener.said("listening")["endpoint"]
        asking(server, "trigger", "payment.authorized", directory=tmp_path)
        assert tail.said("payment.authorized")

        # when it comes back with an empty database
        server.terminate()
        listener.said("away")
        wait_until(lambda: "does not answer" in tail.stderr, timeout_s=10, what="the tail's notice")
        for file in tmp_path.glob("kessai.db*"):
            file.unlink()
        server.start()
        listener.said("back")

        # then the endpoint is there again, with the same secret
        (after,) = endpoints(server)
        secret = httpx.get(f"{server.base_url}{ENDPOINTS}/{after['id']}/secret", headers=server.headers)
        assert (after["url"], secret.json()["secret"]) == (before["url"], before["secret"])
        made = asking(server, "trigger", "payment.canceled", "--json", directory=tmp_path).answer
        assert tail.said("payment.canceled")["id"] == made["event"]["id"]
        while listener.said("arrived")["event_id"] != made["event"]["id"]:
            pass

        assert (listener.end(), tail.end()) == (0, 0)
    assert tail.stderr.count("does not answer") == 1
    assert "is back" in tail.stderr


async def test_a_target_that_says_gone_ends_it(
    server: RunningServer, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.answer(410)
    wanted = ("--forward-to", receiver.url, "--events", "payment.failed", "--url", server.base_url)
    with running("listen", "--json", *wanted, directory=tmp_path) as listener:
        await asyncio.to_thread(listener.said, "listening")

        await asyncio.to_thread(asking, server, "trigger", "payment.failed", directory=tmp_path)

        assert await asyncio.to_thread(listener.process.wait, 15) == 1
    assert "the endpoint was disabled: the endpoint answered 410 Gone" in listener.stderr
    assert endpoints(server) == []


def test_an_endpoint_that_could_not_be_removed_is_told_of(serve: Serve, tmp_path: Path) -> None:
    gone = serve(env=UNMEASURED)
    with running("listen", "--json", "--url", gone.base_url, directory=tmp_path) as listener:
        endpoint = listener.said("listening")["endpoint"]
        gone.kill()

        assert listener.end() == 3
    assert f"endpoint {endpoint['id']} was not removed" in listener.stderr
    assert f"DELETE {ENDPOINTS}/{endpoint['id']}" in listener.stderr


@pytest.mark.parametrize("event", RECIPES)
def test_every_event_is_made_of_real_objects(
    server: RunningServer, event: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # of rupees the disputes of the others may have left nothing to pay out
    known = {"amount": "1200", "currency": "JPY"} if event.startswith("payout") else {"amount": "1200"}
    set_ = [f"{name}={value}" for name, value in known.items() if name in RECIPES[event].names]
    options = [part for each in set_ for part in ("--set", each)]
    with pytest.raises(SystemExit) as ended:
        main(["trigger", event, "--json", *options, *whose(server)])

    written = capsys.readouterr()
    assert ended.value.code == 0, written.err
    made = json.loads(written.out)
    told = made.pop("event")
    assert told["event"] == event
    moving = {name: each for name, each in made.items() if name in ("payment", "intent", "setup")}
    for name, each in moving.items():
        kept = httpx.get(f"{server.base_url}/api/v1/{name}s/{each['id']}", headers=server.headers)
        assert kept.json() == each
        assert each.get("amount", 1200) == 1200
    about = {told["payment_id"], told["document_id"], told["endpoint_id"]}
    assert about & {each["id"] for each in made.values()}
    assert not [each for each in endpoints(server) if "trigger" in str(each["description"])]


def test_a_refusal_of_the_api_is_told_in_its_words(server: RunningServer, tmp_path: Path) -> None:
    for line, words in (
        ("trigger payment.failed --set amount=x --set currency=XYZ", ["valid integer", "ISO 4217"]),
        ("listen --events payment.suceeded", ["payment.succeeded", "endpoint.disabled"]),
        ("events list --type payment.paid", ["payment.succeeded"]),
        ("events show 0199d3c2-5f00-7000-8000-000000000000", ["event"]),
    ):
        refused = asking(server, *line.split(), "--json", directory=tmp_path)
        assert (refused.exit_code, refused.stdout) == (1, ""), line
        told = json.loads(refused.stderr)
        assert told["event"] == "failed"
        for word in words:
            assert word in told["message"]
    stranger = kessai(
        "events", "list", "--url", server.base_url, "--api-key", "sk_test_of_nobody", directory=tmp_path
    )
    assert (stranger.exit_code, "--api-key" in stranger.stderr) == (1, True)


def test_a_list_is_as_long_as_was_asked(server: RunningServer, tmp_path: Path) -> None:
    with httpx.Client(base_url=server.base_url, headers=server.headers) as client:
        payments = [client.post("/api/v1/payments", json={"amount": 1}).json() for _ in range(60)]

    found = asking(server, "events", "list", "--limit", "110", "--json", directory=tmp_path).answer["data"]
    few = asking(server, "events", "list", "--payment", payments[7]["id"], directory=tmp_path).stdout

    assert len({each["id"] for each in found}) == 110
    assert found == sorted(found, key=lambda each: str(each["id"]), reverse=True)
    assert [line.split()[2] for line in few.splitlines()] == ["payment.succeeded", "payment.created"]
