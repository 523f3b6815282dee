"""What goes wrong during a storm: kills, pauses past the lease, endpoints switched, secrets rotated."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tests.e2e.journal import Answer
from tests.e2e.shop import Shop
from tests.prove.fleet import Fleet
from tests.support.server import RunningServer

_GRACE_S: Final = 3600
_PATIENCE_S: Final = 90.0
_BEYOND_LEASE_S: Final = 1.5


@dataclass(slots=True)
class Heard:
    """An endpoint as the harness knows it. `off` are the real moments between which it may be off:
    asked for, confirmed, asked to be on again, confirmed."""

    id: str
    number: int
    is_switched: bool
    secrets: list[str]
    off: list[tuple[float, float, float, float]] = field(default_factory=list)


@dataclass(slots=True)
class Troubles:
    """Makes trouble until told to stop; `counts` says how often what. All chance is from one seed."""

    fleet: Fleet
    shop: Shop
    endpoints: list[Heard]
    seed: int
    gap_s: float
    counts: Counter[str] = field(default_factory=Counter)
    stops: list[float] = field(default_factory=list)
    _busy: set[RunningServer] = field(default_factory=set)
    _deck: list[str] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        """One trouble after the other; long ones overlap. Returns when all are over."""
        chance = random.Random(f"{self.seed} troubles")
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                trouble = self._next(chance)
                group.create_task(trouble)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.gap_s * chance.uniform(0.5, 1.5)):
                        await stop.wait()

    def _next(self, chance: random.Random) -> Any:
        if not self._deck:
            # Each kind comes soon, also in a short run.
            deck = self.fleet.setting.troubles
            self._deck = chance.sample(deck, len(deck))
        kind = self._deck.pop()
        if kind == "switch":
            return self._switch(chance.choice([each for each in self.endpoints if each.is_switched]), chance)
        if kind == "rotate":
            return self._rotate(chance.choice(self.endpoints), chance)
        if kind == "kill the API":
            return self._hurt(self.fleet.api, self._kill)
        # The only process of an embedded database has no rival whose newer results it could overwrite.
        sleepers = [each for each in self.fleet.dispatchers if each is not self.fleet.api]
        if kind == "pause" and sleepers:
            return self._hurt(chance.choice(sleepers), self._pause)
        return self._hurt(chance.choice([self.fleet.api, *sleepers]), self._kill)

    async def _hurt(self, server: RunningServer, how: Callable[[RunningServer], Awaitable[None]]) -> None:
        if server in self._busy:
            return
        self._busy.add(server)
        try:
            await how(server)
        finally:
            self._busy.discard(server)

    async def _kill(self, server: RunningServer) -> None:
        self.counts["kills"] += 1
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

    async def _pause(self, server: RunningServer) -> None:
        self.counts["pauses past the lease"] += 1
        self.stops.append(time.time())
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(self.fleet.setting.lease_s + _BEYOND_LEASE_S)
        finally:
            os.kill(server.pid, signal.SIGCONT)

    async def _switch(self, endpoint: Heard, chance: random.Random) -> None:
        if endpoint.off and endpoint.off[-1][3] == float("inf"):
            return
        self.counts["endpoints switched off and on"] += 1
        path = f"/webhooks/endpoints/{endpoint.id}"
        asked = time.time()
        endpoint.off.append((asked, asked, float("inf"), float("inf")))
        await insist(self.shop, "PATCH", path, {"enabled": False})
        is_off = time.time()
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        on_asked = time.time()
        await insist(self.shop, "PATCH", path, {"enabled": True})
        endpoint.off[-1] = (asked, is_off, on_asked, time.time())

    async def _rotate(self, endpoint: Heard, chance: random.Random) -> None:
        self.counts["secrets rotated"] += 1
        secret = "whsec_" + base64.b64encode(chance.randbytes(24)).decode()
        # Known before it is asked for: the answer may be lost.
        endpoint.secrets.append(secret)
        body = {"secret": secret, "grace_period_s": _GRACE_S}
        await insist(self.shop, "POST", f"/webhooks/endpoints/{endpoint.id}/rotate-secret", body)


async def insist(shop: Shop, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
    """Ask until answered: the server may be away."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            with suppress(aiohttp.ClientError, OSError):
                answer = await shop.send(method, path, body)
                if answer.status < 500 and answer.status not in (409, 429):
                    assert answer.status < 300, answer.body
                    return answer
            await asyncio.sleep(0.1)
