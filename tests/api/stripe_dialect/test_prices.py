"""Prices over the wire, in process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.stripe_forms import form

USD: dict[str, Any] = {"currency": "usd", "product_data": {"name": "Tea"}}


async def test_a_price_of_a_product(stripe: Stripe) -> None:
    product = await stripe.post("/products", name="Tea")
    made = await stripe.post(
        "/prices", product=product["id"], currency="USD", unit_amount=1_250, nickname="Usual"
    )
    assert made["id"].startswith("price_")
    assert (made["type"], made["unit_amount"], made["unit_amount_decimal"]) == ("one_time", 1_250, "1250")
    assert (made["product"], made["currency"], made["recurring"]) == (product["id"], "usd", None)
    assert await stripe.get(f"/prices/{made['id']}") == made

    changed = await stripe.post(f"/prices/{made['id']}", active=False, nickname="Old", metadata={"a": "b"})
    assert changed == {**made, "active": False, "nickname": "Old", "metadata": {"a": "b"}}


@pytest.mark.parametrize(
    ("given", "amount", "decimal"),
    [
        ({"currency": "usd", "unit_amount_decimal": "12.50"}, None, "12.5"),
        ({"currency": "usd", "unit_amount_decimal": "12.00"}, 12, "12"),
        ({"currency": "usd", "unit_amount_decimal": "0.000000000001"}, None, "0.000000000001"),
        ({"currency": "jpy", "unit_amount": 500}, 500, "500"),
        ({"currency": "isk", "unit_amount": 500}, 500, "500"),
        ({"currency": "usd", "unit_amount": 0}, 0, "0"),
    ],
)
async def test_amounts_are_kept_as_they_are(
    stripe: Stripe, given: dict[str, Any], amount: int | None, decimal: str
) -> None:
    made = await stripe.post("/prices", product_data={"name": "Tea"}, **given)
    assert (made["unit_amount"], made["unit_amount_decimal"]) == (amount, decimal)


async def test_part_of_a_cent_adds_up(stripe: Stripe) -> None:
    made = await stripe.post("/prices", unit_amount_decimal="12.5", **USD)
    session = await stripe.post(
        "/checkout/sessions",
        mode="payment",
        success_url="https://shop.example",
        line_items=[{"price": made["id"], "quantity": 101}],
    )
    assert session["amount_total"] == 1_263


async def test_what_recurs_is_shown_so(stripe: Stripe) -> None:
    made = await stripe.post("/prices", unit_amount=500, recurring={"interval": "month"}, **USD)
    assert (made["type"], made["recurring"]["interval"], made["recurring"]["interval_count"]) == (
        *("recurring", "month", 1),
    )


async def test_a_lookup_key_is_of_one_price(stripe: Stripe) -> None:
    first = await stripe.post("/prices", unit_amount=500, lookup_key="usual", **USD)
    error = await stripe.refused("POST", "/prices", unit_amount=600, lookup_key="usual", **USD)
    assert (error["param"], first["id"] in error["message"]) == ("lookup_key", True)
    second = await stripe.post(
        "/prices", unit_amount=600, lookup_key="usual", transfer_lookup_key=True, **USD
    )
    assert (await stripe.get(f"/prices/{first['id']}"))["lookup_key"] is None
    found = await stripe.get("/prices", lookup_keys=["usual", "none"])
    assert [each["id"] for each in found["data"]] == [second["id"]]
    assert await stripe.post(f"/prices/{second['id']}", lookup_key="usual") == second
    error = await stripe.refused("POST", f"/prices/{first['id']}", lookup_key="usual")
    assert error["param"] == "lookup_key"


async def test_lists_are_narrowed(stripe: Stripe) -> None:
    once = await stripe.post("/prices", unit_amount=500, **USD)
    monthly = await stripe.post(
        "/prices", currency="eur", unit_amount=9, product=once["product"], recurring={"interval": "month"}
    )

    async def ids(**narrowed: Any) -> list[str]:
        found = await stripe.client.get("/v1/prices", params=form(narrowed))
        return [each["id"] for each in found.json()["data"]]

    assert await ids() == await ids(product=once["product"]) == [monthly["id"], once["id"]]
    assert await ids(currency="EUR") == await ids(type="recurring") == [monthly["id"]]
    assert await ids(recurring={"interval": "month"}) == [monthly["id"]]
    assert await ids(recurring={"interval": "year"}) == await ids(active=False) == []
    found = await stripe.get("/prices/search", query=f"product:'{once['product']}' AND type:'one_time'")
    assert [each["id"] for each in found["data"]] == [once["id"]]


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"unit_amount": 1, "product_data": {"name": "Tea"}}, "currency"),
        ({"unit_amount": 1, "currency": "usd"}, "product"),
        ({"unit_amount": 1, "currency": "usd", "product": "prod_none"}, "product"),
        ({"unit_amount": 1, "currency": "usd", "product": "pi_none"}, "product"),
        ({**USD, "currency": "xyz", "unit_amount": 1}, "currency"),
        (USD, "unit_amount"),
        ({**USD, "unit_amount": -1}, "unit_amount"),
        ({**USD, "unit_amount": 10**18}, "unit_amount"),
        ({**USD, "unit_amount_decimal": "-0.5"}, "unit_amount_decimal"),
        ({**USD, "unit_amount_decimal": "1.0000000000001"}, "unit_amount_decimal"),
        ({**USD, "unit_amount_decimal": "many"}, "unit_amount_decimal"),
        ({**USD, "currency": "isk", "unit_amount_decimal": "100.5"}, "unit_amount_decimal"),
        ({**USD, "unit_amount": 1, "unit_amount_decimal": "1"}, "unit_amount"),
        ({**USD, "unit_amount": 1, "billing_scheme": "tiered"}, "billing_scheme"),
        ({**USD, "unit_amount": 1, "tiers_mode": "volume"}, "tiers_mode"),
        ({**USD, "unit_amount": 1, "recurring": {"interval": "century"}}, "recurring[interval]"),
        (
            {**USD, "unit_amount": 1, "recurring": {"interval": "year", "interval_count": 4}},
            "recurring[interval_count]",
        ),
        (
            {**USD, "unit_amount": 1, "recurring": {"interval": "year", "usage_type": "metered"}},
            "recurring[usage_type]",
        ),
    ],
)
async def test_what_cannot_be_is_refused(stripe: Stripe, given: dict[str, Any], param: str) -> None:
    error = await stripe.refused("POST", "/prices", **given)
    assert error["param"] == param
    assert (await stripe.get("/prices"))["data"] == []
