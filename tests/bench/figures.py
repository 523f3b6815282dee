"""What was seen, round by round, and how it compares within each round."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from tests.bench.hammer import Saw
from tests.prove.numbers import spread
from tests.prove.report import Table

What = Literal["server", "postgresql", "per_s", "p50_ms", "p99_ms"]
"""Microseconds of CPU per answer of the server or of PostgreSQL, answers per second, latencies."""
COLUMNS: Final = (
    *("target", "operation", "connections", "per second", "server µs CPU", "server busy"),
    *("PostgreSQL µs CPU", "p50 ms", "p99 ms", "CPU ÷ FastAPI hello"),
)


class Key(NamedTuple):
    """Who was asked what on how many connections."""

    target: str
    operation: str
    connections: int = 32


class Figure(NamedTuple):
    """One number that each round has of a Key."""

    what: What
    key: Key


@dataclass(slots=True)
class Figures:
    """Everything seen; each list has one Saw a round."""

    saws: dict[Key, list[Saw]] = field(default_factory=dict)

    def add(self, key: Key, saw: Saw) -> None:
        """Keep what one round has shown."""
        self.saws.setdefault(key, []).append(saw)

    def values(self, figure: Figure) -> list[float]:
        """That number of each round; nothing if it was not measured."""
        return [_number(saw, figure.what) for saw in self.saws.get(figure.key, []) if saw.answers]

    def ratios(self, above: Figure, below: Figure) -> list[float]:
        """One by the other, round by round; not of rounds too short for a clock that ticks every 10 ms."""
        rounds = zip(self.saws.get(above.key, ()), self.saws.get(below.key, ()), strict=False)
        pairs = ((_number(one, above.what), _number(other, below.what)) for one, other in rounds)
        return [one / other for one, other in pairs if one and other]

    def table(self, title: str, reference: Figure) -> Table:
        """A row for each Key; CPU also as a multiple of `reference`."""
        return Table(title, COLUMNS, [list(self._row(key, reference)) for key in self.saws])

    def _row(self, key: Key, reference: Figure) -> Iterator[str]:
        yield from (key.target, key.operation, str(key.connections or "-"))
        yield _shown(self.values(Figure("per_s", key)))
        yield _shown(self.values(Figure("server", key)))
        yield _share(self.saws[key])
        for what in ("postgresql", "p50_ms", "p99_ms"):
            yield _shown(self.values(Figure(what, key)))
        yield _shown(self.ratios(Figure("server", key), reference))


def _number(saw: Saw, what: What) -> float:
    if not saw.answers:
        return 0
    match what:
        case "per_s":
            return saw.per_s
        case "p50_ms":
            return saw.p50_ms
        case "p99_ms":
            return saw.p99_ms
        case _:
            return saw.cpu_us(what) if what in saw.cpu_s else math.nan


def _shown(values: list[float]) -> str:
    known = [each for each in values if not math.isnan(each)]
    return spread(known) if known else "-"


def _share(saws: list[Saw]) -> str:
    """How much of one core the server took: well below 100 % somebody else was the bottleneck."""
    shares = [saw.cpu_s["server"] / saw.seconds for saw in saws if "server" in saw.cpu_s and saw.seconds]
    return f"{100 * sum(shares) / len(shares):.0f} %" if shares else "-"


def as_facts(figures: Figures) -> list[Mapping[str, object]]:
    """All rounds, for JSON."""
    return [
        {
            **key._asdict(),
            "rounds": [
                {
                    "answers": saw.answers,
                    "seconds": saw.seconds,
                    "p50_ms": None if math.isnan(saw.p50_ms) else saw.p50_ms,
                    "p99_ms": None if math.isnan(saw.p99_ms) else saw.p99_ms,
                    "cpu_s": saw.cpu_s,
                }
                for saw in saws
            ],
        }
        for key, saws in figures.saws.items()
    ]
