"""What must never reach a log, in the shapes in which it tries to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.adapters.masking import masked, masked_text
from tests.support.real_card import REAL_CARD, real_card

UNCHANGED = [
    "payment_made",
    "Order #1234567890",
    "2026-11-23T07:05:00.864928Z",
    "4111 1111 1111 1112",  # one digit off: no card
    "123456789012",  # twelve digits
    "4242424242424242" * 2,  # too long for a card
    "019b7ca9-8f2e-7ffb-b5b1-65224a58b791",
    "/payments/01943256-7311-7424-8424-242424242428/refund",
    "http://localhost:8000/api/v1",
    "https://pay.example.com/@merchant:x",
    "risk_test",
    "Bearer",
]


@pytest.mark.parametrize("text", UNCHANGED)
def test_plain_words_numbers_and_ids_stay(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sk_test_kessai", "sk_test_***"),
        ("key=sk_live_abc123, next", "key=sk_live_***, next"),
        ("rk_test_abc123", "rk_test_***"),
        (r"b'...\nsk_test_abc'", r"b'...\nsk_test_***'"),
        ("whsec_AAEC+/wQ==", "whsec_***"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic ***"),
        (
            "postgresql+asyncpg://kessai:p%40ss@db:5432/kessai",
            "postgresql+asyncpg://kessai:***@db:5432/kessai",
        ),
        ("redis://:hunter2@cache/0", "redis://:***@cache/0"),
        ("a whsec_x and sk_test_y", "a whsec_*** and sk_test_***"),
    ],
)
def test_keys_and_passwords_go_and_what_kind_they_were_stays(text: str, shown: str) -> None:
    assert masked_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4242424242424242", "****************"),
        ("card 4242 4242 4242 4242 declined", "card **** **** **** **** declined"),
        ("4242-4242-4242-4242", "****-****-****-****"),
        ("3782 822463 10005", "**** ****** *****"),
        (real_card(length=13), "*************"),  # 13 digits
        ("6304000000000000001", "6304000000000000001"),  # 19 digits, but no card
        ("6205500000000000004", "*******************"),  # 19 digits
        (r'{"number":"x"}\n4242424242424242', r'{"number":"x"}\n****************'),
        ("x4242424242424242x", "x****************x"),
        ("0199d3c2-5f00-7a00-8a0b-4242424242424242", "0199d3c2-5f00-7a00-8a0b-****************"),
        ("2026-11-23 4242424242424242", "2026-11-23 ****************"),
        ("order 17 4242 4242 4242 4242 09", "order 17 **** **** **** **** 09"),
        ("\uff14\uff12" * 8, "****************"),  # digits of Japanese full width
    ],
)
def test_card_numbers_go_whatever_separates_their_digits(text: str, shown: str) -> None:
    assert masked_text(text) == shown


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "secret",
        "webhook_signing_secret",
        "secret_key",
        "password",
        "key",
        "api_key",
        "X-API-Key",
        "token",
        "cookie",
        "cvc",
        "cvv",
    ],
)
def test_fields_named_for_secrets_are_hidden_whatever_they_hold(name: str) -> None:
    assert masked({name: "plain"}) == masked({name: {"deep": 1}}) == masked({name: 5}) == {name: "***"}
    assert masked({name: None}) == {name: None}


@pytest.mark.parametrize("name", ["event", "public_key", "idempotency_key", "keys", "merchant_id", "passed"])
def test_fields_that_only_sound_like_it_are_shown(name: str) -> None:
    assert masked({name: "plain"}) == {name: "plain"}


def test_nothing_hides_in_other_values() -> None:
    class Odd:
        def __str__(self) -> str:
            return "Odd(sk_test_abc)"

    assert masked(
        {
            "nested": {"list": ["whsec_abc", ({"password": "x"},)], 1: True},
            "bytes": b"4242424242424242\xff",
            "number": 4_242_424_242_424_242,
            "amount": 99_999_999_999,
            "nanoseconds": 1_767_323_045_678_000_001,
            "odd": Odd(),
            "error": ValueError("sk_test_abc"),
            "at": datetime(2026, 1, 2, tzinfo=UTC),
            "id": UUID("019b7ca9-8f2e-7ffb-b5b1-65224a58b791"),
            "rate": 1.5,
            "nothing": None,
        }
    ) == {
        "nested": {"list": ["whsec_***", [{"password": "***"}]], "1": True},
        "bytes": "****************�",
        "number": "*" * 16,
        "amount": 99_999_999_999,
        "nanoseconds": 1_767_323_045_678_000_001,
        "odd": "Odd(sk_test_***)",
        "error": "sk_test_***",
        "at": "2026-01-02 00:00:00+00:00",
        "id": "019b7ca9-8f2e-7ffb-b5b1-65224a58b791",
        "rate": 1.5,
        "nothing": None,
    }


def test_what_is_nested_without_end_is_cut() -> None:
    endless: dict[str, object] = {"key": "sk_test_abc"}
    endless["again"] = endless

    assert "abc" not in json.dumps(masked(endless))


def with_luhn(digits: str) -> str:
    """`digits` and the check digit that makes them a card number."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[::-1][::2]]
    return digits + str(-(sum(doubled) + sum(int(digit) for digit in digits[::-1][1::2])) % 10)


@pytest.mark.parametrize("separator", [".", "_", "%20", "\u00a0"])
def test_a_card_number_goes_in_whatever_way_it_is_grouped(separator: str) -> None:
    written = separator.join(REAL_CARD[start : start + 4] for start in (0, 4, 8, 12))

    assert "4777" not in masked_text(f"card {written} declined")


@given(
    number=st.from_regex(r"[1-9][0-9]{11,17}", fullmatch=True).map(with_luhn),
    spaces=st.sets(st.integers(1, 18)),
    separator=st.sampled_from([" ", "-"]),
    around=st.tuples(
        st.text(st.characters(exclude_categories=["Nd"])), st.text(st.characters(exclude_categories=["Nd"]))
    ),
)
def test_no_card_number_survives(
    number: str, spaces: set[int], separator: str, around: tuple[str, str]
) -> None:
    written = "".join(separator * (place in spaces) + digit for place, digit in enumerate(number))

    assert not any(digit.isdigit() for digit in masked_text(written))
    assert number not in masked_text(f"{around[0]}{number}{around[1]}")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


@given(fields=st.dictionaries(st.text(), values))
def test_anything_becomes_json(fields: Mapping[str, object]) -> None:
    assert isinstance(json.loads(json.dumps(masked(fields))), dict)
