"""The pretend bank's page, where a payer approves or fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.gateway import UNKNOWN, Gateway, refusal


async def challenged(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    return await gateway.pay(simulate="requires_action", **fields)


async def test_the_page_asks_the_payer_and_needs_no_key(each_gateway: Gateway) -> None:
    payment = await challenged(each_gateway, amount=123_456, description="<b>Tea & more</b>")
    answer = await each_gateway.stranger.get(payment["next_action"]["redirect_url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "1,234.56 INR" in answer.text
    assert "&lt;b&gt;Tea &amp; more&lt;/b&gt;" in answer.text
    assert answer.text.count("<button>") == 2
    assert "http" not in answer.text.replace("<!doctype html>", "")


@pytest.mark.parametrize(
    ("outcome", "capture_method", "status", "error_code"),
    [
        ("approve", "automatic", "CAPTURED", None),
        ("approve", "manual", "AUTHORIZED", None),
        ("fail", "automatic", "FAILED", "AUTHENTICATION_FAILED"),
        ("fail", "manual", "FAILED", "AUTHENTICATION_FAILED"),
    ],
)
async def test_the_payers_answer_decides(
    each_gateway: Gateway, outcome: str, capture_method: str, status: str, error_code: str | None
) -> None:
    payment = await challenged(each_gateway, capture_method=capture_method)
    url = payment["next_action"]["redirect_url"]
    answer = await each_gateway.stranger.post(url, params={"outcome": outcome})
    assert answer.status_code == 200
    assert status in answer.text
    decided = await each_gateway.payment(payment["id"])
    assert (decided["status"], decided["error_code"]) == (status, error_code)
    assert decided["next_action"] is None

    # the page then says so, and takes no second answer
    assert status in (await each_gateway.stranger.get(url)).text
    again = await each_gateway.stranger.post(url, params={"outcome": "approve"})
    refusal(again, 422, "INVALID_PAYMENT_STATE")
    assert await each_gateway.payment(payment["id"]) == decided


async def test_a_browsers_empty_form_is_taken(gateway: Gateway) -> None:
    payment = await challenged(gateway)
    answer = await gateway.stranger.post(
        f"/challenge/{payment['id']}?outcome=approve",
        content=b"",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "query", ["", "?outcome=", "?outcome=maybe", "?outcome=approve&x=1", "?OUTCOME=fail"]
)
async def test_what_is_no_answer_is_refused(gateway: Gateway, query: str) -> None:
    payment = await challenged(gateway)
    refusal(await gateway.stranger.post(f"/challenge/{payment['id']}{query}"), 422, "VALIDATION_FAILED")
    assert (await gateway.payment(payment["id"]))["status"] == "REQUIRES_ACTION"


async def test_only_payments_that_asked_for_their_payer_have_a_page(gateway: Gateway) -> None:
    others = [await gateway.pay(), await gateway.hold(), await gateway.pay(simulate="bank_error")]
    for payment_id in (*(payment["id"] for payment in others), UNKNOWN):
        shown = await gateway.stranger.get(f"/challenge/{payment_id}")
        asked = await gateway.stranger.post(f"/challenge/{payment_id}?outcome=approve")
        for answer in (shown, asked):
            refusal(answer, 404, "NOT_FOUND")
    assert (await gateway.payment(others[1]["id"]))["status"] == "AUTHORIZED"


async def test_an_unanswered_payment_can_be_neither_captured_nor_refunded(gateway: Gateway) -> None:
    payment = await challenged(gateway)
    for action in ("capture", "refund", "cancel"):
        answer = await gateway.client.post(f"/payments/{payment['id']}/{action}")
        refusal(answer, 422, "INVALID_PAYMENT_STATE")
