"""Lists that stay quick however many rows there are: what no index answers is looked for in windows.

An index gives a merchant's rows newest first. What else a list is narrowed by is looked at row by row, so a
page that wants what is rare would look at all of them. It looks at LOOKED_AT_MAX at most, is short or empty
then, and says where the list goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, select

from kessai.storage.journal import Database
from kessai.storage.periods import id_range
from kessai.storage.query import Query

T = TypeVar("T")

LOOKED_AT_MAX: Final = 2_500
"""Rows of one page that are looked at: a few milliseconds; a million are done in 400 pages."""
_SCATTERED_MAX: Final = 500
"""The same of rows that an index picked out: they lie far apart, so that each costs several neighbours."""
_LOOKED_AT_FIRST: Final = 250
"""What is wanted is seldom rare: a first window that costs next to nothing mostly holds a page of it."""

_LEAST: Final = "00000000-0000-0000-0000-000000000000"
_MOST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""Every id is between them: with both bounds always there, a combination of filters is one statement."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, newest first, and the id from which it goes on; None at its end."""

    found: Sequence[T]
    last: str | None


@dataclass(frozen=True, slots=True)
class Reads:
    """What is wanted of a window, and the last id in it; no `last` where an index answers it all.

    `windows` are how many rows are looked at, one after the other until a page is full.
    """

    wanted: Query
    last: Query | None
    windows: tuple[int, ...] = (LOOKED_AT_MAX,)


def not_indexed(column: ColumnElement[str]) -> ColumnElement[str]:
    """The column's value, for a condition that is to be looked at row by row.

    SQLite keeps no statistics: of two indexes it may take the one that narrows less.
    """
    return func.coalesce(column, column)


def reads(
    rows: Select[Any],
    table: Table,
    served: Sequence[ColumnElement[bool]],
    others: Sequence[ColumnElement[bool]],
) -> Reads:
    """Of `rows` of a table, whose first column is its id: an index answers `served`, `others` are looked at.

    Among `served` is whose they are, and maybe what picks out some of those.
    """
    mine = (
        *served,
        table.c.id < bindparam("before"),
        table.c.id >= bindparam("id_from"),
    )
    if not others:
        # A page of an index and no more: quicker where it is asked for than in another thread.
        return Reads(_newest_first(rows.where(*mine), table, is_point=True), None)
    looked_at = select(table.c.id).where(*mine).order_by(table.c.id.desc())
    last = looked_at.limit(1).offset(bindparam("others_before"))
    looked_at_max = LOOKED_AT_MAX if len(served) == 1 else _SCATTERED_MAX
    windows = (_LOOKED_AT_FIRST, looked_at_max - _LOOKED_AT_FIRST)
    return Reads(_newest_first(rows.where(*mine, *others), table), Query(last), windows)


def _newest_first(statement: Select[Any], table: Table, *, is_point: bool = False) -> Query:
    return Query(statement.order_by(table.c.id.desc()).limit(bindparam("limit")), is_point=is_point)


def bounds(created_from: datetime | None, created_to: datetime | None, before: str | None) -> dict[str, str]:
    """The parameters `id_from` and `before`: of two bounds the narrower, lest a database takes the other."""
    given = id_range(created_from, created_to)
    return {
        "id_from": given.get("id_from", _LEAST),
        "before": min(before or _MOST, given.get("id_to", _MOST)),
    }


async def read_page(
    database: Database, wanted: Reads, params: dict[str, Any], *, limit: int
) -> Page[tuple[Any, ...]]:
    """At most `limit` rows. `params` are the merchant, the filters and what `bounds` gives."""
    found: list[tuple[Any, ...]] = []
    for window in wanted.windows:
        # Where the window ends is settled before it is looked through: rows made meanwhile move neither.
        ends = await database.rows(wanted.last, **params, others_before=window - 1) if wanted.last else ()
        inside = {**params, "id_from": ends[0][0]} if ends else params
        found += await database.rows(wanted.wanted, **inside, limit=limit + 1 - len(found))
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1][0])
        if not ends:
            return Page(found, None)
        params = {**params, "before": ends[0][0]}
    return Page(found, params["before"])
