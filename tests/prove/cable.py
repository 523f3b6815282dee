"""The cable between kessai and its database: a TCP proxy that can be cut, pulled out, hung and made to lie.

It reads along only to know the answer to a commit: that can be held back, kept for ever, or given but for its
last word.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter, deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, TypeVar

from tests.prove.pgwire import READY_BYTES, Conversation
from tests.support.processes import free_port

T = TypeVar("T")

Fate = Literal["late", "never", "torn"]
"""Of the answer to a commit: it comes late; the connection ends instead; it ends before the last word."""
_CHUNK: Final = 65_536


@dataclass(slots=True, eq=False)
class _Link:
    """One connection of a client and the one it is led to."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    conversation: Conversation = field(default_factory=Conversation)
    fate: Fate | None = None
    kept: bytearray = field(default_factory=bytearray)

    def cut(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()


class Cable:
    """Leads from a port of its own to another, which may change. Its methods are for any thread."""

    def __init__(self, to_port: int) -> None:
        self.port = free_port()
        self.counts: Counter[Fate] = Counter()
        self._to_port = to_port
        self._links: set[_Link] = set()
        self._fates: deque[Fate] = deque()
        self._hold_s = 0.0
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cable", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.resume()
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.resume()
        self.unplug()
        self._do(_ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def lead_to(self, port: int) -> None:
        """Connections are led there from now on; those that are open are cut."""
        self._to_port = port
        self.cut()

    def cut(self) -> int:
        """End every connection at once, whatever is under way; returns how many."""
        return self._do(self._cut())

    def unplug(self) -> None:
        """Refuse new connections, and cut those that are open."""
        self._do(self._unplug())

    def plug(self) -> None:
        """Accept connections."""
        self._do(self._plug())

    def hang(self) -> None:
        """Let nothing through, and cut nothing: as when packets are lost."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def resume(self) -> None:
        """Let through what was held up."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def doom(self, *fates: Fate, hold_s: float = 0.0) -> None:
        """What the answers to the next commits have to meet, one after the other."""
        self._hold_s = hold_s
        self._fates.extend(fates)

    @property
    def is_doomed(self) -> bool:
        """Whether there is a commit yet to come that meets its fate."""
        return bool(self._fates)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _plug(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=256)

    async def _unplug(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> int:
        links = list(self._links)
        for link in links:
            link.cut()
        return len(links)

    async def _connected(self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            from_server, server = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            client.transport.abort()
            return
        if self._server is None:
            client.transport.abort()
            server.transport.abort()
            return
        link = _Link(client, server)
        self._links.add(link)
        pumps = [
            asyncio.ensure_future(self._pump_questions(link, from_client)),
            asyncio.ensure_future(self._pump_answers(link, from_server)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            server.transport.abort()
            # In order, so that the server's last words arrive.
            client.close()

    async def _pump_questions(self, link: _Link, questions: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await questions.read(_CHUNK):
                await self._flows.wait()
                if link.conversation.asks(data) and link.fate is None and self._fates:
                    link.fate = self._fates.popleft()
                link.server.write(data)
                await link.server.drain()

    async def _pump_answers(self, link: _Link, answers: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await answers.read(_CHUNK):
                await self._flows.wait()
                is_whole = link.conversation.answers(data)
                link.kept += data
                if link.fate is not None and not (is_whole and await self._is_met(link, link.fate)):
                    continue
                link.client.write(bytes(link.kept))
                link.kept.clear()
                await link.client.drain()

    async def _is_met(self, link: _Link, fate: Fate) -> bool:
        """Have a commit's answer, all of which is there, meet its fate; whether it goes on as usual then."""
        self.counts[fate] += 1
        link.fate = None
        if fate == "late":
            await asyncio.sleep(self._hold_s)
            return True
        if fate == "torn":
            link.client.write(bytes(link.kept[:-READY_BYTES]))
            await link.client.drain()
            # In order, so that what was written arrives.
            link.client.close()
        else:
            link.client.transport.abort()
        link.server.transport.abort()
        return False


async def _ended() -> None:
    """Let tasks that were told to end do so."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait(others, timeout=5) if others else None
