"""Asking through the API why a webhook does not verify: what is answered, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kessai.services.ports import WebhookRequest
from tests.support.gateway import UNKNOWN, Gateway, refusal, stored_bytes
from tests.support.webhooks import until

URL = "http://receiver.test/webhooks"
BODY = '{"event":"ping"}'
HEX = "2e2c477dba4ef8b1425246164b6853ed593e8ddbe5b92754d3788274aacbd351"
QUESTION: dict[str, Any] = {"body": BODY, "headers": {"X-Webhook-Signature": HEX}, "secret": "topsecret"}


async def endpoint_of(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/webhooks/endpoints", json={"url": URL, **fields})
    assert answer.status_code == 201, answer.text
    endpoint: dict[str, Any] = answer.json()
    return endpoint


async def verified(gateway: Gateway, **changed: Any) -> dict[str, Any]:
    """The answer to a good question."""
    asked = {name: value for name, value in {**QUESTION, **changed}.items() if value is not None}
    answer = await gateway.client.post("/webhooks/verify", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["valid"] == all(each["valid"] for each in found["schemes"])
    return found


def last_step(found: dict[str, Any], scheme: str = "native") -> dict[str, Any]:
    (verdict,) = [each for each in found["schemes"] if each["scheme"] == scheme]
    step: dict[str, Any] = verdict["steps"][-1]
    return step


async def delivered(gateway: Gateway) -> WebhookRequest:
    """The webhook that tells of a payment's failure, as it was posted just now."""

    def posted() -> list[WebhookRequest]:
        return [each for each in gateway.sender.posts if b'"payment.failed"' in each.body]

    async def is_posted() -> bool:
        return bool(posted())

    gateway.sender.posts.clear()
    await gateway.pay(simulate="card_declined")
    worker = gateway.joined.worker
    working = asyncio.create_task(worker.run())
    try:
        await until(is_posted)
    finally:
        await worker.stop()
        await working
    return posted()[-1]


def as_received(post: WebhookRequest) -> dict[str, Any]:
    return {"body": post.body.decode(), "headers": dict(post.headers)}


async def test_a_webhook_as_it_was_sent_verifies_with_its_endpoint(each_gateway: Gateway) -> None:
    endpoint = await endpoint_of(each_gateway.client, events=["payment.failed"])
    post = await delivered(each_gateway)

    found = await verified(each_gateway, **as_received(post), secret=None, endpoint_id=endpoint["id"])

    assert found["valid"]
    assert [each["scheme"] for each in found["schemes"]] == ["native", "standard_webhooks"]
    assert last_step(found, "standard_webhooks") == {
        "name": "age",
        "ok": True,
        "message": "sent 0 s before it was received",
        "hint": None,
    }


async def test_headers_may_come_as_a_list(gateway: Gateway) -> None:
    headers = [{"name": "x-webhook-signature", "value": HEX}, {"name": "Accept", "value": "*/*"}]

    assert (await verified(gateway, headers=headers))["valid"]


async def test_a_body_that_was_written_anew_is_told_where_it_differs(each_gateway: Gateway) -> None:
    await endpoint_of(each_gateway.client, events=["payment.failed"], secret="topsecret")
    post = await delivered(each_gateway)
    spaced = json.dumps(json.loads(post.body))

    found = await verified(each_gateway, headers=dict(post.headers), body=spaced)

    assert not found["valid"]
    for scheme in ("native", "standard_webhooks"):
        step = last_step(found, scheme)
        assert step["name"] == "signature"
        assert "parsed and written anew after it was signed: they differ first at byte 7" in step["message"]


async def test_a_body_that_was_altered_is_held_against_the_event(each_gateway: Gateway) -> None:
    endpoint = await endpoint_of(each_gateway.client, events=["payment.failed"])
    post = await delivered(each_gateway)
    altered = post.body.decode().replace("10000", "10001")

    found = await verified(
        each_gateway, headers=dict(post.headers), body=altered, secret=None, endpoint_id=endpoint["id"]
    )

    message = last_step(found)["message"]
    assert "the body is not what was sent for this event" in message
    assert "10000" in message
    assert "10001" in message


