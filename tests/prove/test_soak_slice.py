"""A few seconds of the soak: long enough for a leak at every request, and for nothing finer."""

from __future__ import annotations

import pytest

from tests.prove.soak import prove_soak
from tests.prove.steady import is_expected
from tests.prove.trend import rise_per_hour, risen

pytestmark = pytest.mark.slow
SEED = 7


def test_nothing_leaks_at_every_request() -> None:
    report = prove_soak("sqlite", 0.0025, SEED)

    # How many requests there were in a second says something of a machine that has nothing else to do.
    assert [each for each in report.failures if not each.startswith("requests per second")] == []


def test_a_rise_is_seen_through_steps_and_outliers() -> None:
    # given memory that rises by 36 MB an hour, in steps, and jumps now and then
    points = [(float(at), 100 + at // 10 / 10 + (50 if at % 17 == 0 else 0)) for at in range(300)]

    # then both say so
    assert 34 < rise_per_hour(points) < 38
    assert 2.0 < risen(points) < 2.5


def test_what_stays_where_it_is_does_not_rise() -> None:
    points = [(float(at), 100.0 + at % 3) for at in range(300)]

    assert rise_per_hour(points) == 0
    assert risen(points) == 0


def test_only_what_is_meant_to_be_refused_is() -> None:
    assert is_expected("refused", 422)
    assert is_expected("capture", 200)
    assert not is_expected("refused", 201)
    assert not is_expected("capture", 422)
