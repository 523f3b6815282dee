"""Whose CPU time it was: processes with all they have started, by /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)
"""Fields 4 and 14 to 17 of proc(5), counted from field 3: times of the process, of children it waited for."""


def cpu_seconds(pids: Iterable[int]) -> float:
    """What these processes and their descendants have used, those included that have ended meanwhile."""
    stats = _stats()
    children: dict[int, list[int]] = defaultdict(list)
    for pid, fields in stats.items():
        children[int(fields[_PARENT])].append(pid)
    ticks, waiting = 0, list(pids)
    while waiting:
        pid = waiting.pop()
        waiting += children[pid]
        ticks += sum(map(int, stats.get(pid, [])[_TIMES]))
    return ticks / _TICKS


def _stats() -> Mapping[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
    return found
