"""Payments of customers who are known, with instruments that were saved."""

from __future__ import annotations

from typing import Any

import pytest

from kessai.simulation.cards import PUBLISHED
from tests.support.gateway import UNKNOWN, Gateway, refusal
from tests.support.payers import attached_card, card, customer, save

# Where a card does more than its number alone says: its holder is asked, or has a reason of their own.
SAYS_MORE = {
    "4000003800000446": "requires_action",
    "4000000000000341": "card_declined",
    "4000000000009987": "lost_card",
    "4000000000009979": "stolen_card",
    "4000000000006975": "card_velocity_exceeded",
    "4000008400001629": "requires_action_declined",
    "4000008260003178": "requires_action_insufficient_funds",
}


async def test_a_payment_without_a_payer_names_none(gateway: Gateway) -> None:
    payment = await gateway.pay()
    assert (payment["customer_id"], payment["instrument_id"], payment["intent_id"]) == (None, None, None)


async def test_a_saved_card_pays(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    saved = await attached_card(each_gateway, owner["id"])
    payment = await each_gateway.pay(instrument_id=saved["id"].upper(), metadata={"order": "1"})
    assert payment["status"] == "CAPTURED"
    assert payment["payment_method"] == {"type": "card", "brand": "visa", "last4": "4242"}
    assert (payment["instrument_id"], payment["customer_id"]) == (saved["id"], owner["id"])
    assert await each_gateway.payment(payment["id"]) == payment
    listed = (await each_gateway.client.get("/payments")).json()["data"]
    assert listed == [payment]
    events = (await each_gateway.client.get("/webhooks/events", params={"payment_id": payment["id"]})).json()
    assert {each["event"] for each in events["data"]} == {"payment.created", "payment.succeeded"}
    assert {each["body"]["payment"]["instrument_id"] for each in events["data"]} == {saved["id"]}


async def test_what_a_saved_card_holds_can_be_raised(each_gateway: Gateway) -> None:
    saved = await save(each_gateway)
    held = await each_gateway.pay(10_000, instrument_id=saved["id"], capture_method="manual")
    raised = await each_gateway.client.post(f"/payments/{held['id']}/increment", json={"amount": 12_500})
    assert (raised.status_code, raised.json()) == (200, {**held, "amount": 12_500})


async def test_a_customer_may_be_named_without_an_instrument(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    plain = await each_gateway.pay(customer_id=owner["id"])
    assert (plain["customer_id"], plain["instrument_id"], plain["payment_method"]) == (
        owner["id"],
        None,
        None,
    )
    given = await each_gateway.pay(customer_id=owner["id"], payment_method=card("4000000000009995"))
    assert (given["customer_id"], given["error_code"]) == (owner["id"], "INSUFFICIENT_FUNDS")


async def test_the_default_pays_where_nothing_else_is_named(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    default = await attached_card(each_gateway, owner["id"], "4000000000000341")
    other = await attached_card(each_gateway, owner["id"])
    await each_gateway.client.patch(
        f"/customers/{owner['id']}", json={"default_instrument_id": default["id"]}
    )
    by_default = await each_gateway.pay(customer_id=owner["id"])
    assert (by_default["instrument_id"], by_default["status"]) == (default["id"], "FAILED")
    named = await each_gateway.pay(customer_id=owner["id"], instrument_id=other["id"])
    assert (named["instrument_id"], named["status"]) == (other["id"], "CAPTURED")
    typed = await each_gateway.pay(customer_id=owner["id"], payment_method={"type": "wallet"})
    assert (typed["instrument_id"], typed["status"]) == (None, "CAPTURED")


async def test_what_is_nobodys_pays_for_anybody_any_number_of_times(each_gateway: Gateway) -> None:
    owner, saved = await customer(each_gateway), await save(each_gateway)
    for _ in range(2):
        payment = await each_gateway.pay(customer_id=owner["id"], instrument_id=saved["id"])
        assert (payment["status"], payment["customer_id"]) == ("CAPTURED", owner["id"])
    assert (await each_gateway.client.get(f"/instruments/{saved['id']}")).json() == saved


async def test_every_saved_card_does_what_its_number_stands_for(gateway: Gateway) -> None:
    for number, simulate in PUBLISHED.items():
        saved = await save(gateway, number)
        with_it = await gateway.pay(instrument_id=saved["id"])
        by_name = await gateway.pay(simulate=SAYS_MORE.get(number, simulate))
        for name in ("simulate", "status", "error_code", "error_message"):
            assert with_it[name] == by_name[name], (number, name)


@pytest.mark.parametrize(
    ("body", "status", "error_code"),
    [
        ({"type": "upi", "upi": {"vpa": "success@razorpay"}}, "CAPTURED", None),
        ({"type": "upi", "upi": {"vpa": "failure@razorpay"}}, "FAILED", "BANK_ERROR"),
        ({"type": "wallet"}, "CAPTURED", None),
        ({"type": "netbanking"}, "CAPTURED", None),
        ({"type": "konbini"}, "PENDING", None),
        ({"type": "bank_transfer"}, "PENDING", None),
    ],
)
async def test_what_is_no_card_pays_as_if_it_were_not_saved(
    each_gateway: Gateway, body: dict[str, Any], status: str, error_code: str | None
) -> None:
    saved = (await each_gateway.client.post("/instruments", json=body)).json()
    with_it = await each_gateway.pay(instrument_id=saved["id"])
    without = await each_gateway.pay(payment_method=body)
    assert (with_it["status"], with_it["error_code"]) == (status, error_code)
    for name in ("simulate", "status", "error_code", "error_message", "payment_method"):
        assert with_it[name] == without[name]


async def test_what_is_asked_for_by_name_goes_before_the_saved_card(gateway: Gateway) -> None:
    saved = await save(gateway, "4000000000000341")
    payment = await gateway.pay(instrument_id=saved["id"], simulate="bank_error")
    assert payment["error_code"] == "BANK_ERROR"


async def test_a_payer_who_has_to_prove_who_they_are_is_asked(each_gateway: Gateway) -> None:
    saved = await save(each_gateway, "4000002500003155")
    payment = await each_gateway.pay(instrument_id=saved["id"])
    assert payment["status"] == "REQUIRES_ACTION"
    url = payment["next_action"]["redirect_url"]
    await each_gateway.stranger.post(url, params={"outcome": "approve"})
    assert (await each_gateway.payment(payment["id"]))["status"] == "CAPTURED"


async def test_a_payer_who_is_not_there_cannot_be_asked(each_gateway: Gateway) -> None:
    saved = await save(each_gateway, "4000002500003155")
    payment = await each_gateway.pay(instrument_id=saved["id"], off_session=True)
    assert (payment["status"], payment["error_code"]) == ("FAILED", "AUTHENTICATION_REQUIRED")
    plain = await save(each_gateway)
    assert (await each_gateway.pay(instrument_id=plain["id"], off_session=True))["status"] == "CAPTURED"


async def test_a_hold_with_a_saved_card_is_captured_and_refunded_like_any(each_gateway: Gateway) -> None:
    saved = await save(each_gateway)
    held = await each_gateway.hold(instrument_id=saved["id"])
    captured = (await each_gateway.client.post(f"/payments/{held['id']}/capture")).json()
    assert (captured["status"], captured["instrument_id"]) == ("CAPTURED", saved["id"])
    refund = await each_gateway.client.post(f"/payments/{held['id']}/refund")
    assert refund.json()["payment_status"] == "REFUNDED"


async def test_a_saved_card_that_is_disputed_opens_a_dispute(each_gateway: Gateway) -> None:
    saved = await save(each_gateway, "4000000000000259")
    payment = await each_gateway.pay(instrument_id=saved["id"])
    assert payment["status"] == "CAPTURED"
    refund = await each_gateway.client.post(f"/payments/{payment['id']}/refund")
    assert "charged back" in refusal(refund, 409, "CONFLICT")["message"]


async def test_an_unknown_payer_is_not_found(gateway: Gateway) -> None:
    before = await gateway.rows()
    for body in ({"customer_id": UNKNOWN}, {"instrument_id": UNKNOWN}):
        answer = await gateway.client.post("/payments", json={"amount": 1, **body})
        refusal(answer, 404, "NOT_FOUND")
    assert await gateway.rows() == before


async def test_another_customers_instrument_does_not_pay(gateway: Gateway) -> None:
    owner, other = await customer(gateway), await customer(gateway)
    saved = await attached_card(gateway, owner["id"])
    body = {"amount": 1, "customer_id": other["id"], "instrument_id": saved["id"]}
    error = refusal(await gateway.client.post("/payments", json=body), 422, "VALIDATION_FAILED")
    assert error["param"] == "instrument_id"


WRONG = [
    ({"instrument_id": UNKNOWN, "payment_method": card()}, "instrument_id"),
    ({"instrument_id": "pm_card_visa"}, "instrument_id"),
    ({"customer_id": "cus_1"}, "customer_id"),
    ({"customer_id": 1}, "customer_id"),
    ({"off_session": True}, "off_session"),
    ({"instrument_id": UNKNOWN, "off_session": "yes"}, "off_session"),
]


@pytest.mark.parametrize(("body", "param"), WRONG)
async def test_a_wrong_payer_is_refused(gateway: Gateway, body: dict[str, Any], param: str) -> None:
    answer = await gateway.client.post("/payments", json={"amount": 1, **body})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param


async def test_a_payment_with_a_saved_card_is_made_once_with_a_key(each_gateway: Gateway) -> None:
    saved = await save(each_gateway)
    body = {"amount": 1, "instrument_id": saved["id"]}
    answers = [
        await each_gateway.client.post("/payments", json=body, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert (await each_gateway.rows())["payments"] == 1
