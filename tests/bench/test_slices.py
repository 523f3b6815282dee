"""A few seconds of the benchmarks, so that they do not break unseen. Figures are judged at full scale."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.bench import speed
from tests.bench.asked import KESSAI, LIMITED
from tests.bench.growth import Size, bench_growth
from tests.bench.stage import Length, kessai_name
from tests.bench.webhooks import Wanted, bench_webhooks
from tests.prove.ground import Kind
from tests.prove.report import Report

pytestmark = pytest.mark.slow


def test_the_benchmark_drains_all_that_is_due_once() -> None:
    wanted = Wanted(scale=0.002, seed=7, rounds=1, parts=["wake", "drain"], profile=None)

    report = bench_webhooks("sqlite", wanted)

    said = {line.name: line.value for line in report.lines}
    assert said["deliveries"] == "200"
    assert [said[name] for name in ("not acknowledged", "posts too many", "API failures")] == ["0"] * 3


def test_the_benchmark_of_growth_measures_the_same_twice() -> None:
    report = bench_growth("sqlite", Size(few=300, many=600, seconds=0.1, lists=3))

    names = [line.name for line in report.lines]
    assert {"get", "create", "list of all, first page", "list status=FAILED, deep page"} <= set(names)
    assert all("us)" in line.value for line in report.lines[1:])


def test_the_benchmark_asks_everything_of_kessai_on_sqlite() -> None:
    report = speed.bench_speed(_slice("sqlite", ["bare", "kessai", "loop", "footprint"]))

    assert report.broken == [], report.evidence
    name = kessai_name("sqlite")
    others = {
        ("FastAPI hello", "hello"),
        ("raw ASGI create", "create"),
        ("raw SQLite, batches of 16", "create"),
    }
    assert _seen(report) >= {*others, *((name, each) for each in (*KESSAI, *LIMITED))}


@pytest.mark.postgresql
def test_the_benchmark_measures_postgresql_beside_two_processes() -> None:
    report = speed.bench_speed(_slice("postgresql", ["two", "pgbench"]))

    assert report.broken == [], report.evidence
    assert _seen(report) >= {("pgbench", "create"), (kessai_name("postgresql", 2), "create")}


def _slice(kind: Kind, groups: Sequence[speed.Group]) -> speed.Wanted:
    return speed.Wanted([kind], groups, rounds=1, length=Length(seconds=0.1, warm_up_s=0.05), creates=20)


def _seen(report: Report) -> set[tuple[str, str]]:
    (table,) = report.tables
    return {(row[0], row[1]) for row in table.rows}
