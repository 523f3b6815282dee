"""What people see meanwhile: one line, rewritten on a terminal and repeated now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Final

_SILENCE_S: Final = 10.0


class Progress:
    """Counts towards `goal`, which may grow, and guesses what remains."""

    def __init__(self, title: str, goal: float) -> None:
        self._title = title
        self.goal = goal
        self._started = time.monotonic()
        self._said_at = -_SILENCE_S

    def at(self, done: float, note: str = "") -> None:
        """Say how far it is, not too often."""
        now = time.monotonic()
        is_terminal = sys.stderr.isatty()
        if now - self._said_at < (0.2 if is_terminal else _SILENCE_S):
            return
        self._said_at = now
        line = f"{self._title}: {done:,.0f} of {self.goal:,.0f}{self._remaining(done, now)} {note}".rstrip()
        print(f"\r{line:<100}" if is_terminal else line, end="" if is_terminal else "\n", file=sys.stderr)
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            print(f"\r{'':<100}\r", end="", file=sys.stderr, flush=True)

    def _remaining(self, done: float, now: float) -> str:
        if done <= 0:
            return ""
        return f", about {max(0.0, (self.goal - done) * (now - self._started) / done):.0f} s left"
