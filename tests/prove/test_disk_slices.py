"""A few seconds of the attacks on the disk, and of their hunts for planted bugs."""

from __future__ import annotations

import os
import signal
from contextlib import closing

import pytest

from tests.prove.disk import prove_disk
from tests.prove.disk_watch import why_not
from tests.prove.outages import FullUnderPostgres
from tests.prove.power import prove_power
from tests.prove.prove_planted import HUNTS, Hunt, find, is_found
from tests.support.postgres import PrivatePostgres
from tests.support.processes import RunDirectory, wait_until

SEED = 7
ORDINARY = ("synced-at-checkpoints-only", "never-synced", "committed-on-a-full-disk")
"""Bugs that each run of the tests has to find; `prove planted` hunts all."""
WATCHED = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

pytestmark = pytest.mark.slow


def case(hunt: Hunt) -> object:
    """What is hunted in a recording takes a compiler."""
    return pytest.param(hunt, id=hunt.plant, marks=[WATCHED] if hunt.run is prove_power else [])


@WATCHED
def test_the_power_may_go_at_any_moment() -> None:
    report = prove_power("sqlite", 0.01, SEED)

    assert report.failures == [], report.evidence


def test_a_disk_in_trouble_costs_nothing_that_was_acknowledged() -> None:
    report = prove_disk("sqlite", 0.02, SEED)

    # How soon it writes again says something of a machine that has nothing else to do.
    assert report.broken == [], report.evidence


def test_a_postgresql_that_is_about_to_stop_is_waited_for(run_directory: RunDirectory) -> None:
    with closing(PrivatePostgres(run_directory, durable=False)) as postgres:
        postgres.start()
        os.kill(postgres.pid, signal.SIGQUIT)

        wait_until(FullUnderPostgres(run_directory.path, postgres).is_back, timeout_s=30, what="PostgreSQL")

        assert postgres.sql("SELECT 1") == ["1"]


@pytest.mark.parametrize("hunt", [case(each) for each in HUNTS if each.plant in ORDINARY])
def test_a_planted_bug_is_found_on_the_disk(hunt: Hunt) -> None:
    assert is_found(hunt, find(hunt, "sqlite", SEED))
