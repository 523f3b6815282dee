"""What a process has used, by /proc, which core it may use, and which others are of its session."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of all threads since the start, resident memory now and at most, in MB."""

    cpu_s: float
    rss_mb: float
    peak_mb: float


def usage(pid: int) -> Usage:
    """What a running process has used until now."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    cpu_s = (int(numbers[11]) + int(numbers[12])) / _TICKS
    return Usage(cpu_s, _mb(status, "VmRSS"), _mb(status, "VmHWM"))


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on one core; does nothing for None or on one core."""
    before = os.sched_getaffinity(0)
    cores = sorted(before)
    if core is not None and len(cores) > 1:
        os.sched_setaffinity(0, {cores[core % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _mb(status: str, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def of_session(leader: int) -> set[int]:
    """The processes of a session that is led by this one."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        # One that has ended meanwhile is none of it.
        with suppress(OSError):
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.add(int(path.parent.name))
    return found