async def test_a_wrong_secret_and_the_true_body_are_told_apart(gateway: Gateway) -> None:
    deleted = await endpoint_of(gateway.client, events=["payment.failed"])
    post = await delivered(gateway)
    await gateway.client.delete(f"/webhooks/endpoints/{deleted['id']}")

    found = await verified(gateway, **as_received(post))

    assert "byte for byte, so the secret is another one" in last_step(found)["message"]


async def test_the_secret_of_another_endpoint_is_recognised(gateway: Gateway) -> None:
    signing = await endpoint_of(gateway.client, events=["payment.failed"])
    other = await endpoint_of(gateway.client, events=["payment.created"])
    post = await delivered(gateway)

    found = await verified(gateway, **as_received(post), secret=None, endpoint_id=other["id"])

    assert f"the secret of your endpoint {signing['id']}" in last_step(found)["message"]


async def test_the_secret_before_a_rotation_is_recognised_after_its_grace(gateway: Gateway) -> None:
    endpoint = await endpoint_of(gateway.client, events=["payment.failed"])
    post = await delivered(gateway)
    path = f"/webhooks/endpoints/{endpoint['id']}/rotate-secret"
    await gateway.client.post(path, json={"grace_period_s": 60})
    question = {**as_received(post), "secret": None, "endpoint_id": endpoint["id"]}
    # while the grace period lasts, both will do
    assert (await verified(gateway, **question))["valid"]

    gateway.clock.advance(timedelta(seconds=60))
    found = await verified(gateway, **question)

    assert f"the secret that your endpoint {endpoint['id']} had before" in last_step(found)["message"]


async def test_a_message_grows_old_on_the_gateways_clock(gateway: Gateway) -> None:
    await endpoint_of(gateway.client, events=["payment.failed"], secret="topsecret")
    post = await delivered(gateway)
    gateway.clock.advance(timedelta(seconds=301))

    late = await verified(gateway, **as_received(post))
    in_time = await verified(gateway, **as_received(post), received_at="2026-01-31T12:01:00Z")
    patient = await verified(gateway, **as_received(post), tolerance_s=301)

    assert last_step(late, "standard_webhooks")["name"] == "age"
    assert "too old" in last_step(late, "standard_webhooks")["message"]
    assert last_step(late)["ok"]
    assert in_time["valid"]
    assert patient["valid"]


async def test_messages_of_other_companies_are_looked_at_too(gateway: Gateway) -> None:
    whsec = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    stripe = "t=1700000000,v1=388e35c76d21a7118af813e96dab626208560bf7fa2c91b5dc9c422f6b54a9e9"
    at = "2023-11-14T22:13:20Z"

    of_stripe = await verified(gateway, headers={"stripe-signature": stripe}, secret=whsec, received_at=at)
    of_razorpay = await verified(gateway, headers={"x-razorpay-signature": HEX})

    assert of_stripe["valid"]
    assert of_razorpay["valid"]
    assert [each["scheme"] for each in (*of_stripe["schemes"], *of_razorpay["schemes"])] == [
        "stripe",
        "razorpay",
    ]


async def test_nothing_is_stored_and_the_key_counts_as_used(each_gateway: Gateway) -> None:
    before = await each_gateway.rows()

    await verified(each_gateway)

    assert await each_gateway.rows() == before
    (key,) = (await each_gateway.client.get("/merchants/me/api-keys")).json()["data"]
    await each_gateway.joined.pruning.run()
    (key,) = (await each_gateway.client.get("/merchants/me/api-keys")).json()["data"]
    assert key["last_used_at"] == "2026-01-31T12:00:00Z"


