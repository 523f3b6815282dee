"""Keeps connections to receivers for the next post there: a bounded number, for a few seconds."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from kessai.adapters.webhook_connection import Connection, Place

# Below the 5 s after which uvicorn and Node close an idle connection: a post on a connection that is just
# being closed is lost.
IDLE_S: Final = 4.0


class ConnectionPool:
    """All connections of a sender; the idle ones in order of their last use."""

    def __init__(self, monotonic: Callable[[], float], idle_max: int) -> None:
        self._monotonic = monotonic
        self._idle_max = idle_max
        self._open: set[Connection] = set()
        self._idle: OrderedDict[Connection, float] = OrderedDict()
        self._by_place: dict[Place, list[Connection]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def new(self, place: Place) -> Connection:
        """A connection that is yet to be made."""
        connection = Connection(place, self._monotonic, self.discard)
        self._open.add(connection)
        return connection

    def take(self, place: Place) -> Connection | None:
        """The connection to this place that was used last, if there is one that can be used again."""
        there = self._by_place.get(place)
        while there:
            connection = there[-1]
            self._forget(connection)
            if connection.is_fresh:
                return connection
            connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Keep a connection for the next post, or part with it."""
        if not connection.is_open:
            return
        self._idle[connection] = self._monotonic()
        self._by_place.setdefault(connection.place, []).append(connection)
        if len(self._idle) > self._idle_max:
            self._close_oldest()
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_S, self._close_old_ones)

    def discard(self, connection: Connection) -> None:
        """Close a connection and forget it."""
        self._open.discard(connection)
        self._forget(connection)
        connection.close()

    def close(self) -> None:
        """Close all of them, those in use too."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in tuple(self._open):
            self.discard(connection)

    def _forget(self, connection: Connection) -> None:
        if self._idle.pop(connection, None) is None:
            return
        there = self._by_place[connection.place]
        there.remove(connection)
        if not there:
            del self._by_place[connection.place]

    def _close_oldest(self) -> None:
        self.discard(next(iter(self._idle)))

    def _close_old_ones(self) -> None:
        self._sweep = None
        until = self._monotonic() - IDLE_S
        while self._idle and next(iter(self._idle.values())) <= until:
            self._close_oldest()
        if self._idle:
            left_s = next(iter(self._idle.values())) - until
            self._sweep = asyncio.get_running_loop().call_later(left_s, self._close_old_ones)
