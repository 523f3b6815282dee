"""Looks at the database: whether it can be reached, at which revision it is, and how it keeps things."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from kessai.adapters.clock import SystemClock
from kessai.bootstrap import open_database
from kessai.cli.checkup import Finding, fail, ok, outage, warn
from kessai.settings import Settings
from kessai.storage.migrate import HEAD, current_revision
from kessai.storage.sqlite.lock import DatabaseFileError, DatabaseInUseError, FileLock

Facts = dict[str, Any]
"""What a server says of itself; Any: its answers are of many types."""

_CLOCKS_APART_S: Final = 1.0
_DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
_OLDEST_SERVER: Final = 160_000


def database(settings: Settings) -> Iterator[Finding]:
    """Everything about the database that the settings name."""
    if settings.database_kind == "sqlite":
        yield from _file(settings)
    else:
        yield from _server(settings)


def _file(settings: Settings) -> Iterator[Finding]:
    path = settings.sqlite_path
    if not path.exists():
        yield ok("database", f"{path} will be made by kessai serve")
        return
    try:
        revision = current_revision(settings.database_url)
        user = _user_of(settings)
    except DatabaseFileError as error:
        yield outage("database", str(error), "restore it from a back-up, or choose another --db")
        return
    yield ok("database", f"{path} can be read" + (f"; {user}" if user else ""))
    if revision == HEAD:
        yield ok("migrations", f"at head ({HEAD})")
    else:
        yield ok("migrations", f"at {revision or 'none'}; kessai serve will bring it to {HEAD}")


def _user_of(settings: Settings) -> str | None:
    """Who has the file, in words; None when nobody has."""
    lock = FileLock(settings.sqlite_path)
    try:
        lock.take()
    except DatabaseInUseError as error:
        return str(error).partition(" is ")[2].partition(";")[0]
    lock.release()
    return None


def _server(settings: Settings) -> Iterator[Finding]:
    from kessai.storage.migrations.connection import DatabaseUnreachableError

    try:
        revision = current_revision(settings.database_url)
        facts = asyncio.run(_ask(settings))
    except DatabaseUnreachableError as error:
        yield outage("database", str(error), "start it, or correct DATABASE_URL")
        return
    yield judge_age(facts)
    if revision == HEAD:
        yield ok("migrations", f"at head ({HEAD})")
    else:
        yield fail("migrations", f"at {revision or 'none'}, needs {HEAD}", "run kessai migrate")
    yield judge_durability(facts)
    yield judge_clock(facts)


async def _ask(settings: Settings) -> Facts:
    """The server's settings, and the distance of its clock from ours."""

    def look(connection: Connection) -> Facts:
        wanted = "server_version_num", "server_version", *_DURABLE
        facts = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in wanted}
        before = clock.now()
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = clock.now()
        return {**facts, "apart_s": _apart_s(theirs, before, after)}

    clock = SystemClock()
    database = open_database(settings)
    try:
        return await database.run(look)
    finally:
        await database.close()


def _apart_s(theirs: datetime, before: datetime, after: datetime) -> float:
    """How far their clock is outside the time in which they were asked."""
    moment = theirs.astimezone(UTC)
    return max((before - moment).total_seconds(), (moment - after).total_seconds(), 0.0)


def judge_age(facts: Facts) -> Finding:
    """Whether the server is one that we are tested with."""
    detail = f"PostgreSQL {facts['server_version']} answers"
    if int(facts["server_version_num"]) < _OLDEST_SERVER:
        return warn("database", detail, "kessai is tested with PostgreSQL 16 and newer")
    return ok("database", detail)


def judge_durability(facts: Facts) -> Finding:
    """Whether the server keeps what it acknowledges."""
    off = [name for name in _DURABLE if facts[name] == "off"]
    if off:
        return warn(
            "durability", f"{', '.join(off)} is off", "turn it on: an acknowledged payment may be lost"
        )
    return ok("durability", "fsync, full_page_writes and synchronous_commit are on")


def judge_clock(facts: Facts) -> Finding:
    """Whether both clocks agree."""
    apart_s = facts["apart_s"]
    if apart_s > _CLOCKS_APART_S:
        return warn(
            "clock",
            f"this machine and the database are {apart_s:.1f} s apart",
            "synchronise both (NTP): retries and expiries are timed here",
        )
    return ok("clock", "this machine and the database agree")
