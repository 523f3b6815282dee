"""One session of `kessai listen`: receiver, temporary endpoint and signals, begun and ended in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from kessai.adapters.clock import SystemClock
from kessai.adapters.webhook_sender import HttpSender
from kessai.cli.remote.address import DESTINATIONS, bound_at, reached_at, secret_path
from kessai.cli.remote.api import NativeApi
from kessai.cli.remote.lines import JsonTeller, PlainTeller, Teller
from kessai.cli.remote.registration import Registration, watch
from kessai.cli.remote.relay import Relay, receiving

_PATIENCE_S: Final = 300.0
"""The most that WEBHOOK_TIMEOUT can be: how long a target may take is the server's affair."""
_HANG_UP: Final = getattr(signal, "SIGHUP", signal.SIGTERM)
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, _HANG_UP)


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for."""

    api: NativeApi
    bind: str
    reachable_at: str | None
    target: str | None
    events: list[str]
    secret: str | None
    only_secret_first: bool
    as_json: bool


async def attend(plan: Plan) -> None:
    """Receive, register, and go on until a signal comes or nothing more would.

    Raises:
        CommandError: it cannot begin, nothing would come any more, or the endpoint could not be removed.
    """
    clock = SystemClock()
    over = asyncio.Event()
    teller = (JsonTeller if plan.as_json else PlainTeller)(clock, over.set)
    sender = HttpSender(clock=clock, destinations=DESTINATIONS, timeout_s=_PATIENCE_S)
    with _set_by_signals(over), bound_at(plan.bind) as listening:
        path = secret_path()
        wanted = {
            "url": reached_at(listening, plan.reachable_at) + path,
            "events": plan.events,
            "description": "temporary: kessai listen removes it when it ends",
            **({"secret": plan.secret} if plan.secret else {}),
        }
        registration = Registration(plan.api, wanted)
        relay = Relay(sender, plan.target, teller, registration.doubt)
        try:
            async with receiving(listening, path, relay.receive):
                await _registered(registration, plan, teller, over)
        finally:
            await sender.close()


async def _registered(registration: Registration, plan: Plan, teller: Teller, over: asyncio.Event) -> None:
    """Have the endpoint for as long as it is not over."""
    endpoint = await asyncio.to_thread(registration.make)
    try:
        if plan.only_secret_first:
            teller.secret_alone(str(endpoint["secret"]))
        teller.listening(endpoint, plan.target, plan.api.base_url)
        watching = asyncio.create_task(watch(registration, teller, SystemClock()))
        ending = asyncio.create_task(over.wait())
        await asyncio.wait({watching, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if watching.done():
            watching.result()
        watching.cancel()
    finally:
        await asyncio.to_thread(registration.remove)
        teller.noticed("ended", f"The endpoint {registration.endpoint_id} is removed.")


@contextmanager
def _set_by_signals(over: asyncio.Event) -> Iterator[None]:
    """The first signal ends it in order, a second one at once."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    if before.get(_HANG_UP) is signal.SIG_IGN:
        # Under nohup, a terminal that is closed is no reason to end.
        del before[_HANG_UP]

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def end(number: int, frame: object) -> None:
        del number, frame
        restore()
        loop.call_soon_threadsafe(over.set)

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        restore()
