"""One connection to a receiver: a request at a time, and never an answer that nobody asked for."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import NamedTuple, cast

from kessai.adapters.webhook_answer import AnswerReader
from kessai.adapters.wire_errors import NoAnswerError


class Place(NamedTuple):
    """What a connection leads to; one may serve another post only if all of it is the same."""

    is_tls: bool
    host: str
    port: int
    verifies_tls: bool


class Connection(asyncio.Protocol):
    """A transport with at most one exchange under way. `monotonic` tells when an answer begins."""

    def __init__(
        self, place: Place, monotonic: Callable[[], float], on_lost: Callable[[Connection], None]
    ) -> None:
        self.place = place
        self._monotonic = monotonic
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._arrivals: select.poll | None = None
        self._reader: AnswerReader | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.first_byte_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be used, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_fresh(self) -> bool:
        """Whether a request may follow: open, and nothing has arrived since the last answer.

        What is there unread is the end of the connection, or an answer ahead of its request.
        """
        return self.is_open and (self._arrivals is None or not self._arrivals.poll(0))

    async def exchange(self, request: bytes, reader: AnswerReader) -> None:
        """Send a request and have `reader` read the answer; afterwards the connection is open only if
        another request may follow.

        Raises:
            NoAnswerError: none came, or only a part.
            OSError: the connection broke.
        """
        transport = self._transport
        if transport is None:
            raise NoAnswerError("connection closed without an answer")
        self._waiter = asyncio.get_running_loop().create_future()
        self._reader, self.first_byte_at = reader, None
        try:
            transport.write(request)
            await self._waiter
        finally:
            self._reader = self._waiter = None
            reader.let_go()
            # An answer to half a request: the rest of it must not be taken for the next one.
            if not reader.keeps_alive or transport.get_write_buffer_size():
                self.close()

    def close(self) -> None:
        """Close at once: what was not sent is not sent, what was not read is not read."""
        if self._transport is not None:
            self._transport.abort()

    # What follows is called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        # uvloop's transports have the methods but are none by inheritance.
        self._transport = cast(asyncio.Transport, transport)
        socket = transport.get_extra_info("socket")
        if hasattr(select, "poll") and socket is not None:
            self._arrivals = select.poll()
            self._arrivals.register(socket.fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """A part of the answer, or something nobody asked for."""
        if self._reader is None or self._reader.is_over:
            self.close()
            return
        if self.first_byte_at is None:
            self.first_byte_at = self._monotonic()
        try:
            is_over = self._reader.feed(data)
        except NoAnswerError as error:
            self._end(error)
            self.close()
        else:
            if is_over:
                self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, by whichever side."""
        self._transport = self._arrivals = None
        self._on_lost(self)
        if self._reader is None or self._reader.is_over:
            return
        try:
            self._reader.end()
        except NoAnswerError as error:
            self._end(exc or error)
        else:
            self._end(exc)

    def _end(self, error: Exception | None = None) -> None:
        if self._waiter is None or self._waiter.done():
            return
        if error is None:
            self._waiter.set_result(None)
        else:
            self._waiter.set_exception(error)
