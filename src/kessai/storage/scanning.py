"""Lists that go both ways from a cursor and pick by what no index knows: read in parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, bindparam

from kessai.domain.ids import earliest_id
from kessai.storage.journal import Database
from kessai.storage.query import Query
from kessai.storage.windows import Page

T = TypeVar("T")

_AT_ONCE: Final = 200
"""Rows of one read, of which those that are wanted are picked."""
SCANNED_MAX: Final = 20_000
"""As many are looked at for a window: a second or two for what is rare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is narrowed by, and where it goes on; None means any.

    `before` and `after` are ids: what is older, or the nearest of what is newer. Moments are from and to, the
    first of them included.
    """

    owner_id: str | None = None
    lookup: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    before: str | None = None
    after: str | None = None

    @property
    def params(self) -> dict[str, Any]:
        """What of it is wanted, as parameters of a query."""
        given = {
            "owner_id": self.owner_id,
            "lookup": self.lookup,
            "created_from": self.created_from and earliest_id(self.created_from),
            "created_to": self.created_to and earliest_id(self.created_to),
            "before": self.before,
            "after": self.after,
        }
        return {name: value for name, value in given.items() if value is not None}


class Scan(Generic[T]):
    """A list of one table's rows, by its id.

    `rows` selects a merchant's; the id is the first column. `conditions` are those that an index answers, by
    the name of their parameter. `read` makes a value of a row.
    """

    def __init__(
        self,
        rows: Select[Any],
        table: Table,
        read: Callable[[tuple[Any, ...]], T],
        conditions: Mapping[str, ColumnElement[bool]],
    ) -> None:
        self._rows = rows
        self._id = table.c.id
        self._read = read
        self._conditions = conditions
        self._queries: dict[frozenset[str], Query] = {}

    @cached_property
    def _of_the_id(self) -> dict[str, ColumnElement[bool]]:
        column = self._id
        return {
            "created_from": column >= bindparam("created_from"),
            "created_to": column < bindparam("created_to"),
            "before": column < bindparam("before"),
            "after": column > bindparam("after"),
        }

    async def page(
        self,
        database: Database,
        params: Mapping[str, Any],
        *,
        limit: int,
        where: Callable[[T], bool] = lambda _each: True,
        **fixed: Any,
    ) -> Sequence[T]:
        """Newest first, at most `limit`, where `where` holds. `fixed` are parameters of `rows`.

        All there are, if it takes that: whoever is given fewer than `limit` takes the list to be at its end.
        """
        found, _ = await self._scanned(database, params, limit, where, fixed, at_most=math.inf)
        kept = [each for _, each in found[:limit]]
        return kept[::-1] if "after" in params else kept

    async def window(
        self,
        database: Database,
        params: Mapping[str, Any],
        *,
        limit: int,
        where: Callable[[T], bool],
        **fixed: Any,
    ) -> Page[T]:
        """The same of what is older among SCANNED_MAX, with where the list goes on even if few were found."""
        found, last = await self._scanned(database, params, limit + 1, where, fixed, at_most=SCANNED_MAX)
        shown = [each for _, each in found[:limit]]
        return Page(shown, found[limit - 1][0] if len(found) > limit else last)

    async def _scanned(
        self,
        database: Database,
        params: Mapping[str, Any],
        limit: int,
        where: Callable[[T], bool],
        fixed: Mapping[str, Any],
        at_most: float,
    ) -> tuple[list[tuple[str, T]], str | None]:
        """What is wanted, with its ids, until it is `limit` or all, or `at_most` were looked at; and the last
        id looked at, None at the end.
        """
        given = dict(params)
        on = "after" if "after" in given else "before"
        found: list[tuple[str, T]] = []
        scanned = 0
        at_once = limit
        while len(found) < limit and scanned < at_most:
            rows = await database.rows(self._query(given), **fixed, **given, limit=at_once)
            found += [(row[0], each) for row in rows if where(each := self._read(row))]
            scanned += len(rows)
            if len(rows) < at_once:
                return found, None
            given[on] = rows[-1][0]
            at_once = max(limit, _AT_ONCE)
        return found, given[on]

    def _query(self, given: Mapping[str, Any]) -> Query:
        # At most one for each combination of conditions; their number is bounded by the conditions there are.
        names = frozenset(given)
        known = self._queries.get(names)
        if known is None:
            conditions = {**self._conditions, **self._of_the_id}
            statement = self._rows.where(*(conditions[name] for name in sorted(names)))
            order = self._id if "after" in names else self._id.desc()
            known = Query(statement.order_by(order).limit(bindparam("limit")))
            self._queries[names] = known
        return known
