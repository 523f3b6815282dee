"""Where a harness works: a directory, a database of either kind, copies of it, and its rows in plain SQL."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import asyncpg

from tests.conftest import migrate_to_head
from tests.prove.evidence import kept_unless_it_holds
from tests.prove.report import Report
from tests.support.postgres import PrivatePostgres
from tests.support.processes import RunDirectory

Kind = Literal["sqlite", "postgresql"]
KINDS: Final[tuple[Kind, ...]] = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Ground:
    """A migrated database without rows; `postgres` is None when it is a SQLite file."""

    url: str
    directory: Path
    postgres: PrivatePostgres | None = None

    @property
    def kind(self) -> Kind:
        """Which of the two databases it is."""
        return "sqlite" if self.postgres is None else "postgresql"

    def copy(self) -> Ground:
        """A database of its own with the same rows; nobody may be connected to this one."""
        directory = Path(tempfile.mkdtemp(dir=self.directory))
        if self.postgres is None:
            path = directory / "kessai.db"
            with closing(sqlite3.connect(self._file)) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(self._file, path)
            return Ground(f"sqlite:///{path}", directory)
        name = f"copy_{uuid4().hex}"
        template = self.url.rpartition("/")[2]
        self.postgres.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy", "CHECKPOINT")
        return Ground(self.postgres.url(name), directory, self.postgres)

    def drop(self) -> None:
        """Remove a copy, whoever is still connected."""
        if self.postgres is not None:
            self.postgres.sql(f"DROP DATABASE IF EXISTS {self.url.rpartition('/')[2]} WITH (FORCE)")
        shutil.rmtree(self.directory, ignore_errors=True)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read, on a connection of its own; ids come as text."""
        if self.postgres is None:
            return await asyncio.to_thread(self._file_rows, sql)
        connection = await asyncpg.connect(self.url.replace("+asyncpg", ""))
        try:
            found = await connection.fetch(sql)
        finally:
            await connection.close()
        return [tuple(str(each) if isinstance(each, UUID) else each for each in row) for row in found]

    async def count(self, sql: str) -> int:
        """The one number that a query gives."""
        ((number,),) = await self.rows(sql)
        return int(number)

    @property
    def files(self) -> list[Path]:
        """Those in which all of it lies, with journals and the server's own log."""
        if self.postgres is None:
            return sorted(self._file.parent.glob(f"{self._file.name}*"))
        return [self.postgres.log, *sorted(self.postgres.data.rglob("*"))]

    @property
    def _file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def _file_rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA busy_timeout = 10000")
            return database.execute(sql).fetchall()


@contextmanager
def open_ground(
    kind: Kind,
    report: Report | None = None,
    fill: Callable[[str], None] = migrate_to_head,
    *,
    settings: Sequence[str] = (),
) -> Iterator[Ground]:
    """A new migrated database, or what `fill(url)` makes of it; PostgreSQL is a durable server of its own.

    All of it is gone afterwards; `report` has a copy kept unless it holds then, and is told of an error.
    """
    with ExitStack() as stack:
        run = stack.enter_context(closing(RunDirectory.create()))
        directory = run.path / "ground"
        directory.mkdir()
        if report is not None:
            stack.enter_context(kept_unless_it_holds(run.path, report))
        if kind == "sqlite":
            ground = Ground(f"sqlite:///{directory / 'kessai.db'}", directory)
        else:
            server = stack.enter_context(closing(PrivatePostgres(run, settings=settings)))
            server.start()
            server.sql("CREATE DATABASE kessai")
            ground = Ground(server.url("kessai"), directory, server)
        fill(ground.url)
        yield ground


@contextmanager
def on_a_copy(ground: Ground) -> Iterator[Ground]:
    """A copy, dropped afterwards."""
    copy = ground.copy()
    try:
        yield copy
    finally:
        copy.drop()
