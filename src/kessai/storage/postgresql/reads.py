"""Group reads: rows that are asked for by their keys while others are being read are read together.

A read by key costs PostgreSQL little and the way to it and back much, on both sides. So what arrives while
reads are under way is one statement, whatever is asked for how often; a lone read goes at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Select, bindparam, column, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import ReturningUpdate

from kessai.domain.errors import DatabaseUnavailableError
from kessai.storage.postgresql.dialect import POSTGRESQL
from kessai.storage.postgresql.lanes import Lanes
from kessai.storage.query import Compiled, Query

LANES: Final = 2
"""Groups under way: one is read while the other is on its way."""
_GROUP_MAX: Final = 256

Rows = Sequence[tuple[Any, ...]]


@dataclass(slots=True, eq=False)
class _Ask:
    """One read, who waits for it, and until when."""

    params: dict[str, Any]
    rows: asyncio.Future[Rows]
    deadline: float

    def fail(self, error: BaseException) -> None:
        if not self.rows.done():
            self.rows.set_exception(error)


class GroupReads:
    """Reads of queries by key, each answered or refused within `timeout_s`."""

    def __init__(self, lanes: Lanes, *, timeout_s: float) -> None:
        self._lanes = lanes
        self._timeout_s = timeout_s
        self._waiting: dict[Query, list[_Ask]] = {}
        self._grouped: dict[Query, Compiled] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_due = False

    def rows(self, query: Query, params: dict[str, Any]) -> asyncio.Future[Rows]:
        """The rows that a query finds; with whatever else is asked for by then."""
        loop = asyncio.get_running_loop()
        ask = _Ask(params, loop.create_future(), loop.time() + self._timeout_s)
        self._waiting.setdefault(query, []).append(ask)
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._start)
        return ask.rows

    async def close(self) -> None:
        """Finish what was asked for."""
        while self._under_way or self._waiting:
            await asyncio.gather(*self._under_way)
            await asyncio.sleep(0)
        await self._lanes.close()

    def _start(self) -> None:
        self._is_due = False
        while self._waiting and len(self._under_way) < LANES:
            query = next(iter(self._waiting))
            waiting = self._waiting.pop(query)
            if len(waiting) > _GROUP_MAX:
                self._waiting[query] = waiting[_GROUP_MAX:]
            task = asyncio.ensure_future(self._read(query, waiting[:_GROUP_MAX]))
            self._under_way.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._start()

    async def _read(self, query: Query, asks: list[_Ask]) -> None:
        now = asyncio.get_running_loop().time()
        for ask in asks:
            if ask.deadline <= now:
                ask.fail(DatabaseUnavailableError())
        # Who has stopped waiting wants nothing read.
        asks = [ask for ask in asks if not ask.rows.done()]
        if not asks:
            return
        try:
            found = await (self._one(query, asks[0]) if len(asks) == 1 else self._all(query, asks))
        except Exception as error:
            if len(asks) > 1 and not isinstance(error, DatabaseUnavailableError):
                # One of them asks for what cannot be: each alone, so that only that one fails.
                for ask in asks:
                    await self._read(query, [ask])
                return
            for ask in asks:
                ask.fail(error)
            return
        for ask, rows in zip(asks, found, strict=True):
            if not ask.rows.done():
                ask.rows.set_result(rows)

    async def _one(self, query: Query, ask: _Ask) -> list[Rows]:
        compiled = query.compiled(POSTGRESQL)
        async with self._lanes.take(timeout_s=_time_left([ask])) as lane:
            rows = await lane.driver.fetch(compiled.sql, *compiled.values(ask.params))
        return [compiled.decoded(rows)]

    async def _all(self, query: Query, asks: list[_Ask]) -> Sequence[Rows]:
        compiled = self._grouped.get(query)
        if compiled is None:
            compiled = self._grouped[query] = Query(grouped(query.statement)).compiled(POSTGRESQL)
        arrays = [[ask.params[name] for ask in asks] for name in compiled.names]
        async with self._lanes.take(timeout_s=_time_left(asks)) as lane:
            found = await lane.driver.fetch(compiled.sql, *arrays)
        rows: list[list[tuple[Any, ...]]] = [[] for _ in asks]
        for position, *row in compiled.decoded(found):
            rows[position - 1].append(tuple(row))
        return rows


def _time_left(asks: Sequence[_Ask]) -> float:
    return min(ask.deadline for ask in asks) - asyncio.get_running_loop().time()


def grouped(statement: Select[Any] | ReturningUpdate[Any]) -> Select[Any]:
    """The same for many: each parameter is an array, each row begins with the place of what it answers."""
    elements = visitors.iterate(statement)
    found = {each.key: each for each in elements if isinstance(each, BindParameter)}
    arrays = [bindparam(name, type_=ARRAY(bind.type)) for name, bind in found.items()]
    columns = [column(name, bind.type) for name, bind in found.items()]
    asked = func.unnest(*arrays).table_valued(*columns, with_ordinality="position").render_derived()

    def asked_for(element: Any, **_: Any) -> Any:
        return asked.c[element.key] if isinstance(element, BindParameter) else None

    # Any: SQLAlchemy says of what it has gone through only that it can be gone through.
    one: Any = visitors.replacement_traverse(statement, {}, asked_for)
    each = one.correlate(asked).lateral()
    return select(asked.c.position, *each.c).select_from(asked.join(each, true()))
