"""Webhooks over real sockets, checked the way a receiver would: with its own few lines, or with a library."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kessai.adapters.clock import SystemClock
from kessai.adapters.webhook_sender import HttpSender
from kessai.domain.delivery import DeliveryStatus
from kessai.domain.destinations import Destinations
from tests.support.manual_clock import ManualClock
from tests.support.receiver import Answer, Received, Receiver
from tests.support.webhooks import Office, open_office


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    sender = HttpSender(clock=SystemClock(), destinations=Destinations(is_local=True), timeout_s=10)
    try:
        # Receivers compare the time of sending with their own.
        clock = ManualClock(SystemClock().now())
        async with open_office(database_url, sender=sender, clock=clock) as opened:
            yield opened
    finally:
        await sender.close()


async def failed_payment_told_to(office: Office, receiver: Receiver) -> Received:
    """The one webhook that tells of a declined payment."""
    await office.pay()
    await office.dispatch()
    return receiver.requests[-1]


async def secrets_of(office: Office) -> tuple[str, ...]:
    """The secrets in force of the only endpoint."""
    (endpoint,) = await office.endpoints.list(office.merchant.id, before=None, limit=1)
    return (await office.endpoints.secrets(office.merchant.id, endpoint.id, at=office.clock.now()))[1]


async def test_the_published_snippet_verifies_it(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver.url, events=["payment.failed"], secret="topsecret")

    request = await failed_payment_told_to(office, receiver)

    expected = hmac.new(b"topsecret", request.body.decode().encode(), hashlib.sha256).hexdigest()
    assert hmac.compare_digest(request.headers["x-webhook-signature"], expected)
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-webhook-event"] == "payment.failed"


async def test_a_standard_webhooks_library_verifies_it(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver.url, events=["payment.failed"])

    request = await failed_payment_told_to(office, receiver)

    (secret,) = await secrets_of(office)
    verified = Webhook(secret).verify(request.body, dict(request.headers))
    assert verified == orjson.loads(request.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body.replace(b"10000", b"10001"), dict(request.headers))


async def test_both_secrets_verify_while_a_rotations_grace_lasts(office: Office, receiver: Receiver) -> None:
    endpoint = await office.endpoint(receiver.url, events=["payment.failed"])
    (old,) = await secrets_of(office)
    _, new, change = await office.endpoints.rotate_secret(
        office.merchant.id, endpoint.id, secret=None, grace=timedelta(hours=1), at=office.clock.now()
    )
    await office.commit(change)

    request = await failed_payment_told_to(office, receiver)

    for secret in (old, new):
        Webhook(secret).verify(request.body, dict(request.headers))
    assert await secrets_of(office) == (new, old)

    office.clock.advance(timedelta(hours=1))
    assert await secrets_of(office) == (new,)


async def test_a_redirect_is_not_followed(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver.url, events=["payment.failed"])
    receiver.answer(Answer(status=307, headers={"Location": f"{receiver.url}/elsewhere"}))

    await failed_payment_told_to(office, receiver)

    assert [request.path for request in receiver.requests] == ["/webhooks"]
    assert (await office.the_report()).delivery.status is DeliveryStatus.RETRYING


async def test_an_endpoint_that_is_down_gets_it_when_it_is_up_again(
    office: Office, receiver: Receiver
) -> None:
    await office.endpoint(receiver.url, events=["payment.failed"])
    await receiver.stop()
    await office.pay()
    await office.dispatch()
    assert (await office.the_report()).delivery.last_error == "connection refused"

    await receiver.start()
    await office.dispatch_in(timedelta(seconds=6))

    assert len(receiver.requests) == 1
    assert (await office.the_report()).delivery.status is DeliveryStatus.SUCCEEDED


async def test_what_the_receiver_answers_is_kept_to_read(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver.url, events=["payment.failed"])
    receiver.answer(Answer(status=500, body=b"no such \x00 order " + b"x" * 10_000))

    await failed_payment_told_to(office, receiver)

    (attempt,) = (await office.the_report()).attempts
    assert attempt.answer.startswith("no such  order xxx")
    assert dict(attempt.answer_headers)["Content-Length"] == "10016"
    assert attempt.first_byte_ms is not None


async def test_an_attempts_headers_are_kept_as_they_were_sent(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver.url, events=["payment.failed"])
    request = await failed_payment_told_to(office, receiver)

    (attempt,) = (await office.the_report()).attempts

    assert {name.lower(): value for name, value in attempt.request_headers} == dict(request.headers)


async def test_of_what_reached_nobody_no_headers_are_kept(office: Office) -> None:
    await office.endpoint("http://127.0.0.1:9/", events=["payment.failed"])
    await office.pay()
    await office.dispatch()

    (attempt,) = (await office.the_report()).attempts

    assert (attempt.error, attempt.request_headers) == ("connection refused", ())


async def test_a_long_answer_is_cut(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver.url, events=["payment.failed"])
    receiver.answer(Answer(status=500, body=b"x" * 10_000))
    await failed_payment_told_to(office, receiver)

    (attempt,) = (await office.the_report()).attempts

    assert len(attempt.answer) < 4096 + 1
