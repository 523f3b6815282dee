"""What kessai takes before it has anything to do, and after it has done much: CPU to start, memory."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.asked import CREATE
from tests.bench.hammer import ID, Plan, hammer
from tests.bench.stage import LOAD_CORE, ORDINARY, SERVER_CORE
from tests.prove.ground import Ground, on_a_copy
from tests.prove.processes import pinned, usage
from tests.support.server import RunningServer

_PATIENCE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Footprint:
    """CPU seconds until the first answer, and resident memory then and after so many creates, in MB."""

    start_cpu_s: float
    idle_mb: float
    creates: int
    loaded_mb: float
    wanted: int


def footprint(ground: Ground, creates: int) -> Footprint:
    """Start on a copy of a SQLite ground, ask once, then create so many payments; none if that is 0."""
    with on_a_copy(ground) as copy:
        server = RunningServer("--db", copy.url, directory=copy.directory, env=ORDINARY)
        with closing(server):
            with pinned(SERVER_CORE):
                server.start()
            with urllib.request.urlopen(f"{server.base_url}/health", timeout=30) as answer:
                answer.read()
            first = usage(server.pid)
            done = _create(server.port, creates) if creates else 0
            return Footprint(first.cpu_s, first.rss_mb, done, usage(server.pid).rss_mb, creates)


def _create(port: int, creates: int) -> int:
    once = replace(CREATE, headers=_with_ids(CREATE.headers), body=CREATE.body)
    plan = Plan(
        port,
        once.path,
        method=once.method,
        headers=once.headers,
        body=once.body,
        seconds=_PATIENCE_S,
        warm_up_s=0.0,
        ids=[f"memory-{number:06}" for number in range(creates)],
        is_once=True,
    )
    saw = hammer(plan, core=LOAD_CORE)
    return saw.statuses.get("201", 0)


def _with_ids(headers: Mapping[str, str]) -> dict[str, str]:
    """The plan ends with its ids, so each key is one."""
    return {**headers, "Idempotency-Key": ID}