async def test_with_an_idempotency_key_the_answer_is_kept_sealed(
    gateway: Gateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret, marked = "a-secret-that-must-not-be-kept", '{"note":"a-body-that-must-not-be-kept"}'
    question = {**QUESTION, "secret": secret, "body": json.dumps({"note": "a-body-that-must-not-be-kept"})}
    path, headers = "/webhooks/verify", {"Idempotency-Key": "ask once"}

    first = await gateway.client.post(path, json=question, headers=headers)
    second = await gateway.client.post(path, json=question, headers=headers)

    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    assert (await gateway.rows())["idempotency_keys"] == 1
    kept = stored_bytes(tmp_path)
    for text in (secret, marked, "must-not-be-kept", "fits neither"):
        assert text.encode() not in kept
    assert secret not in first.text + caplog.text


async def test_the_secret_is_not_repeated_whatever_is_wrong(gateway: Gateway) -> None:
    secret = "a-secret-that-must-not-be-told"
    questions: tuple[dict[str, Any], ...] = (
        {**QUESTION, "secret": secret},
        {**QUESTION, "secret": secret, "headers": 1},
        {**QUESTION, "secret": [secret]},
        {**QUESTION, "secret": secret, "endpoint_id": UNKNOWN},
        {**QUESTION, "secret": secret * 100},
    )
    for question in questions:
        answer = await gateway.client.post("/webhooks/verify", json=question)
        assert secret not in answer.text


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"body": None}, "body"),
        ({"body": {"event": "ping"}}, "body"),
        ({"body": "x" * 65_537}, None),
        ({"headers": None}, "headers"),
        ({"headers": "X-Webhook-Signature: 1"}, "headers"),
        ({"headers": {"X-Webhook-Signature": 1}}, "headers.0.value"),
        ({"headers": {"": "1"}}, "headers.0.name"),
        ({"headers": [["a", "1"]]}, "headers.0"),
        ({"headers": [{"name": "a"}]}, "headers.0.value"),
        ({"headers": {f"a{number}": "1" for number in range(101)}}, "headers"),
        ({"secret": None}, "secret"),
        ({"secret": ""}, "secret"),
        ({"secret": "x" * 1_025}, "secret"),
        ({"endpoint_id": UNKNOWN}, "secret"),
        ({"secret": None, "endpoint_id": "mine"}, "endpoint_id"),
        ({"secret": None, "endpoint_id": 1}, "endpoint_id"),
        ({"tolerance_s": -1}, "tolerance_s"),
        ({"tolerance_s": 604_801}, "tolerance_s"),
        ({"tolerance_s": "300"}, "tolerance_s"),
        ({"received_at": 1_700_000_000}, "received_at"),
        ({"received_at": "yesterday"}, "received_at"),
        ({"signature": HEX}, "signature"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    gateway: Gateway, changed: dict[str, Any], param: str | None
) -> None:
    asked = {name: value for name, value in {**QUESTION, **changed}.items() if value is not None}

    answer = await gateway.client.post("/webhooks/verify", json=asked)

    if param is None:
        refusal(answer, 413, "BODY_TOO_LARGE")
    else:
        assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param


async def test_an_endpoint_of_somebody_else_is_unknown(gateway: Gateway) -> None:
    theirs = await endpoint_of(await gateway.another_merchant())

    for endpoint_id in (theirs["id"], UNKNOWN):
        question: dict[str, Any] = {"body": BODY, "headers": {}, "endpoint_id": endpoint_id}
        refusal(await gateway.client.post("/webhooks/verify", json=question), 404, "NOT_FOUND")


async def test_what_others_were_sent_explains_nothing(gateway: Gateway) -> None:
    await endpoint_of(await gateway.another_merchant(), secret="topsecret")

    found = await verified(gateway, secret="wrong-secret")

    assert "fits neither" in last_step(found)["message"]


@pytest.mark.parametrize("event_id", ["no id", UNKNOWN, UNKNOWN.upper()])
async def test_an_event_that_is_not_there_does_no_harm(each_gateway: Gateway, event_id: str) -> None:
    headers = {"X-Webhook-Signature": HEX, "X-Webhook-Id": event_id}

    assert (
        "fits neither" in last_step(await verified(each_gateway, headers=headers, secret="wrong"))["message"]
    )
