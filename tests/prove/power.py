"""The power goes: the files of a server under load are rebuilt as of any moment, less what was not synced.

Whatever was answered before that moment has to be in every image, and no image may be damaged.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.e2e.audit import Finding, Wrong
from tests.e2e.audit_api import audit_api
from tests.e2e.journal import Journal
from tests.e2e.shop import Shop
from tests.prove.disk_images import FATES, LASTING, Disk
from tests.prove.disk_watch import why_not
from tests.prove.evidence import kept_unless_it_holds
from tests.prove.fleet import Setting
from tests.prove.ground import Kind
from tests.prove.opening import audit_image, put_down
from tests.prove.progress import Progress
from tests.prove.recording import Recording, record
from tests.prove.report import Report
from tests.support.processes import RunDirectory
from tests.support.server import RunningServer

IMAGES: Final = 2_000
_LOST: Final = frozenset({Wrong.LOST, Wrong.KEY, Wrong.REPLAY})
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Size:
    """How much, derived from the scale. Every recording is of a new database, to keep the images small."""

    images: int
    recordings: int
    lives: int
    answers: int
    restarts: int

    @classmethod
    def of(cls, scale: float) -> Size:
        """At scale 1 2,000 images of ten recordings; in each the server is started three times."""
        images = max(20, round(IMAGES * scale))
        recordings, restarts = max(1, round(images / 200)), max(1, round(images / 100))
        if scale < 0.1:
            return cls(images, recordings, lives=1, answers=160, restarts=restarts)
        return cls(images, recordings, lives=3, answers=400, restarts=restarts)


@dataclass(slots=True)
class Attack:
    """Images of several recordings, and what was found in them."""

    size: Size
    seed: int
    progress: Progress
    images: int = 0
    demanded: int = 0
    with_loose: int = 0
    restarts: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    became: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    first: dict[str, Any] = field(default_factory=dict)
    first_files: Mapping[str, bytes] = field(default_factory=dict)

    def on(self, directory: Path, recording: Recording, until: int) -> None:
        """Audit images of one recording, until there are so many of all."""
        chance = random.Random(f"{self.seed} {self.images}")
        self.did.update(act.did.name.lower() for act in recording.acts)
        disk = Disk(recording.database, recording.acts)
        for moment_ns in sorted(recording.moment(chance) for _ in range(until - self.images)):
            disk.go_to(moment_ns)
            self._image(directory / "image", recording, disk, moment_ns, chance)
        disk.go_to(recording.acts[-1].until_ns)
        self.bad["incomplete"] += disk.image("everything", chance, Counter()) != _as_left(recording)

    def _image(
        self, directory: Path, recording: Recording, disk: Disk, moment_ns: int, chance: random.Random
    ) -> None:
        fate = chance.choice(FATES)
        files = disk.image(fate, chance, self.became)
        known = recording.known_at(moment_ns)
        found = audit_image(directory, files, known, chance)
        self.images += 1
        self.demanded += len(known.acknowledged)
        self.with_loose += disk.loose > 0
        if not found and self.images * self.size.restarts // self.size.images > self.restarts:
            self.restarts += 1
            found = asyncio.run(_restart(directory, files, known, recording.api_key))
        self._judge(found)
        if found and not self.first:
            shown = [str(each) for each in found[:_SHOWN]]
            self.first = {"image": self.images, "moment_ns": moment_ns, "fate": fate, "findings": shown}
            self.first_files = files
        self.progress.at(self.images, f"{self.bad.total()} bad" if self.bad.total() else "")

    def _judge(self, found: list[Finding]) -> None:
        kinds = {each.wrong for each in found}
        self.bad["lost"] += bool(kinds & _LOST)
        self.bad["corrupt"] += Wrong.DAMAGE in kinds
        self.bad["half"] += bool(kinds - _LOST - {Wrong.DAMAGE})


def prove_power(kind: Kind, scale: float, seed: int, setting: Setting | None = None) -> Report:
    """Record, rebuild, audit; of SQLite only, for PostgreSQL's files are its own business."""
    report = Report("prove power", kind, scale, seed)
    if reason := why_not():
        report.leave_out("images", reason)
        return report
    setting, size = setting or Setting(), Size.of(scale)
    progress = Progress("power: images", size.images)
    attack = Attack(size, seed, progress)
    with closing(RunDirectory.create()) as run, kept_unless_it_holds(run.path, report):
        for number in range(size.recordings):
            directory = run.path / f"recording-{number}"
            recording = record(directory, setting, lives=size.lives, answers=size.answers)
            attack.on(directory, recording, size.images * (number + 1) // size.recordings)
            # What was recorded cannot be had again.
            if not attack.bad.total():
                shutil.rmtree(directory)
        progress.end()
        _tell(report, attack)
        if attack.first:
            report.breaks("an image is not what was acknowledged", first=attack.first)
            put_down(run.path / "image", attack.first_files)
    return report


async def _restart(directory: Path, files: Mapping[str, bytes], known: Journal, key: str) -> list[Finding]:
    """Start kessai on an image and ask it about everything."""
    path = put_down(directory, files)
    with RunningServer("--db", f"sqlite:///{path}", "--rate-limit", "0", directory=directory) as server:
        async with Shop(lambda: server.base_url, key, known) as shop:
            return await audit_api(shop)


def _as_left(recording: Recording) -> dict[str, bytes]:
    """The files that are there in the end: with nothing dropped, a complete recording adds up to them."""
    paths = {ending: Path(f"{recording.database}{ending}") for ending in LASTING}
    return {ending: path.read_bytes() for ending, path in paths.items() if path.exists()}


def _tell(report: Report, attack: Attack) -> None:
    report.hold("images", attack.images, ">=", attack.size.images, "")
    report.hold("images with something acknowledged lost", attack.bad["lost"], "==", 0, "")
    report.hold("corrupt images", attack.bad["corrupt"], "==", 0, "")
    report.hold("images with something half", attack.bad["half"], "==", 0, "")
    report.hold("recordings that do not add up to the files", attack.bad["incomplete"], "==", 0, "")
    report.hold("images that had something unsynced", attack.with_loose, ">=", 1, "")
    report.hold("acknowledged answers looked for", attack.demanded, ">=", attack.images, "")
    report.hold("images that kessai was started on", attack.restarts, ">=", bool(not attack.first), "")
    for what, count in sorted(attack.became.items()):
        report.note(f"unsynced: {what}", count)
    for what, count in sorted(attack.did.items()):
        report.note(f"recorded: {what}", count)
