"""What a disk may hold after the power went: of what was not synced, anything, in any order, whole or torn.

A write is kept for certain once a sync of its file, begun after it, has returned. A name is kept once its
directory was synced; names change in order, as in every journal of a file system. Nothing else is assumed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, assert_never

from tests.prove.disk_watch import Act, Did

Fate = Literal["nothing", "everything", "some", "torn", "the youngest"]
"""What becomes of all that was not synced."""
FATES: Final[tuple[Fate, ...]] = ("nothing", "everything", "some", "torn", "torn", "the youngest")
_SECTORS: Final = (512, 4096)
_STALE: Final = 0.3
"""How many of the sectors that a file grew by, and that were not written, hold what was there before."""
LASTING: Final = ("", "-wal", "-journal")
"""Endings of the files that matter; the log's index is made anew by whoever opens the database first."""


@dataclass(slots=True)
class File:
    """A file, whatever its name: what is safe, and what was done since, in order."""

    safe: bytearray = field(default_factory=bytearray)
    loose: list[Act] = field(default_factory=list)

    def sync(self, begun_ns: int) -> None:
        """A sync that began at this moment has returned."""
        done = [act for act in self.loose if act.until_ns <= begun_ns]
        self.loose = [act for act in self.loose if act.until_ns > begun_ns]
        for act in done:
            _apply(self.safe, act.did, act.place, act.data)


@dataclass(frozen=True, slots=True)
class Naming:
    """A name that stands for a file since then, or for none."""

    until_ns: int
    name: str
    file: File | None


class Disk:
    """The files of one database at a moment, which only goes forward; at first there are none."""

    def __init__(self, database: Path, acts: Iterable[Act]) -> None:
        self._database = str(database)
        self._directory = str(database.parent)
        self._acts = sorted(acts, key=_takes_effect)
        self._next = 0
        self._open: dict[tuple[int, int], File | None] = {}
        self._names: dict[str, File] = {}
        self._safe_names: dict[str, File] = {}
        self._loose_names: list[Naming] = []

    def go_to(self, moment_ns: int) -> None:
        """Let happen what happened until then."""
        while self._next < len(self._acts) and _takes_effect(self._acts[self._next]) <= moment_ns:
            self._do(self._acts[self._next])
            self._next += 1

    @property
    def loose(self) -> int:
        """How many writes, cuts and names are not safe."""
        return sum(len(file.loose) for file in self._names.values()) + len(self._loose_names)

    def image(self, fate: Fate, chance: random.Random, seen: Counter[str]) -> dict[str, bytes]:
        """One of the states in which the power may leave it, by the names' endings; counts what was done."""
        files = dict(self._safe_names)
        count = len(self._loose_names)
        kept = {"nothing": 0, "everything": count}.get(fate, chance.randint(0, count))
        for naming in self._loose_names[:kept]:
            _rename(files, naming)
        return {
            name.removeprefix(self._database): _content(file, fate, chance, seen)
            for name, file in files.items()
        }

    def _do(self, act: Act) -> None:
        place = (act.pid, act.fd)
        match act.did:
            case Did.OPENED:
                self._open[place] = self._opened(act)
            case Did.UNLINKED:
                self._name(act, act.data.decode(), None)
            case Did.RENAMED:
                before, after = act.data.decode().split("\n")
                self._name(act, after, self._names.get(before, File()))
                self._name(act, before, None)
            case Did.SYNCED:
                self._sync(self._open[place], act.from_ns)
            case Did.WROTE | Did.CUT:
                file = self._open[place]
                if file is not None:
                    file.loose.append(act)
            case Did.ANSWERED | Did.FAILED:
                pass
            case _:
                assert_never(act.did)

    def _opened(self, act: Act) -> File | None:
        """The file that was opened; None for the directory."""
        name = act.data.decode()
        if name == self._directory:
            return None
        if name.removeprefix(self._database) not in LASTING:
            return File()
        if name not in self._names:
            self._name(act, name, File())
        return self._names[name]

    def _name(self, act: Act, name: str, file: File | None) -> None:
        if name.removeprefix(self._database) not in LASTING:
            return
        naming = Naming(act.until_ns, name, file)
        _rename(self._names, naming)
        self._loose_names.append(naming)

    def _sync(self, file: File | None, begun_ns: int) -> None:
        if file is not None:
            file.sync(begun_ns)
            return
        while self._loose_names and self._loose_names[0].until_ns <= begun_ns:
            _rename(self._safe_names, self._loose_names.pop(0))


def _takes_effect(act: Act) -> int:
    """A sync helps when it has returned; a write may reach the disk as soon as it is asked for."""
    return act.until_ns if act.did is Did.SYNCED else act.from_ns


def _rename(names: dict[str, File], naming: Naming) -> None:
    if naming.file is None:
        names.pop(naming.name, None)
    else:
        names[naming.name] = naming.file


def _content(file: File, fate: Fate, chance: random.Random, seen: Counter[str]) -> bytes:
    content = bytearray(file.safe)
    for act, whole in zip(file.loose, _kept(file.loose, fate, chance), strict=True):
        if act.did is Did.CUT or whole in (True, False):
            seen["kept" if whole else "dropped"] += 1
            if whole:
                _apply(content, act.did, act.place, act.data)
            continue
        seen["torn"] += 1
        for place, piece in _pieces(act, chance.choice(_SECTORS)):
            if chance.random() < 0.5:
                _apply(content, act.did, place, piece)
            elif place >= len(file.safe) and chance.random() < _STALE:
                _apply(content, act.did, place, chance.randbytes(len(piece)))
    return bytes(content)


def _kept(acts: Sequence[Act], fate: Fate, chance: random.Random) -> list[bool | None]:
    """Of each act whether it reached the disk; None for a part of it."""
    match fate:
        case "nothing":
            return [False] * len(acts)
        case "everything":
            return [True] * len(acts)
        case "the youngest":
            first = chance.randint(0, len(acts))
            return [number >= first for number in range(len(acts))]
        case "some":
            share = chance.random()
            return [chance.random() < share for _ in acts]
        case "torn":
            return [chance.choice((True, False, None)) for _ in acts]


def _pieces(act: Act, sector: int) -> Iterator[tuple[int, bytes]]:
    """A write as the sectors of the file see it."""
    end = act.place + len(act.data)
    start = act.place
    while start < end:
        until = min(end, (start // sector + 1) * sector)
        yield start, act.data[start - act.place : until - act.place]
        start = until


def _apply(content: bytearray, did: Did, place: int, data: bytes) -> None:
    if len(content) < place:
        content.extend(bytes(place - len(content)))
    if did is Did.CUT:
        del content[place:]
    else:
        content[place : place + len(data)] = data
