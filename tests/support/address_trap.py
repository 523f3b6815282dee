"""Plays tricks with addresses through the whole gateway, and sees which connections come about."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import httpx

from kessai.adapters.dice import SeededDice
from kessai.adapters.name_lookup import ANSWER_KEPT_S, Lookup
from kessai.adapters.webhook_sender import HttpSender
from kessai.bootstrap import Gateway, World, open_gateway
from kessai.domain.destinations import Destinations
from kessai.services.ports import Clock, WebhookSender
from kessai.settings import load_settings
from tests.support.address_tricks import SETTINGS, TRAP_ADDRESSES, Mode, Trick
from tests.support.gateway import API, ROOT
from tests.support.manual_clock import ManualClock

_KEY: Final = "sk_test_of_the_address_tricks"
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one trick: the status of its registration, what the attempts' records say, and the
    trap's addresses that were connected to.
    """

    trick: Trick
    registered: int
    errors: tuple[str | None, ...]
    connected: frozenset[str]

    @property
    def forbidden(self) -> frozenset[str]:
        """Where it came out although it must not."""
        return self.connected - self.trick.comes_out_at

    @property
    def is_clear(self) -> bool:
        """Whether what was not connected to was refused, in words; not by luck, such as a missing route."""
        if self.trick.comes_out_at:
            return bool(self.connected)
        if self.registered != 201:
            return self.registered == 422
        return all(error is not None and "may not connect to" in error for error in self.errors)


@dataclass(slots=True)
class Trap:
    """Listeners on several loopback addresses and one port; `connected` counts by address."""

    port: int = 0
    connected: Counter[str] = field(default_factory=Counter)

    async def served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count, answer, hang up; what comes is no more than a webhook."""
        self.connected[writer.get_extra_info("sockname")[0]] += 1
        await reader.read(65_536)
        writer.write(_ANSWER)
        writer.close()


@asynccontextmanager
async def open_trap() -> AsyncIterator[Trap]:
    """Listen."""
    trap = Trap()
    async with AsyncExitStack() as stack:
        for address in TRAP_ADDRESSES:
            server = await asyncio.start_server(trap.served, address, trap.port)
            stack.callback(server.close)
            trap.port = server.sockets[0].getsockname()[1]
        yield trap


class Names:
    """A resolver that answers as the trick under way says; to be called in a thread."""

    def __init__(self) -> None:
        self._answers: Sequence[tuple[str, ...]] = ()
        self._asked = 0

    def play(self, trick: Trick) -> None:
        """Answer for this one from now on."""
        self._answers, self._asked = trick.answers, 0

    def __call__(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        """What `socket.getaddrinfo` would."""
        if not self._answers:
            raise socket.gaierror(socket.EAI_NONAME, host)
        answer = self._answers[min(self._asked, len(self._answers) - 1)]
        self._asked += 1
        return [self._info(address, port) for address in answer]

    def _info(self, address: str, port: int) -> tuple[Any, ...]:
        if ":" in address:
            return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)
        return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)


MakeSender = Callable[[Clock, Destinations, Lookup], WebhookSender]
"""Makes the sender of a stage."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A gateway in one mode, its first merchant's client, the trap, and the names its sender looks up."""

    joined: Gateway
    client: httpx.AsyncClient
    trap: Trap
    names: Names
    clock: ManualClock

    async def registered(self, trick: Trick) -> httpx.Response:
        """Make an endpoint of the trick, from now on played."""
        self.names.play(trick)
        self.trap.connected.clear()
        # Not `format`: a trick may have braces.
        url = trick.url.replace("{port}", str(self.trap.port))
        return await self.client.post("/webhooks/endpoints", json={"url": url})


def real_sender(clock: Clock, destinations: Destinations, lookup: Lookup) -> HttpSender:
    """The product's, with a resolver of ours."""
    return HttpSender(clock=clock, destinations=destinations, timeout_s=20, lookup=lookup)


@asynccontextmanager
async def open_stage(
    database_url: str, mode: Mode, make_sender: MakeSender | None = None
) -> AsyncIterator[Stage]:
    """On a migrated database without rows. `make_sender` puts another sender in the product's place."""
    settings = load_settings(
        env_file=None,
        database_url=database_url,
        api_key=_KEY,
        rate_limit_requests=0,
        public_url=ROOT,
        **SETTINGS[mode],
    )
    clock, names = ManualClock(), Names()
    sender = (make_sender or real_sender)(clock, settings.destinations, names)
    world = World(clock=clock, dice=SeededDice(1), sender=sender)
    async with AsyncExitStack() as stack:
        trap = await stack.enter_async_context(open_trap())
        joined = await stack.enter_async_context(open_gateway(settings, world))
        await joined.welcome()
        transport = httpx.ASGITransport(joined.app)
        headers = {"Authorization": f"Bearer {_KEY}"}
        client = httpx.AsyncClient(transport=transport, base_url=ROOT + API, headers=headers)
        yield Stage(joined, await stack.enter_async_context(client), trap, names, clock)


async def play(
    tricks: Iterable[Trick], database_url: str, mode: Mode, make_sender: MakeSender | None = None
) -> list[Outcome]:
    """Play the tricks of one mode, on a migrated database without rows.

    Each is registered through the API, twice sent a ping, with a new look-up for each, and forgotten again.
    """
    async with open_stage(database_url, mode, make_sender) as stage:
        return [await _played(trick, stage) for trick in tricks if trick.mode == mode]


async def _played(trick: Trick, stage: Stage) -> Outcome:
    made = await stage.registered(trick)
    errors: list[str | None] = []
    if made.status_code == 201:
        endpoint = f"/webhooks/endpoints/{made.json()['id']}"
        for _ in range(2):
            stage.clock.advance(timedelta(seconds=ANSWER_KEPT_S + 1))
            pinged = await stage.client.post(f"{endpoint}/test")
            errors.append(pinged.json()["error"])
        await stage.client.delete(endpoint)
    return Outcome(trick, made.status_code, tuple(errors), frozenset(stage.trap.connected))
