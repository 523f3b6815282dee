"""Taking a payment: fields, defaults, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kessai.domain.currencies import EXPONENTS
from tests.support.gateway import Gateway, refusal

AMOUNT_MAX = 99_999_999_999


async def test_only_an_amount_is_needed(each_gateway: Gateway) -> None:
    answer = await each_gateway.client.post("/payments", json={"amount": 10_000})
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    payment = answer.json()
    assert UUID(payment.pop("id")).version == 7
    assert payment == {
        "amount": 10_000,
        "currency": "INR",
        "status": "CAPTURED",
        "description": None,
        "customer_email": None,
        "metadata": {},
        "reference": None,
        "capture_method": "automatic",
        "simulate": "success",
        "captured_amount": 10_000,
        "refunded_amount": 0,
        "error_code": None,
        "error_message": None,
        "payment_method": None,
        "customer_id": None,
        "instrument_id": None,
        "intent_id": None,
        "next_action": None,
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
        "authorized_at": "2026-01-31T12:00:00Z",
        "captured_at": "2026-01-31T12:00:00Z",
        "expires_at": None,
    }


async def test_every_field_is_kept_and_shown_again(each_gateway: Gateway) -> None:
    asked: dict[str, Any] = {
        "amount": 10_000,
        "currency": "JPY",
        "description": 'Order "123" / ラーメン 🍜',
        "customer_email": "customer@example.com",
        "metadata": {"order_id": "123", "": "", "z": "1", "a": "ü"} | {"k" * 40: "v" * 500},
        "simulate": "success",
        "capture_method": "manual",
        "payment_method": {
            "type": "card",
            "card": {"number": "4242 4242-4242 4242", "exp_month": 12, "exp_year": 2030, "cvc": "123"},
        },
        "reference": "order-123",
        "delay_s": 5,
    }
    del asked["metadata"][""]
    created = await each_gateway.pay(**asked)
    for name in ("currency", "description", "customer_email", "metadata", "reference", "capture_method"):
        assert created[name] == asked[name]
    assert list(created["metadata"]) == list(asked["metadata"])
    assert created["payment_method"] == {"type": "card", "brand": "visa", "last4": "4242"}
    assert "delay_s" not in created
    assert await each_gateway.payment(created["id"]) == created


async def test_manual_capture_stops_where_the_amount_is_held(gateway: Gateway) -> None:
    payment = await gateway.hold(500)
    assert payment["status"] == "AUTHORIZED"
    assert payment["captured_amount"] == 0
    assert payment["captured_at"] is None
    assert payment["expires_at"] == "2026-02-07T12:00:00Z"


async def test_the_least_and_the_largest_amount(each_gateway: Gateway) -> None:
    for amount in (1, AMOUNT_MAX):
        payment = await each_gateway.pay(amount)
        assert (await each_gateway.payment(payment["id"]))["captured_amount"] == amount


async def test_the_database_keeps_what_is_longest(each_gateway: Gateway) -> None:
    body = {field: longest for field, longest, _ in LIMITS if field != "delay_s"}
    answer = await each_gateway.client.post("/payments", json={"amount": 1, **body})
    assert answer.json().items() >= body.items()


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "-1", "-0", str(AMOUNT_MAX + 1), str(2**53), str(2**64), "9" * 30),
        *("true", "false", "null", "1.0", "1.5", "1e3", "1E0", "10000.0", '"100"', "[]", "[1]", "{}"),
    ],
)
async def test_what_is_no_amount_is_refused(gateway: Gateway, amount: str) -> None:
    before = await gateway.rows()
    answer = await gateway.client.post("/payments", content=f'{{"amount":{amount}}}')
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "amount"
    assert await gateway.rows() == before


async def test_a_number_that_no_parser_takes_is_no_json(gateway: Gateway) -> None:
    answer = await gateway.client.post("/payments", content=f'{{"amount":{"9" * 400}}}')
    refusal(answer, 400, "INVALID_JSON")


async def test_the_amount_is_required(gateway: Gateway) -> None:
    for content in (b"", b"{}"):
        error = refusal(await gateway.client.post("/payments", content=content), 422, "VALIDATION_FAILED")
        assert (error["param"], error["message"]) == ("amount", "amount is required")


@pytest.mark.parametrize("currency", ["jpy", "Jpy", "JPY"])
async def test_the_case_of_a_currency_does_not_matter(gateway: Gateway, currency: str) -> None:
    assert (await gateway.pay(currency=currency))["currency"] == "JPY"


async def test_every_currency_in_use_is_taken(gateway: Gateway) -> None:
    for currency in EXPONENTS:
        assert (await gateway.pay(currency=currency))["currency"] == currency


@pytest.mark.parametrize(
    "currency", ["", "IN", "INRR", "XTS", "ZZZ", "İNR", "\u0131nr", "1NR", "IN\n", 356, None]
)
async def test_what_is_no_currency_is_refused(gateway: Gateway, currency: object) -> None:
    answer = await gateway.client.post("/payments", json={"amount": 1, "currency": currency})
    if currency is None:
        assert answer.json()["currency"] == "INR"
    else:
        assert refusal(answer, 422, "VALIDATION_FAILED")["param"] == "currency"


async def test_the_default_currency_is_the_merchants(gateway: Gateway) -> None:
    await gateway.client.patch("/merchants/me", json={"default_currency": "kwd"})
    assert (await gateway.pay())["currency"] == "KWD"
    assert (await gateway.pay(currency="USD"))["currency"] == "USD"


LIMITS = [
    ("description", "d" * 500, "d" * 501),
    ("reference", "r" * 100, "r" * 101),
    ("customer_email", f"{'c' * 242}@example.com", f"{'c' * 243}@example.com"),
    ("metadata", {f"k{n}": "" for n in range(50)}, {f"k{n}": "" for n in range(51)}),
    ("metadata", {"k" * 40: "v" * 500}, {"k" * 41: "v"}),
    ("metadata", {"k": "🍜" * 500}, {"k": "v" * 501}),
    ("metadata", {"k": ""}, {"": "v"}),
    ("delay_s", 7 * 24 * 3600, 7 * 24 * 3600 + 1),
    ("delay_s", 0, -1),
]


@pytest.mark.parametrize(("field", "longest", "too_long"), LIMITS)
async def test_limits(gateway: Gateway, field: str, longest: object, too_long: object) -> None:
    answer = await gateway.client.post("/payments", json={"amount": 1, field: longest})
    assert answer.status_code == 201
    assert field == "delay_s" or answer.json()[field] == longest
    answer = await gateway.client.post("/payments", json={"amount": 1, field: too_long})
    assert refusal(answer, 422, "VALIDATION_FAILED")["param"].startswith(field)


def each(field: str, *wrong: object) -> list[tuple[str, object]]:
    return [(field, value) for value in wrong]


WRONG: list[tuple[str, object]] = [
    *each("description", 1, True, [], {}, "a\x00b"),
    *each("reference", 1, ["r"], "\x00"),
    *each("customer_email", "", "x", "@x.de", "a@", "a b@c.de", "a@b@c.de", "a@b..de", 1),
    *each("metadata", None, [], "x", 1, {"k": 1}, {"k": None}, {"k": {}}, {"k": "\x00"}),
    ("metadata", {"\x00": "v"}),
    *each("simulate", "", "SUCCESS", "sucess", 1, ["success"]),
    *each("capture_method", "", "MANUAL", "auto", None, 1),
    *each("payment_method", "card", [], {}, {"type": "cash"}, {"type": None}),
    *each("delay_s", 1.5, "1", True, 10**30),
]


@pytest.mark.parametrize(("field", "wrong"), WRONG)
async def test_a_value_of_the_wrong_kind_is_refused(gateway: Gateway, field: str, wrong: object) -> None:
    before = await gateway.rows()
    answer = await gateway.client.post("/payments", json={"amount": 1, field: wrong})
    error = refusal(answer, 422, "VALIDATION_FAILED")
    assert error["param"].startswith(field)
    assert await gateway.rows() == before


async def test_an_unknown_simulation_is_refused_with_the_list(gateway: Gateway) -> None:
    answer = await gateway.client.post("/payments", json={"amount": 1, "simulate": "sucess"})
    message = refusal(answer, 422, "VALIDATION_FAILED")["message"]
    assert "success" in message
    assert "lost_response" in message


async def test_an_unknown_field_is_refused_with_the_nearest_known_name(gateway: Gateway) -> None:
    answer = await gateway.client.post("/payments", json={"amount": 1, "descripton": "x"})
    error = refusal(answer, 422, "VALIDATION_FAILED")
    assert (error["param"], error["hint"]) == ("descripton", "did you mean description?")


async def test_every_problem_is_listed(gateway: Gateway) -> None:
    body = {"amount": "1", "curency": "INR", "metadata": {"a": 1, "b": 2}, "simulate": "no"}
    error = refusal(await gateway.client.post("/payments", json=body), 422, "VALIDATION_FAILED")
    assert [each["param"] for each in error["details"]] == [
        "amount",
        "metadata.a",
        "metadata.b",
        "simulate",
        "curency",
    ]
    assert all(set(each) == {"param", "message", "hint"} for each in error["details"])


async def test_an_unknown_field_deep_inside_is_named_by_its_path(gateway: Gateway) -> None:
    card = {"number": "4242424242424242", "exp_month": 1, "exp_year": 2030, "cvv": "123"}
    body = {"amount": 1, "payment_method": {"type": "card", "card": card}}
    error = refusal(await gateway.client.post("/payments", json=body), 422, "VALIDATION_FAILED")
    assert (error["param"], error["hint"]) == ("payment_method.card.cvv", "did you mean cvc?")


@pytest.mark.parametrize(
    "content_type", [None, "application/x-www-form-urlencoded", "text/plain", "application/json"]
)
async def test_the_content_type_does_not_matter(gateway: Gateway, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    content = b'{"amount":10000,"simulate":"insufficient_funds"}'
    answer = await gateway.client.post("/payments", content=content, headers=headers)
    assert answer.status_code == 201
    assert answer.json()["error_code"] == "INSUFFICIENT_FUNDS"


async def test_times_have_microseconds_only_if_there_are_any(gateway: Gateway) -> None:
    gateway.clock.advance(timedelta(microseconds=7))
    payment = await gateway.pay()
    assert payment["created_at"] == "2026-01-31T12:00:00.000007Z"
    assert (await gateway.payment(payment["id"]))["created_at"] == "2026-01-31T12:00:00.000007Z"


async def test_ids_rise_with_time(gateway: Gateway) -> None:
    ids = [(await gateway.pay())["id"] for _ in range(5)]
    assert ids == sorted(ids)
