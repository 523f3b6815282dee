"""Core statements, compiled once per database and run on the driver itself.

Compiling a statement costs more than running it; the ORM and the engine's own execution cost ten times
a point read. What is left of SQLAlchemy here is what it is best at: statements and types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from kessai.storage.types import Moment

Processor = Callable[[Any], Any]

SQLITE: Final[Dialect] = pysqlite.dialect(paramstyle="qmark")


def binder(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    """What turns a Python value into the driver's, None when it is the same."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _decoder(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, Moment):
        # Without SQLAlchemy's three calls around it: a payment has six of them.
        return datetime.fromisoformat if dialect.name == "sqlite" else None
    return kind.dialect_impl(dialect).result_processor(dialect, None)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in one database's words, with what its values need on the way in and out."""

    sql: str
    names: tuple[str, ...]
    binders: tuple[Processor | None, ...]
    decoders: tuple[tuple[int, Processor], ...]
    constants: dict[str, Any]

    def values(self, params: dict[str, Any]) -> list[Any]:
        """The parameters in the statement's order."""
        if self.constants:
            params = {**self.constants, **params}
        return [
            params[name] if process is None else process(params[name])
            for name, process in zip(self.names, self.binders, strict=True)
        ]

    def decoded(self, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows with ids and moments in Python's types."""
        return [self._decoded(row) for row in rows]

    def _decoded(self, row: Any) -> tuple[Any, ...]:
        values = list(row)
        for position, process in self.decoders:
            if values[position] is not None:
                values[position] = process(values[position])
        return tuple(values)


class Query:
    """A read. `is_point`: it touches a row or a few by an index, so it may run where it is asked.

    `by_key`: it is a point that all its parameters lead to, so many of them may be read together. Within a
    transaction also an update that returns rows.
    """

    def __init__(
        self,
        statement: Select[Any] | ReturningUpdate[Any],
        *,
        is_point: bool = False,
        by_key: bool = False,
    ) -> None:
        self._statement = statement
        self._compiled: dict[str, Compiled] = {}
        self.is_point = is_point or by_key
        self.by_key = by_key

    @property
    def statement(self) -> Select[Any] | ReturningUpdate[Any]:
        """What it was made of."""
        return self._statement

    def compiled(self, dialect: Dialect) -> Compiled:
        """The statement for one database, made on first use."""
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = self._compile(dialect)
        return known

    def within(self, connection: Connection, **params: object) -> list[tuple[Any, ...]]:
        """Run it in an open transaction and return its rows."""
        compiled = self.compiled(connection.dialect)
        found = connection.exec_driver_sql(compiled.sql, tuple(compiled.values(params)))
        return compiled.decoded(found.fetchall())

    def _compile(self, dialect: Dialect) -> Compiled:
        made = self._statement.compile(dialect=dialect)
        names = tuple(made.positiontup or ())
        decoders = (
            (position, _decoder(column.type, dialect))
            for position, column in enumerate(self._statement.exported_columns)
        )
        return Compiled(
            sql=str(made),
            names=names,
            binders=tuple(binder(made.binds[name].type, dialect) for name in names),
            decoders=tuple((position, process) for position, process in decoders if process is not None),
            constants={name: made.params[name] for name in names if not made.binds[name].required},
        )


class Write:
    """Rows written in one go within an open transaction: an insert, or an update, of one row as a statement.

    `make` gives the statement in a database's words. `names` are its parameters in the order in which rows
    hold their values.
    """

    def __init__(self, make: Callable[[str], Insert | Update], names: Sequence[str]) -> None:
        self._make = make
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, tuple[tuple[int, Processor | None], ...]]] = {}

    def run(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Write the rows, if there are any."""
        sql, places = self._for(connection.dialect)
        values = [
            tuple(row[place] if process is None else process(row[place]) for place, process in places)
            for row in rows
        ]
        if values:
            connection.exec_driver_sql(sql, values)

    def _for(self, dialect: Dialect) -> tuple[str, tuple[tuple[int, Processor | None], ...]]:
        known = self._compiled.get(dialect.name)
        if known is None:
            made = self._make(dialect.name).compile(dialect=dialect)
            names = made.positiontup or ()
            places = ((self._names.index(name), binder(made.binds[name].type, dialect)) for name in names)
            known = self._compiled[dialect.name] = str(made), tuple(places)
        return known
