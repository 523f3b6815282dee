"""Whatever the OpenAPI document allows, and much that it does not: the answers are those it documents.

SCHEMATHESIS_EXAMPLES sets how many requests each operation gets besides those that cover its schema.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings

from kessai.control import health_routes
from kessai.control.document import openapi_document
from kessai.control.metrics import Metrics
from kessai.dialects.native.dialect import NativeDialect
from kessai.http.answer import AnswerLostError
from tests.support.contract import CHECKS, Case, make_known
from tests.support.gateway import ROOT, Gateway, opened_gateway
from tests.support.manual_clock import ManualClock

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "6"))
ROUTERS = [*NativeDialect().routers, ("", health_routes.router), ("", Metrics().router())]
schema = schemathesis.openapi.from_dict(openapi_document(ROUTERS))


class RestlessClock(ManualClock):
    """Time passes as soon as somebody wants to wait: a generated request may ask for a slow answer."""

    async def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))


class Seat:
    """A gateway with one of each thing, and the loop it lives in."""

    def __init__(self, database_url: str) -> None:
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        opening = opened_gateway(database_url, clock=RestlessClock())
        self.gateway: Gateway = self.runner.run(self._stack.enter_async_context(opening))
        self.ids = self.runner.run(self._furnish())

    async def _furnish(self) -> dict[str, str]:
        client = self.gateway.client
        endpoint = await client.post("/webhooks/endpoints", json={"url": "http://receiver.test/hook"})
        payment = await self.gateway.pay(100)
        refund = await client.post(f"/payments/{payment['id']}/refund", json={"amount": 1})
        event = (await client.get("/webhooks/events")).json()["data"][0]
        key = await client.post("/merchants/me/api-keys")
        await self.gateway.pay(100, simulate="dispute")
        dispute = (await client.get("/disputes")).json()["data"][0]
        await self.gateway.pay(90_000, simulate="available_at_once")
        payout = (await client.post("/payouts", json={"amount": 1})).json()
        found = {"endpoint": endpoint.json(), "payment": payment, "refund": refund.json(), "event": event}
        found |= {"dispute": dispute, "payout": payout}
        customer = (await client.post("/customers")).json()
        saved = await client.post("/instruments", json={"type": "wallet", "customer_id": customer["id"]})
        found |= {"customer": customer, "instrument": saved.json()}
        intent = await client.post("/intents", json={"amount": 100, "instrument_id": saved.json()["id"]})
        setup = await client.post("/setups", json={"instrument_id": saved.json()["id"]})
        found |= {"intent": intent.json(), "setup": setup.json()}
        return {f"{name}_id": each["id"] for name, each in {**found, "key": key.json()}.items()}

    def send(self, case: Case) -> httpx.Response:
        """Send a case; about half of the ids in paths are made those of things that are there."""
        make_known(case, self.ids)
        headers = {"Authorization": self.gateway.client.headers["authorization"]}
        prepared = requests.Request(**case.as_transport_kwargs(base_url=ROOT, headers=headers)).prepare()
        wire_headers = [(name.encode(), as_bytes(value)) for name, value in prepared.headers.items()]
        content = prepared.body or b""
        assert isinstance(content, str | bytes)
        asked = httpx.Request(
            prepared.method or "", prepared.url or "", headers=wire_headers, content=content
        )
        return self.runner.run(self.gateway.stranger.send(asked))

    def close(self) -> None:
        self.runner.run(self._stack.aclose())
        self.runner.close()


def as_bytes(value: str | bytes) -> bytes:
    """A header as it goes over the wire."""
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")


@pytest.fixture
def seat(sqlite_url: str) -> Iterator[Seat]:
    """A gateway of this test's own."""
    seat = Seat(sqlite_url)
    yield seat
    seat.close()


def test_the_document_is_the_one_that_is_served(seat: Seat) -> None:
    served = seat.runner.run(seat.gateway.stranger.get("/openapi.json"))
    assert served.json() == schema.raw_schema


def test_a_slow_answer_keeps_nobody_waiting(seat: Seat) -> None:
    slow = {"amount": 100, "simulate": "slow"}
    answer = seat.runner.run(seat.gateway.client.post("/payments", json=slow))
    assert answer.status_code == 201, answer.text


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_answers_are_as_documented(case: Case, seat: Seat) -> None:
    try:
        answer = seat.send(case)
    except AnswerLostError:
        # A generated request may ask for just that.
        assert isinstance(case.body, dict)
        assert case.body["simulate"] == "lost_response"
    else:
        case.validate_response(answer, checks=CHECKS)
