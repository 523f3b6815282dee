"""Setups: instruments made ready for payments whose payer is not there."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.support.gateway import UNKNOWN, Gateway, refusal
from tests.support.payers import answer_of, attached_card, created, customer, moved_of, save

ASKS = "4000002500003155"


moved = partial(moved_of, "setups")
move_of = partial(answer_of, "setups")


async def setup(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    return await created(gateway, "/setups", fields or None)


async def seen(gateway: Gateway, made: dict[str, Any]) -> Any:
    return (await gateway.client.get(f"/setups/{made['id']}")).json()


async def test_nothing_is_needed_to_make_a_setup(each_gateway: Gateway) -> None:
    made = await setup(each_gateway)
    assert {**made, "id": ""} == {
        "id": "",
        "status": "REQUIRES_INSTRUMENT",
        "customer_id": None,
        "instrument_id": None,
        "description": None,
        "metadata": {},
        "error_code": None,
        "error_message": None,
        "next_action": None,
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
        "canceled_at": None,
    }
    assert await seen(each_gateway, made) == made


async def test_what_is_set_up_becomes_its_customers(each_gateway: Gateway) -> None:
    owner, card = await customer(each_gateway), await save(each_gateway)
    made = await setup(each_gateway, customer_id=owner["id"], instrument_id=card["id"])
    assert made["status"] == "REQUIRES_CONFIRMATION"
    done = await moved(each_gateway, made, "confirm")
    assert (done["status"], done["instrument_id"]) == ("SUCCEEDED", card["id"])
    kept = (await each_gateway.client.get(f"/instruments/{card['id']}")).json()
    assert (kept["customer_id"], kept["is_set_up"]) == (owner["id"], True)
    assert (await each_gateway.rows())["payments"] == 0


async def test_a_card_that_was_set_up_pays_without_its_payer(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    card = await attached_card(each_gateway, owner["id"], ASKS)
    before = await each_gateway.pay(instrument_id=card["id"], off_session=True)
    assert before["error_code"] == "AUTHENTICATION_REQUIRED"
    made = await setup(each_gateway, instrument_id=card["id"])
    asked = await moved(each_gateway, made, "confirm")
    assert (asked["status"], asked["customer_id"]) == ("REQUIRES_ACTION", owner["id"])
    url = asked["next_action"]["redirect_url"]
    page = await each_gateway.stranger.get(url)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.count("<button>") == 2
    answered = await each_gateway.stranger.post(url, params={"outcome": "approve"})
    assert "SUCCEEDED" in answered.text
    assert "<button>" not in (await each_gateway.stranger.get(url)).text
    after = await each_gateway.pay(instrument_id=card["id"], off_session=True)
    assert after["status"] == "CAPTURED"


async def test_a_payer_who_fails_leaves_the_setup_open(each_gateway: Gateway) -> None:
    card, good = await save(each_gateway, ASKS), await save(each_gateway)
    made = await setup(each_gateway)
    asked = await moved(each_gateway, made, "confirm", instrument_id=card["id"])
    url = asked["next_action"]["redirect_url"]
    await each_gateway.stranger.post(url, params={"outcome": "fail"})
    failed = await seen(each_gateway, made)
    assert (failed["status"], failed["error_code"]) == ("REQUIRES_INSTRUMENT", "AUTHENTICATION_FAILED")
    again = await each_gateway.stranger.post(url, params={"outcome": "approve"})
    assert "a setup" in refusal(again, 422, "INVALID_PAYMENT_STATE")["message"]
    assert (await moved(each_gateway, made, "confirm", instrument_id=good["id"]))["status"] == "SUCCEEDED"


async def test_a_card_that_declines_is_not_set_up(each_gateway: Gateway) -> None:
    card = await save(each_gateway, "4000000000009995")
    made = await setup(each_gateway)
    failed = await moved(each_gateway, made, "confirm", instrument_id=card["id"])
    assert (failed["status"], failed["error_code"]) == ("REQUIRES_INSTRUMENT", "INSUFFICIENT_FUNDS")
    assert (await each_gateway.client.get(f"/instruments/{card['id']}")).json() == card


@pytest.mark.parametrize("body", [{"type": "wallet"}, {"type": "upi", "upi": {"vpa": "a@b"}}])
async def test_what_is_no_card_is_set_up_at_once(each_gateway: Gateway, body: dict[str, Any]) -> None:
    saved = (await each_gateway.client.post("/instruments", json=body)).json()
    made = await setup(each_gateway)
    assert (await moved(each_gateway, made, "confirm", instrument_id=saved["id"]))["status"] == "SUCCEEDED"


async def test_a_setup_that_is_given_up_is_tried_no_more(each_gateway: Gateway) -> None:
    card = await save(each_gateway, ASKS)
    made = await setup(each_gateway)
    await moved(each_gateway, made, "confirm", instrument_id=card["id"])
    gone = await moved(each_gateway, made, "cancel")
    assert (gone["status"], gone["canceled_at"]) == ("CANCELED", "2026-01-31T12:00:00Z")
    for move in ("confirm", "cancel"):
        error = refusal(await move_of(each_gateway, made, move), 422, "INVALID_PAYMENT_STATE")
        assert error["message"] == f"cannot {move} a setup that is CANCELED"


async def test_a_setup_is_tried_with_something_usable(gateway: Gateway) -> None:
    made = await setup(gateway)
    nothing = await move_of(gateway, made, "confirm")
    assert refusal(nothing, 422, "VALIDATION_FAILED")["param"] == "instrument_id"
    refusal(await move_of(gateway, made, "confirm", instrument_id=UNKNOWN), 404, "NOT_FOUND")
    owner = await customer(gateway)
    card = await attached_card(gateway, owner["id"])
    await gateway.client.post(f"/instruments/{card['id']}/detach")
    refusal(await move_of(gateway, made, "confirm", instrument_id=card["id"]), 409, "CONFLICT")


async def test_setups_are_listed_newest_first_and_by_customer(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    made = [await setup(each_gateway, customer_id=owner["id"]) for _ in range(2)]
    await setup(each_gateway)
    listed = (await each_gateway.client.get("/setups", params={"customer_id": owner["id"]})).json()["data"]
    assert listed == made[::-1]
    assert len((await each_gateway.client.get("/setups")).json()["data"]) == 3


async def test_a_setup_is_tried_once_with_a_key(each_gateway: Gateway) -> None:
    card, made = await save(each_gateway), await setup(each_gateway)
    answers = [
        await each_gateway.client.post(
            f"/setups/{made['id']}/confirm",
            json={"instrument_id": card["id"]},
            headers={"Idempotency-Key": "k"},
        )
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"customer_id": "cus_1"}, "customer_id"),
        ({"instrument_id": 1}, "instrument_id"),
        ({"description": "d" * 501}, "description"),
        ({"metadata": []}, "metadata"),
        ({"customer": UNKNOWN}, "customer"),
    ],
)
async def test_a_wrong_setup_is_refused(gateway: Gateway, body: dict[str, Any], param: str) -> None:
    answer = await gateway.client.post("/setups", json=body)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param


async def test_the_page_of_a_setup_that_is_not_there_is_not_found(gateway: Gateway) -> None:
    refusal(await gateway.stranger.get(f"/challenge/setups/{UNKNOWN}"), 404, "NOT_FOUND")
    answer = await gateway.stranger.post(f"/challenge/setups/{UNKNOWN}", params={"outcome": "approve"})
    refusal(answer, 404, "NOT_FOUND")
