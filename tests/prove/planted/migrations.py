"""Migrations with a bug: in pieces, two at a time, too generous, forgetful."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from kessai.storage.migrations import server

_CHANGES: Final = ("CREATE", "ALTER", "DROP", "UPDATE", "INSERT", "DELETE")
_SLOWLY_S: Final = 0.02
_TO_HEAD: Final = "SET version_num='0007'"
_FROM_HEAD: Final = "WHERE alembic_version.version_num = '0007'"


def plant_in_migrations(name: str | None) -> None:
    """Have this process migrate with the bug of this name; does nothing for None."""
    if name is not None:
        _PLANTS[name]()


def _in_pieces() -> None:
    """Each statement is committed by itself."""

    def commit(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith(_CHANGES):
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("BEGIN")

    event.listen(Engine, "after_cursor_execute", commit)


def _unlocked() -> None:
    """Nobody waits for another migrator, and each takes its time."""
    server._MIGRATOR = os.getpid()  # type: ignore[misc]  # a Final of the product, which a bug overrules
    event.listen(Engine, "before_cursor_execute", lambda *_: time.sleep(_SLOWLY_S))


def _with(marker: str, statement: str) -> Callable[[], None]:
    """One more statement in the transaction that the marker is in."""

    def add(connection: Connection, _cursor: Any, executed: str, *_: Any) -> None:
        if marker in executed:
            connection.exec_driver_sql(statement)

    return lambda: event.listen(Engine, "before_cursor_execute", add)


_PLANTS: Final[Mapping[str, Callable[[], None]]] = {
    "migrates-in-pieces": _in_pieces,
    "migrates-without-a-lock": _unlocked,
    "rounds-amounts": _with(
        _TO_HEAD, "UPDATE payments SET amount = amount / 10 * 10 + 10 WHERE error_code IS NOT NULL"
    ),
    "forgets-attempts-going-down": _with(_FROM_HEAD, "DELETE FROM webhook_attempts WHERE status_code >= 500"),
}
