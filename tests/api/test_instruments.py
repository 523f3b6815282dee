"""Saved instruments: what is kept of them, whose they are, and how they end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kessai.simulation.cards import PUBLISHED
from tests.support.gateway import UNKNOWN, Gateway, refusal, stored_bytes
from tests.support.payers import attached_card, card, customer, save
from tests.support.real_card import REAL_CARD


async def test_a_card_is_saved_for_nobody(each_gateway: Gateway) -> None:
    saved = await save(each_gateway, metadata={"a": "1"})
    assert UUID(saved["id"]).version == 7
    assert {**saved, "id": "", "card": {**saved["card"], "fingerprint": ""}} == {
        "id": "",
        "type": "card",
        "card": {
            "brand": "visa",
            "last4": "4242",
            "exp_month": 12,
            "exp_year": 2030,
            "funding": "credit",
            "country": "US",
            "fingerprint": "",
        },
        "customer_id": None,
        "is_set_up": False,
        "is_detached": False,
        "metadata": {"a": "1"},
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
    }
    assert (await each_gateway.client.get(f"/instruments/{saved['id']}")).json() == saved


async def test_a_card_is_saved_for_a_customer(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    saved = await attached_card(each_gateway, owner["id"])
    assert saved["customer_id"] == owner["id"]
    assert (await each_gateway.client.get(f"/instruments/{saved['id']}")).json() == saved
    answer = await each_gateway.client.post("/instruments", json={**card(), "customer_id": UNKNOWN})
    refusal(answer, 404, "NOT_FOUND")


async def test_every_published_card_can_be_saved(gateway: Gateway) -> None:
    fingerprints = set()
    for number in PUBLISHED:
        saved = await save(gateway, number)
        assert saved["card"]["last4"] == number[-4:]
        fingerprints.add(saved["card"]["fingerprint"])
    assert len(fingerprints) == len(PUBLISHED)


@pytest.mark.parametrize("kind", ["upi", "wallet", "netbanking", "konbini", "bank_transfer"])
async def test_what_is_no_card_is_saved_too(each_gateway: Gateway, kind: str) -> None:
    body: dict[str, Any] = {"type": kind} | ({"upi": {"vpa": "anybody@bank"}} if kind == "upi" else {})
    answer = await each_gateway.client.post("/instruments", json=body)
    assert answer.status_code == 201
    assert (answer.json()["type"], answer.json()["card"]) == (kind, None)
    assert "anybody@bank" not in answer.text


@pytest.mark.parametrize("written", [REAL_CARD, f"{REAL_CARD[:4]} {REAL_CARD[4:]}"])
async def test_a_real_card_is_not_saved(gateway: Gateway, written: str, tmp_path: Path) -> None:
    before = await gateway.rows()
    answer = await gateway.client.post("/instruments", json=card(written), headers={"Idempotency-Key": "k"})
    assert refusal(answer, 422, "REAL_CARD_REFUSED")["param"] == "card.number"
    assert written not in answer.text
    assert written.encode() not in stored_bytes(tmp_path)
    assert await gateway.rows() == before


async def test_neither_the_number_nor_the_cvc_of_a_saved_card_is_kept(
    gateway: Gateway, tmp_path: Path
) -> None:
    body = {**card(cvc="7391"), "metadata": {"card": REAL_CARD}}
    answer = await gateway.client.post("/instruments", json=body, headers={"Idempotency-Key": "k"})
    assert answer.json()["metadata"] == {"card": "*" * 12 + REAL_CARD[-4:]}
    await gateway.joined.database.close()
    stored = stored_bytes(tmp_path)
    for each in (b"7391", b"4242424242424242", REAL_CARD.encode()):
        assert each not in stored


WRONG = [
    ({}, "type"),
    ({"type": "cheque"}, "type"),
    ({"type": "card"}, "card"),
    ({"type": "upi"}, "upi"),
    ({**card(), "type": "wallet"}, "card"),
    ({"type": "upi", "upi": {"vpa": "no address"}}, "upi.vpa"),
    (card("4242424242424241"), "card.number"),
    (card(exp_month=13), "card.exp_month"),
    (card(exp_year=30), "card.exp_year"),
    (card(cvc="12"), "card.cvc"),
    ({**card(), "customer_id": "cus_1"}, "customer_id"),
    ({**card(), "metadata": {"k": 1}}, "metadata.k"),
    ({**card(), "nonsense": 1}, "nonsense"),
]


@pytest.mark.parametrize(("body", "param"), WRONG)
async def test_a_wrong_instrument_is_refused(gateway: Gateway, body: dict[str, Any], param: str) -> None:
    before = await gateway.rows()
    answer = await gateway.client.post("/instruments", json=body)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == param
    assert await gateway.rows() == before


async def test_an_instrument_is_attached_once(each_gateway: Gateway) -> None:
    owner, other, saved = await customer(each_gateway), await customer(each_gateway), await save(each_gateway)
    path = f"/instruments/{saved['id']}/attach"
    attached = await each_gateway.client.post(path, json={"customer_id": owner["id"]})
    assert (attached.status_code, attached.json()["customer_id"]) == (200, owner["id"])
    again = await each_gateway.client.post(path, json={"customer_id": owner["id"]})
    assert (again.status_code, again.json()) == (200, attached.json())
    refusal(await each_gateway.client.post(path, json={"customer_id": other["id"]}), 409, "CONFLICT")
    refusal(await each_gateway.client.post(path, json={"customer_id": UNKNOWN}), 404, "NOT_FOUND")
    answer = await each_gateway.client.post(path)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "customer_id"


async def test_what_was_detached_is_nobodys_for_good(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    saved = await attached_card(each_gateway, owner["id"])
    path = f"/instruments/{saved['id']}"
    gone = await each_gateway.client.post(f"{path}/detach")
    assert gone.status_code == 200
    assert (gone.json()["customer_id"], gone.json()["is_detached"]) == (None, True)
    assert (await each_gateway.client.get(path)).json() == gone.json()
    refusal(await each_gateway.client.post(f"{path}/detach"), 409, "CONFLICT")
    attach = await each_gateway.client.post(f"{path}/attach", json={"customer_id": owner["id"]})
    refusal(attach, 409, "CONFLICT")
    pay = await each_gateway.client.post("/payments", json={"amount": 1, "instrument_id": saved["id"]})
    assert "detached" in refusal(pay, 409, "CONFLICT")["message"]


async def test_what_is_nobodys_cannot_be_detached(gateway: Gateway) -> None:
    saved = await save(gateway)
    answer = await gateway.client.post(f"/instruments/{saved['id']}/detach")
    assert "delete" in str(refusal(answer, 409, "CONFLICT")["hint"])


async def test_a_deleted_instrument_is_as_unknown(each_gateway: Gateway) -> None:
    owner = await customer(each_gateway)
    kept = await save(each_gateway)
    for saved in (await save(each_gateway), await attached_card(each_gateway, owner["id"])):
        path = f"/instruments/{saved['id']}"
        paid = await each_gateway.pay(instrument_id=saved["id"])
        gone = await each_gateway.client.delete(path)
        assert (gone.status_code, gone.json()) == (200, {"id": saved["id"], "deleted": True})
        refusal(await each_gateway.client.get(path), 404, "NOT_FOUND")
        refusal(await each_gateway.client.delete(path), 404, "NOT_FOUND")
        pay = await each_gateway.client.post("/payments", json={"amount": 1, "instrument_id": saved["id"]})
        refusal(pay, 404, "NOT_FOUND")
        # what was paid with it stays
        assert (await each_gateway.payment(paid["id"]))["instrument_id"] == saved["id"]
    listed = (await each_gateway.client.get("/instruments")).json()["data"]
    assert [each["id"] for each in listed] == [kept["id"]]


async def test_a_card_is_renewed(each_gateway: Gateway) -> None:
    saved = await attached_card(each_gateway, (await customer(each_gateway))["id"])
    path = f"/instruments/{saved['id']}"
    each_gateway.clock.advance(timedelta(seconds=1))
    answer = await each_gateway.client.patch(
        path, json={"card": {"exp_year": 2034}, "metadata": {"note": REAL_CARD}}
    )
    assert (answer.status_code, answer.json()) == (
        200,
        {
            **saved,
            "card": {**saved["card"], "exp_year": 2034},
            "metadata": {"note": "*" * 12 + REAL_CARD[-4:]},
            "updated_at": "2026-01-31T12:00:01Z",
        },
    )
    assert (await each_gateway.client.get(path)).json() == answer.json()
    payment = await each_gateway.pay(instrument_id=saved["id"])
    assert payment["status"] == "CAPTURED"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"card": {"exp_month": 13}}, "card.exp_month"),
        ({"card": {"number": "4242424242424242"}}, "card.number"),
        ({"card": None}, "card"),
        ({"customer_id": UNKNOWN}, "customer_id"),
        ({"metadata": None}, "metadata"),
    ],
)
async def test_a_wrong_change_of_an_instrument_is_refused(
    gateway: Gateway, body: dict[str, Any], param: str
) -> None:
    saved = await save(gateway)
    path = f"/instruments/{saved['id']}"
    assert refusal(await gateway.client.patch(path, json=body), 422, "VALIDATION_FAILED")["param"] == param
    assert (await gateway.client.get(path)).json() == saved


async def test_only_a_card_that_can_be_used_has_an_expiry_to_change(gateway: Gateway) -> None:
    wallet = await gateway.client.post("/instruments", json={"type": "wallet"})
    renewed = {"card": {"exp_year": 2034}}
    answer = await gateway.client.patch(f"/instruments/{wallet.json()['id']}", json=renewed)
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "card"
    gone = await attached_card(gateway, (await customer(gateway))["id"])
    await gateway.client.post(f"/instruments/{gone['id']}/detach")
    refusal(await gateway.client.patch(f"/instruments/{gone['id']}", json=renewed), 409, "CONFLICT")
    refusal(await gateway.client.patch(f"/instruments/{UNKNOWN}", json=renewed), 404, "NOT_FOUND")


async def test_instruments_are_listed_newest_first(each_gateway: Gateway) -> None:
    saved = [await save(each_gateway) for _ in range(3)]
    first = (await each_gateway.client.get("/instruments", params={"limit": 2})).json()
    assert [each["id"] for each in first["data"]] == [saved[2]["id"], saved[1]["id"]]
    rest = (await each_gateway.client.get("/instruments", params={"cursor": first["next_cursor"]})).json()
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == ([saved[0]["id"]], False)
