"""Runs `kessai` commands in this process, in a directory and an environment of their own."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog

from kessai.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left: its exit code and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> dict[str, Any]:
        """The one JSON document it wrote."""
        return dict(json.loads(self.stdout))


class Command(Protocol):
    """Runs `kessai ARGUMENTS`."""

    def __call__(self, *arguments: str) -> Ended:
        """Run it to its end."""
        ...


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to be in, and an environment without settings; both are as before afterwards."""
    from kessai.settings import Settings

    monkeypatch.chdir(tmp_path)
    names = {name.upper() for name in Settings.model_fields}
    for variable in list(os.environ):
        if variable.removeprefix("KESSAI_").removesuffix("_FILE") in names:
            monkeypatch.delenv(variable)
    # Wide enough that nothing that is looked for is broken into lines.
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog_before = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**structlog_before)


@pytest.fixture
def kessai(surroundings: Path, _logging_as_before: None, capsys: pytest.CaptureFixture[str]) -> Command:
    """A function that runs a command line and tells how it ended."""
    del surroundings

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        written = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, written.out, written.err)

    return run


@pytest.fixture
def database(kessai: Command, surroundings: Path) -> Path:
    """A migrated SQLite file with nothing in it, where `kessai` looks for it."""
    assert kessai("migrate").exit_code == 0
    return surroundings / "kessai.db"
