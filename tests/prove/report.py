"""What a run shows: figures with their bounds, promises kept and broken, as JSON and as a Markdown table."""

from __future__ import annotations

import json
import os
import platform
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

import kessai
from tests.prove.checkout import commit_of
from tests.prove.numbers import shown, spread

Sign = Literal["<=", ">=", "=="]
PROOF: Final = 0.1
"""The scale from which on a run is meant as proof: what it leaves out it has not shown."""
_SAID: Final = 300
"""Characters of an error; the whole of it is in the evidence."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `bound` says in words what it has to be, if anything; `holds` whether it is."""

    name: str
    value: str
    bound: str = ""
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Many figures side by side, without bounds."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_markdown(self) -> list[str]:
        """Its lines."""
        rows = [self.columns, ["---"] * len(self.columns), *self.rows]
        return [f"**{self.title}**", "", *(f"| {' | '.join(row)} |" for row in rows), ""]


@dataclass
class Report:
    """Of one harness on one database. Evidence is what to look at when it does not hold.

    `kept_in` is where the databases were left then.
    """

    harness: str
    database: str
    scale: float
    seed: int
    lines: list[Line] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    kept_in: Path | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    commit: str | None = field(default_factory=commit_of)
    _started: float = field(default_factory=time.monotonic)

    @property
    def attack(self) -> str:
        """The name by which `make prove` knows it."""
        return self.harness.removeprefix("prove ")

    @property
    def again(self) -> str:
        """The command that does the same once more."""
        return (
            f"PROVE={self.attack} DATABASE={self.database} SCALE={self.scale:g} SEED={self.seed} make prove"
        )

    @cached_property
    def seconds(self) -> float:
        """How long it took until it was first told."""
        return time.monotonic() - self._started

    @property
    def holds(self) -> bool:
        """Whether every promise was kept and every bound reached."""
        return not self.broken and all(line.holds for line in self.lines)

    @property
    def failures(self) -> list[str]:
        """What does not hold, in words."""
        missed = [f"{line.name}: {line.value}, not {line.bound}" for line in self.lines if not line.holds]
        return [*self.broken, *missed]

    def note(self, name: str, value: object) -> None:
        """A figure without a bound."""
        self.lines.append(Line(name, _shown(value)))

    def leave_out(self, what: str, why: str) -> None:
        """Something cannot be tried here. `why` says what is missing and how to get it."""
        is_proof = self.scale >= PROOF
        self.lines.append(Line(what, f"left out: {why}", "tried" if is_proof else "", not is_proof))

    def hold(self, name: str, value: float, sign: Sign, bound: float, unit: str) -> None:
        """A figure with a bound."""
        self._hold(name, value, _shown(value), sign, bound, unit)

    def hold_median(self, name: str, values: Sequence[float], sign: Sign, bound: float, unit: str) -> None:
        """A figure of several rounds, whose median has a bound."""
        self._hold(name, median(values), spread(values), sign, bound, unit)

    def _hold(self, name: str, value: float, text: str, sign: Sign, bound: float, unit: str) -> None:
        kept = {"<=": value <= bound, ">=": value >= bound, "==": value == bound}[sign]
        words = {"<=": "at most", ">=": "at least", "==": "exactly"}[sign]
        self.lines.append(Line(name, f"{text} {unit}".strip(), f"{words} {_shown(bound)}", kept))

    def breaks(self, promise: str, **evidence: Any) -> None:
        """A promise is broken."""
        self.broken.append(promise)
        self.evidence |= evidence

    def breaks_off(self, error: Exception) -> None:
        """An error ended it: what it was to show is not shown."""
        self.breaks(f"broken off: {error!r:.{_SAID}}", traceback=traceback.format_exception(error))

    def facts(self) -> dict[str, Any]:
        """All but the evidence."""
        return {
            "attack": self.attack,
            "harness": self.harness,
            "database": self.database,
            "holds": self.holds,
            "scale": self.scale,
            "seed": self.seed,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 1),
            "again": self.again,
            "kessai": kessai.__version__,
            "commit": self.commit,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "lines": [
                {"name": each.name, "value": each.value, "bound": each.bound, "holds": each.holds}
                for each in self.lines
            ],
            "tables": [
                {"title": each.title, "columns": each.columns, "rows": each.rows} for each in self.tables
            ],
            "broken": self.broken,
        }

    def as_json(self) -> str:
        """All of it."""
        facts = {**self.facts(), "evidence": self.evidence, "kept_in": self.kept_in}
        return json.dumps(facts, indent=2, default=str)

    def as_markdown(self) -> str:
        """A table for people, with what it takes to do it again."""
        facts = (
            f"`{self.harness}` on {self.database}, scale {self.scale:g}, seed {self.seed},"
            f" {self.started_at:%Y-%m-%d %H:%M} UTC, {self.seconds:.0f} s, commit {self.commit or '-'},"
            f" {os.cpu_count()} cores, Python {platform.python_version()}"
        )
        rows = [
            f"| {each.name} | {each.value} | {each.bound or '-'} | {'yes' if each.holds else '**no**'} |"
            for each in self.lines
        ]
        more = [line for each in self.tables for line in each.as_markdown()]
        table = ["| figure | measured | bound | holds |", "|---|---|---|---|", *rows]
        broken = [f"- broken: {each}" for each in self.broken]
        return "\n".join([facts, "", *more, *table, *([""] if broken else []), *broken, ""])


def publish(reports: Sequence[Report], path: Path | None) -> bool:
    """Print all and write them to `path`, if there is one; return whether all hold."""
    print("\n".join(report.as_markdown() for report in reports))
    if path is not None:
        write(reports, path)
    return all(report.holds for report in reports)


def write(reports: Sequence[Report], path: Path) -> None:
    """Write all to `path` (Markdown) and beside it as .json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".md").write_text("\n".join(report.as_markdown() for report in reports))
    path.with_suffix(".json").write_text("[\n" + ",\n".join(report.as_json() for report in reports) + "\n]\n")


def _shown(value: object) -> str:
    return shown(value) if isinstance(value, int | float) else str(value)
