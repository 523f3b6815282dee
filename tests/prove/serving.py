"""A gateway with a world of the harnesses', in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import uvicorn

from kessai.adapters.clock import SystemClock
from kessai.asgi import Application
from kessai.bootstrap import Gateway, World
from kessai.cli.listening import Listening, bound
from kessai.cli.serving import OPTIONS, Server
from kessai.services.secrets import WELL_KNOWN_KEY
from kessai.settings import Settings, load_settings
from tests.prove.hand import Hand
from tests.prove.lookup import real_sender
from tests.prove.swift import SwiftClock
from tests.support.manual_clock import ManualClock


def serve(arguments: Sequence[str]) -> None:
    """Serve or dispatch on the database that `--db` names."""
    url = arguments[arguments.index("--db") + 1]
    is_dispatcher = arguments[1] == "dispatch"
    with bound("127.0.0.1", 0) as listening:
        settings = load_settings(
            env_file=None,
            database_url=url,
            port=listening.port,
            dispatch="--no-dispatch" not in arguments,
        )
        _serve(settings, listening, is_dispatcher=is_dispatcher)


@dataclass(frozen=True, slots=True)
class _Plant:
    """What a planted bug changes; nothing, unless there is one."""

    world: Callable[[Settings, World], World] = lambda _settings, world: world
    server: Callable[[uvicorn.Config], Server] = Server
    put_in: Callable[[Gateway], None] = lambda _gateway: None


def _serve(settings: Settings, listening: Listening, *, is_dispatcher: bool) -> None:
    clock = _clock()
    plant = _plant()
    hangs = "PROVE_HANGS" in os.environ
    # Of a clock that jumps, days would be what a post took.
    measured = SystemClock() if isinstance(clock, ManualClock) else clock
    world = World(clock=clock, sender=real_sender(settings, measured, hangs=hangs))
    hand: Hand | None = None

    def started(gateway: Gateway, _key: str | None) -> None:
        plant.put_in(gateway)
        if hand is not None:
            hand.gateway = gateway

    application = Application(
        settings,
        world=plant.world(settings, world),
        on_started=started,
        is_dispatcher=is_dispatcher,
    )
    if isinstance(clock, ManualClock):
        hand = Hand(application, clock)
    server = plant.server(uvicorn.Config(hand or application, lifespan="on", **OPTIONS))
    ready = {"event": "ready", "base_url": listening.base_url, "api_key": WELL_KNOWN_KEY}
    server.on_ready = lambda: print(json.dumps(ready), flush=True)
    server.run(sockets=listening.sockets)


def _plant() -> _Plant:
    name = os.environ.get("PROVE_PLANT")
    if name is None:
        return _Plant()
    # Half of the product's rooms come with them, and how soon a server is ready is measured.
    from tests.prove.planted import plant_in, planted_server, planted_world

    return _Plant(partial(planted_world, name), partial(planted_server, name), partial(plant_in, name))


def _clock() -> ManualClock | SwiftClock:
    if "PROVE_TOLD" in os.environ:
        return ManualClock()
    return SwiftClock(*(float(os.environ[f"PROVE_{name}"]) for name in ("EPOCH", "SPEED", "AHEAD")))
