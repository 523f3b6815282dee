"""A few seconds of each harness, so that none breaks unseen; what the pages show is run at full scale."""

from __future__ import annotations

import pytest

from tests.conftest import BOTH_DATABASES
from tests.prove.fleet import SWIFT
from tests.prove.ground import Kind
from tests.prove.hostile import prove_hostile
from tests.prove.prove_planted import HUNTS, Hunt, find, is_found
from tests.prove.signatures import prove_signatures
from tests.prove.storm import prove_storm

pytestmark = pytest.mark.slow
SEED = 7
OF_SECONDS = [each for each in HUNTS if each.plant in ("new-id-on-retry", "guard-on-the-looked-up-name")]


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_nothing_is_lost_in_a_storm(kind: Kind) -> None:
    report = prove_storm(kind, 0.002, SEED, SWIFT)

    assert report.failures == [], report.evidence


def test_a_healthy_receiver_does_not_notice_hostile_ones() -> None:
    report = prove_hostile("sqlite", 0.03, SEED)

    assert report.failures == [], report.evidence


def test_webhooks_verify_and_altered_ones_do_not() -> None:
    report = prove_signatures("sqlite", 0.01, SEED)

    assert report.failures == [], report.evidence


@pytest.mark.parametrize("hunt", OF_SECONDS, ids=lambda hunt: hunt.plant)
def test_a_planted_bug_is_found(hunt: Hunt) -> None:
    assert is_found(hunt, find(hunt, "sqlite", SEED))
