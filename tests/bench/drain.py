"""One drain: a dispatcher empties a backlog while the API answers a steady load."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.due import Backlog
from tests.bench.load import Load
from tests.bench.sink import Sink
from tests.prove.ground import Ground
from tests.prove.processes import Usage, pinned, usage
from tests.prove.progress import Progress
from tests.support.server import Command, RunningServer

PER_S: Final = 50
"""Requests that the API answers meanwhile."""
_OPEN: Final = "SELECT count(*) FROM webhook_deliveries WHERE due_at IS NOT NULL"
_PATIENCE_S: Final = 900.0
_HOUSE: Final = Path(__file__).resolve().parents[2]
DISPATCHER_CORE, OTHERS_CORE = 0, 1


@dataclass(frozen=True, slots=True)
class Profile:
    """Where to write a profile of the dispatcher, and whether calls are counted or stacks sampled."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True)
class Drained:
    """`seconds` from the start of the process, its own start included, until all was settled."""

    deliveries: int
    seconds: float
    used: Usage
    posts: int
    distinct: int
    connections: int
    load: Load
    unsettled: int
    attempts: int

    @property
    def per_cpu_s(self) -> float:
        return self.deliveries / self.used.cpu_s


async def drain(ground: Ground, sink: Sink, backlog: Backlog, profile: Profile | None = None) -> Drained:
    """Drain a copy of the ground that has the backlog; the ground itself is used up."""
    sink.reset()
    with ExitStack() as stack:
        api, dispatcher, started = await asyncio.to_thread(start_servers, stack, ground, profile)
        stop = asyncio.Event()
        load = Load(api.base_url, backlog.other_key, PER_S)
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run(stop))
            await _until_drained(ground, sink, backlog.deliveries)
            seconds = time.monotonic() - started
            used = usage(dispatcher.pid)
            stop.set()
        state = sink.state()
        return Drained(
            backlog.deliveries,
            seconds,
            used,
            state["posts"],
            state["distinct"],
            state["connections_max"],
            load,
            await ground.count("SELECT count(*) FROM webhook_deliveries WHERE status <> 'SUCCEEDED'"),
            await ground.count("SELECT count(*) FROM webhook_attempts"),
        )


def start_servers(
    stack: ExitStack, ground: Ground, profile: Profile | None
) -> tuple[RunningServer, RunningServer, float]:
    """The API, the dispatcher (the same process on SQLite), and when the latter was started."""
    if ground.kind == "sqlite":
        started = time.monotonic()
        server = _server(stack, ground, "serve", DISPATCHER_CORE, profile)
        return server, server, started
    api = _server(stack, ground, "serve", OTHERS_CORE, None, "--no-dispatch")
    started = time.monotonic()
    return api, _server(stack, ground, "dispatch", DISPATCHER_CORE, profile), started


def _server(
    stack: ExitStack, ground: Ground, command: Command, core: int, profile: Profile | None, *more: str
) -> RunningServer:
    env, module = {"LOG_LEVEL": "WARNING", "RATE_LIMIT_REQUESTS": "0"}, "kessai"
    if profile is not None:
        env |= {"PYTHONPATH": str(_HOUSE), "PROFILE_TO": str(profile.path), "PROFILE_KIND": profile.kind}
        module = "tests.bench.profiled"
    port = () if command == "serve" else ("--port", "0")
    server = RunningServer(
        *("--db", ground.url, *port, *more),
        directory=ground.directory,
        command=command,
        env=env,
        module=module,
    )
    stack.callback(server.close)
    with pinned(core):
        return server.start()


async def _until_drained(ground: Ground, sink: Sink, deliveries: int) -> None:
    """First by what has come, then by the rows: reading these all the time would be load."""
    progress = Progress(f"drain on {ground.kind}", deliveries)
    async with asyncio.timeout(_PATIENCE_S):
        while (come := (await asyncio.to_thread(sink.state))["distinct"]) < deliveries:
            progress.at(come)
            await asyncio.sleep(0.1)
        progress.end()
        while await ground.count(_OPEN):  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.05)
