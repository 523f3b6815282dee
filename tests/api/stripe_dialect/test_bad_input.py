"""What a confused client sends: every operation refuses it in Stripe's own shape, and nothing breaks."""

from __future__ import annotations

import random
from typing import Any, Final

import httpx
import orjson
import pytest

from kessai.dialects.stripe.declaring import StripeRoute
from kessai.dialects.stripe.routes import every_route
from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.stripe_odd import asked

ROUTES: Final = every_route()
LONG: Final = "a" * 5_001


@pytest.mark.parametrize("route", ROUTES, ids=lambda each: f"{each.method} {each.template}")
async def test_odd_values_are_refused_and_break_nothing(stripe: Stripe, route: StripeRoute) -> None:
    chance = random.Random(route.template + route.method)
    for _ in range(25):
        path, fields = asked(route, chance)
        answer = await send(stripe.client, route.method, path, fields)
        assert answer.status_code < 500, (path, fields, answer.text)
        found = answer.json()
        if answer.status_code >= 400:
            assert set(found) == {"error"}, (path, fields, found)
            assert found["error"]["type"] in ("invalid_request_error", "card_error"), found
            assert found["error"]["message"]
        elif stripe.judge is not None:
            assert stripe.judge.problems(route.method, path, answer.status_code, found) == [], (path, fields)


async def send(client: httpx.AsyncClient, method: str, path: str, fields: dict[str, str]) -> httpx.Response:
    url = httpx.URL("http://localhost", raw_path=path.encode())
    sent: dict[str, Any] = {"params": fields} if method == "GET" else {"data": fields}
    return await client.request(method, url, **sent)


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Type": "application/json"}, orjson.dumps({"amount": 100, "currency": "usd"})),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\n--x--"),
        ({}, b"\xff\xfe"),
        ({}, b"a%ZZ=1"),
        ({}, b"amount[=1"),
        ({}, b"amount=1&amount[a]=2"),
        ({}, b"&".join(b"metadata[%d]=x" % number for number in range(1_000))),
        ({}, b"a" * 70_000),
    ],
)
async def test_odd_bodies_are_refused(stripe: Stripe, headers: dict[str, str], content: bytes) -> None:
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    answer = await stripe.client.post("/v1/payment_intents", content=content, headers=sent)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_what_is_not_simulated_says_so(gateway: Gateway, stripe: Stripe) -> None:
    for method, path in (("GET", "/invoices"), ("POST", "/subscriptions"), ("DELETE", "/coupons/x")):
        error = await stripe.refused(method, path, 400)
        assert "not simulated" in error["message"]
    answer = await stripe.client.get("/v2/core/events")
    assert (answer.status_code, "not simulated" in answer.json()["error"]["message"]) == (400, True)
    assert answer.json()["error"]["type"] == "invalid_request_error"
    error = await stripe.refused("GET", "/nothing", 404)
    assert "Unrecognized request URL" in error["message"]
    error = await stripe.refused(
        "POST", "/payment_intents", amount=100, currency="usd", on_behalf_of="acct_1"
    )
    assert (error["param"], "not simulated" in error["message"]) == ("on_behalf_of", True)


@pytest.mark.parametrize(
    ("path", "given", "param"),
    [
        ("/sources", {"type": "card", "token": "tok_visa", "owner": {"email": LONG}}, "owner[email]"),
        ("/refunds", {"charge": "py_1", "instructions_email": LONG}, "instructions_email"),
        ("/shipping_rates", {"display_name": "A", "tax_code": LONG}, "tax_code"),
        ("/payment_intents", {"amount": 100, "currency": "usd", "receipt_email": LONG}, "receipt_email"),
    ],
)
async def test_no_text_is_longer_than_answers_may_show(
    stripe: Stripe, path: str, given: dict[str, Any], param: str
) -> None:
    assert (await stripe.refused("POST", path, **given))["param"] == param
