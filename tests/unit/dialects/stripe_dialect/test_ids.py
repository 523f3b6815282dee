"""Ids of the Stripe API lead back to the core's, and what is mistyped leads nowhere."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kessai.dialects.stripe.ids import decode, decode_short, encode, encode_short, request_id
from kessai.domain.ids import short_id

CORE_ID = "0199d3c2-5f00-7abc-9def-0123456789ab"
ALPHANUMERIC = string.ascii_letters + string.digits

CORE_IDS = st.uuids(version=4).map(lambda made: f"{str(made)[:14]}7{str(made)[15:]}")
"""With the version that the core makes; the variant is the same."""
PREFIXES = st.sampled_from(["pi", "pm", "ch", "re", "txn", "evt", "cs_test"])


@given(PREFIXES, CORE_IDS)
def test_an_id_leads_back_to_the_core_id(prefix: str, core_id: str) -> None:
    assert decode(prefix, encode(prefix, core_id)) == core_id


@pytest.mark.parametrize("digit", ["0", "f"])
def test_the_smallest_and_the_greatest_id_lead_back(digit: str) -> None:
    core_id = re.sub("[0-9a-f]", digit, CORE_ID)
    assert decode("pi", encode("pi", core_id)) == core_id


@given(PREFIXES, CORE_IDS)
def test_an_id_is_a_prefix_and_24_letters_and_digits(prefix: str, core_id: str) -> None:
    assert re.fullmatch(f"{prefix}_[A-Za-z0-9]{{24}}", encode(prefix, core_id))


@given(CORE_IDS, CORE_IDS)
def test_ids_sort_as_the_core_ids_do(one: str, other: str) -> None:
    assert (encode("pi", one) < encode("pi", other)) == (one < other)


@pytest.mark.parametrize("prefix", ["pm", "p", "pii", "", "PI", "pi_"])
def test_an_id_of_another_kind_is_unknown(prefix: str) -> None:
    assert decode(prefix, encode("pi", CORE_ID)) is None


@given(CORE_IDS, st.integers(0, 23), st.sampled_from(ALPHANUMERIC))
def test_one_wrong_character_makes_an_id_unknown(core_id: str, place: int, typed: str) -> None:
    object_id = encode("pi", core_id)
    assume(object_id[3 + place] != typed)
    assert decode("pi", object_id[: 3 + place] + typed + object_id[4 + place :]) is None


@given(CORE_IDS, st.integers(0, 20))
def test_two_neighbours_swapped_make_an_id_unknown(core_id: str, place: int) -> None:
    object_id = encode("pi", core_id)
    one, other = object_id[3 + place], object_id[4 + place]
    assume(one != other)
    assert decode("pi", object_id[: 3 + place] + other + one + object_id[5 + place :]) is None


@given(st.text(max_size=40))
def test_any_other_text_is_no_id(text: str) -> None:
    found = decode("pi", f"pi_{text}")
    assert found is None or encode("pi", found) == f"pi_{text}"
    assert decode("pi", text) is None or text.startswith("pi_")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pi_",
        f"pi_{'z' * 24}",
        f"pi_{'0' * 23}",
        f"pi_{'0' * 10_000}",
        f"pi_{'٣' * 24}",
        "pi_" + "\ud800" * 24,
        f"pi_{' ' * 24}",
        f"pi_{'0' * 23}\n",
        f"pi_{'-1' * 12}",
    ],
)
def test_hostile_text_is_no_id(text: str) -> None:
    assert decode("pi", text) is None


@given(CORE_IDS)
def test_a_customers_id_leads_back_to_a_short_core_id(core_id: str) -> None:
    short = short_id(core_id)
    assert decode_short(encode_short(short)) == short


@given(CORE_IDS)
def test_a_customers_id_has_14_letters_and_digits(core_id: str) -> None:
    assert re.fullmatch("cus_[A-Za-z0-9]{14}", encode_short(short_id(core_id)))


@given(CORE_IDS, CORE_IDS)
def test_customers_ids_sort_as_the_core_ids_do(one: str, other: str) -> None:
    one, other = short_id(one), short_id(other)
    assert (encode_short(one) < encode_short(other)) == (one < other)


@given(st.text(max_size=20))
def test_any_other_text_is_no_customers_id(text: str) -> None:
    found = decode_short(f"cus_{text}")
    assert found is None or encode_short(found) == f"cus_{text}"


@pytest.mark.parametrize(
    "text", ["", "cus_", f"cus_{'z' * 14}", f"cus_{'0' * 13}", f"cus_{'٣' * 14}", "cus_" + "\ud800" * 14]
)
def test_hostile_text_is_no_customers_id(text: str) -> None:
    assert decode_short(text) is None


def test_a_requests_id_is_always_the_same_and_has_14_letters_and_digits() -> None:
    assert request_id(CORE_ID) == request_id(CORE_ID)
    assert re.fullmatch("req_[A-Za-z0-9]{14}", request_id(CORE_ID))


@given(st.text(max_size=300))
def test_a_requests_id_is_made_of_whatever_id_a_client_gave(given_id: str) -> None:
    assert re.fullmatch("req_[A-Za-z0-9]{14}", request_id(given_id))
