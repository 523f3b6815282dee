"""How many a page of a list has: as many as are asked for, and none where none are wanted."""

from __future__ import annotations

from typing import Any, Final

import pytest

from kessai.dialects.stripe.routes import every_route
from tests.api.stripe_dialect.conftest import Stripe

LISTS: Final = sorted(
    each.template.removeprefix("/v1")
    for each in every_route()
    if each.method == "GET" and "starting_after" in each.simulated and "{" not in each.template
)
NEEDED: Final = {"/payment_methods": "customer", "/setup_attempts": "setup_intent"}
"""What a list is of that is not a merchant's as a whole."""


async def narrowed(stripe: Stripe, path: str) -> dict[str, Any]:
    """What a list cannot be asked for without."""
    kind = NEEDED.get(path)
    return {} if kind is None else {kind: (await stripe.post(f"/{kind}s"))["id"]}


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_gives_none_where_none_are_wanted(stripe: Stripe, path: str) -> None:
    found = await stripe.get(path, limit=0, **await narrowed(stripe, path))

    assert found["data"] == []


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("limit", "bound"), [(-1, "greater than or equal to 0"), (101, "less than or equal to 100")]
)
async def test_a_list_has_bounds(stripe: Stripe, path: str, limit: int, bound: str) -> None:
    error = await stripe.refused("GET", path, limit=limit, **await narrowed(stripe, path))

    assert (error["code"], error["param"]) == ("parameter_invalid_integer", "limit")
    assert error["message"] == f"This value must be {bound}."


async def test_a_page_of_none_says_whether_there_are_more(stripe: Stripe) -> None:
    older, newer = [(await stripe.post("/customers"))["id"] for _ in range(2)]

    for cursor in ({}, {"starting_after": newer}, {"ending_before": older}):
        page = await stripe.get("/customers", limit=0, **cursor)
        assert (page["data"], page["has_more"]) == ([], True)
    for cursor in ({"starting_after": older}, {"ending_before": newer}):
        page = await stripe.get("/customers", limit=0, **cursor)
        assert (page["data"], page["has_more"]) == ([], False)


async def test_a_page_of_no_events_and_of_no_lines(stripe: Stripe) -> None:
    price = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Tea"}}
    link = await stripe.post("/payment_links", line_items=[{"price_data": price, "quantity": 1}] * 2)
    lines = f"/payment_links/{link['id']}/line_items"
    last = (await stripe.get(lines))["data"][-1]["id"]
    oldest = (await stripe.get("/events"))["data"][-1]["id"]

    for path, cursor in ((lines, last), ("/events", oldest)):
        page = await stripe.get(path, limit=0, ending_before=cursor)
        assert (page["data"], page["has_more"]) == ([], True)


async def test_a_search_finds_one_at_least(stripe: Stripe) -> None:
    error = await stripe.refused("GET", "/customers/search", query="email:'a@b.example'", limit=0)

    assert (error["param"], error["message"]) == ("limit", "This value must be greater than or equal to 1.")
