"""A receiver in a process of its own that fails at random, and writes down what came and what it said.

What it does with an attempt depends on the seed, the path, the id and the attempt's number alone, so that the
same seed fails the same attempts again. `python -m tests.prove.moody` reads its orders as JSON from stdin.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, TextIO, cast

import uvloop

from tests.prove.companion import ask, companion
from tests.prove.wire import answer, headers_of, take, target_of

_STATUSES: Final = (500, 503, 404, 302, 429)


@dataclass(frozen=True, slots=True)
class Orders:
    """How moody it is. `failing` is a part of 1; slow answers come after `slow_s`, too late.

    Good ones take up to `answers_within_s`, so that posts overlap.
    """

    seed: int
    log: str
    failing: float = 0.3
    slow_s: float = 2.0
    answers_within_s: float = 0.03
    keeps_bodies: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """One attempt as it came. `did` is `ok`, `late`, `reset`, `broken`, `told` (a bad status)."""

    at: float
    path: str
    headers: Mapping[str, str]
    digest: str
    did: str
    body: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Which endpoint it was for, and which event it told of."""
        return self.path, self.headers.get("webhook-id", "")

    @property
    def attempt(self) -> int:
        """The attempt's number, as the sender counts."""
        return int(self.headers.get("x-webhook-attempt", "0"))

    @property
    def was_acknowledged(self) -> bool:
        """Whether the sender may have seen a 2xx."""
        return self.did in ("ok", "late")


@dataclass(slots=True)
class Mood:
    """What is decided for each attempt."""

    orders: Orders
    log: TextIO
    seen: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def decide(self, path: str, headers: Mapping[str, str]) -> tuple[str, random.Random]:
        """What to do with one attempt, and the chance that is left for it."""
        name = f"{path} {headers.get('webhook-id')} {headers.get('x-webhook-attempt')}"
        chance = random.Random(f"{self.orders.seed} {name}")
        if chance.random() >= self.orders.failing:
            return "ok", chance
        return chance.choice(("told", "told", "reset", "broken", "late")), chance

    def note(self, receipt: Receipt) -> None:
        """Write it down."""
        self.seen += 1
        self.log.write(json.dumps(asdict(receipt)) + "\n")


class Moody(asyncio.Protocol):
    """One connection."""

    def __init__(self, mood: Mood) -> None:
        self._mood = mood
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := take(self._buffer)) is not None:
            head, body, self._buffer = request
            task = asyncio.ensure_future(self._serve(head, body))
            self._mood.tasks.add(task)
            task.add_done_callback(self._mood.tasks.discard)

    async def _serve(self, head: bytes, body: bytes) -> None:
        path = target_of(head)
        if head.startswith(b"GET"):
            self._mood.log.flush()
            self._write(answer(200, json.dumps({"seen": self._mood.seen}).encode()))
            return
        headers = {name: value for name, value in headers_of(head).items() if "webhook" in name}
        did, chance = self._mood.decide(path, headers)
        kept = body.decode() if self._mood.orders.keeps_bodies else None
        self._mood.note(Receipt(time.time(), path, headers, hashlib.sha256(body).hexdigest(), did, kept))
        await self._do(did, chance)

    async def _do(self, did: str, chance: random.Random) -> None:
        orders = self._mood.orders
        await asyncio.sleep(orders.slow_s if did == "late" else chance.random() * orders.answers_within_s)
        if did in ("ok", "late"):
            self._write(answer(200, b"thank you"))
        elif did == "told":
            self._write(
                answer(chance.choice(_STATUSES), b"not now", "Retry-After: 0", "Location: /elsewhere")
            )
        else:
            if did == "broken":
                self._write(b"HTTP/1.1 200 OK\r\nContent-Le")
            if self._transport is not None:
                self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


@dataclass(frozen=True, slots=True)
class Diary:
    """The same from outside."""

    port: int
    log: Path

    def url(self, number: int) -> str:
        """Where the endpoint of this number is."""
        return f"http://127.0.0.1:{self.port}{self.path(number)}"

    def path(self, number: int) -> str:
        """The same without the host."""
        return f"/e/{number}"

    def seen(self) -> int:
        """Attempts until now, all of them in the log."""
        return int(ask(self.port, "/-/flush")["seen"])

    def receipts(self) -> Iterator[Receipt]:
        """All that came, in order."""
        self.seen()
        with self.log.open() as lines:
            for line in lines:
                yield Receipt(**json.loads(line))


@contextmanager
def running_moody(orders: Orders) -> Iterator[Diary]:
    """Start one and end it; its log stays."""
    with companion("tests.prove.moody", json.dumps(asdict(orders))) as port:
        yield Diary(int(port), Path(orders.log))


async def _serve(mood: Mood) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Moody(mood), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _main(orders: Orders) -> None:
    with Path(orders.log).open("w") as log:
        uvloop.run(_serve(Mood(orders, log)))


if __name__ == "__main__":
    _main(Orders(**json.loads(sys.stdin.readline())))
