"""The processes of a run: one server on SQLite; on PostgreSQL one or more for the API, and dispatchers."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from tests.prove.ground import Ground
from tests.prove.swift import SwiftClock
from tests.support.processes import UNMEASURED
from tests.support.server import Command, RunningServer

HOUSE: Final = Path(__file__).resolve().parents[2]
_LEASE_MARGIN_S: Final = 30.0
"""What a lease lasts beyond WEBHOOK_TIMEOUT."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How the processes are set up. `speed` 1 without a plant runs kessai itself.

    On PostgreSQL `apis` serve, with `workers` each, and `dispatchers` deliver. A clock that is `told` stands
    still until a hand moves it; without `dispatchers` nothing is delivered then. `hangs` has names like
    hang-1.test looked up for ever. `troubles` is the deck a storm deals from, `answers_within_s` how long its
    receiver's good answers take: the longer, the more posts are under way. `options` are kessai's own, by
    their variables' names.
    """

    timeout_s: float = 1.0
    retries: int = 5
    retry_delay_s: float = 0.2
    speed: float = 1.0
    ahead_s: float = 0.0
    plant: str | None = None
    apis: int = 1
    workers: int = 1
    dispatchers: int = 2
    told: bool = False
    hangs: bool = False
    troubles: tuple[str, ...] = ("kill", "kill", "pause", "switch", "switch", "rotate")
    answers_within_s: float = 0.03
    options: tuple[tuple[str, str], ...] = ()

    def with_plant(self, plant: str) -> Setting:
        """The same with a planted bug."""
        return replace(self, plant=plant)

    @property
    def is_a_world(self) -> bool:
        """Whether it takes a server of the harnesses' own."""
        return self.speed != 1 or bool(self.ahead_s) or self.plant is not None or self.hangs or self.told

    @property
    def lease_s(self) -> float:
        """Real seconds after which a dead dispatcher's deliveries are free."""
        return (self.timeout_s + _LEASE_MARGIN_S) / self.speed

    def environment(self, epoch: float) -> dict[str, str]:
        """For every process; `epoch` is where their clocks begin."""
        world = {
            "PYTHONPATH": str(HOUSE),
            "PROVE_EPOCH": repr(epoch),
            "PROVE_SPEED": repr(self.speed),
            "PROVE_AHEAD": repr(self.ahead_s),
            **({"PROVE_PLANT": self.plant} if self.plant else {}),
            **({"PROVE_HANGS": "yes"} if self.hangs else {}),
            **({"PROVE_TOLD": "yes", "SIMULATED_TIMEOUT_MS": "0"} if self.told else {}),
        }
        return {
            **(world if self.is_a_world else {}),
            **UNMEASURED,
            "RATE_LIMIT_REQUESTS": "0",
            "LOG_LEVEL": "ERROR",
            "WEBHOOK_TIMEOUT": f"{self.timeout_s:g}",
            "WEBHOOK_MAX_RETRIES": str(self.retries),
            # Written for the business clock, on which delays pass faster.
            "WEBHOOK_RETRY_DELAY": f"{self.retry_delay_s * self.speed:g}",
            **dict(self.options),
        }


SWIFT: Final = Setting(speed=20, retry_delay_s=0.05)
"""A lease ends after a second and a half."""


class Fleet:
    """Started together, ended together; `apis` serve, `api` is the first of them, `dispatchers` deliver."""

    def __init__(self, ground: Ground, setting: Setting) -> None:
        self.setting = setting
        self.clock = SwiftClock(time.time(), setting.speed)
        if ground.kind == "sqlite":
            alone = ["--no-dispatch"] if setting.told and not setting.dispatchers else []
            self.apis = self.dispatchers = [self._server(ground, "serve", *alone)]
        else:
            shared = ["--no-dispatch", *(["--workers", str(setting.workers)] if setting.workers > 1 else [])]
            self.apis = [self._server(ground, "serve", *shared) for _ in range(setting.apis)]
            self.dispatchers = [self._server(ground, "dispatch") for _ in range(setting.dispatchers)]

    def __enter__(self) -> Self:
        try:
            # The API first: it makes the first merchant.
            self.api.start()
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(RunningServer.start, self.servers[1:]))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start_again(self, setting: Setting) -> None:
        """End all in order and start them with another setting, which is of the same kind."""
        self.setting = setting
        for server in reversed(self.servers):
            server.terminate()
            server.env = setting.environment(self.clock.epoch)
        self.__enter__()

    def close(self) -> None:
        """End all of them, stopped ones too."""
        for server in reversed(self.servers):
            if server.is_running:
                os.kill(server.pid, signal.SIGCONT)
            server.close()

    @property
    def api(self) -> RunningServer:
        """The first that serves."""
        return self.apis[0]

    @property
    def servers(self) -> list[RunningServer]:
        """All of them, each once."""
        return [*self.apis, *(each for each in self.dispatchers if each not in self.apis)]

    @property
    def errors(self) -> str:
        """What they wrote to stderr, the end of it."""
        return "\n".join(server.stderr[-3000:] for server in self.servers)

    def _server(self, ground: Ground, command: Command, *more: str) -> RunningServer:
        setting = self.setting
        env = setting.environment(self.clock.epoch)
        module = "tests.prove.server" if setting.is_a_world else "kessai"
        port = () if command == "serve" else ("--port", "0")
        arguments = ("--db", ground.url, *port, *more)
        return RunningServer(*arguments, directory=ground.directory, command=command, env=env, module=module)
