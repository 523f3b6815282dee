"""A receiver that costs next to nothing, in a process of its own: says 200 and notes what came when.

`python -m tests.bench.sink` prints its port. `GET /-/state` tells what came, `GET /-/reset` forgets it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import uvloop

from tests.prove.companion import ask, companion
from tests.prove.wire import answer, take

_ID: Final = re.compile(rb"\r\nwebhook-id: *([^\r]+)", re.IGNORECASE)
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@dataclass(slots=True)
class State:
    """`arrivals` has the monotonic moment of the first arrival by path and webhook id."""

    posts: int = 0
    connections: int = 0
    connections_max: int = 0
    arrivals: dict[bytes, float] = field(default_factory=dict)

    def reset(self) -> None:
        """Forget what came."""
        self.posts, self.connections_max = 0, self.connections
        self.arrivals.clear()

    def told(self, *, with_arrivals: bool) -> dict[str, Any]:
        """For people outside."""
        told: dict[str, Any] = {
            "posts": self.posts,
            "connections_max": self.connections_max,
            "distinct": len(self.arrivals),
        }
        if with_arrivals:
            told["arrivals"] = {key.decode(): at for key, at in self.arrivals.items()}
        return told


class Taker(asyncio.Protocol):
    """One connection."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = b""
        self._has_posted = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclass of it, and write all the same
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._state.connections -= self._has_posted

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        request = take(buffer)
        if request is None:
            self._buffer = buffer
            return
        head, _, self._buffer = request
        self._write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        verb, path, _ = head.split(b" ", 2)
        if verb == b"POST":
            named = _ID.search(head)
            self._note(path + b" " + (named[1] if named else b""))
            return _OK
        if path == b"/-/reset":
            self._state.reset()
        return answer(200, json.dumps(self._state.told(with_arrivals=path == b"/-/arrivals")).encode())

    def _note(self, key: bytes) -> None:
        state = self._state
        state.posts += 1
        state.arrivals.setdefault(key, time.monotonic())
        if not self._has_posted:
            self._has_posted = True
            state.connections += 1
            state.connections_max = max(state.connections_max, state.connections)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


class Sink:
    """The same from outside."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, number: int = 0) -> str:
        """Where the endpoint of this number is."""
        return f"http://127.0.0.1:{self.port}/e/{number}"

    def state(self) -> dict[str, int]:
        """`posts`, `distinct` ones, and `connections_max` at the same time, since the last reset."""
        return dict(self._get("state"))

    def arrivals(self) -> dict[str, float]:
        """Monotonic moments of first arrivals by `path webhook-id`."""
        return dict(self._get("arrivals")["arrivals"])

    def reset(self) -> None:
        """Forget what came."""
        self._get("reset")

    def _get(self, what: str) -> Any:
        return ask(self.port, f"/-/{what}")


@contextmanager
def running_sink() -> Iterator[Sink]:
    """Start one and end it."""
    with companion("tests.bench.sink") as port:
        yield Sink(int(port))


async def _serve() -> None:
    state = State()
    server = await asyncio.get_running_loop().create_server(
        lambda: Taker(state), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
