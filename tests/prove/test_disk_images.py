"""What a disk may hold after the power went, on recordings written by hand."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from tests.prove.disk_images import FATES, Disk
from tests.prove.disk_watch import Act, Did

DATABASE = Path("/somewhere/kessai.db")
END = 1_000_000


class Script:
    """Acts of one process, one after the other, each a hundred nanoseconds long."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self._moments: Iterator[int] = count(0, 100)

    def add(self, did: Did, fd: int = -1, *, place: int = 0, data: bytes = b"") -> Act:
        """The next one."""
        begun = next(self._moments)
        self.acts.append(Act(did, 1, fd, begun, begun + 50, place, data))
        return self.acts[-1]

    def open(self, fd: int, path: Path = DATABASE) -> None:
        """A file, or the directory."""
        self.add(Did.OPENED, fd, data=str(path).encode())

    def sync_directory(self) -> None:
        """Make the names that there are certain."""
        self.open(9, DATABASE.parent)
        self.add(Did.SYNCED, 9)

    def images(self, moment_ns: int = END) -> list[dict[str, bytes]]:
        """A few hundred of what may be there."""
        disk = Disk(DATABASE, self.acts)
        disk.go_to(moment_ns)
        chance = random.Random(1)
        return [disk.image(chance.choice(FATES), chance, Counter()) for _ in range(300)]


def a_database() -> Script:
    """One whose name is certain, open as 3."""
    script = Script()
    script.open(3)
    script.sync_directory()
    return script


def test_what_was_synced_is_in_every_image() -> None:
    script = a_database()
    script.add(Did.WROTE, 3, data=b"safe")
    script.add(Did.SYNCED, 3)
    script.add(Did.WROTE, 3, place=4, data=b"loose")

    contents = {image[""] for image in script.images()}

    assert {b"safe", b"safeloose"} <= contents
    assert all(content.startswith(b"safe") for content in contents)


def test_a_sync_keeps_nothing_before_it_has_returned() -> None:
    script = a_database()
    script.add(Did.WROTE, 3, data=b"loose")
    sync = script.add(Did.SYNCED, 3)

    assert {b"", b"loose"} <= {image[""] for image in script.images(sync.until_ns - 1)}
    assert {b"loose"} == {image[""] for image in script.images(sync.until_ns)}


def test_a_sync_keeps_nothing_that_was_written_after_it_began() -> None:
    script = a_database()
    sync = script.add(Did.SYNCED, 3)
    script.acts.append(Act(Did.WROTE, 1, 3, sync.from_ns + 1, sync.from_ns + 2, 0, b"meanwhile"))

    assert b"" in {image[""] for image in script.images()}


def test_a_later_write_may_be_there_without_an_earlier_one() -> None:
    script = a_database()
    script.add(Did.WROTE, 3, data=b"1")
    script.add(Did.WROTE, 3, place=1, data=b"2")

    assert b"\x002" in {image[""] for image in script.images()}


def test_a_write_may_be_torn_between_sectors() -> None:
    script = a_database()
    script.add(Did.WROTE, 3, data=b"x" * 1024)
    script.add(Did.SYNCED, 3)
    script.add(Did.WROTE, 3, data=b"y" * 1024)

    contents = {image[""] for image in script.images()}

    assert {b"y" * 512 + b"x" * 512, b"x" * 512 + b"y" * 512} <= contents
    assert all(set(content[:512]) <= set(b"x") or set(content[:512]) <= set(b"y") for content in contents)


def test_a_name_is_certain_once_its_directory_was_synced() -> None:
    script = a_database()
    script.open(4, Path(f"{DATABASE}-wal"))
    script.add(Did.WROTE, 4, data=b"log")
    script.add(Did.SYNCED, 4)
    assert {"-wal" in image for image in script.images()} == {True, False}

    script.sync_directory()

    assert {image["-wal"] for image in script.images()} == {b"log"}


def test_a_removed_file_may_come_back_with_what_was_in_it() -> None:
    script = a_database()
    script.open(4, Path(f"{DATABASE}-wal"))
    script.add(Did.WROTE, 4, data=b"log")
    script.add(Did.SYNCED, 4)
    script.sync_directory()
    script.add(Did.UNLINKED, data=f"{DATABASE}-wal".encode())

    assert {image.get("-wal") for image in script.images()} == {b"log", None}


def test_what_only_processes_need_is_in_no_image() -> None:
    script = a_database()
    script.open(3, Path(f"{DATABASE}-shm"))
    script.add(Did.WROTE, 3, data=b"index")

    assert {(*image.items(),) for image in script.images()} == {(("", b""),)}
