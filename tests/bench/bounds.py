"""What the figures have to be. Ratios are taken within each round; CPU is the server's, for one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.bench.figures import Figure, Figures, Key, What
from tests.bench.stage import BARE, kessai_name
from tests.prove.ground import Kind
from tests.prove.report import Report, Sign

PGBENCH: Final = Key("pgbench", "create")
HELLO: Final = Key(BARE["fastapi"], "hello")
_HELLO_128: Final = Key(BARE["fastapi"], "hello", 128)
_RAW_CREATE: Final = Key(BARE["create"], "create")

GUARDED: Final[Mapping[str, float]] = {"create": 3.6, "get": 1.9}
"""What the guard of every test run lets them cost, in CPU of a FastAPI hello; generous on purpose."""

START_CPU_S_MAX: Final = 1.2
IDLE_MB_MAX: Final = 90
LOADED_MB_MAX: Final = 150


@dataclass(frozen=True, slots=True)
class Bound:
    """The median of `figure`, or of its ratio to another, against a limit."""

    name: str
    figure: Figure
    sign: Sign
    limit: float
    to: Figure | None = None
    unit: str = ""

    def tell(self, report: Report, figures: Figures) -> None:
        """Add a line, if it was measured."""
        values = figures.values(self.figure) if self.to is None else figures.ratios(self.figure, self.to)
        if values:
            report.hold_median(self.name, values, self.sign, self.limit, self.unit)


def bounds(kind: Kind) -> Iterator[Bound]:
    """All of one kind of database."""
    name = kessai_name(kind)
    yield from _of_sqlite(name) if kind == "sqlite" else _of_postgresql(name)
    yield from _of_both(name)
    create = Key(name, "create", 1)
    alone_ms = {"sqlite": 1.2, "postgresql": 2.0}[kind]
    yield Bound(f"{name}: p50 of a lone create", Figure("p50_ms", create), "<=", alone_ms, unit="ms")
    many = Key(name, "create")
    p50, p99 = Figure("p50_ms", many), Figure("p99_ms", many)
    yield Bound(f"{name}: p99 ÷ p50 of a create, 32 connections", p99, "<=", 6, p50)


def _of_sqlite(name: str) -> Iterator[Bound]:
    create, create_128 = Key(name, "create"), Key(name, "create", 128)
    yield _cpu(f"{name}: CPU of a create ÷ hello", create, 1.0)
    yield _rate(f"{name}: creates per second ÷ hello, 32 connections", create, 1.0, HELLO)
    yield _rate(f"{name}: creates per second ÷ hello, 128 connections", create_128, 1.25, _HELLO_128)
    yield _rate(f"{name}: creates per second ÷ raw ASGI create", create, 0.4, _RAW_CREATE)


def _of_postgresql(name: str) -> Iterator[Bound]:
    create, two = Key(name, "create"), Key(kessai_name("postgresql", 2), "create")
    yield _cpu(f"{name}: CPU of a create ÷ hello", create, 0.8)
    yield _cpu(f"{name}: PostgreSQL's CPU of a create ÷ pgbench", create, 0.35, PGBENCH, "postgresql")
    yield _rate(f"{two.target}: creates per second ÷ pgbench", two, 1.0, PGBENCH)


def _of_both(name: str) -> Iterator[Bound]:
    create = Key(name, "create")
    yield _cpu(f"{name}: CPU of a GET ÷ hello", Key(name, "get"), 0.7)
    yield _cpu(f"{name}: CPU of a replay ÷ hello", Key(name, "replay"), 0.6)
    yield _cpu(f"{name}: CPU of a capture ÷ create", Key(name, "capture"), 1.5, create)
    yield _cpu(f"{name}: CPU of a refund ÷ create", Key(name, "refund"), 1.5, create)
    yield _cpu(f"{name}: CPU of a PaymentIntent ÷ create", Key(name, "intent"), 1.5, create)
    yield _cpu(f"{name}: CPU of a list of 20 ÷ hello", Key(name, "list of 20"), 1.5)
    yield _cpu(f"{name}: CPU of a failed validation ÷ hello", Key(name, "invalid"), 0.6)
    yield _cpu(f"{name}: CPU of a 401 ÷ hello", Key(name, "401"), 0.5)
    yield _cpu(f"{name}: CPU of a 429 ÷ hello", Key(name, "429"), 0.5)


def _cpu(name: str, key: Key, limit: float, to: Key = HELLO, what: What = "server") -> Bound:
    return Bound(name, Figure(what, key), "<=", limit, Figure(what, to))


def _rate(name: str, key: Key, limit: float, to: Key) -> Bound:
    return Bound(name, Figure("per_s", key), ">=", limit, Figure("per_s", to))
