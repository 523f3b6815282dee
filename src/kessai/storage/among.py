"""`id IN (…)` with a list of any length as one parameter, so that the statement is compiled once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import orjson
from sqlalchemy import ARRAY, ColumnElement, Text, any_, bindparam, func, select

KINDS: Final = ("sqlite", "postgresql")


def among(column: ColumnElement[Any], name: str, kind: str) -> ColumnElement[bool]:
    """Whether the column is one of the values that the parameter `name` lists; see `listed`."""
    if kind == "postgresql":
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(select(func.json_each(bindparam(name, type_=Text)).table_valued("value").c.value))


def listed(values: Collection[str], kind: str) -> Any:
    """The parameter that `among` takes on this kind of database."""
    return list(values) if kind == "postgresql" else orjson.dumps(list(values)).decode()
