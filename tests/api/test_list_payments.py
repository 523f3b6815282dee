"""Finding payments: every filter, alone and together, page by page."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.gateway import Gateway, refusal
from tests.support.manual_clock import START
from tests.support.paging import pages_of
from tests.support.real_card import REAL_CARD

Payment = dict[str, Any]
SECOND = timedelta(seconds=1)


async def pages(client: httpx.AsyncClient, **query: Any) -> list[list[Payment]]:
    """All pages of a list, from the first to the last."""
    return await pages_of(client, "/payments", **query)


async def ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    return [payment["id"] for page in await pages(client, **query) for payment in page]


async def shop(gateway: Gateway) -> list[Payment]:
    """Payments of every kind a minute apart, newest first, in the shuffled order of a fixed seed."""
    kinds: list[dict[str, Any]] = [
        {"amount": amount, "currency": currency, "customer_email": email, "reference": reference, **rest}
        for amount in (1, 500, 90_000)
        for currency, email in (("INR", "a@example.com"), ("JPY", "b@example.com"), ("KWD", None))
        for reference, rest in (
            ("order-1", {}),
            (None, {"simulate": "bank_error"}),
            ("order-2", {"capture_method": "manual"}),
        )
    ]
    random.Random(7).shuffle(kinds)
    made = []
    for kind in kinds:
        made.append(await gateway.pay(**kind))
        gateway.clock.advance(timedelta(minutes=1))
    return made[::-1]


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def made_at(payment: Payment) -> datetime:
    return datetime.fromisoformat(payment["created_at"])


FILTERS: dict[str, tuple[dict[str, Any], Callable[[Payment], bool]]] = {
    "status": ({"status": "AUTHORIZED"}, lambda each: each["status"] == "AUTHORIZED"),
    "currency": ({"currency": "jpy"}, lambda each: each["currency"] == "JPY"),
    "email": ({"customer_email": "a@example.com"}, lambda each: each["customer_email"] == "a@example.com"),
    "reference": ({"reference": "order-1"}, lambda each: each["reference"] == "order-1"),
    "simulate": ({"simulate": "bank_error"}, lambda each: each["simulate"] == "bank_error"),
    "from": ({"created_from": at(9)}, lambda each: made_at(each) >= START + timedelta(minutes=9)),
    "to": ({"created_to": at(20)}, lambda each: made_at(each) < START + timedelta(minutes=20)),
    "least": ({"amount_min": 500}, lambda each: each["amount"] >= 500),
    "most": ({"amount_max": 500}, lambda each: each["amount"] <= 500),
}


async def test_every_filter_alone_and_with_every_other(each_gateway: Gateway) -> None:
    payments = await shop(each_gateway)
    combinations = [(), *((name,) for name in FILTERS)]
    combinations += [(one, other) for one in FILTERS for other in FILTERS if one < other]
    combinations += [("status", "currency", "reference"), ("from", "to", "least", "most"), tuple(FILTERS)]
    for names in combinations:
        query = {key: value for name in names for key, value in FILTERS[name][0].items()}
        wanted = [each["id"] for each in payments if all(FILTERS[name][1](each) for name in names)]
        assert await ids(each_gateway.client, **query, limit=100) == wanted, names


async def test_moments_are_taken_with_any_offset_and_bounds_are_half_open(each_gateway: Gateway) -> None:
    payments = await shop(each_gateway)
    moment = payments[5]["created_at"]
    elsewhere = "2026-01-31T17:51:00+05:30"
    assert moment == "2026-01-31T12:21:00Z"
    for written in (moment, elsewhere, "2026-01-31T12:21:00.000000Z"):
        assert await ids(each_gateway.client, created_from=written, created_to=written) == []
        since = await ids(each_gateway.client, created_from=written)
        until = await ids(each_gateway.client, created_to=written, limit=100)
        assert since == [each["id"] for each in payments[:6]]
        assert until == [each["id"] for each in payments[6:]]


async def test_an_order_number_that_looks_like_a_card_is_found_by_that_number(gateway: Gateway) -> None:
    number, email = REAL_CARD, f"{REAL_CARD}@example.com"
    payment = await gateway.pay(reference=number, customer_email=email)
    await gateway.pay(reference="other")
    assert await ids(gateway.client, reference=number) == [payment["id"]]
    assert await ids(gateway.client, customer_email=email) == [payment["id"]]
    assert await ids(gateway.client, reference=payment["reference"]) == [payment["id"]]


async def test_the_newest_come_first_and_twenty_at_a_time(each_gateway: Gateway) -> None:
    payments = await shop(each_gateway)
    found = await pages(each_gateway.client)
    assert [len(page) for page in found] == [20, 7]
    assert [each for page in found for each in page] == payments


@pytest.mark.parametrize("limit", [1, 5, 9, 27, 100])
async def test_pages_have_neither_gaps_nor_doubles(gateway: Gateway, limit: int) -> None:
    payments = await shop(gateway)
    wanted = [each["id"] for each in payments]
    found = await pages(gateway.client, limit=limit)
    assert [each["id"] for page in found for each in page] == wanted
    assert {len(page) for page in found[:-1]} <= {limit}


async def test_what_arrives_meanwhile_does_not_disturb_the_pages(each_gateway: Gateway) -> None:
    old = [(await each_gateway.pay())["id"] for _ in range(10)][::-1]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await each_gateway.client.get("/payments", params=query)).json()
        seen += [each["id"] for each in page["data"]]
        await each_gateway.pay()
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == old


async def test_pages_of_a_filter(each_gateway: Gateway) -> None:
    payments = await shop(each_gateway)
    wanted = [each["id"] for each in payments if each["status"] == "FAILED"]
    assert await ids(each_gateway.client, status="FAILED", limit=2) == wanted


async def test_payments_of_one_moment_keep_their_order(each_gateway: Gateway) -> None:
    made = [(await each_gateway.pay())["id"] for _ in range(7)]
    assert await ids(each_gateway.client, limit=2) == made[::-1]


async def test_a_list_without_payments_is_empty(gateway: Gateway) -> None:
    answer = await gateway.client.get("/payments")
    assert answer.json() == {"data": [], "has_more": False, "next_cursor": None}


async def test_the_last_page_may_be_full(gateway: Gateway) -> None:
    for _ in range(4):
        await gateway.pay()
    assert [len(page) for page in await pages(gateway.client, limit=2)] == [2, 2]


BAD = [
    *({"limit": value} for value in ("0", "101", "-1", "x", "1.5", "", "1e1", "9" * 30)),
    *({"status": value} for value in ("", "captured", "NONE")),
    *({"currency": value} for value in ("", "XX", "XTS", "INRR")),
    *({"simulate": value} for value in ("", "SUCCESS", "none")),
    *({"amount_min": value} for value in ("-1", "x", "1.5", str(10**12))),
    *({"amount_max": value} for value in ("-1", "", "true", "9" * 400)),
    *(
        {"created_from": value}
        for value in ("", "now", "2026-01-31", "2026-01-31T12:00:00", "1700000000", "1e9")
    ),
    *({"created_to": value} for value in ("2026-13-01T00:00:00Z", "12:00", "+1", "infinity", "NaN")),
    {"created_from": "9999-12-31T23:59:59-23:59"},
    {"created_to": "0001-01-01T00:00:00+23:59"},
    {"customer_email": "e" * 255},
    {"customer_email": "\x00"},
    {"reference": "r" * 101},
    {"reference": "\x00"},
    {"status[]": "CAPTURED"},
    {"offset": "1"},
    {"Status": "CAPTURED"},
]


@pytest.mark.parametrize("query", BAD)
async def test_a_bad_query_is_refused_and_named(gateway: Gateway, query: dict[str, str]) -> None:
    error = refusal(await gateway.client.get("/payments", params=query), 422, "VALIDATION_FAILED")
    assert error["param"] == next(iter(query))


@pytest.mark.parametrize(
    "query",
    [
        {"created_from": "0001-01-01T00:00:00Z"},
        {"created_to": "9999-12-31T23:59:59.999999Z"},
        {"created_from": "9999-12-31T23:59:59.999999Z"},
        {"created_to": "1969-12-31T00:00:00Z"},
        {"amount_min": "99999999999"},
        {"amount_min": "0", "amount_max": "0"},
        {"amount_min": "2", "amount_max": "1"},
        {"customer_email": "nobody"},
        {"reference": ""},
        {"reference": "%' OR 1=1 --"},
    ],
)
async def test_the_edges_of_filters_are_no_errors(each_gateway: Gateway, query: dict[str, str]) -> None:
    payment = await each_gateway.pay()
    far = {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}
    hits = query.get("created_from") == min(far) or query.get("created_to") == max(far)
    assert await ids(each_gateway.client, **query) == ([payment["id"]] if hits else [])


def cursor_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "!" * 22, "A" * 21, "A" * 23, "A" * 65, "ü" * 22, "\x00", "../../etc/passwd"),
        cursor_of(b"short"),
        cursor_of(b"much longer than any id is"),
        "01a20750-ae4e-76e9-a724-b6bf08da5299",
        "!" + cursor_of(bytes(16)),
        cursor_of(bytes(16)) + "==",
        cursor_of(bytes(16))[:-1] + "B",
    ],
)
async def test_what_is_no_cursor_is_refused(gateway: Gateway, cursor: str) -> None:
    answer = await gateway.client.get("/payments", params={"cursor": cursor})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "cursor"


async def test_another_merchants_cursor_shows_nothing_of_theirs(each_gateway: Gateway) -> None:
    other = await each_gateway.another_merchant()
    mine = (await each_gateway.pay())["id"]
    for _ in range(3):
        await other.post("/payments", json={"amount": 1})
    cursor = (await other.get("/payments?limit=1")).json()["next_cursor"]
    page = (await each_gateway.client.get("/payments", params={"cursor": cursor})).json()
    assert [each["id"] for each in page["data"]] == [mine]
    oldest = cursor_of(bytes(16))
    assert (await each_gateway.client.get("/payments", params={"cursor": oldest})).json()["data"] == []
