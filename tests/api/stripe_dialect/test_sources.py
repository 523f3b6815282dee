"""Cards and sources of customers, in the words of before there were payment methods."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import types_told
from tests.support.gateway import Gateway

CARD: Final = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
ANOTHERS: Final = {"Authorization": "Bearer sk_test_of_somebody_else"}
PUBLIC: Final = {"Authorization": "Bearer pk_test_of_this_test"}


async def a_customer(stripe: Stripe, **parameters: Any) -> dict[str, Any]:
    return await stripe.post("/customers", **parameters)


async def test_a_customer_is_made_with_a_card(stripe: Stripe, gateway: Gateway) -> None:
    customer = await a_customer(stripe, source="tok_amex")

    assert customer["default_source"].startswith("card_")
    card = await stripe.get(f"/customers/{customer['id']}/sources/{customer['default_source']}")
    assert (card["object"], card["brand"], card["last4"]) == ("card", "American Express", "0005")
    assert card["customer"] == customer["id"]
    assert await types_told(gateway) == ["customer.created", "customer.source.created"]


async def test_the_card_of_a_token_keeps_its_id(stripe: Stripe) -> None:
    token = await stripe.post("/tokens", card={**CARD, "name": "Ada"})

    customer = await a_customer(stripe, source=token["id"])

    assert customer["default_source"] == token["card"]["id"]


async def test_a_card_is_a_payment_method_too(stripe: Stripe) -> None:
    customer = await a_customer(stripe, source="tok_visa")

    method = await stripe.get(f"/payment_methods/{customer['default_source']}")
    listed = await stripe.get("/payment_methods", customer=customer["id"], type="card")
    intent = await stripe.paid(customer=customer["id"], payment_method=customer["default_source"])

    assert (method["object"], method["customer"]) == ("payment_method", customer["id"])
    assert listed["data"] == [method]
    assert intent["payment_method"] == customer["default_source"]


async def test_the_first_source_becomes_the_default(stripe: Stripe, gateway: Gateway) -> None:
    customer = (await a_customer(stripe))["id"]

    first = await stripe.post(f"/customers/{customer}/sources", source="tok_visa", metadata={"k": "v"})
    second = await stripe.post(f"/customers/{customer}/sources", source="tok_mastercard")

    assert first["metadata"] == {"k": "v"}
    assert second["brand"] == "MasterCard"
    assert (await stripe.get(f"/customers/{customer}"))["default_source"] == first["id"]
    assert await types_told(gateway) == [
        "customer.created",
        "customer.source.created",
        "customer.updated",
        "customer.source.created",
    ]


async def test_a_card_is_described_whole(stripe: Stripe) -> None:
    customer = (await a_customer(stripe))["id"]

    card = await stripe.post(
        f"/customers/{customer}/sources",
        card={**CARD, "object": "card", "name": "Ada", "address_city": "Paris", "metadata": {"k": "v"}},
    )

    assert (card["last4"], card["name"], card["address_city"]) == ("4242", "Ada", "Paris")
    assert card["metadata"] == {"k": "v"}


async def test_another_default_is_chosen(stripe: Stripe) -> None:
    customer = (await a_customer(stripe, source="tok_visa"))["id"]
    second = await stripe.post(f"/customers/{customer}/sources", source="tok_mastercard")

    changed = await stripe.post(f"/customers/{customer}", default_source=second["id"])

    assert changed["default_source"] == second["id"]


@pytest.mark.parametrize("name", ["card_nothing", "tok_visa", "pm_card_visa"])
async def test_a_default_is_the_customers_own(stripe: Stripe, name: str) -> None:
    customer = (await a_customer(stripe, source="tok_visa"))["id"]

    error = await stripe.refused("POST", f"/customers/{customer}", default_source=name)

    assert (error["code"], error["param"]) == ("resource_missing", "default_source")


async def test_anothers_card_is_no_default(stripe: Stripe) -> None:
    customer = (await a_customer(stripe))["id"]
    other = await a_customer(stripe, source="tok_visa")

    error = await stripe.refused("POST", f"/customers/{customer}", default_source=other["default_source"])

    assert error["code"] == "resource_missing"


async def test_a_new_source_takes_the_defaults_place(stripe: Stripe, gateway: Gateway) -> None:
    customer = await a_customer(stripe, source="tok_visa")

    changed = await stripe.post(f"/customers/{customer['id']}", source="tok_mastercard")

    assert changed["default_source"] != customer["default_source"]
    listed = await stripe.get(f"/customers/{customer['id']}/sources")
    assert [each["id"] for each in listed["data"]] == [changed["default_source"]]
    assert (await types_told(gateway))[2:] == [
        "customer.source.created",
        "customer.source.deleted",
        "customer.updated",
    ]


async def test_a_declined_card_is_not_added(stripe: Stripe) -> None:
    customer = (await a_customer(stripe))["id"]

    for path in (f"/customers/{customer}/sources", f"/customers/{customer}", "/customers"):
        error = await stripe.refused("POST", path, 402, source="tok_chargeDeclinedInsufficientFunds")
        assert (error["type"], error["decline_code"]) == ("card_error", "insufficient_funds")
    assert (await stripe.get(f"/customers/{customer}/sources"))["data"] == []


async def test_a_list_has_pages_and_kinds(stripe: Stripe) -> None:
    customer = (await a_customer(stripe))["id"]
    path = f"/customers/{customer}/sources"
    await stripe.post("/payment_methods/pm_card_visa/attach", customer=customer)
    cards = [(await stripe.post(path, source="tok_visa"))["id"] for _ in range(3)]
    loose = await stripe.post("/sources", type="card", token="tok_visa")
    source = await stripe.post(path, source=loose["id"])

    everything = await stripe.get(path)
    first = await stripe.get(path, object="card", limit=2)
    rest = await stripe.get(path, object="card", limit=2, starting_after=first["data"][-1]["id"])

    assert everything["url"] == f"/v1{path}"
    assert [each["id"] for each in everything["data"]] == [source["id"], *cards[::-1]]
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (cards[:0:-1], True)
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (cards[:1], False)
    assert [each["id"] for each in (await stripe.get(path, object="source"))["data"]] == [source["id"]]
    assert (await stripe.get(path, object="bank_account"))["data"] == []


async def test_sources_and_the_default_are_expanded(stripe: Stripe) -> None:
    customer = await a_customer(stripe, source="tok_visa", expand=["sources", "default_source"])

    assert customer["default_source"]["object"] == "card"
    assert customer["sources"]["data"] == [customer["default_source"]]
    listed = await stripe.get("/customers", expand=["data.default_source", "data.sources"])
    assert listed["data"][0]["sources"]["data"] == [listed["data"][0]["default_source"]]


async def test_a_card_is_changed(stripe: Stripe, gateway: Gateway) -> None:
    customer = await a_customer(stripe, source="tok_visa")
    path = f"/customers/{customer['id']}/sources/{customer['default_source']}"

    changed = await stripe.post(
        path, name="Ada", exp_month="3", exp_year="2031", address_zip="12345", metadata={"k": "v"}
    )

    assert (changed["name"], changed["exp_month"], changed["exp_year"]) == ("Ada", 3, 2031)
    assert (changed["address_zip"], changed["metadata"]) == ("12345", {"k": "v"})
    assert (await types_told(gateway))[-1] == "customer.source.updated"
    assert (await stripe.post(path, metadata={"k": ""}))["name"] == "Ada"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"exp_month": "13"}, "invalid_expiry_month"),
        ({"exp_month": "x"}, "invalid_expiry_month"),
        ({"exp_year": "2020"}, "invalid_expiry_year"),
    ],
)
async def test_a_card_is_not_changed_into_none(stripe: Stripe, parameters: dict[str, Any], code: str) -> None:
    customer = await a_customer(stripe, source="tok_visa")

    error = await stripe.refused(
        "POST", f"/customers/{customer['id']}/sources/{customer['default_source']}", 402, **parameters
    )

    assert error["code"] == code


async def test_a_deleted_card_is_gone_and_the_newest_other_is_the_default(
    stripe: Stripe, gateway: Gateway
) -> None:
    customer = await a_customer(stripe, source="tok_visa")
    path = f"/customers/{customer['id']}/sources"
    await stripe.post(path, source="tok_mastercard")
    newest = await stripe.post(path, source="tok_amex")

    gone = await stripe.delete(f"{path}/{customer['default_source']}")

    assert gone == {"id": customer["default_source"], "object": "card", "deleted": True, "currency": None}
    assert (await stripe.get(f"/customers/{customer['id']}"))["default_source"] == newest["id"]
    assert (await types_told(gateway))[-2:] == ["customer.source.deleted", "customer.updated"]
    await stripe.refused("GET", f"{path}/{customer['default_source']}", 404)
    await stripe.refused("DELETE", f"{path}/{customer['default_source']}", 404)


async def test_the_last_card_leaves_no_default(stripe: Stripe) -> None:
    customer = await a_customer(stripe, source="tok_visa")

    await stripe.delete(f"/customers/{customer['id']}/sources/{customer['default_source']}")

    assert (await stripe.get(f"/customers/{customer['id']}"))["default_source"] is None


@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        ({}, "parameter_missing", "source"),
        ({"source": "tok_nothing"}, "resource_missing", "source"),
        ({"source": "src_nothing"}, "resource_missing", "source"),
        ({"source": "card_nothing"}, "resource_missing", "source"),
        ({"source": "pm_card_visa"}, None, "source"),
        ({"source": ""}, "parameter_invalid_empty", "source"),
        ({"card": "tok_nothing"}, "resource_missing", "card"),
        ({"bank_account": "btok_x"}, None, "bank_account"),
    ],
)
async def test_what_is_no_source_is_refused(
    stripe: Stripe, parameters: dict[str, Any], code: str | None, param: str
) -> None:
    customer = (await a_customer(stripe))["id"]

    error = await stripe.refused("POST", f"/customers/{customer}/sources", **parameters)

    assert (error.get("code"), error["param"]) == (code, param)


async def test_an_older_dictionary_as_source_is_refused_in_stripes_shape(stripe: Stripe) -> None:
    error = await stripe.refused("POST", "/customers", source={"object": "card", **CARD})

    assert error["param"] == "source"


async def test_another_merchants_are_unknown(stripe: Stripe) -> None:
    customer = await a_customer(stripe, source="tok_visa")
    path = f"/customers/{customer['id']}/sources"
    theirs = (await stripe.post("/customers", headers=ANOTHERS))["id"]

    await stripe.refused("GET", path, 404, headers=ANOTHERS)
    await stripe.refused("POST", path, 404, source="tok_visa", headers=ANOTHERS)
    await stripe.refused("DELETE", f"{path}/{customer['default_source']}", 404, headers=ANOTHERS)
    await stripe.refused(
        "GET", f"/customers/{theirs}/sources/{customer['default_source']}", 404, headers=ANOTHERS
    )
    await stripe.refused(
        "POST", f"/customers/{theirs}", default_source=customer["default_source"], headers=ANOTHERS
    )


async def test_a_source_of_a_card_is_chargeable(stripe: Stripe) -> None:
    token = await stripe.post("/tokens", card=CARD)

    made = await stripe.post(
        "/sources", type="card", token=token["id"], owner={"name": "Ada"}, metadata={"k": "v"}
    )

    assert made["id"].startswith("src_")
    assert (made["object"], made["status"], made["type"]) == ("source", "chargeable", "card")
    assert (made["card"]["last4"], made["owner"]["name"], made["metadata"]) == ("4242", "Ada", {"k": "v"})
    assert "customer" not in made
    assert await stripe.get(f"/sources/{made['id']}") == made


async def test_a_public_key_shows_a_sources_secret(stripe: Stripe) -> None:
    made = await stripe.post("/sources", type="card", token="tok_visa")
    path = f"/sources/{made['id']}"

    assert await stripe.get(path, client_secret=made["client_secret"], headers=PUBLIC) == made
    await stripe.refused("GET", path, headers=PUBLIC)
    await stripe.refused("GET", path, client_secret="src_client_secret_x", headers=PUBLIC)


async def test_a_source_is_consumed_by_its_charge(stripe: Stripe) -> None:
    made = await stripe.post("/sources", type="card", token="tok_visa")

    charge = await stripe.post("/charges", amount=1_000, currency="usd", source=made["id"])

    assert (charge["paid"], charge["payment_method"]) == (True, made["id"])
    assert (await stripe.get(f"/sources/{made['id']}"))["status"] == "consumed"
    await stripe.refused("POST", "/charges", amount=1_000, currency="usd", source=made["id"])
    customer = (await a_customer(stripe))["id"]
    await stripe.refused("POST", f"/customers/{customer}/sources", source=made["id"])


async def test_a_customers_source_is_charged_again_and_again(stripe: Stripe) -> None:
    made = await stripe.post("/sources", type="card", token="tok_visa")
    customer = await a_customer(stripe, source=made["id"])
    assert customer["default_source"] == made["id"]

    for _ in range(2):
        charge = await stripe.post(
            "/charges", amount=1_000, currency="usd", source=made["id"], customer=customer["id"]
        )
        assert charge["paid"]

    shown = await stripe.get(f"/sources/{made['id']}")
    assert (shown["status"], shown["customer"]) == ("chargeable", customer["id"])
    await stripe.refused("POST", "/charges", amount=1_000, currency="usd", source=made["id"])
    gone = await stripe.delete(f"/customers/{customer['id']}/sources/{made['id']}")
    assert (gone["object"], gone["status"]) == ("source", "consumed")


async def test_a_sources_owner_is_changed(stripe: Stripe) -> None:
    made = await stripe.post("/sources", type="card", token="tok_visa", owner={"name": "Ada"})

    changed = await stripe.post(f"/sources/{made['id']}", owner={"email": "a@example.com"})

    assert (changed["owner"]["name"], changed["owner"]["email"]) == ("Ada", "a@example.com")


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({}, "type"),
        ({"type": "card"}, "token"),
        ({"type": "card", "token": "tok_nothing"}, "token"),
        ({"type": "ideal"}, "type"),
        ({"type": "x" * 5_000}, "type"),
    ],
)
async def test_what_makes_no_source_is_refused(
    stripe: Stripe, parameters: dict[str, Any], param: str
) -> None:
    error = await stripe.refused("POST", "/sources", **parameters)

    assert error["param"] == param


async def test_an_unknown_source_is_missing(stripe: Stripe) -> None:
    card = (await a_customer(stripe, source="tok_visa"))["default_source"]
    made = await stripe.post("/sources", type="card", token="tok_visa")

    for name in ("src_nothing", card, "x"):
        error = await stripe.refused("GET", f"/sources/{name}", 404)
        assert error["code"] == "resource_missing"
    await stripe.refused("GET", f"/sources/{made['id']}", 404, headers=ANOTHERS)
