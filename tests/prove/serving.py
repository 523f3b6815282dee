"""A gateway with a world of the harnesses', in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import uvicorn

from kessai.adapters.clock import SystemClock
from kessai.asgi import Application
from kessai.bootstrap import Gateway, World
from kessai.cli.listening import Listening, bound
from kessai.cli.serving import OPTIONS
from kessai.services.secrets import WELL_KNOWN_KEY
from kessai.settings import Settings, load_settings
from tests.prove.hand import Hand
from tests.prove.lookup import real_sender
from tests.prove.planted import plant_in, planted_server, planted_world
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


def _serve(settings: Settings, listening: Listening, *, is_dispatcher: bool) -> None:
    clock = _clock()
    plant = os.environ.get("PROVE_PLANT")
    hangs = "PROVE_HANGS" in os.environ
    # Of a clock that jumps, days would be what a post took.
    measured = SystemClock() if isinstance(clock, ManualClock) else clock
    world = World(clock=clock, sender=real_sender(settings, measured, hangs=hangs))
    hand: Hand | None = None

    def started(gateway: Gateway, _key: str | None) -> None:
        plant_in(gateway, plant)
        if hand is not None:
            hand.gateway = gateway

    application = Application(
        settings,
        world=planted_world(plant, settings, world),
        on_started=started,
        is_dispatcher=is_dispatcher,
    )
    if isinstance(clock, ManualClock):
        hand = Hand(application, clock)
    server = planted_server(plant, uvicorn.Config(hand or application, lifespan="on", **OPTIONS))
    ready = {"event": "ready", "base_url": listening.base_url, "api_key": WELL_KNOWN_KEY}
    server.on_ready = lambda: print(json.dumps(ready), flush=True)
    server.run(sockets=listening.sockets)


def _clock() -> ManualClock | SwiftClock:
    if "PROVE_TOLD" in os.environ:
        return ManualClock()
    return SwiftClock(*(float(os.environ[f"PROVE_{name}"]) for name in ("EPOCH", "SPEED", "AHEAD")))
