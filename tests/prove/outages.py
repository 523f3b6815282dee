"""What may happen to a server's disk: full, at its limit, read-only, broken; or nothing more can be open."""

from __future__ import annotations

import errno
import os
import random
import resource
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from tests.conftest import migrate_to_head
from tests.e2e.disks import LimitedFiles, SmallDisk, small_file_system
from tests.prove.disk_watch import DiskWatch, why_not
from tests.prove.evidence import kept_unless_it_holds
from tests.prove.ground import Ground, Kind
from tests.prove.report import Report
from tests.support.postgres import PrivatePostgres
from tests.support.processes import RunDirectory, wait_until
from tests.support.server import RunningServer

FILE_SYSTEM: Final[Mapping[Kind, str]] = {"sqlite": "96m", "postgresql": "320m"}
"""More than a round writes by itself."""
_LITTLE_LOG: Final = ("min_wal_size=32MB", "max_wal_size=64MB")
_SPARE_MAX: Final = 256 * 1024
_RECOVERED_WITHIN_S: Final = 30
_NOT_UNDER_POSTGRES: Final = {
    "files at their limit, read-only, input/output errors": "the files are PostgreSQL's, and so is what it"
    " makes of that; kessai only sees it fail or stop, as in `outages`"
}


class Outage(Protocol):
    """One trouble with a disk, which can be ended.

    `drops` says that connections may go unanswered in it, `reads` that whoever reads has to be served.
    """

    name: str
    drops: bool
    reads: bool

    def begin(self, server: RunningServer, chance: random.Random) -> None: ...

    def end(self, server: RunningServer) -> None: ...


class Full:
    """No space, or nearly none, left in the file system."""

    name = "disk full"
    drops = False
    reads = True

    def __init__(self, directory: Path) -> None:
        self._disk = SmallDisk(directory)

    def begin(self, server: RunningServer, chance: random.Random) -> None:
        self._disk.spare = chance.choice((0, chance.randrange(_SPARE_MAX)))
        self._disk.fill(server)

    def end(self, server: RunningServer) -> None:
        self._disk.clear(server)


class FullUnderPostgres(Full):
    """The same with PostgreSQL in it, which may stop for want of space, and is started again then."""

    reads = False

    def __init__(self, directory: Path, postgres: PrivatePostgres) -> None:
        super().__init__(directory)
        self._postgres = postgres

    def end(self, server: RunningServer) -> None:
        super().end(server)
        wait_until(self.is_back, timeout_s=_RECOVERED_WITHIN_S, what="PostgreSQL, after the disk was full")

    def is_back(self) -> bool:
        """Whether PostgreSQL answers; one that has stopped by now is started again.

        That it runs says nothing: it may be in the middle of stopping for want of space.
        """
        if not self._postgres.is_running:
            self._postgres.restart("immediate")
        try:
            self._postgres.sql("SELECT 1")
        except RuntimeError:
            return False
        return True


class Limit:
    """No file of the server may grow."""

    name = "files at their limit"
    drops = False
    reads = True

    def __init__(self, directory: Path) -> None:
        self._files = LimitedFiles(directory)

    def begin(self, server: RunningServer, chance: random.Random) -> None:
        self._files.fill(server)

    def end(self, server: RunningServer) -> None:
        self._files.clear(server)


@dataclass
class Failing:
    """Every change of the files fails, as the file system of a disk in trouble has it."""

    name: str
    watch: DiskWatch
    number: int
    drops: bool = False
    reads: bool = True

    def begin(self, server: RunningServer, chance: random.Random) -> None:
        self.watch.fail(self.number)

    def end(self, server: RunningServer) -> None:
        self.watch.fail(0)


class NoDescriptors:
    """The server may open nothing more: no file, no connection."""

    name = "descriptors exhausted"
    drops = True
    reads = True

    def __init__(self) -> None:
        self._before = (0, 0)

    def begin(self, server: RunningServer, chance: random.Random) -> None:
        self._before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        # What is open stays open; `count` is the number of the next one, or near it.
        count = len(os.listdir(f"/proc/{server.pid}/fd"))
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (chance.choice((3, count)), self._before[1]))

    def end(self, server: RunningServer) -> None:
        if server.is_running:
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, self._before)


@dataclass
class Place:
    """A new database, what can be done to its disk, and what a server needs for that."""

    ground: Ground
    outages: list[Outage]
    environment: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """What cannot be tried on this machine, and why."""
    not_tried: dict[str, str] = field(default_factory=dict)
    """What is tried nowhere, and why."""
    file_system: Path | None = None
    """A file system with nothing but the database, if there is one."""

    def add(self, outage: Outage) -> None:
        """One more that can be had."""
        self.outages.append(outage)


@contextmanager
def a_place(kind: Kind, run: RunDirectory, report: Report) -> Iterator[Place]:
    """A place for a database, with every outage that can be had here; kept unless the report holds."""
    with ExitStack() as stack:
        directory, reason = run.path / "disk", None
        try:
            stack.enter_context(small_file_system(directory, FILE_SYSTEM[kind]))
        except PermissionError as error:
            reason = f"{error.strerror}; run it as root, in a container with CAP_SYS_ADMIN"
        stack.enter_context(kept_unless_it_holds(run.path, report))
        make = _sqlite if kind == "sqlite" else _postgresql
        place = make(stack, run, directory, is_small=reason is None)
        place.add(NoDescriptors())
        if reason is not None:
            place.left_out[Full.name] = reason
        yield place


def _sqlite(_stack: ExitStack, run: RunDirectory, directory: Path, *, is_small: bool) -> Place:
    database = directory / "kessai.db"
    place = Place(Ground(f"sqlite:///{database}", run.path), [Limit(directory)])
    migrate_to_head(place.ground.url)
    if is_small:
        place.file_system = directory
        place.add(Full(directory))
    if reason := why_not():
        place.left_out["read-only, input/output errors"] = reason
    else:
        watch = DiskWatch(run.path, database)
        place.environment = watch.environment(recording=False)
        place.add(Failing("read-only", watch, errno.EROFS))
        place.add(Failing("input/output errors", watch, errno.EIO))
    return place


def _postgresql(stack: ExitStack, run: RunDirectory, directory: Path, *, is_small: bool) -> Place:
    postgres = stack.enter_context(closing(PrivatePostgres(run, within=directory, settings=_LITTLE_LOG)))
    postgres.start()
    postgres.sql("CREATE DATABASE kessai")
    ground = Ground(postgres.url("kessai"), run.path, postgres)
    migrate_to_head(ground.url)
    outages: list[Outage] = [FullUnderPostgres(directory, postgres)] if is_small else []
    return Place(ground, outages, not_tried=_NOT_UNDER_POSTGRES)
