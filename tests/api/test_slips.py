"""The page of a slip: what is to be paid, without a key, until it is paid or has lapsed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.gateway import UNKNOWN, Gateway, refusal

MINUTE = timedelta(minutes=1)


async def with_slip(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    payment = await gateway.pay(payment_method={"type": "konbini"}, **fields)
    assert payment["status"] == "PENDING"
    return payment


async def tried_with_slip(gateway: Gateway) -> dict[str, Any]:
    """An intent that was confirmed with a konbini slip."""
    konbini = (await gateway.client.post("/instruments", json={"type": "konbini"})).json()
    asked = {"amount": 10_000, "currency": "JPY", "instrument_id": konbini["id"]}
    made = (await gateway.client.post("/intents", json=asked)).json()
    tried: dict[str, Any] = (await gateway.client.post(f"/intents/{made['id']}/confirm")).json()
    return tried


async def test_the_page_tells_the_payer_what_to_pay(each_gateway: Gateway) -> None:
    payment = await with_slip(each_gateway, amount=123_456, description="<b>Tea & more</b>")

    answer = await each_gateway.stranger.get(payment["next_action"]["redirect_url"])

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "1,234.56 INR" in answer.text
    assert "&lt;b&gt;Tea &amp; more&lt;/b&gt;" in answer.text


@pytest.mark.parametrize(
    ("outcome", "status", "error_code", "event"),
    [
        ("pay", "CAPTURED", None, "payment.succeeded"),
        ("lapse", "FAILED", "PAYMENT_NOT_COMPLETED", "payment.failed"),
    ],
)
async def test_the_payer_settles_it(
    each_gateway: Gateway, outcome: str, status: str, error_code: str | None, event: str
) -> None:
    payment = await with_slip(each_gateway)
    url = payment["next_action"]["redirect_url"]

    answer = await each_gateway.stranger.post(url, params={"outcome": outcome})

    assert answer.status_code == 200
    assert status in answer.text
    settled = await each_gateway.payment(payment["id"])
    assert (settled["status"], settled["error_code"], settled["next_action"]) == (status, error_code, None)
    events = (await each_gateway.client.get("/webhooks/events", params={"payment_id": payment["id"]})).json()
    assert [each["event"] for each in events["data"]] == [event, "payment.created"]

    # and neither the clock nor the payer settles it again
    assert await each_gateway.tick(10 * MINUTE) == 0
    assert status in (await each_gateway.stranger.get(url)).text
    for again in ("pay", "lapse"):
        late = await each_gateway.stranger.post(url, params={"outcome": again})
        refusal(late, 422, "INVALID_PAYMENT_STATE")
    assert await each_gateway.payment(payment["id"]) == settled


async def test_a_slip_is_settled_by_the_clock_if_nobody_comes(gateway: Gateway) -> None:
    payment = await with_slip(gateway)
    await gateway.tick(2 * MINUTE)
    late = await gateway.stranger.post(payment["next_action"]["redirect_url"], params={"outcome": "lapse"})
    refusal(late, 422, "INVALID_PAYMENT_STATE")
    assert (await gateway.payment(payment["id"]))["status"] == "CAPTURED"


async def test_a_slip_that_is_paid_comes_to_what_was_simulated(gateway: Gateway) -> None:
    never = await with_slip(gateway, simulate="pending_failure")
    fails = await with_slip(gateway, simulate="bank_error")
    for payment, status in ((never, "CAPTURED"), (fails, "FAILED")):
        answer = await gateway.stranger.post(
            payment["next_action"]["redirect_url"], params={"outcome": "pay"}
        )
        assert answer.status_code == 200
        assert (await gateway.payment(payment["id"]))["status"] == status


async def test_an_intent_waits_for_whoever_has_its_slip(each_gateway: Gateway) -> None:
    client, tried = each_gateway.client, await tried_with_slip(each_gateway)

    assert tried["status"] == "REQUIRES_ACTION"
    url = tried["next_action"]["redirect_url"]
    assert url.endswith(f"/slips/{tried['payment_id']}")
    assert (await each_gateway.stranger.post(url, params={"outcome": "pay"})).status_code == 200
    paid = (await client.get(f"/intents/{tried['id']}")).json()
    assert (paid["status"], paid["captured_amount"], paid["next_action"]) == ("SUCCEEDED", 10_000, None)


async def test_an_intent_that_is_given_up_takes_its_slip_along(each_gateway: Gateway) -> None:
    client, tried = each_gateway.client, await tried_with_slip(each_gateway)

    gone = (await client.post(f"/intents/{tried['id']}/cancel")).json()

    assert (gone["status"], gone["next_action"]) == ("CANCELED", None)
    told = (await client.get("/webhooks/events", params={"payment_id": tried["payment_id"]})).json()
    assert [each["event"] for each in told["data"]] == ["payment.failed", "payment.pending"]
    late = await each_gateway.stranger.post(tried["next_action"]["redirect_url"], params={"outcome": "pay"})
    refusal(late, 422, "INVALID_PAYMENT_STATE")
    assert await each_gateway.tick(10 * MINUTE) == 0


@pytest.mark.parametrize("query", ["", "?outcome=", "?outcome=maybe", "?outcome=pay&x=1"])
async def test_what_is_no_answer_is_refused(gateway: Gateway, query: str) -> None:
    payment = await with_slip(gateway)
    refusal(await gateway.stranger.post(f"/slips/{payment['id']}{query}"), 422, "VALIDATION_FAILED")
    assert (await gateway.payment(payment["id"]))["status"] == "PENDING"


async def test_only_payments_with_a_slip_have_a_page(gateway: Gateway) -> None:
    others = [
        await gateway.pay(),
        await gateway.pay(payment_method={"type": "bank_transfer"}),
        await gateway.pay(simulate="requires_action"),
    ]
    for payment_id in (*(payment["id"] for payment in others), UNKNOWN, "x"):
        shown = await gateway.stranger.get(f"/slips/{payment_id}")
        asked = await gateway.stranger.post(f"/slips/{payment_id}?outcome=pay")
        for answer in (shown, asked):
            refusal(answer, 404, "NOT_FOUND")
