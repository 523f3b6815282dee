"""Moments and ids mean the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, String, bindparam, column, select, table

from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.query import SQLITE, Query, binder
from kessai.storage.types import Id, Moment, moment_text
from tests.support.ledger import START
from tests.unit.storage.values import moments


def bound(kind: Any, value: object, dialect: Dialect) -> object:
    """What the driver is given."""
    process = binder(kind, dialect)
    return value if process is None else process(value)


@given(st.lists(moments, min_size=2))
def test_text_of_moments_sorts_as_time_does(some: list[datetime]) -> None:
    assert sorted(map(moment_text, some)) == [moment_text(moment) for moment in sorted(some)]
    assert len({len(moment_text(moment)) for moment in some}) == 1


@given(moment=moments, offset=st.integers(-12, 14))
def test_a_moment_of_any_zone_is_kept_in_utc(moment: datetime, offset: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=offset)))

    # whichever is written first: what is remembered of one is right for the other
    assert moment_text(elsewhere) == bound(Moment(), elsewhere, SQLITE) == moment_text(moment)
    assert moment_text(moment).endswith("+00:00")
    assert bound(Moment(), elsewhere, POSTGRESQL) == moment


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_nothing_stays_nothing(dialect: Dialect) -> None:
    assert bound(Moment(), None, dialect) is None


def test_sqlite_keeps_text_and_postgresql_its_own_types() -> None:
    shown = {
        dialect.name: [str(kind.dialect_impl(dialect).compile(dialect)) for kind in (Moment(), Id())]
        for dialect in (SQLITE, POSTGRESQL)
    }

    assert shown == {
        "sqlite": ["VARCHAR(32)", "VARCHAR(36)"],
        "postgresql": ["TIMESTAMP WITH TIME ZONE", "UUID"],
    }


def test_a_query_gives_values_in_the_statements_order_and_moments_back() -> None:
    rows = table("rows", column("at", Moment()), column("name", String()))
    at, name = rows.c
    query = Query(
        select(rows).where(name == bindparam("name"), at < bindparam("end"), at != bindparam("end"))
    )

    sqlite, postgresql = query.compiled(SQLITE), query.compiled(POSTGRESQL)

    assert sqlite.values({"end": START, "name": "a"}) == ["a", moment_text(START), moment_text(START)]
    assert postgresql.values({"end": START, "name": "a"}) == ["a", START]
    assert sqlite.decoded([(moment_text(START), "a"), (None, None)]) == [(START, "a"), (None, None)]
    assert sqlite.decoded([(moment_text(START), "a")])[0][0].tzinfo is UTC
    assert query.compiled(SQLITE) is sqlite
