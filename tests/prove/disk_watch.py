"""What a server does to its database's files, as the operating system hears it: disk_watch.c, preloaded.

It takes a C compiler and a dynamic loader that preloads; whoever has neither is told so.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).with_name("disk_watch.c")
_HEAD: Final = struct.Struct("=iiiiqqq")
"""`struct head` of the source."""
_SWITCH: Final = struct.Struct("=i")
_COMPILES_WITHIN_S: Final = 120


class Did(IntEnum):
    """What was done, as the source numbers it; what failed is not noted, unless it was made to fail."""

    OPENED = 1
    WROTE = 2
    CUT = 3
    SYNCED = 4
    UNLINKED = 5
    RENAMED = 6
    ANSWERED = 7
    FAILED = 8


@dataclass(frozen=True, slots=True)
class Act:
    """One call. Moments are nanoseconds of the monotonic clock, shared by all processes of the machine.

    `place` is where in the file it wrote or cut; of an opening, 1 when the file was made by it. `data` is
    what was written or answered, or the path; of a renaming both, a line each.
    """

    did: Did
    pid: int
    fd: int
    from_ns: int
    until_ns: int
    place: int
    data: bytes


def why_not() -> str | None:
    """Why files cannot be watched here, if they cannot, and what would help."""
    if not sys.platform.startswith("linux"):
        return "only Linux preloads libraries this way; run it there"
    return None if _compiler() else "there is no C compiler; install gcc or clang"


class DiskWatch:
    """The library, compiled into `directory`, for servers of one database."""

    def __init__(self, directory: Path, database: Path) -> None:
        self.log = directory / "disk.log"
        self._switch = directory / "disk.switch"
        self._library = directory / "disk_watch.so"
        self._database = database.resolve()
        self._switch.write_bytes(_SWITCH.pack(0))
        command = [
            str(_compiler()),
            "-shared",
            "-fPIC",
            "-O1",
            "-o",
            str(self._library),
            str(_SOURCE),
            "-ldl",
        ]
        subprocess.run(command, check=True, timeout=_COMPILES_WITHIN_S)

    def environment(self, *, recording: bool) -> dict[str, str]:
        """For a server, which is `recording` to `log` or only made to fail."""
        return {
            "LD_PRELOAD": str(self._library),
            "PROVE_DISK_FILES": str(self._database),
            "PROVE_DISK_TROUBLE": str(self._switch),
            **({"PROVE_DISK_LOG": str(self.log)} if recording else {}),
        }

    def fail(self, errno: int) -> None:
        """From now on whatever would change the files fails so; 0 ends it."""
        # In place: the servers have it mapped.
        with self._switch.open("r+b") as switch:
            switch.write(_SWITCH.pack(errno))

    def acts(self) -> Iterator[Act]:
        """What was recorded, in the order in which calls returned."""
        raw = memoryview(self.log.read_bytes())
        place = 0
        while place < len(raw):
            did, pid, fd, more, from_ns, until_ns, where = _HEAD.unpack_from(raw, place)
            place += _HEAD.size
            yield Act(Did(did), pid, fd, from_ns, until_ns, where, bytes(raw[place : place + more]))
            place += more


def _compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
