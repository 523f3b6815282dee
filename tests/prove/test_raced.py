"""A race is judged by what each was told: what may come of it, and what may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.journal import Answer, Ask
from tests.prove.raced import Race, effects_judged

KEY = "key"
ORDER = Ask(KEY, "/payments", {"amount": 5, "reference": KEY})
MORE = Ask(KEY, "/payments", {"amount": 6, "reference": KEY})
REFUND = Ask(KEY, "/refunds", {"payment_id": "unknown"})
THEIRS = Ask(KEY, "/payments", {"amount": 7, "reference": KEY})
WON = {"id": "p1", "amount": 5, "reference": KEY, "description": None}


def paid(said: dict[str, Any], *, again: bool = True) -> Answer:
    headers = {"Idempotent-Replayed": "true"} if again else {}
    return Answer(201, headers, json.dumps(said).encode(), 0)


def refused(code: str) -> Answer:
    return Answer(422, {}, json.dumps({"error": {"code": code}}).encode(), 0)


REUSED, UNKNOWN = refused("IDEMPOTENCY_KEY_REUSED"), refused("NOT_FOUND")
FAIR = [(ORDER, paid(WON, again=False)), (ORDER, paid(WON)), (MORE, REUSED), (REFUND, UNKNOWN)]
UNFAIR = {
    "another body is told of it": ([*FAIR[:2], (MORE, paid(WON))], "another's answer"),
    "another path is told of it": ([*FAIR[:2], (REFUND, paid(WON))], "another's answer"),
    "the winner was charged something else": ([(ORDER, paid({**WON, "amount": 6}))], "another's answer"),
    "the winner is called something else": ([(ORDER, paid({**WON, "description": "x"}))], "another's answer"),
    "it was done twice": ([*FAIR, (ORDER, paid({**WON, "id": "p2"}))], "one key, one answer"),
    "it was new twice": ([*FAIR, FAIR[0]], "one key, one answer"),
    "nobody has won": ([(MORE, REUSED)], "one key, one answer"),
    "the same is refused": ([*FAIR, (ORDER, REUSED)], "an unexpected answer"),
    "an error of ours": ([*FAIR, (MORE, refused("INTERNAL_ERROR"))], "an unexpected answer"),
}


def test_one_wins_and_all_others_are_told_so() -> None:
    assert list(Race(KEY, FAIR).judged((THEIRS, paid({**WON, "id": "p2", "amount": 7})))) == []


@pytest.mark.parametrize("name", UNFAIR)
def test_an_unfair_race_is_found(name: str) -> None:
    told, says = UNFAIR[name]
    found = list(Race(KEY, told).judged((THEIRS, paid({**WON, "id": "p2", "amount": 7}))))
    assert {each.partition(":")[0] for each in found} == {says}


def test_another_merchant_is_not_told_of_it() -> None:
    (found,) = Race(KEY, FAIR).judged((THEIRS, paid(WON)))
    assert found.startswith("another merchant's key")


def test_effects_are_counted_key_by_key() -> None:
    # given two keys, of which one merchant has one twice and lacks the other, so that the sum is right
    rows = [("m1", "a", 1), ("m1", "b", 1), ("m2", "a", 2)]

    # then both are found
    assert sorted(effects_judged(rows, 2, {"a": 1, "b": 1})) == [
        "one key, one effect: a of m2 had 2 of 1",
        "one key, one effect: b of m2 had 0 of 1",
    ]
