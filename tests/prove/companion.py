"""A program of ours beside an attack, in a process of its own; what it says first is where it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any, Final
from urllib.request import ProxyHandler, build_opener

_READY_WITHIN_S: Final = 60.0
_ANSWERS_WITHIN_S: Final = 30.0
_STRAIGHT: Final = build_opener(ProxyHandler({}))
"""Whatever proxies the environment names: it is all on this machine."""


@contextmanager
def companion(module: str, orders: str | None = None, within_s: float = _READY_WITHIN_S) -> Iterator[str]:
    """Start it, with a line of orders if it takes one; gives its first line, and kills it in the end.

    Raises:
        TimeoutError: it said nothing in time, or ended before it did.
    """
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        patience = Timer(within_s, process.kill)
        patience.start()
        try:
            if orders is not None:
                process.stdin.write(f"{orders}\n")
                process.stdin.flush()
            line = process.stdout.readline()
            patience.cancel()
            if not line:
                raise TimeoutError(f"{module} said nothing within {within_s} s, or ended before")
            yield line
        finally:
            patience.cancel()
            process.kill()


def ask(port: int, path: str) -> Any:
    """What a companion that listens there answers to a GET. Any: JSON."""
    with _STRAIGHT.open(f"http://127.0.0.1:{port}{path}", timeout=_ANSWERS_WITHIN_S) as told:
        return json.load(told)
