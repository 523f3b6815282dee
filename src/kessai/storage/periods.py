"""A range of time as a range of ids: they begin with the moment they were made at, and are indexed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Table, bindparam

from kessai.domain.ids import earliest_id

_IDS_AHEAD: Final = timedelta(minutes=1)
"""How far ids may be ahead of `created_at`: they keep rising when the clock stands still or is put back."""
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def id_conditions(table: Table) -> dict[str, ColumnElement[bool]]:
    """The conditions of the parameters that `id_range` gives."""
    return {"id_from": table.c.id >= bindparam("id_from"), "id_to": table.c.id < bindparam("id_to")}


def id_range(created_from: datetime | None, created_to: datetime | None) -> dict[str, str]:
    """Parameters that hold for every row of the period; the rows' own moments decide the rest."""
    bounds: dict[str, str] = {}
    if created_from is not None:
        bounds["id_from"] = earliest_id(created_from)
    if created_to is not None:
        ahead = created_to + _IDS_AHEAD if created_to < _LATEST - _IDS_AHEAD else _LATEST
        bounds["id_to"] = earliest_id(ahead)
    return bounds
