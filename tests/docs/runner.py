"""Runs the code blocks of one page, in order, as a reader would who pastes them one after the other.

Words after a block's language say how:

- `background`: start it, wait until it listens, and leave it running until the page ends.
- `file=NAME`: it is saved under this name first, and run from there.
- `needs=PROGRAM`: it is left out where there is no such program, as every `js` block is without `node`.
- `http=CODE`: its curls are answered so; without it by 2xx. `000` is no answer at all.

Shell variables are carried from block to block in the environment. The ports that pages name are rewritten
to those of this run; each curl also reports the status it was answered with.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.docs.pages import Block
from tests.support.processes import UNMEASURED, is_listening, plain_environment, wait_until

RUN: Final = {"bash": ("bash",), "python": (sys.executable,), "js": ("node",)}
"""Languages whose blocks are run, and what runs them; others are shown."""
TIMEOUT_S: Final = 60
DEFAULT_PORT: Final = "8000"
"""Where pages take their server to be."""

_STATUS: Final = re.compile(r"^answered (\d{3})$", re.MULTILINE)
_CURL: Final = """#!/bin/sh
exec "{curl}" --max-time 30 --write-out '%{{stderr}}answered %{{http_code}}\\n' "$@"
"""
_SHELL: Final = """set -a
[ ! -e .state ] || . ./.state
set -euo pipefail
. "./{script}"
export -p > .state
"""


class BlockFailedError(AssertionError):
    """A block does not do what its page says; names page and line."""

    def __init__(self, block: Block, what: str, *streams: str) -> None:
        said = "\n".join(stream.strip() for stream in streams if stream.strip())
        super().__init__(f"{block.place}: {what}\n--- block\n{block.text.rstrip()}\n--- said\n{said}")


@dataclass(slots=True)
class PageRun:
    """One page being followed, in `directory`. `ports` maps the ports that pages name to real ones."""

    directory: Path
    ports: Mapping[str, int]
    replacements: Mapping[str, str] = field(default_factory=dict)
    _background: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shims = self.directory / ".shims"
        shims.mkdir(exist_ok=True)
        (shims / "curl").write_text(_CURL.format(curl=shutil.which("curl")))
        (shims / "curl").chmod(0o755)

    def run(self, block: Block) -> str:
        """Run one block and return what it wrote to stdout.

        Raises:
            BlockFailedError: it failed, or was answered otherwise than its page says.
        """
        script = block.mark("file") or f".block-{block.line}"
        (self.directory / script).write_text(self._rewritten(block.text))
        if "background" in block.marks:
            self._start(block, script)
            return ""
        done = self._execute(block, script)
        if done.returncode:
            raise BlockFailedError(block, f"ended with {done.returncode}", done.stdout, done.stderr)
        wanted = block.mark("http") or "2xx"
        for status in _STATUS.findall(done.stderr):
            if status != wanted and not (wanted == "2xx" and status.startswith("2")):
                raise BlockFailedError(
                    block, f"was answered {status}, not {wanted}", done.stdout, done.stderr
                )
        return done.stdout

    def stop(self) -> None:
        """End what was left running, in order."""
        for process in reversed(self._background):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _execute(self, block: Block, script: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                self._command(block, script),
                cwd=self.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise BlockFailedError(block, f"took more than {TIMEOUT_S} s", str(late.stdout)) from None

    def _start(self, block: Block, script: str) -> None:
        with (self.directory / f"{script}.log").open("w") as log:
            process = subprocess.Popen(
                self._command(block, script, keeps_state=False),
                cwd=self.directory,
                env=self._environment() | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._background.append(process)
        ports = [real for named, real in self.ports.items() if re.search(rf"\b{named}\b", block.text)]

        def is_up() -> bool:
            if process.poll() is not None:
                said = (self.directory / f"{script}.log").read_text()
                raise BlockFailedError(block, f"ended with {process.returncode}", said)
            return all(map(is_listening, ports))

        wait_until(is_up, timeout_s=30, what=block.place)

    def _command(self, block: Block, script: str, *, keeps_state: bool = True) -> list[str]:
        if block.language == "bash":
            shell = _SHELL if keeps_state else _SHELL.replace("export -p > .state\n", "")
            return ["bash", "-c", shell.format(script=script)]
        runner = " ".join(RUN[block.language])
        return ["bash", "-c", f'set -a; [ ! -e .state ] || . ./.state; exec {runner} "{script}"']

    def _environment(self) -> dict[str, str]:
        path = [str(self.directory / ".shims"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        # Commands that name no server look for it where settings say: on the page, at the default port.
        port = {"PORT": str(self.ports[DEFAULT_PORT])} if DEFAULT_PORT in self.ports else {}
        return plain_environment({"PATH": os.pathsep.join(path), "LANG": "C.UTF-8", **UNMEASURED, **port})

    def _rewritten(self, text: str) -> str:
        for named, real in self.replacements.items():
            text = text.replace(named, real)
        return re.sub(r"\b\d{4}\b", lambda found: str(self.ports.get(found[0], found[0])), text)
