"""Intents: one thing to be paid, tried with one instrument after the other; each try is a payment."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.support.gateway import UNKNOWN, Gateway, refusal
from tests.support.payers import answer_of, attached_card, created, customer, moved_of, save

POOR = "4000000000009995"
ASKS = "4000002500003155"


moved = partial(moved_of, "intents")
move_of = partial(answer_of, "intents")


async def intent(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    return await created(gateway, "/intents", {"amount": 10_000, **fields})


async def tries(gateway: Gateway, made: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    answer = await gateway.client.get(f"/intents/{made['id']}/payments", params=query)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_an_intent_needs_an_amount_alone(each_gateway: Gateway) -> None:
    made = await intent(each_gateway)
    assert {**made, "id": ""} == {
        "id": "",
        "amount": 10_000,
        "currency": "INR",
        "status": "REQUIRES_INSTRUMENT",
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "captured_amount": 0,
        "customer_id": None,
        "instrument_id": None,
        "payment_id": None,
        "description": None,
        "metadata": {},
        "error_code": None,
        "error_message": None,
        "next_action": None,
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
        "canceled_at": None,
    }
    assert (await each_gateway.client.get(f"/intents/{made['id']}")).json() == made
    assert await tries(each_gateway, made) == []
    assert (await each_gateway.rows())["payments"] == 0


async def test_an_intent_is_tried_until_it_is_paid(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    poor, good = [await attached_card(each_gateway, owner["id"], each) for each in (POOR, "4242424242424242")]
    made = await intent(each_gateway, instrument_id=poor["id"], metadata={"order": "1"}, currency="USD")
    assert (made["status"], made["customer_id"]) == ("REQUIRES_CONFIRMATION", owner["id"])
    failed = await moved(each_gateway, made, "confirm")
    assert (failed["status"], failed["error_code"]) == ("REQUIRES_INSTRUMENT", "INSUFFICIENT_FUNDS")
    assert failed["error_message"]
    paid = await moved(each_gateway, made, "confirm", instrument_id=good["id"])
    assert (paid["status"], paid["captured_amount"], paid["error_code"]) == ("SUCCEEDED", 10_000, None)

    second, first = await tries(each_gateway, made)
    assert (first["status"], second["status"]) == ("FAILED", "CAPTURED")
    assert paid["payment_id"] == second["id"]
    for payment, card in ((first, poor), (second, good)):
        assert (payment["intent_id"], payment["customer_id"]) == (made["id"], owner["id"])
        assert (payment["instrument_id"], payment["metadata"]) == (card["id"], {"order": "1"})
        assert await each_gateway.payment(payment["id"]) == payment
    assert [each["id"] for each in await tries(each_gateway, made, limit=1)] == [second["id"]]
    refusal(await move_of(each_gateway, made, "confirm"), 422, "INVALID_PAYMENT_STATE")


async def test_the_default_of_its_customer_is_tried_where_nothing_is_named(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    card = await attached_card(each_gateway, owner["id"])
    made = await intent(each_gateway, customer_id=owner["id"])
    nothing = await move_of(each_gateway, made, "confirm")
    assert refusal(nothing, 422, "VALIDATION_FAILED")["param"] == "instrument_id"
    await each_gateway.client.patch(f"/customers/{owner['id']}", json={"default_instrument_id": card["id"]})
    paid = await moved(each_gateway, made, "confirm")
    assert (paid["status"], paid["instrument_id"]) == ("SUCCEEDED", card["id"])


@pytest.mark.parametrize(
    ("outcome", "status", "error_code"),
    [("approve", "SUCCEEDED", None), ("fail", "REQUIRES_INSTRUMENT", "AUTHENTICATION_FAILED")],
)
async def test_the_payer_of_an_intent_may_be_asked(
    each_gateway: Gateway, outcome: str, status: str, error_code: str | None
) -> None:
    card = await save(each_gateway, ASKS)
    made = await intent(each_gateway, instrument_id=card["id"])
    asked = await moved(each_gateway, made, "confirm")
    assert asked["status"] == "REQUIRES_ACTION"
    await each_gateway.stranger.post(asked["next_action"]["redirect_url"], params={"outcome": outcome})
    after = (await each_gateway.client.get(f"/intents/{made['id']}")).json()
    assert (after["status"], after["error_code"], after["next_action"]) == (status, error_code, None)


async def test_a_merchant_may_finalize_what_the_payer_has_proved(each_gateway: Gateway) -> None:
    card = await save(each_gateway, ASKS)
    made = await intent(each_gateway, instrument_id=card["id"], confirmation_method="manual")
    asked = await moved(each_gateway, made, "confirm")
    page = asked["next_action"]["redirect_url"]
    answer = await each_gateway.stranger.post(page, params={"outcome": "approve"})
    assert [answer.text, (await each_gateway.stranger.get(page)).text] == [answer.text] * 2
    assert "The shop finishes this payment" in answer.text
    proved = (await each_gateway.client.get(f"/intents/{made['id']}")).json()
    assert (proved["status"], proved["captured_amount"]) == ("REQUIRES_CONFIRMATION", 0)

    # what was proved is of no use for another amount
    other = await intent(each_gateway, instrument_id=card["id"], confirmation_method="manual")
    asked_too = await moved(each_gateway, other, "confirm")
    await each_gateway.stranger.post(asked_too["next_action"]["redirect_url"], params={"outcome": "approve"})
    await changed(each_gateway, other, amount=1)
    assert (await each_gateway.payment(asked_too["payment_id"]))["error_code"] == "PAYMENT_CANCELED"

    paid = await moved(each_gateway, made, "confirm")
    assert (paid["status"], paid["payment_id"]) == ("SUCCEEDED", asked["payment_id"])


async def test_a_payer_who_is_not_there_leaves_the_intent_open(each_gateway: Gateway) -> None:
    card = await save(each_gateway, ASKS)
    made = await intent(each_gateway, instrument_id=card["id"])
    failed = await moved(each_gateway, made, "confirm", off_session=True)
    assert (failed["status"], failed["error_code"]) == ("REQUIRES_INSTRUMENT", "AUTHENTICATION_REQUIRED")


async def test_an_intent_asks_for_as_much_as_its_hold_was_raised_to(each_gateway: Gateway) -> None:
    card = await save(each_gateway)
    made = await intent(each_gateway, instrument_id=card["id"], capture_method="manual")
    held = await moved(each_gateway, made, "confirm")
    more = {"amount": 12_500}
    await each_gateway.client.post(f"/payments/{held['payment_id']}/increment", json=more)
    raised = (await each_gateway.client.get(f"/intents/{made['id']}")).json()
    assert (raised["status"], raised["amount"]) == ("AUTHORIZED", 12_500)
    assert (await moved(each_gateway, made, "capture"))["captured_amount"] == 12_500


async def test_a_try_whose_payer_was_asked_is_over_with_the_next(each_gateway: Gateway) -> None:
    asks, pays = await save(each_gateway, ASKS), await save(each_gateway)
    made = await intent(each_gateway, instrument_id=asks["id"])
    asked = await moved(each_gateway, made, "confirm")
    paid = await moved(each_gateway, made, "confirm", instrument_id=pays["id"])
    first = await each_gateway.payment(asked["payment_id"])
    assert (first["status"], first["error_code"]) == ("FAILED", "PAYMENT_CANCELED")
    late = await each_gateway.stranger.post(asked["next_action"]["redirect_url"] + "?outcome=approve")
    refusal(late, 422, "INVALID_PAYMENT_STATE")
    assert (await each_gateway.client.get(f"/intents/{made['id']}")).json() == paid


async def test_what_an_intent_holds_is_captured_in_part(each_gateway: Gateway) -> None:
    card = await save(each_gateway)
    made = await intent(each_gateway, instrument_id=card["id"], capture_method="manual")
    assert (await moved(each_gateway, made, "confirm"))["status"] == "AUTHORIZED"
    too_much = await move_of(each_gateway, made, "capture", amount=10_001)
    refusal(too_much, 422, "AMOUNT_TOO_LARGE")
    captured = await moved(each_gateway, made, "capture", amount=4_000)
    assert (captured["status"], captured["captured_amount"]) == ("SUCCEEDED", 4_000)
    (payment,) = await tries(each_gateway, made)
    assert (payment["status"], payment["captured_amount"]) == ("CAPTURED", 4_000)


async def test_a_payment_that_moves_by_itself_takes_its_intent_along(each_gateway: Gateway) -> None:
    bank = (await each_gateway.client.post("/instruments", json={"type": "bank_transfer"})).json()
    made = await intent(each_gateway, instrument_id=bank["id"])
    assert (await moved(each_gateway, made, "confirm"))["status"] == "PROCESSING"
    await each_gateway.tick(after=timedelta(minutes=2))
    after = (await each_gateway.client.get(f"/intents/{made['id']}")).json()
    assert (after["status"], after["captured_amount"]) == ("SUCCEEDED", 10_000)


@pytest.mark.parametrize("number", [None, "4242424242424242", ASKS])
async def test_an_intent_that_is_given_up_is_tried_no_more(each_gateway: Gateway, number: str | None) -> None:
    made = await intent(each_gateway, capture_method="manual")
    if number is not None:
        card = await save(each_gateway, number)
        await moved(each_gateway, made, "confirm", instrument_id=card["id"])
    gone = await moved(each_gateway, made, "cancel")
    assert (gone["status"], gone["canceled_at"]) == ("CANCELED", "2026-01-31T12:00:00Z")
    for payment in await tries(each_gateway, made):
        assert payment["status"] in ("VOIDED", "FAILED")
    for move in ("confirm", "capture", "cancel"):
        error = refusal(await move_of(each_gateway, made, move), 422, "INVALID_PAYMENT_STATE")
        assert error["message"] == f"cannot {move} an intent that is CANCELED"


async def test_another_customers_instrument_is_not_tried(gateway: Gateway) -> None:
    owner, other = await customer(gateway), await customer(gateway)
    card = await attached_card(gateway, other["id"])
    made = await intent(gateway, customer_id=owner["id"])
    answer = await move_of(gateway, made, "confirm", instrument_id=card["id"])
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "instrument_id"
    refusal(await move_of(gateway, made, "confirm", instrument_id=UNKNOWN), 404, "NOT_FOUND")


async def changed(gateway: Gateway, made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await gateway.client.patch(f"/intents/{made['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    assert (await gateway.client.get(f"/intents/{made['id']}")).json() == after
    return after


async def test_an_intent_is_paid_as_it_was_changed(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    saved = await attached_card(each_gateway, owner["id"])
    made = await intent(each_gateway, description="before", metadata={"a": "1"})
    each_gateway.clock.advance(timedelta(seconds=1))

    after = await changed(
        each_gateway, made, amount=8_000, capture_method="manual", description=None, instrument_id=saved["id"]
    )

    assert after == {
        **made,
        "amount": 8_000,
        "capture_method": "manual",
        "description": None,
        "status": "REQUIRES_CONFIRMATION",
        "customer_id": owner["id"],
        "instrument_id": saved["id"],
        "updated_at": "2026-01-31T12:00:01Z",
    }
    held = await moved(each_gateway, made, "confirm")
    (payment,) = await tries(each_gateway, made)
    assert (held["status"], payment["amount"], payment["metadata"]) == ("AUTHORIZED", 8_000, {"a": "1"})


async def test_what_is_under_way_is_described_anew_and_not_revised(each_gateway: Gateway) -> None:
    saved = await save(each_gateway)
    made = await intent(each_gateway, instrument_id=saved["id"], capture_method="manual")
    held = await moved(each_gateway, made, "confirm")
    path = f"/intents/{made['id']}"
    for body in ({"amount": 1}, {"instrument_id": saved["id"]}, {"capture_method": "automatic"}):
        error = refusal(await each_gateway.client.patch(path, json=body), 422, "INVALID_PAYMENT_STATE")
        assert error["message"] == "cannot revise an intent that is AUTHORIZED"
    assert await changed(each_gateway, made, metadata={"b": "2"}) == {**held, "metadata": {"b": "2"}}
    await moved(each_gateway, made, "cancel")
    error = refusal(
        await each_gateway.client.patch(path, json={"metadata": {}}), 422, "INVALID_PAYMENT_STATE"
    )
    assert error["message"] == "cannot update an intent that is CANCELED"


@pytest.mark.parametrize("revision", [{"amount": 1}, {"capture_method": "manual"}])
async def test_a_payer_who_is_asked_for_what_is_revised_need_not_come(
    each_gateway: Gateway, revision: dict[str, Any]
) -> None:
    made = await intent(each_gateway, instrument_id=(await save(each_gateway, ASKS))["id"])
    asked = await moved(each_gateway, made, "confirm")
    assert asked["status"] == "REQUIRES_ACTION"

    assert (await changed(each_gateway, made, **revision))["status"] == "REQUIRES_CONFIRMATION"

    assert (await each_gateway.payment(asked["payment_id"]))["error_code"] == "PAYMENT_CANCELED"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"amount": 0}, 422, "amount"),
        ({"amount": None}, 422, "amount"),
        ({"currency": "USD"}, 422, "currency"),
        ({"instrument_id": None}, 422, "instrument_id"),
        ({"customer_id": UNKNOWN}, 404, None),
        ({"instrument_id": UNKNOWN}, 404, None),
    ],
)
async def test_a_wrong_change_of_an_intent_is_refused(
    gateway: Gateway, body: dict[str, Any], status: int, param: str | None
) -> None:
    made = await intent(gateway)
    path = f"/intents/{made['id']}"
    code = "NOT_FOUND" if status == 404 else "VALIDATION_FAILED"
    assert refusal(await gateway.client.patch(path, json=body), status, code)["param"] == param
    assert (await gateway.client.get(path)).json() == made
    refusal(await gateway.client.patch(f"/intents/{UNKNOWN}", json={}), 404, "NOT_FOUND")


async def test_another_customers_instrument_does_not_become_an_intents(gateway: Gateway) -> None:
    owner, other = await customer(gateway), await customer(gateway)
    theirs = await attached_card(gateway, other["id"])
    made = await intent(gateway, customer_id=owner["id"])
    answer = await gateway.client.patch(f"/intents/{made['id']}", json={"instrument_id": theirs["id"]})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "instrument_id"


async def test_intents_are_listed_newest_first_and_by_customer(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    made = [await intent(each_gateway, customer_id=owner["id"]) for _ in range(3)]
    other = await intent(each_gateway)
    whole = (await each_gateway.client.get("/intents")).json()["data"]
    assert [each["id"] for each in whole] == [each["id"] for each in (other, *reversed(made))]
    query: dict[str, Any] = {"customer_id": owner["id"], "limit": 2}
    first = (await each_gateway.client.get("/intents", params=query)).json()
    rest = (
        await each_gateway.client.get("/intents", params={**query, "cursor": first["next_cursor"]})
    ).json()
    assert [each["id"] for each in first["data"] + rest["data"]] == [each["id"] for each in reversed(made)]


async def test_an_intent_is_tried_once_with_a_key(each_gateway: Gateway) -> None:
    card = await save(each_gateway)
    made = await intent(each_gateway)
    answers = [
        await each_gateway.client.post(
            f"/intents/{made['id']}/confirm",
            json={"instrument_id": card["id"]},
            headers={"Idempotency-Key": "k"},
        )
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert len(await tries(each_gateway, made)) == 1


WRONG = [
    ({}, "amount"),
    ({"amount": 0}, "amount"),
    ({"amount": 1, "currency": "ABC"}, "currency"),
    ({"amount": 1, "capture_method": "later"}, "capture_method"),
    ({"amount": 1, "customer_id": "cus_1"}, "customer_id"),
    ({"amount": 1, "instrument_id": 1}, "instrument_id"),
    ({"amount": 1, "description": "d" * 501}, "description"),
    ({"amount": 1, "metadata": {"k": 1}}, "metadata.k"),
    ({"amount": 1, "amonut": 1}, "amonut"),
]


@pytest.mark.parametrize(("body", "param"), WRONG)
async def test_a_wrong_intent_is_refused(gateway: Gateway, body: dict[str, Any], param: str) -> None:
    before = await gateway.rows()
    answer = await gateway.client.post("/intents", json=body)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param
    assert await gateway.rows() == before
