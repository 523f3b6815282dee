"""scripts/local_dev.sh sets a fresh clone up, leaves a set-up one alone, and can be started from anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tidy.operations import ROOT, command_problems, read

STAND_IN = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >> "$CALLS"
if [[ "$*" == "-m venv --without-pip "* ]]; then
  mkdir -p "$4/bin"
  for name in python kessai uvicorn; do cp "$0" "$4/bin/$name"; done
fi
[[ "$*" != *"$REFUSES"* ]]
"""


INSTALL = "--disable-pip-version-check install --editable .[dev]"


class Clone:
    """A checkout with the script and stand-ins for Python and what it installs, which note their calls."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.elsewhere = folder
        self.calls_file = folder / "calls"
        self.python = folder / "python3"
        (self.root / "scripts").mkdir(parents=True)
        for path in ("scripts/local_dev.sh", ".env.example", "pyproject.toml"):
            shutil.copy(ROOT / path, self.root / path)
        self.python.write_text(STAND_IN)
        self.python.chmod(0o755)

    def start(self, *arguments: str, refusing: str = "nothing") -> tuple[int, list[str]]:
        """Run the script from another folder; its exit code and what it called."""
        self.calls_file.write_text("")
        run = subprocess.run(
            ["bash", str(self.root / "scripts/local_dev.sh"), *arguments],
            cwd=self.elsewhere,
            env=os.environ | {"PYTHON": str(self.python), "CALLS": str(self.calls_file), "REFUSES": refusing},
            check=False,
            timeout=30,
        )
        return run.returncode, self.calls_file.read_text().splitlines()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_script_is_bash_that_parses() -> None:
    subprocess.run(["bash", "-n", str(ROOT / "scripts/local_dev.sh")], check=True, timeout=30)
    assert os.access(ROOT / "scripts/local_dev.sh", os.X_OK)
    assert "set -euo pipefail" in read("scripts/local_dev.sh")


def test_a_fresh_clone_is_set_up_and_served(clone: Clone) -> None:
    code, calls = clone.start()

    assert code == 0
    assert calls[1:] == [
        f"python3 -m venv --without-pip {clone.root}/.venv",
        f"python3 -m pip --python {clone.root}/.venv/bin/python {INSTALL}",
        "kessai migrate",
        "uvicorn kessai.asgi:app --reload --reload-dir src",
    ]
    assert (clone.root / ".env").read_text() == read(".env.example")


def test_a_second_start_keeps_the_environment_and_the_settings(clone: Clone) -> None:
    clone.start()
    (clone.root / ".env").write_text("PORT=9000\n")

    code, calls = clone.start("--port", "9000")

    assert code == 0
    assert calls == ["kessai migrate", "uvicorn kessai.asgi:app --reload --reload-dir src --port 9000"]
    assert (clone.root / ".env").read_text() == "PORT=9000\n"


def test_what_make_installed_is_used(clone: Clone) -> None:
    clone.start()
    (clone.root / ".venv/.installed-editable").rename(clone.root / ".venv/.installed-dev")

    _, calls = clone.start()

    assert not any(INSTALL in call for call in calls)


def test_new_dependencies_are_installed(clone: Clone) -> None:
    clone.start()
    later = (clone.root / ".venv/.installed-editable").stat().st_mtime + 5
    os.utime(clone.root / "pyproject.toml", (later, later))

    _, calls = clone.start()

    assert any(INSTALL in call for call in calls)


@pytest.mark.parametrize(
    ("refusing", "last_call"), [("sys.version_info", "python3"), ("migrate", "kessai migrate")]
)
def test_nothing_is_served_after_a_failure(clone: Clone, refusing: str, last_call: str) -> None:
    code, calls = clone.start(refusing=refusing)

    assert code != 0
    assert calls[-1].startswith(last_call)


def test_a_failed_install_is_tried_again(clone: Clone) -> None:
    clone.start(refusing="install --editable")

    _, calls = clone.start()

    assert any(INSTALL in call for call in calls)


def test_the_command_it_runs_exists() -> None:
    assert command_problems(["migrate"]) == []
