"""A few outages of each kind, so that the harness does not break unseen; full scale is for `make prove`."""

from __future__ import annotations

import pytest

from tests.prove.postgres_outages import BREAK, prove_outages

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]
SEED = 7


def test_nothing_is_lost_or_doubled_when_postgresql_goes_away_and_a_standby_is_promoted() -> None:
    report = prove_outages("postgresql", 0.003, SEED, BREAK)

    # How soon it is back says something of a machine that has nothing else to do.
    assert report.broken == [], report.evidence
