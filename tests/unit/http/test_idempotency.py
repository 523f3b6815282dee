"""What a key is claimed for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.adapters.secret_box import FernetBox
from kessai.domain.errors import KeyReusedError
from kessai.domain.idempotency import KeyClaim, StoredAnswer
from kessai.http.answer import Answer
from kessai.http.call import Call
from kessai.http.idempotency import Idempotency
from kessai.services.services import Services
from kessai.storage.journal import Database
from tests.support.manual_clock import START
from tests.support.real_card import REAL_CARD, real_card
from tests.unit.http.asgi import request_of
from tests.unit.http.people import KEY, MERCHANT

BOX = FernetBox(["a-secret-under-which-these-tests-keep-answers"])
IDEMPOTENCY = Idempotency(cast("Database", None), BOX, timedelta(hours=24))
CALL = Call(START, cast("Services", None), "r", MERCHANT, KEY)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.none() | st.dictionaries(st.text(max_size=5), JSON, max_size=4)


def claim(body: Any, method: str = "POST", path: str = "/payments", key: str = "k") -> KeyClaim:
    return IDEMPOTENCY.claim(key, CALL, request_of(method=method, path=path), body)


def turned_round(value: Any) -> Any:
    """The same JSON with every object's keys in the other order."""
    if isinstance(value, dict):
        return {name: turned_round(value[name]) for name in reversed(value)}
    return [turned_round(each) for each in value] if isinstance(value, list) else value


@given(BODIES)
def test_the_order_of_names_does_not_matter(body: Any) -> None:
    assert claim(body).fingerprint == claim(turned_round(body)).fingerprint


@given(BODIES, BODIES)
def test_bodies_that_differ_are_told_apart(one: Any, other: Any) -> None:
    is_same = one == other and repr(turned_round(one)) == repr(turned_round(other))
    if not is_same and one != other:
        assert claim(one).fingerprint != claim(other).fingerprint


def test_so_are_methods_and_paths() -> None:
    claims = [claim({}), claim(None), claim({}, method="PUT"), claim({}, path="/refunds")]
    assert len({each.fingerprint for each in claims}) == 4


def test_numbers_and_their_text_and_truth_are_told_apart() -> None:
    assert len({claim({"a": value}).fingerprint for value in (1, "1", True, None, [1])}) == 5


def test_a_claim_lasts_as_long_as_it_is_set_to() -> None:
    made = claim({})
    assert (made.created_at, made.expires_at) == (START, START + timedelta(hours=24))
    assert made.merchant_id == MERCHANT.id


def test_an_answer_that_shows_a_secret_is_sealed_and_opened_again() -> None:
    change = IDEMPOTENCY.protect(None, claim({}), Answer(201, b"the secret"), is_secret=True)
    assert change.claim is not None
    stored = change.claim.answer
    assert stored.is_sealed
    assert b"the secret" not in stored.body
    again = IDEMPOTENCY.replay(change.claim, claim({}))
    assert (again.status, again.body) == (201, b"the secret")


def test_an_answer_without_a_secret_is_kept_as_it_is() -> None:
    change = IDEMPOTENCY.protect(None, claim({}), Answer(201, b"{}"), is_secret=False)
    assert change.claim is not None
    assert change.claim.answer == StoredAnswer(
        201, "application/json", b"{}", is_sealed=False, request_id="r"
    )


def test_a_key_of_another_request_is_refused() -> None:
    with pytest.raises(KeyReusedError):
        IDEMPOTENCY.replay(claim({}), claim({"amount": 1}))


def test_keys_are_kept_as_they_are_unless_they_hold_a_card_number() -> None:
    assert claim({}, key="order-1").key == "order-1"
    hidden = claim({}, key=f"order-{REAL_CARD}").key
    assert REAL_CARD not in hidden
    assert len(hidden) <= 255
    assert hidden != claim({}, key=f"order-{real_card('51')}").key
