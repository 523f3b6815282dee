"""A few seconds of what comes in: card numbers, others' ids, malformed requests, and the parsers alone.

On the database that starts sooner; `make prove` takes both.
"""

from __future__ import annotations

from itertools import islice

import pytest

from kessai.control.document import openapi_document
from kessai.dialects.native.dialect import NativeDialect
from kessai.dialects.native.examples import KEY
from tests.prove.cards import SETTING as CARDS
from tests.prove.cards import prove_cards
from tests.prove.fuzzing import inputs
from tests.prove.malformed import prove_malformed
from tests.prove.parser_targets import TARGETS
from tests.prove.prove_planted import HUNTS, Hunt, find, is_found
from tests.prove.tenants import prove_tenants
from tests.support.native_schema import NativeJudge

pytestmark = pytest.mark.slow
SEED = 7
KEYS = "/api/v1/merchants/me/api-keys"
ORDINARY = ("mask-misses-groups",)
"""Bugs that each run of the tests has to find; `prove planted` hunts all."""
OF_INPUT = [each for each in HUNTS if each.plant in ORDINARY]


def test_no_card_number_is_kept() -> None:
    report = prove_cards("sqlite", 0.005, SEED, CARDS)

    assert report.failures == [], report.evidence


def test_no_merchant_sees_another() -> None:
    report = prove_tenants("sqlite", 0.001, SEED)

    assert report.failures == [], report.evidence


def test_no_request_is_too_odd() -> None:
    report = prove_malformed("sqlite", 0.002, SEED)

    assert report.failures == [], report.evidence


def test_an_answer_is_strange_that_the_document_does_not_have() -> None:
    judge = NativeJudge(openapi_document(NativeDialect().routers))
    page = {"data": [KEY], "has_more": False, "next_cursor": None}

    assert judge.problems("GET", KEYS, 200, page) == []
    assert judge.problems("GET", KEYS, 200, {**page, "data": [{**KEY, "last4": 4}]}) == [
        'data/0/last4: 4 is not of type "string"'
    ]
    assert judge.problems("GET", KEYS, 202, page) != []
    assert judge.problems("GET", f"{KEYS}/nowhere", 200, page) != []


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_gives_a_result_or_refuses(name: str) -> None:
    target = TARGETS[name]

    for data in islice(inputs(target.seeds, SEED), 100):
        target.read(data)


@pytest.mark.parametrize("hunt", OF_INPUT, ids=lambda each: each.plant)
def test_a_planted_bug_is_found(hunt: Hunt) -> None:
    assert is_found(hunt, find(hunt, "sqlite", SEED))
