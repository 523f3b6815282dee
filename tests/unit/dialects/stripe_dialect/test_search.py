"""The search query language: what is found, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.dialects.stripe.search import CLAUSES_MAX, FIELDS, QUERY_MAX, SearchError, parse

CHARGE: dict[str, Any] = {
    "object": "charge",
    "amount": 1000,
    "billing_details": {"address": {"postal_code": "150-0001"}},
    "created": 1_700_000_000,
    "currency": "usd",
    "customer": None,
    "disputed": False,
    "metadata": {"order": "A-6735", "it's": 'a "b" \\'},
    "payment_method_details": {"type": "card", "card": {"last4": "0042", "exp_month": 8, "brand": "visa"}},
    "refunded": True,
    "status": "succeeded",
}
CUSTOMER: dict[str, Any] = {
    "object": "customer",
    "created": 1_700_000_000,
    "email": "Amy@RocketRides.io",
    "metadata": {},
    "name": "山田 Straße",
    "phone": None,
}


def finds(query: str, obj: dict[str, Any] = CHARGE) -> bool:
    """Whether a query about objects of this kind finds this one."""
    return parse(query, FIELDS[obj["object"]]).matches(obj)


def refusal(query: str, kind: str = "charge") -> str:
    """Why a query cannot be read."""
    with pytest.raises(SearchError) as refused:
        parse(query, FIELDS[kind])
    return refused.value.message


@pytest.mark.parametrize(
    "query",
    [
        'currency:"usd"',
        "currency:'usd'",
        'currency:"USD"',
        '  currency : "usd"  ',
        "amount:1000",
        'amount:"1000"',
        "amount=1000",
        "amount:1000.0",
        "amount>999",
        "amount > 999",
        "amount<1000.5",
        "amount>=1000",
        'amount<="1000"',
        "amount>-1",
        'billing_details.address.postal_code:"150-0001"',
        'payment_method_details.card.last4:"0042"',
        "payment_method_details.card.last4:0042",
        "payment_method_details.card.exp_month:8",
        "payment_method_details.card.exp_month>7",
        'refunded:"true"',
        "refunded:TRUE",
        'disputed:"false"',
        'metadata["order"]:"a-6735"',
        "metadata['order']:'A-6735'",
        """metadata["it's"]:'a "b" \\\\'""",
        """metadata['it\\'s']:"a \\"b\\" \\\\" """,
        '-metadata["order"]:null',
        'metadata["none"]:null',
        'metadata["none"]:NULL',
        "customer:null",
        "-currency:null",
        '-currency:"jpy"',
        '-customer:"cus_1"',
        "-payment_method_details.card_present.last4:0042",
        "payment_method_details.card_present.last4:null",
        'currency:"usd" AND amount>1',
        'currency:"usd" and amount>1',
        'currency:"usd" amount>1',
        'currency:"jpy" OR amount>1',
        'currency:"jpy" or amount>1 or status:"failed"',
        '-currency:"jpy" AND -status:"failed"',
    ],
)
def test_a_charge_is_found(query: str) -> None:
    assert finds(query)


@pytest.mark.parametrize(
    "query",
    [
        'currency:"us"',
        "amount:1001",
        "amount>1000",
        "amount<1000",
        "amount>=1000.01",
        "amount<=999",
        '-currency:"usd"',
        'payment_method_details.card.last4:"42"',
        'payment_method_details.upi.last4:"0042"',
        "payment_method_details.card.exp_year>0",
        "refunded:false",
        'metadata["ORDER"]:"A-6735"',
        'metadata["order"]:"A"',
        'metadata["order"]:null',
        '-metadata["none"]:null',
        'customer:"null"',
        '-currency:"jpy" AND status:"failed"',
        'currency:"usd" amount>1000',
        'currency:"jpy" OR amount>1000',
    ],
)
def test_a_charge_is_not_found(query: str) -> None:
    assert not finds(query)


@pytest.mark.parametrize(
    "query",
    ['email~"rocket"', 'email:"amy@rocketrides.io"', 'name~"strasse"', 'name~"山田 "', "-phone~'123'"],
)
def test_text_is_found_in_part_and_in_either_case(query: str) -> None:
    assert finds(query, CUSTOMER)


def test_a_boolean_is_no_number() -> None:
    assert not finds("amount:1", {**CHARGE, "amount": True})


