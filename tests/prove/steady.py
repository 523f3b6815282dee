"""An even stream of requests: each begins at its moment, whether those before it are answered or not."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import aiohttp

from tests.e2e.journal import Answer
from tests.e2e.shop import Shop

_RECENT: Final = 200
"""Payments that are still read, captured and refunded."""
_MIX: Final = {"pay": 45, "hold": 10, "capture": 8, "refund": 15, "read": 12, "list": 5, "refused": 5}
"""Of a hundred requests."""


@dataclass(slots=True)
class Stream:
    """What a merchant's program asks in the course of a day."""

    shop: Shop
    chance: random.Random
    statuses: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    keyed: int = 0
    _paid: deque[str] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _held: deque[str] = field(default_factory=lambda: deque(maxlen=_RECENT))

    @property
    def answered(self) -> int:
        """How many requests were."""
        return self.statuses.total()

    async def flow(self, rate: float, seconds: float, progress: Callable[[float], None]) -> float:
        """Ask so often for so long; returns how many seconds it took until the last answer."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(round(rate * seconds)):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                group.create_task(self._one())
                progress(time.monotonic() - began)
        return time.monotonic() - began

    async def _one(self) -> None:
        what = self.chance.choices(list(_MIX), list(_MIX.values()))[0]
        try:
            answer = await self._ask(what)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.unexpected.append(f"{what}: {error!r}")
            return
        self.statuses[f"{what}, {answer.status}"] += 1
        if not is_expected(what, answer.status):
            self.unexpected.append(f"{what}: {answer.status} {answer.body!r}")

    async def _ask(self, what: str) -> Answer:
        match what:
            case "hold":
                return await self._pay(capture_method="manual")
            case "capture" if self._held:
                return await self._with_key(f"/payments/{self._held.popleft()}/capture")
            case "refund" if self._paid:
                return await self._with_key(f"/payments/{self.chance.choice(self._paid)}/refund", amount=1)
            case "read" if self._paid:
                return await self.shop.get(f"/payments/{self.chance.choice(self._paid)}")
            case "list":
                return await self.shop.get("/payments", limit="20")
            case "refused":
                return await self.shop.post("/payments", {"amount": -1})
            case _:
                return await self._pay()

    async def _pay(self, **more: str) -> Answer:
        amount = self.chance.randint(10_000, 99_999)
        answer = await self._with_key("/payments", amount=amount, metadata={"order": "123"}, **more)
        if answer.status == 201:
            (self._held if more else self._paid).append(answer.json["id"])
        return answer

    async def _with_key(self, path: str, **body: Any) -> Answer:
        self.keyed += 1
        return await self.shop.post(path, body, key=str(UUID(int=self.chance.getrandbits(128))))


def is_expected(what: str, status: int) -> bool:
    """Whether such a request may be answered so: refused is what is meant to be, and nothing else."""
    return status == 422 if what == "refused" else status in (200, 201)
