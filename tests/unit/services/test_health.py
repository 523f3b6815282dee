"""Whether we can serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kessai.domain.errors import DatabaseUnavailableError
from kessai.services.health import Health, Part, Report, SchemaRevisions
from tests.support.manual_clock import ManualClock
from tests.unit.services.doubles import FakeDatabase, Row

REVISIONS = SchemaRevisions("0003", ("0002", "0001"))


@pytest.mark.parametrize(
    ("revision", "is_ok", "detail"),
    [
        ("0003", True, "at 0003"),
        ("0001", False, "at 0001, needs 0003: run kessai migrate"),
        (None, False, "at none, needs 0003: run kessai migrate"),
        ("0004", True, "at 0004, ahead of 0003"),
    ],
)
def test_a_schema_that_is_ahead_will_do(revision: str | None, is_ok: bool, detail: str) -> None:
    assert REVISIONS.judge(revision) == Part("migrations", is_ok, True, detail)


Answer = Callable[[dict[str, Any]], list[Row]]


def health(answer: Answer, ping_redis: Callable[[], Awaitable[bool]] | None = None) -> Health:
    return Health(FakeDatabase(answer), ManualClock(), REVISIONS, ping_redis)


def at_head() -> Answer:
    """The schema is asked for first; nothing waits for a dispatcher."""
    answers: list[list[Row]] = [[("0003",)]]
    return lambda _params: answers.pop() if answers else []


def names(report: Report) -> dict[str, bool]:
    return {part.name: part.is_ok for part in report.parts}


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def test_redis_is_looked_at_only_where_there_is_one() -> None:
    assert names(await health(at_head()).report()) == {
        "database": True,
        "migrations": True,
        "dispatcher": True,
    }
    with_redis = await health(at_head(), yes).report()
    assert names(with_redis)["redis"] is True
    assert with_redis.is_whole


async def test_without_redis_requests_can_be_served() -> None:
    report = await health(at_head(), no).report()
    assert names(report)["redis"] is False
    assert (report.is_ready, report.is_whole) == (True, False)


async def test_without_a_database_they_cannot() -> None:
    def away(_params: dict[str, Any]) -> list[Row]:
        raise DatabaseUnavailableError

    report = await health(away, yes).report()
    assert names(report) == {"database": False, "redis": True}
    assert not report.is_ready


async def test_nor_with_an_old_schema_where_deliveries_are_not_looked_for() -> None:
    report = await health(lambda _params: [("0002",)]).report()
    assert names(report) == {"database": True, "migrations": False}
    assert not report.is_ready
