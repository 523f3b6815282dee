"""A few seconds of what comes in: card numbers, others' ids, malformed requests, and the parsers alone."""

from __future__ import annotations

import pytest

from tests.conftest import BOTH_DATABASES
from tests.prove.cards import SETTING as CARDS
from tests.prove.cards import prove_cards
from tests.prove.ground import Kind
from tests.prove.prove_planted import HUNTS, Hunt, find, is_found
from tests.prove.tenants import prove_tenants

pytestmark = pytest.mark.slow
SEED = 7
ATTACKS = (prove_cards, prove_tenants)
OF_INPUT = [each for each in HUNTS if each.run in ATTACKS]


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_no_card_number_is_kept(kind: Kind) -> None:
    report = prove_cards(kind, 0.005, SEED, CARDS)

    assert report.failures == [], report.evidence


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_no_merchant_sees_another(kind: Kind) -> None:
    report = prove_tenants(kind, 0.001, SEED)

    assert report.failures == [], report.evidence


@pytest.mark.parametrize("hunt", OF_INPUT, ids=lambda each: each.plant)
def test_a_planted_bug_is_found(hunt: Hunt) -> None:
    assert is_found(hunt, find(hunt, "sqlite", SEED))
