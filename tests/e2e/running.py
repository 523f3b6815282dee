"""Runs `kessai` commands that go on until somebody ends them, and reads what they say meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes import plain_environment


class Running:
    """One that runs. Its lines of JSON are read in order, each waited for as long as the test may take."""

    def __init__(self, process: subprocess.Popen[str], stderr: Path) -> None:
        self.process = process
        self._stderr = stderr

    @property
    def stderr(self) -> str:
        """What it wrote there so far."""
        return self._stderr.read_text()

    def line(self) -> str:
        """The next line it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended with {self.process.wait()}: {self.stderr}"
        return line.rstrip("\n")

    def said(self, event: str) -> dict[str, Any]:
        """The next line of JSON of a kind; what comes before it is passed over."""
        while (found := dict(json.loads(self.line())))["event"] != event:
            pass
        return found

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)


@contextmanager
def running(*arguments: str, directory: Path) -> Iterator[Running]:
    """`kessai ARGUMENTS` until the end of the block, with nothing of the developer's environment."""
    stderr = directory / f"{arguments[0]}-{arguments[1].strip('-')}.stderr"
    with stderr.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "kessai", *arguments],
            cwd=directory,
            env=plain_environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        yield Running(process, stderr)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
