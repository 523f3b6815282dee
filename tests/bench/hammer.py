"""A load as heavy as the server bears: every connection asks again as soon as it is answered.

`python -m tests.bench.hammer` reads a Plan as JSON from stdin and prints what it Saw as JSON. It is a process
of its own so that it can be kept on another core than the server. HTTP is read with the least that works for
answers with a content length or, as some peers send them, in chunks; so the load costs a fraction of what is
measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, cast

import uvloop

from tests.bench.accounts import cpu_seconds
from tests.prove.numbers import percentile
from tests.prove.processes import pinned
from tests.support.processes import UNMEASURED

_HOUSE: Final = Path(__file__).resolve().parents[2]
NUMBER: Final = "000000000000"
"""Where this stands in a request, each request has another number there."""
ID: Final = "{id}"
"""Where this stands, each request has one of the plan's ids there."""
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask. `ids`, all of one length, are used in turn, once each if `is_once`: then the load ends.

    `first_number` keeps the numbers of several runs apart. `processes` are those whose CPU time is counted,
    by a name of the caller's; each with everything it has started.
    """

    port: int
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    connections: int = 32
    seconds: float = 4.0
    warm_up_s: float = 1.0
    first_number: int = 0
    ids: Sequence[str] = ()
    is_once: bool = False
    processes: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def requests(self) -> Iterator[bytes]:
        """The bytes of one request after the other."""
        body = self.body.encode()
        given = {"Host": f"127.0.0.1:{self.port}"}
        if body:
            length = len(self.body.replace(ID, (self.ids or [ID])[0]).encode())
            given |= {"Content-Type": "application/json", "Content-Length": str(length)}
        given |= self.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        text = f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + body
        number = self.first_number
        while True:
            for each in self.ids or [ID]:
                yield text.replace(NUMBER.encode(), b"%012d" % number).replace(ID.encode(), each.encode())
                number += 1
            if self.is_once:
                return


@dataclass(frozen=True, slots=True)
class Saw:
    """What came back while it counted, after warming up. CPU seconds are by the plan's names."""

    answers: int
    seconds: float
    statuses: Mapping[str, int]
    p50_ms: float
    p99_ms: float
    cpu_s: Mapping[str, float]
    last_body: str
    hang_ups: int = 0
    """Connections that the server closed while it was asked: the load was smaller from then on."""

    @property
    def per_s(self) -> float:
        return self.answers / self.seconds

    def cpu_us(self, name: str) -> float:
        """Microseconds of CPU for each answer."""
        return self.cpu_s[name] / self.answers * 1e6


def hammer(plan: Plan, *, core: int | None) -> Saw:
    """Run the load in a process of its own, on one core; None for any."""
    command = [sys.executable, "-m", "tests.bench.hammer"]
    asked = json.dumps(asdict(plan)).encode()
    env = {**os.environ, **UNMEASURED}
    with pinned(core):
        done = subprocess.run(command, input=asked, capture_output=True, check=False, cwd=_HOUSE, env=env)
    if done.returncode:
        raise RuntimeError(f"the load failed:\n{done.stderr.decode()}")
    return Saw(**json.loads(done.stdout))


class _Tally:
    """What all connections share."""

    def __init__(self, plan: Plan) -> None:
        self._requests = plan.requests()
        self._until_half = len(plan.ids) // 2 if plan.is_once else -1
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        # Without a warm-up the answers to those who connect first count, too.
        self.counts = not plan.warm_up_s
        self.is_over = False
        self.hang_ups = 0
        self.last_body = b""
        self.open = plan.connections
        loop = asyncio.get_running_loop()
        self.done = loop.create_future()
        self.is_half_used = loop.create_future()
        self.is_answered = loop.create_future()

    def next(self) -> bytes | None:
        """The next request, if there is one."""
        self._until_half -= 1
        if self._until_half == 0:
            self.is_half_used.set_result(None)
        return None if self.is_over else next(self._requests, None)

    def answered(self, seconds: float, status: str, body: bytes) -> None:
        """Count an answer, if it is time to."""
        if self.counts:
            self.latencies.append(seconds)
            self.statuses[status] += 1
            self.last_body = body
            if not self.is_answered.done():
                self.is_answered.set_result(None)

    def ended(self) -> None:
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    """Asks, reads the answer, asks again."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._got = b""
        self._asked_at = 0.0
        self._is_done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by inheritance.
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        got = self._got = self._got + data
        end = got.find(b"\r\n\r\n")
        if end < 0:
            return
        at = got[:end].lower().find(b"content-length:")
        if at >= 0:
            if len(got) < end + 4 + int(got[at + 15 : got.find(b"\r", at)]):
                return
        elif b"chunked" in got[:end].lower() and not got.endswith(b"\r\n0\r\n\r\n"):
            return
        self._got = b""
        self._tally.answered(time.perf_counter() - self._asked_at, got[9:12].decode(), got[end + 4 :])
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.hang_ups += not self._is_done
        self._tally.ended()

    def _ask(self) -> None:
        assert self._transport is not None
        request = self._tally.next()
        if request is None:
            self._is_done = True
            self._transport.close()
            return
        self._asked_at = time.perf_counter()
        self._transport.write(request)


async def _run(plan: Plan) -> Saw:
    loop = asyncio.get_running_loop()
    tally = _Tally(plan)
    for _ in range(plan.connections):
        await loop.create_connection(lambda: _Connection(tally), "127.0.0.1", plan.port)
    # Of what can be used once there may be little: half of it is left to be counted.
    await asyncio.wait({tally.is_half_used}, timeout=plan.warm_up_s)
    before, started = _cpu(plan), time.perf_counter()
    tally.counts = True
    await asyncio.wait({tally.done}, timeout=plan.seconds)
    # Who takes longer than that for a single answer is waited for.
    await asyncio.wait(
        {tally.done, tally.is_answered}, timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
    )
    tally.counts = False
    seconds, after = time.perf_counter() - started, _cpu(plan)
    tally.is_over = True
    await tally.done
    in_order = deque(sorted(tally.latencies))
    return Saw(
        len(tally.latencies),
        seconds,
        dict(tally.statuses),
        percentile(in_order, 50) * 1000,
        percentile(in_order, 99) * 1000,
        {name: after[name] - before[name] for name in before},
        tally.last_body.decode(errors="replace"),
        tally.hang_ups,
    )


def _cpu(plan: Plan) -> dict[str, float]:
    return {name: cpu_seconds(pids) for name, pids in plan.processes.items()}


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_run(Plan(**json.load(sys.stdin)))))))
