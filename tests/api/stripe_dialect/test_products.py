"""Products over the wire, in process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import types_told
from tests.support.gateway import Gateway


async def test_a_product_is_made_changed_and_found(stripe: Stripe) -> None:
    made = await stripe.post(
        "/products",
        name="Tea",
        description="From the hills",
        images=["https://shop.example/tea.png"],
        marketing_features=[{"name": "Loose leaf"}],
        package_dimensions={"height": 1, "length": 2.5, "weight": 3, "width": 4},
        shippable=True,
        unit_label="tin",
        url="https://shop.example/tea",
        metadata={"shelf": "3"},
    )
    assert made["id"].startswith("prod_")
    assert (made["active"], made["default_price"], made["shippable"]) == (True, None, True)

    changed = await stripe.post(
        f"/products/{made['id']}", name="Green tea", active=False, description=None, metadata={"shelf": ""}
    )
    assert changed == {**made, "name": "Green tea", "active": False, "description": None, "metadata": {}}
    assert await stripe.get(f"/products/{made['id']}") == changed


async def test_it_may_come_with_a_price(stripe: Stripe) -> None:
    made = await stripe.post(
        "/products",
        name="Tea",
        default_price_data={"currency": "EUR", "unit_amount": 700},
        expand=["default_price"],
    )
    price = made["default_price"]
    assert (price["product"], price["unit_amount"], price["currency"]) == (made["id"], 700, "eur")
    other = await stripe.post("/prices", product=made["id"], currency="eur", unit_amount=800)
    changed = await stripe.post(f"/products/{made['id']}", default_price=other["id"])
    assert changed["default_price"] == other["id"]
    strange = await stripe.post("/prices", product_data={"name": "Cup"}, currency="eur", unit_amount=1)
    error = await stripe.refused("POST", f"/products/{made['id']}", default_price=strange["id"])
    assert error["param"] == "default_price"


async def test_lists_are_narrowed(stripe: Stripe) -> None:
    tea = await stripe.post("/products", name="Tea", url="https://shop.example/tea", shippable=True)
    cup = await stripe.post("/products", name="Cup", active=False)

    async def ids(**narrowed: Any) -> list[str]:
        return [each["id"] for each in (await stripe.get("/products", **narrowed))["data"]]

    assert await ids() == [cup["id"], tea["id"]]
    assert await ids(active=True) == [tea["id"]]
    assert await ids(active=False) == [cup["id"]]
    assert await ids(shippable=True) == [tea["id"]]
    assert await ids(ids=[cup["id"], "prod_none"]) == [cup["id"]]
    assert await ids(url="https://shop.example/tea") == [tea["id"]]
    assert await ids(limit=1, starting_after=cup["id"]) == [tea["id"]]
    found = await stripe.get("/products/search", query="name~'tea' AND active:'true'")
    assert [each["id"] for each in found["data"]] == [tea["id"]]


async def test_it_is_deleted_only_without_prices(gateway: Gateway, stripe: Stripe) -> None:
    tea = await stripe.post("/products", name="Tea", default_price_data={"currency": "usd", "unit_amount": 1})
    cup = await stripe.post("/products", name="Cup")
    error = await stripe.refused("DELETE", f"/products/{tea['id']}")
    assert "prices" in error["message"]

    assert await stripe.delete(f"/products/{cup['id']}") == {
        "id": cup["id"],
        "object": "product",
        "deleted": True,
    }
    error = await stripe.refused("GET", f"/products/{cup['id']}", 404)
    assert error["code"] == "resource_missing"
    assert [each["id"] for each in (await stripe.get("/products"))["data"]] == [tea["id"]]
    assert await types_told(gateway) == [
        *("product.created", "price.created", "product.created", "product.deleted"),
    ]


async def test_it_has_no_features(stripe: Stripe) -> None:
    tea = await stripe.post("/products", name="Tea")
    assert (await stripe.get(f"/products/{tea['id']}/features"))["data"] == []
    await stripe.refused("GET", "/products/prod_none/features", 404)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "Tea", "id": "tea"}, "id"),
        ({"name": "Tea", "shippable": "perhaps"}, "shippable"),
        ({"name": "Tea", "default_price_data": {"unit_amount": 1}}, "default_price_data[currency]"),
        ({"name": "Tea", "default_price_data": {"currency": "usd"}}, "default_price_data[unit_amount]"),
        (
            {"name": "Tea", "default_price_data": {"currency": "usd", "unit_amount": -1}},
            "default_price_data[unit_amount]",
        ),
    ],
)
async def test_what_cannot_be_is_refused(stripe: Stripe, given: dict[str, Any], param: str) -> None:
    error = await stripe.refused("POST", "/products", **given)
    assert error["param"] == param
    assert (await stripe.get("/products"))["data"] == []
