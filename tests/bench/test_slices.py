"""A few seconds of the benchmark, so that it does not break unseen. Figures are judged at full scale only."""

from __future__ import annotations

import pytest

from tests.bench.webhooks import Wanted, bench_webhooks

pytestmark = pytest.mark.slow


def test_the_benchmark_drains_all_that_is_due_once() -> None:
    wanted = Wanted(scale=0.002, seed=7, rounds=1, parts=["wake", "drain"], profile=None)

    report = bench_webhooks("sqlite", wanted)

    said = {line.name: line.value for line in report.lines}
    assert said["deliveries"] == "200"
    assert [said[name] for name in ("not acknowledged", "posts too many", "API failures")] == ["0"] * 3