@pytest.mark.parametrize(
    ("query", "where", "why"),
    [
        ("", "at its end", "a clause is missing"),
        ('currency:"usd" AND', "at its end", "a clause is missing"),
        ('OR currency:"usd"', "at character 1", "a clause is missing"),
        ('currency:"usd" AND OR amount>1', "at character 20", "a clause is missing"),
        ('amount>1 AND currency:"a" OR currency:"b"', "at character 27", "AND and OR"),
        ('amount>1 currency:"a" OR currency:"b"', "at character 23", "AND and OR"),
        ('currency:"usd"amount>1', "at character 15", "a blank, AND or OR is missing"),
        ('colour:"red"', "at character 1", '"colour" is no field to search by; those are amount, '),
        ('payment_method_details.last4:"1"', "at character 1", "is no field"),
        ('(currency:"usd")', "at character 1", '"(" does not begin a field'),
        ("-", "at its end", "nothing does not begin a field"),
        ('metadata:"a"', "at character 9", 'a key is missing: metadata["key"]'),
        ('metadata[a]:"a"', "at character 9", 'a key is written metadata["key"]'),
        ('metadata["a":"a"', "at character 9", 'a key is written metadata["key"]'),
        ("currency", "at its end", "a field is followed by one of"),
        ('currency"usd"', "at character 9", "a field is followed by one of"),
        ('currency="usd"', "at character 9", "by :, not by ="),
        ("currency:", "at its end", "a value is missing"),
        ("currency:usd", "at character 10", 'text is put in quotes: "usd"'),
        ('currency:"usd', "at character 10", "not closed"),
        ('currency~"usd"', "at character 9", "cannot be searched in part"),
        ('currency>"usd"', "at character 9", "cannot be compared by >"),
        ("amount>null", "at character 8", "null is compared by :"),
        ("amount:lots", "at character 8", '"lots" is no number'),
        ("amount:٣", "at character 8", "is no number"),
        ("amount:1e9", "at character 8", "is no number"),
        (f"amount:{'9' * 4000}", "at character 8", f'"{"9" * 40}…" is no number'),
        ("refunded:1", "at character 10", 'this field is "true" or "false"'),
    ],
)
def test_a_refusal_tells_where_and_why(query: str, where: str, why: str) -> None:
    message = refusal(query)
    assert message.startswith(f"The query cannot be read {where}: ")
    assert why in message


def test_less_than_three_characters_are_not_searched_for() -> None:
    assert "at least 3 characters" in refusal('email~"io"', "customer")


def test_null_is_not_searched_for_in_part() -> None:
    assert "null is compared by :" in refusal("email~null", "customer")


def test_a_query_has_a_bound() -> None:
    assert finds(f'currency:"usd"{" " * (QUERY_MAX - 14)}')
    assert f"the most is {QUERY_MAX}" in refusal(" " * (QUERY_MAX + 1))


def test_clauses_have_a_bound() -> None:
    assert finds(" ".join(["amount>1"] * CLAUSES_MAX))
    assert f"at most {CLAUSES_MAX} clauses" in refusal(" ".join(["amount>1"] * (CLAUSES_MAX + 1)))


@given(st.text(min_size=1, max_size=60), st.sampled_from("\"'"))
def test_any_text_in_quotes_is_found_again(text: str, quote: str) -> None:
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    query = f"metadata[{quote}{escaped}{quote}]:{quote}{escaped}{quote}"
    assert finds(query, {**CHARGE, "metadata": {text: text}})
    assert not finds(f"-{query}", {**CHARGE, "metadata": {text: text}})


WORDS = "amount metadata email last4 payment_method_details.card.last4 AND or null true 12"
PIECES = st.sampled_from([*WORDS.split(), *"[]\"'\\:~<>=-. ", "\ud800", "\x00"])


@given(st.lists(PIECES | st.text(max_size=4), max_size=30).map("".join), st.sampled_from(sorted(FIELDS)))
def test_whatever_is_asked_is_read_or_refused(query: str, kind: str) -> None:
    try:
        predicate = parse(query, FIELDS[kind])
    except SearchError as refused:
        told = refused.message
    else:
        assert predicate.matches(CHARGE) in {True, False}
        assert predicate.matches({"metadata": "no object", "payment_method_details": [1]}) in {True, False}
        return
    # It goes into an answer, which is UTF-8.
    assert told.encode()


@pytest.mark.parametrize("piece", ['"', "'", '\\"', "-", "(", "a.", "AND ", 'metadata["', "amount>1 "])
def test_a_long_hostile_query_is_refused(piece: str) -> None:
    assert refusal((f"amount:{piece}" + piece * QUERY_MAX)[:QUERY_MAX])
    assert refusal((piece * QUERY_MAX)[:QUERY_MAX])
