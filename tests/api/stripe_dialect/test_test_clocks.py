"""Test clocks: a time of their own for customers."""

from __future__ import annotations

import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.support.gateway import Gateway
from tests.support.manual_clock import START

CLOCKS = "/test_helpers/test_clocks"
NOW = int(START.timestamp())
THEN = NOW + 86_400
OTHER = {"Authorization": "Bearer sk_test_of_somebody_else"}


async def test_a_clock_stands_where_it_was_set_and_moves_forward(stripe: Stripe) -> None:
    made = await stripe.post(CLOCKS, frozen_time=THEN, name="Year end")

    assert made["object"] == "test_helpers.test_clock"
    assert made["id"].startswith("clock_")
    assert (made["status"], made["frozen_time"], made["name"]) == ("ready", THEN, "Year end")
    assert made["created"] == NOW
    assert made["deletes_after"] > NOW
    assert await stripe.get(f"{CLOCKS}/{made['id']}") == made

    moving = await stripe.post(f"{CLOCKS}/{made['id']}/advance", frozen_time=THEN + 60)
    assert moving["status"] == "advancing"
    assert moving["status_details"] == {"advancing": {"target_frozen_time": THEN + 60}}
    moved = await stripe.get(f"{CLOCKS}/{made['id']}")
    assert (moved["status"], moved["frozen_time"], moved["status_details"]) == ("ready", THEN + 60, {})


@pytest.mark.parametrize("by", [0, -1])
async def test_a_clock_does_not_move_back(stripe: Stripe, by: int) -> None:
    made = await stripe.post(CLOCKS, frozen_time=THEN)

    error = await stripe.refused("POST", f"{CLOCKS}/{made['id']}/advance", frozen_time=THEN + by)

    assert error["param"] == "frozen_time"
    assert await stripe.get(f"{CLOCKS}/{made['id']}") == made


@pytest.mark.parametrize("time", ["", "soon", -1, 0, 10**12, 10**30, 1.5])
async def test_a_time_has_to_be_one(stripe: Stripe, time: object) -> None:
    error = await stripe.refused("POST", CLOCKS, frozen_time=time)

    assert error["param"] == "frozen_time"


async def test_a_clock_needs_a_time(stripe: Stripe) -> None:
    assert (await stripe.refused("POST", CLOCKS, name="x"))["code"] == "parameter_missing"


async def test_customers_are_made_in_the_time_of_their_clock(stripe: Stripe) -> None:
    clock = await stripe.post(CLOCKS, frozen_time=THEN)
    plain = await stripe.post("/customers", email="plain@example.com")
    customer = await stripe.post("/customers", test_clock=clock["id"])

    assert (customer["test_clock"], customer["created"]) == (clock["id"], THEN)
    assert plain["test_clock"] is None
    # a list has those of a clock only where it is named
    listed = await stripe.get("/customers", test_clock=clock["id"])
    assert [each["id"] for each in listed["data"]] == [customer["id"]]
    assert [each["id"] for each in (await stripe.get("/customers"))["data"]] == [plain["id"]]


async def test_a_clock_has_three_customers_at_most(stripe: Stripe) -> None:
    clock = await stripe.post(CLOCKS, frozen_time=THEN)
    for _ in range(3):
        await stripe.post("/customers", test_clock=clock["id"])

    error = await stripe.refused("POST", "/customers", test_clock=clock["id"])

    assert error["param"] == "test_clock"


async def test_a_deleted_clock_takes_its_customers_with_it(stripe: Stripe) -> None:
    clock = await stripe.post(CLOCKS, frozen_time=THEN)
    customer = await stripe.post("/customers", test_clock=clock["id"])

    gone = await stripe.delete(f"{CLOCKS}/{clock['id']}")

    assert gone == {"id": clock["id"], "object": "test_helpers.test_clock", "deleted": True}
    await stripe.refused("GET", f"{CLOCKS}/{clock['id']}", 404)
    await stripe.refused("POST", f"{CLOCKS}/{clock['id']}/advance", 404, frozen_time=THEN + 60)
    await stripe.refused("POST", "/customers", test_clock=clock["id"])
    assert (await stripe.get(f"/customers/{customer['id']}"))["deleted"] is True
    assert (await stripe.get(CLOCKS))["data"] == []


async def test_clocks_are_listed_in_pages(stripe: Stripe) -> None:
    made = [(await stripe.post(CLOCKS, frozen_time=THEN))["id"] for _ in range(3)][::-1]

    first = await stripe.get(CLOCKS, limit=2)
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (made[:2], True)
    rest = await stripe.get(CLOCKS, limit=2, starting_after=made[1])
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (made[2:], False)


async def test_what_happens_to_a_clock_is_told(stripe: Stripe) -> None:
    clock = await stripe.post(CLOCKS, frozen_time=THEN)
    await stripe.post(f"{CLOCKS}/{clock['id']}/advance", frozen_time=THEN + 60)
    await stripe.delete(f"{CLOCKS}/{clock['id']}")

    told = (await stripe.get("/events", type="test_helpers.test_clock.*"))["data"][::-1]

    assert [each["type"].rpartition(".")[2] for each in told] == ["created", "advancing", "ready", "deleted"]
    assert [each["data"]["object"]["status"] for each in told] == ["ready", "advancing", "ready", "ready"]


@pytest.mark.parametrize("clock_id", ["clock_none", "cus_1", "%20", "clock_" + "0" * 24])
async def test_an_unknown_clock_is_missing(stripe: Stripe, clock_id: str) -> None:
    assert (await stripe.refused("GET", f"{CLOCKS}/{clock_id}", 404))["code"] == "resource_missing"


async def test_another_merchants_clock_is_unknown(gateway: Gateway, stripe: Stripe) -> None:
    clock = await stripe.post(CLOCKS, frozen_time=THEN)
    at = f"{CLOCKS}/{clock['id']}"

    await stripe.refused("GET", at, 404, headers=OTHER)
    await stripe.refused("POST", f"{at}/advance", 404, frozen_time=THEN + 60, headers=OTHER)
    await stripe.refused("DELETE", at, 404, headers=OTHER)
    await stripe.refused("POST", "/customers", test_clock=clock["id"], headers=OTHER)
    await stripe.refused("GET", "/customers", test_clock=clock["id"], headers=OTHER)
