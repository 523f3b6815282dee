"""Whose CPU time it was, and on which cores: processes with all they have started, by /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
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
    ticks = sum(sum(map(int, stats.get(pid, [])[_TIMES])) for pid in _families(stats, pids))
    return ticks / _TICKS


def place(pids: Iterable[int], core: int | None) -> None:
    """Move these processes, and their descendants, to one core of ours, or to all of them for None."""
    cores = sorted(os.sched_getaffinity(0))
    chosen = cores if core is None or len(cores) == 1 else [cores[core % len(cores)]]
    for pid in _families(_stats(), pids):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(pid, chosen)


def _families(stats: Mapping[int, list[str]], pids: Iterable[int]) -> Iterator[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for pid, fields in stats.items():
        children[int(fields[_PARENT])].append(pid)
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        waiting += children[pid]
        yield pid


def _stats() -> Mapping[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
    return found
