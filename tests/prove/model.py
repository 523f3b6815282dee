"""The state machine of tests/property over HTTP: a server with its clock in our hand, beside the model.

Each example is a new merchant's life: payments made, captured, canceled, refunded, expired, asked for again
and listed, in an order that Hypothesis chooses. What the server answers and what the model says must agree
after each step, and in the end all the books must be right.
"""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import httpx
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from tests.e2e.shop import API
from tests.property.machine import PaymentMachine, Till
from tests.prove.bookkeeping import wrong_books
from tests.prove.fleet import Fleet, Setting
from tests.prove.ground import Kind, open_ground
from tests.prove.progress import Progress
from tests.prove.report import Report
from tests.prove.trade import kinds_of
from tests.support.server import RunningServer

STEPS: Final = 200_000
_STEPS_PER_EXAMPLE: Final = 50
_EXAMPLES_AT_ONCE: Final = 100
"""Of one run of Hypothesis, which remembers all it did."""
_TIMEOUT_S: Final = 30.0
_SHOWN: Final = 30

TOLD: Final = Setting(dispatchers=0, told=True)


@dataclass(slots=True)
class Tally:
    """What all examples came to."""

    examples: int = 0
    steps: int = 0
    requests: int = 0
    divergences: int = 0


@dataclass(frozen=True, slots=True)
class RemoteTill:
    """A new merchant of a server that runs elsewhere."""

    client: httpx.AsyncClient
    stranger: httpx.AsyncClient
    opened_at: datetime

    async def tick(self, after: timedelta = timedelta(0)) -> int:
        """Have the server let time pass and do what is due; returns how much that was."""
        answer = await self.stranger.post("/hand/tick", params={"after_s": after.total_seconds()})
        return int(answer.raise_for_status().text)


def prove_model(kind: Kind, scale: float, seed: int, setting: Setting = TOLD) -> Report:
    """Run examples until there were enough steps or the two part."""
    report = Report("prove model", kind, scale, seed)
    goal, tally, chance = max(100, round(STEPS * scale)), Tally(), random.Random(seed)
    progress = Progress(f"model on {kind}: steps", goal)
    with open_ground(kind, report) as ground, Fleet(ground, setting) as fleet:
        machine = machine_on(fleet.api, tally, progress)
        while tally.steps < goal and not tally.divergences:
            examples = min(_EXAMPLES_AT_ONCE, ceil((goal - tally.steps) / _STEPS_PER_EXAMPLE))
            said = _divergence(machine, examples, chance.randrange(2**32), is_explained=setting.plant is None)
            if said is not None:
                tally.divergences += 1
                report.breaks("the server and the model part", divergence=said, stderr=fleet.errors)
        if wrong := asyncio.run(wrong_books(ground)):
            report.breaks(kinds_of(wrong), findings=wrong[:_SHOWN])
        progress.end()
        _tell(report, tally, goal)
    return report


def machine_on(server: RunningServer, tally: Tally, progress: Progress) -> type[PaymentMachine]:
    """A machine that begins each time with a new merchant of this server, and counts."""

    def opened() -> AbstractAsyncContextManager[Till]:
        tally.examples += 1
        return _opened_till(server.base_url, tally)

    class ServedMachine(PaymentMachine):
        @invariant()
        def is_counted(self) -> None:
            tally.steps += 1
            progress.at(tally.steps)

    ServedMachine.opened = staticmethod(opened)
    return ServedMachine


@asynccontextmanager
async def _opened_till(base_url: str, tally: Tally) -> AsyncIterator[Till]:
    async with _client(base_url, tally) as stranger:
        made = (await stranger.post("/hand/merchant")).raise_for_status().json()
        async with _client(base_url + API, tally) as client:
            client.headers["Authorization"] = f"Bearer {made['secret_key']}"
            yield RemoteTill(client, stranger, datetime.fromisoformat(made["now"]))


def _client(base_url: str, tally: Tally) -> httpx.AsyncClient:
    async def count(_request: httpx.Request) -> None:
        tally.requests += 1

    # To load the certificates of the world's authorities takes longer than an example.
    return httpx.AsyncClient(
        base_url=base_url, timeout=_TIMEOUT_S, event_hooks={"request": [count]}, trust_env=False, verify=False
    )


def _divergence(
    machine: type[PaymentMachine], examples: int, number: int, *, is_explained: bool
) -> str | None:
    """What Hypothesis says of the steps that led to it; None when there is none.

    A planted bug is known, and need not be made small.
    """
    chosen = settings(
        max_examples=examples,
        stateful_step_count=_STEPS_PER_EXAMPLE,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if is_explained else (Phase.generate,),
    )
    try:
        run_state_machine_as_test(seed(number)(machine), settings=chosen)
    except Exception:
        return traceback.format_exc()
    return None


def _tell(report: Report, tally: Tally, goal: int) -> None:
    report.hold("steps", tally.steps, ">=", goal, "")
    report.note("merchants, each with a life of its own", tally.examples)
    report.note("requests", tally.requests)
    report.hold("divergences", tally.divergences, "==", 0, "")
