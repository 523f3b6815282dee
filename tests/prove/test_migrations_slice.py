"""A few seconds of the attack on migrations; bugs of theirs that it has to find are hunted in `test_slices`."""

from __future__ import annotations

import pytest

from tests.conftest import BOTH_DATABASES
from tests.prove.ground import Kind
from tests.prove.migrations import prove_migrations

pytestmark = pytest.mark.slow
SEED = 7


@pytest.mark.parametrize("kind", BOTH_DATABASES)
def test_the_first_releases_database_comes_through_kills_rivals_and_a_step_down(kind: Kind) -> None:
    report = prove_migrations(kind, 0.001, SEED)

    assert report.failures == [], report.evidence
