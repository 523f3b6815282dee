"""A few seconds of the attack on migrations; the bugs that it has to find are hunted in `test_slices`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.prove.migrations import WHOLE, prove_migrations

pytestmark = pytest.mark.slow
SEED = 7
SCALE = 0.0005


def test_the_first_releases_database_comes_through_a_kill_and_a_step_down() -> None:
    setting = replace(WHOLE, troubles=("kill", "down and up"))

    report = prove_migrations("sqlite", SCALE, SEED, setting)

    assert report.failures == [], report.evidence


@pytest.mark.postgresql
def test_of_two_who_would_migrate_at_once_one_does() -> None:
    report = prove_migrations("postgresql", SCALE, SEED, replace(WHOLE, troubles=("two at once",)))

    assert report.failures == [], report.evidence
