"""Who is measured: servers started for one round, pinned apart from the load, each with what it can be asked.

The server is on one core, the load on the other. PostgreSQL's processes are on the load's core when one
process of kessai is measured, so that this process has a core of its own as it has on SQLite; with two
processes, and with pgbench, everybody may use both cores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.accounts import place
from tests.bench.asked import HELLO, KESSAI, LIMITED, RAW_CREATE, Ask
from tests.bench.hammer import Plan, Saw, hammer
from tests.prove.ground import Ground, Kind, on_a_copy
from tests.prove.processes import pinned
from tests.support.postgres import PrivatePostgres
from tests.support.processes import UNMEASURED
from tests.support.server import RunningServer

HOUSE: Final = Path(__file__).resolve().parents[2]
SERVER_CORE, LOAD_CORE = 0, 1
ORDINARY: Final[Mapping[str, str]] = {
    # On, as for everybody, and too high to be hit.
    "RATE_LIMIT_REQUESTS": "1000000",
    "RATE_LIMIT_WINDOW_SECONDS": "1",
    **UNMEASURED,
}
_EXHAUSTED: Final = {**ORDINARY, "RATE_LIMIT_REQUESTS": "1", "RATE_LIMIT_WINDOW_SECONDS": "86400"}
_TWO_DO: Final = {"create": KESSAI["create"]}
_BARE: Final[Mapping[str, tuple[str, Mapping[str, Ask], Sequence[int]]]] = {
    "fastapi": ("FastAPI hello", HELLO, (32, 128)),
    "hello": ("raw ASGI hello", HELLO, (32,)),
    "create": ("raw ASGI create", RAW_CREATE, (32,)),
}
BARE: Final = {app: name for app, (name, *_) in _BARE.items()}
"""What the references are called in the tables."""


def kessai_name(kind: Kind, processes: int = 1) -> str:
    """How kessai is called in the tables."""
    database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[kind]
    return f"kessai on {database}" + (f", {processes} processes" if processes > 1 else "")


@dataclass(frozen=True, slots=True)
class Target:
    """A running server. `processes` are those whose CPU time counts, `core` is None if it may use both."""

    name: str
    port: int
    processes: Mapping[str, Sequence[int]]
    asks: Mapping[str, Ask]
    connections: Sequence[int]
    core: int | None = SERVER_CORE
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class Length:
    """How long each operation is measured, after warming up."""

    seconds: float
    warm_up_s: float


async def measure(target: Target, operation: str, connections: int, step: int, length: Length) -> Saw:
    """Ask one target one thing. Another `step` has other numbers in its requests."""
    ask = target.asks[operation]
    ids: list[str] = []
    if ask.ids and target.ground is not None:
        ids = [each for (each,) in await target.ground.rows(ask.ids)]
    load_core = None if target.core is None else LOAD_CORE
    place(target.processes.get("postgresql", ()), load_core)
    plan = Plan(
        target.port,
        ask.path,
        method=ask.method,
        headers=ask.headers,
        body=ask.body,
        connections=connections,
        seconds=length.seconds,
        warm_up_s=length.warm_up_s,
        first_number=(step + 1) * 10**8,
        ids=ids,
        is_once=ask.is_once,
        processes=target.processes,
    )
    return hammer(plan, core=load_core)


@contextmanager
def bare(app: str, directory: Path) -> Iterator[Target]:
    """One of the references."""
    name, asks, connections = _BARE[app]
    env = {**ORDINARY, "PYTHONPATH": str(HOUSE)}
    server = RunningServer("--app", app, directory=directory, env=env, module="tests.bench.references")
    with closing(server):
        with pinned(SERVER_CORE):
            server.start()
        yield Target(name, server.port, {"server": [server.pid]}, asks, connections)


@contextmanager
def kessai(ground: Ground, *, processes: int = 1, is_limited: bool = False) -> Iterator[Target]:
    """kessai with everything switched on, on a copy of the ground; `is_limited` refuses whatever is asked."""
    core = SERVER_CORE if processes == 1 else None
    workers = () if processes == 1 else ("--workers", str(processes))
    with ExitStack() as stack:
        copy = stack.enter_context(on_a_copy(ground))
        env = _EXHAUSTED if is_limited else ORDINARY
        server = RunningServer("--db", copy.url, *workers, directory=copy.directory, env=env)
        stack.callback(server.close)
        with pinned(core):
            server.start()
        counted = {"server": [server.pid]}
        if isinstance(copy.postgres, PrivatePostgres):
            counted["postgresql"] = [copy.postgres.pid]
        asks = LIMITED if is_limited else KESSAI if processes == 1 else _TWO_DO
        name = kessai_name(copy.kind, processes)
        yield Target(
            name, server.port, counted, asks, (1, 32, 128) if processes == 1 else (32, 128), core, copy
        )
