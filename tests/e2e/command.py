"""Runs `kessai` commands that end by themselves, as users do: in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import plain_environment


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


def kessai(
    *arguments: str, directory: Path, env: Mapping[str, str] | None = None, timeout_s: float = 30
) -> Ended:
    """Run `kessai ARGUMENTS` to its end, with nothing of the developer's environment."""
    done = subprocess.run(
        [sys.executable, "-m", "kessai", *arguments],
        cwd=directory,
        env=plain_environment(env),
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=timeout_s,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
