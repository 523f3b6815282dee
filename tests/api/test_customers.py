"""Customers: made, seen, found by address, changed and forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.gateway import UNKNOWN, Gateway, refusal
from tests.support.paging import rows_of
from tests.support.payers import attached_card, customer, save
from tests.support.real_card import REAL_CARD

EVERYTHING = {
    "name": "山田 花子",
    "email": "hanako@example.com",
    "phone": "+81 3 1234 5678",
    "description": "a regular",
    "metadata": {"plan": "gold", "a": "ü"},
}


async def test_nothing_is_needed_to_make_a_customer(each_gateway: Gateway) -> None:
    answer = await each_gateway.client.post("/customers")
    assert answer.status_code == 201
    made = answer.json()
    UUID(made.pop("id"))
    assert made == {
        "name": None,
        "email": None,
        "phone": None,
        "description": None,
        "metadata": {},
        "default_instrument_id": None,
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
    }


async def test_every_field_of_a_customer_is_kept_and_shown_again(each_gateway: Gateway) -> None:
    made = await customer(each_gateway, **EVERYTHING)
    assert {name: made[name] for name in EVERYTHING} == EVERYTHING
    seen = await each_gateway.client.get(f"/customers/{made['id'].upper()}")
    assert seen.json() == made


async def test_only_what_is_sent_of_a_customer_changes(each_gateway: Gateway) -> None:
    made = await customer(each_gateway, **EVERYTHING)
    each_gateway.clock.advance(timedelta(seconds=1))
    path = f"/customers/{made['id']}"
    changed = await each_gateway.client.patch(path, json={"email": None, "metadata": {"b": "2"}})
    assert changed.status_code == 200
    assert changed.json() == {
        **made,
        "email": None,
        "metadata": {"b": "2"},
        "updated_at": "2026-01-31T12:00:01Z",
    }
    assert (await each_gateway.client.get(path)).json() == changed.json()


async def test_customers_are_listed_newest_first_and_found_by_address(each_gateway: Gateway) -> None:
    made = [await customer(each_gateway, email=f"{number % 2}@example.com") for number in range(5)]
    ids = [each["id"] for each in reversed(made)]
    assert await pages(each_gateway, "/customers", limit=2) == ids
    found = await pages(each_gateway, "/customers", limit=2, email="0@example.com")
    assert found == [each["id"] for each in reversed(made[::2])]
    assert await pages(each_gateway, "/customers", email="nobody@example.com") == []
    one_page = (await each_gateway.client.get("/customers", params={"limit": 5})).json()
    assert (one_page["has_more"], one_page["next_cursor"]) == (False, None)


async def pages(gateway: Gateway, path: str, **query: Any) -> list[str]:
    """The ids of every page, in order."""
    return [each["id"] for each in await rows_of(gateway.client, path, **query)]


async def test_a_deleted_customer_is_as_unknown(each_gateway: Gateway) -> None:
    made = await customer(each_gateway, email="gone@example.com")
    card = await attached_card(each_gateway, made["id"])
    path = f"/customers/{made['id']}"
    gone = await each_gateway.client.delete(path)
    assert (gone.status_code, gone.json()) == (200, {"id": made["id"], "deleted": True})
    for method, below in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/instruments")):
        json = {"name": "again"} if method == "PATCH" else None
        refusal(await each_gateway.client.request(method, path + below, json=json), 404, "NOT_FOUND")
    assert await pages(each_gateway, "/customers", email="gone@example.com") == []
    # their instruments pay no more, whether or not the customer is named
    for payer in ({"customer_id": made["id"]}, {"instrument_id": card["id"]}):
        answer = await each_gateway.client.post("/payments", json={"amount": 1, **payer})
        assert "no such customer" in refusal(answer, 404, "NOT_FOUND")["message"]


async def test_a_customers_instruments_are_those_that_are_attached(each_gateway: Gateway) -> None:
    made, other = await customer(each_gateway), await customer(each_gateway)
    cards = [await attached_card(each_gateway, made["id"]) for _ in range(3)]
    await attached_card(each_gateway, other["id"])
    await save(each_gateway)
    await each_gateway.client.post(f"/instruments/{cards[1]['id']}/detach")
    path = f"/customers/{made['id']}/instruments"
    assert await pages(each_gateway, path, limit=1) == [cards[2]["id"], cards[0]["id"]]


async def test_a_customers_payments_are_listed_however_they_were_made(each_gateway: Gateway) -> None:
    made, other = await customer(each_gateway), await customer(each_gateway)
    saved = await attached_card(each_gateway, made["id"], "4000000000000002")
    paid = []
    for payer in ({"customer_id": made["id"]}, {"instrument_id": saved["id"]}):
        paid.append((await each_gateway.pay(**payer))["id"])
        await each_gateway.pay(customer_id=other["id"])
        await each_gateway.pay()
    intent = await each_gateway.client.post("/intents", json={"amount": 1, "instrument_id": saved["id"]})
    tried = await each_gateway.client.post(f"/intents/{intent.json()['id']}/confirm")
    newest_first = [tried.json()["payment_id"], *reversed(paid)]
    path = f"/customers/{made['id']}"
    assert await pages(each_gateway, f"{path}/payments", limit=1) == newest_first

    # and stay when the customer is forgotten
    await each_gateway.client.delete(path)
    assert await pages(each_gateway, f"{path}/payments") == newest_first
    refusal(await each_gateway.client.get(f"/customers/{UNKNOWN}/payments"), 404, "NOT_FOUND")


async def test_the_default_has_to_be_one_of_the_customers_own(each_gateway: Gateway) -> None:
    made, other = await customer(each_gateway), await customer(each_gateway)
    theirs, free = await attached_card(each_gateway, other["id"]), await save(each_gateway)
    path = f"/customers/{made['id']}"
    for wrong in (theirs, free):
        answer = await each_gateway.client.patch(path, json={"default_instrument_id": wrong["id"]})
        assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "default_instrument_id"
    unknown = await each_gateway.client.patch(path, json={"default_instrument_id": UNKNOWN})
    refusal(unknown, 404, "NOT_FOUND")

    mine = await attached_card(each_gateway, made["id"])
    chosen = await each_gateway.client.patch(path, json={"default_instrument_id": mine["id"]})
    assert chosen.json()["default_instrument_id"] == mine["id"]
    removed = await each_gateway.client.patch(path, json={"default_instrument_id": None})
    assert removed.json()["default_instrument_id"] is None


@pytest.mark.parametrize("how", ["detach", "delete"])
async def test_an_instrument_that_goes_is_no_default_any_more(each_gateway: Gateway, how: str) -> None:
    made = await customer(each_gateway)
    card = await attached_card(each_gateway, made["id"])
    path = f"/customers/{made['id']}"
    await each_gateway.client.patch(path, json={"default_instrument_id": card["id"]})
    if how == "detach":
        await each_gateway.client.post(f"/instruments/{card['id']}/detach")
    else:
        await each_gateway.client.delete(f"/instruments/{card['id']}")
    assert (await each_gateway.client.get(path)).json()["default_instrument_id"] is None


WRONG = [
    ({"name": ""}, "name"),
    ({"name": "n" * 201}, "name"),
    ({"email": "no address"}, "email"),
    ({"phone": "1" * 51}, "phone"),
    ({"description": "d" * 501}, "description"),
    ({"metadata": {"k": 1}}, "metadata.k"),
    ({"metadata": {"k" * 41: "v"}}, f"metadata.{'k' * 40}"),
    ({"metadata": {str(number): "" for number in range(51)}}, "metadata"),
    ({"metadata": None}, "metadata"),
    ({"default_instrument_id": UNKNOWN, "name": "n"}, "default_instrument_id"),
    ({"emial": "a@example.com"}, "emial"),
]


@pytest.mark.parametrize(("body", "param"), WRONG)
async def test_a_wrong_customer_is_refused(gateway: Gateway, body: dict[str, Any], param: str) -> None:
    before = await gateway.rows()
    error = refusal(await gateway.client.post("/customers", json=body), 422, "VALIDATION_FAILED")
    assert str(error["param"]).removesuffix(".[key]") == param
    assert await gateway.rows() == before


async def test_a_mistyped_field_is_told_the_nearest(gateway: Gateway) -> None:
    answer = await gateway.client.post("/customers", json={"emial": "a@example.com"})
    assert refusal(answer, 422, "VALIDATION_FAILED")["hint"] == "did you mean email?"


async def test_a_customer_keeps_no_real_card_number(gateway: Gateway) -> None:
    number = REAL_CARD
    hidden = "*" * 12 + number[-4:]
    made = await customer(
        gateway, name=number, description=f"card {number}", metadata={f"n {number}": f"v {number}"}
    )
    assert made["name"] == hidden
    assert made["description"] == f"card {hidden}"
    assert made["metadata"] == {f"n {hidden}": f"v {hidden}"}
    changed = await gateway.client.patch(f"/customers/{made['id']}", json={"name": f"m {number}"})
    assert changed.json()["name"] == f"m {hidden}"
