"""Processes that migrate, killed or not, and which schema their database is left with."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

from kessai.storage.migrate import HEAD, PAST, upgrade
from tests.prove.fingerprint import schema
from tests.prove.fleet import HOUSE
from tests.prove.ground import Ground
from tests.support.processes import UNMEASURED, plain_environment, wait_until
from tests.support.server import RunningServer

WATCHED: Final = "tests.prove.migrator"
PATIENCE_S: Final = 600.0
_GONE_WITHIN_S: Final = 60.0
_AT_WORK: Final = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'kessai migrate' AND datname = current_database()"
)
_REVISION: Final = "SELECT version_num FROM alembic_version"
_SERVING: Final = ("--no-dispatch",)
"""A server that would deliver has reasons to change rows."""


@dataclass(frozen=True, slots=True)
class Migrators:
    """Starts them on a database, all with the same planted bug or none."""

    ground: Ground
    plant: str | None = None

    def start(self, *arguments: str, dies_at: int | None = None) -> Migrator:
        """Start `kessai ARGUMENTS`, which is killed at a statement if that is given."""
        module = "kessai" if self.plant is None and dies_at is None else WATCHED
        told = {} if dies_at is None else {"PROVE_DIES_AT": str(dies_at)}
        stderr = self.ground.directory / f"migrator-{uuid4().hex[:8]}.stderr"
        command = [sys.executable, "-m", module, *arguments, "--db", self.ground.url]
        if self.ground.kind == "sqlite":
            # What one that was killed has left says nothing of this one.
            _owner(self.ground).unlink(missing_ok=True)
        with stderr.open("wb") as errors:
            process = subprocess.Popen(
                command,
                cwd=self.ground.directory,
                env=plain_environment({**self.environment, **told}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        return Migrator(process, self.ground, stderr)

    def server(self) -> RunningServer:
        """One that serves the API and delivers nothing; not started."""
        return RunningServer(
            "--db",
            self.ground.url,
            *_SERVING,
            directory=self.ground.directory,
            env=self.environment,
            ready_timeout_s=PATIENCE_S,
            module="kessai" if self.plant is None else WATCHED,
        )

    def migrated_server(self) -> RunningServer:
        """One for an old database, not started: it migrates a file itself, PostgreSQL is migrated before."""
        if self.ground.kind == "postgresql":
            self.start("migrate").end()
        return self.server()

    @property
    def environment(self) -> dict[str, str]:
        """Of every process here."""
        plant = {} if self.plant is None else {"PROVE_PLANT": self.plant}
        ordinary = {"PYTHONPATH": str(HOUSE), "RATE_LIMIT_REQUESTS": "0", "LOG_LEVEL": "ERROR"}
        return {**ordinary, **UNMEASURED, **plant}


@dataclass(frozen=True, slots=True)
class Migrator:
    """A process that has been started."""

    process: subprocess.Popen[bytes]
    _ground: Ground
    _stderr: Path

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Its exit code; it is killed when it takes too long."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """`kill -9`, unless it has ended; its exit code."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait(_GONE_WITHIN_S)

    def end(self) -> None:
        """Wait until it has done what it was asked.

        Raises:
            AssertionError: it has not.
        """
        code = self.wait()
        assert code == 0, f"{self.process.args!r} ended with {code}: {self.stderr}"

    @property
    def stderr(self) -> str:
        """The end of what it wrote there."""
        return self._stderr.read_text(errors="replace")[-4000:]

    def until_at_work(self) -> None:
        """Wait until it has a connection to migrate on, or has ended; it is killed when it takes too long."""
        try:
            wait_until(self._is_at_work_or_over, timeout_s=PATIENCE_S, what="a migrator at work")
        except TimeoutError:
            self.kill()
            raise

    def _is_at_work_or_over(self) -> bool:
        return self.process.poll() is not None or self._is_at_work()

    def _is_at_work(self) -> bool:
        if self._ground.kind == "sqlite":
            return _owner(self._ground).exists()
        return asyncio.run(self._ground.count(_AT_WORK)) > 0


def _owner(ground: Ground) -> Path:
    """What whoever has a file writes beside it."""
    return Path(ground.url.removeprefix("sqlite:///") + ".owner")


def schemas(directory: Path, ground: Ground) -> Mapping[str, Sequence[str]]:
    """What the schema of each revision is, in an empty database of the same kind."""
    place = Path(mkdtemp(dir=directory))
    if ground.postgres is None:
        return _schemas(Ground(f"sqlite:///{place / 'empty.db'}", place))
    with ground.postgres.fresh_database() as url:
        return _schemas(Ground(url, place, ground.postgres))


def _schemas(empty: Ground) -> Mapping[str, Sequence[str]]:
    found = {}
    for revision in (*PAST, HEAD):
        upgrade(empty.url, revision)
        found[revision] = schema(empty)
    return found


def revision_of(ground: Ground) -> str:
    """Which revision a database says it is at. Of a file nothing is written: what a kill left stays there."""
    ((revision,),) = asyncio.run(ground.rows(_REVISION))
    return str(revision)


def standing(ground: Ground) -> tuple[str, Sequence[str]]:
    """Revision and schema of the same moment: the server may still be at what a dead client asked for."""
    while True:
        before, found = revision_of(ground), schema(ground)
        if revision_of(ground) == before:
            return before, found
