"""Bugs that a harness has to find; none of them is in the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import uvicorn

from kessai.bootstrap import Gateway, World, open_database
from kessai.cli.serving import Server
from kessai.domain.errors import DatabaseUnavailableError, StorageFullError
from kessai.services.deliveries import Deliveries
from kessai.services.ports import WebhookSender
from kessai.settings import Settings
from kessai.storage.journal import Database
from tests.prove.lookup import real_sender
from tests.prove.planted.databases import (
    EarlyAnswers,
    EventsAfterCommit,
    ExhaustedForgotten,
    ForgetfulOfEvents,
    ForgetfulOfKeys,
    FullIsNoMatter,
    Hoarding,
    LeavesFilesOpen,
    Startled,
    Sulky,
    sync_less,
)
from tests.prove.planted.engines import FirstComeFirstServed, KeepsAll, SignedWithTheEventsTime, Unfenced
from tests.prove.planted.frail import KeysAfterEffects
from tests.prove.planted.gates import generous_without_redis
from tests.prove.planted.inputs import (
    anybodys_customers,
    anybodys_payments,
    keys_without_a_shape,
    mask_without_codes,
    mask_without_groups,
    told_to_everybody,
    touchy_forms,
)
from tests.prove.planted.keys import (
    NO_UNIQUE_KEYS,
    ForgottenEarly,
    LookedForFirst,
    OfAnybody,
    any_request_will_do,
)
from tests.prove.planted.ledgers import ByUrl, LastOneWins, OneShort, Unbounded
from tests.prove.planted.senders import Liar, NewIdOnRetry, Optimist, RenderedAnew
from tests.prove.planted.servers import Impatient

PlantWorld = Callable[[Settings, World], World]
PlantEngine = Callable[[Deliveries, Database], None]
PlantGateway = Callable[[Gateway], None]
PlantRule = Callable[[Gateway], None]


def _database(kind: Callable[[Database], Database]) -> PlantWorld:
    return lambda settings, world: replace(world, database=kind(open_database(settings)))


def _sender(kind: Callable[[WebhookSender], WebhookSender]) -> PlantWorld:
    return lambda settings, world: replace(world, sender=kind(real_sender(settings, world.clock)))


def _unfenced(deliveries: Deliveries, database: Database) -> None:
    deliveries._outbox = Unfenced(database)


def _unpaced(deliveries: Deliveries, _database: Database) -> None:
    deliveries._pacing = FirstComeFirstServed()


def _old(deliveries: Deliveries, _database: Database) -> None:
    courier = deliveries._courier
    dialects = courier._dialects.items()
    courier._dialects = {name: SignedWithTheEventsTime(dialect) for name, dialect in dialects}


def _keeping(gateway: Gateway) -> None:
    gateway.services.events._retention._repository = KeepsAll(gateway.database)


_WORLDS: Final[Mapping[str, PlantWorld]] = {
    "answer-before-commit": _database(EarlyAnswers),
    "claim-not-written": _database(ForgetfulOfKeys),
    "events-not-written": _database(ForgetfulOfEvents),
    "enqueue-after-commit": _database(EventsAfterCommit),
    "exhausted-deleted": _database(ExhaustedForgotten),
    "hoards-memory": _database(Hoarding),
    "leaves-files-open": _database(LeavesFilesOpen),
    "key-after-effect": _database(KeysAfterEffects),
    "keys-forgotten-early": _database(ForgottenEarly),
    "keys-of-anybody": _database(OfAnybody),
    NO_UNIQUE_KEYS: _database(LookedForFirst),
    "lost-connection-is-a-bug": _database(partial(Startled, error=DatabaseUnavailableError)),
    "away-for-a-while-once-away": _database(partial(Sulky, error=DatabaseUnavailableError, sulks_s=7)),
    "last-one-wins": _database(LastOneWins),
    "list-without-a-bound": _database(Unbounded),
    "update-without-a-merchant": _database(ByUrl),
    "refund-one-short": _database(OneShort),
    "committed-on-a-full-disk": _database(FullIsNoMatter),
    "full-disk-is-a-bug": _database(partial(Startled, error=StorageFullError)),
    "full-disk-for-long": _database(partial(Sulky, error=StorageFullError, sulks_s=5)),
    "new-id-on-retry": _sender(NewIdOnRetry),
    "body-rendered-anew": _sender(RenderedAnew),
    "lost-answer-is-success": _sender(Optimist),
    "told-and-not-posted": _sender(Liar),
}
_ENGINES: Final[Mapping[str, PlantEngine]] = {
    "lease-without-fencing": _unfenced,
    "first-come-first-served": _unpaced,
    "signed-with-the-events-time": _old,
    "synced-at-checkpoints-only": lambda _deliveries, database: sync_less(database, "NORMAL"),
    "never-synced": lambda _deliveries, database: sync_less(database, "OFF"),
}
_GATEWAYS: Final[Mapping[str, PlantGateway]] = {
    "no-limit-without-redis": generous_without_redis,
    "forgets-nothing": _keeping,
}
_RULES: Final[Mapping[str, PlantRule]] = {
    "key-for-any-request": any_request_will_do,
    "mask-misses-groups": mask_without_groups,
    "mask-misses-codes": mask_without_codes,
    "odd-text-breaks": touchy_forms,
    "keys-without-a-shape": keys_without_a_shape,
    "anybodys-customers": anybodys_customers,
    "anybodys-payments": anybodys_payments,
    "told-to-everybody": told_to_everybody,
}
_SERVERS: Final[Mapping[str, type[Server]]] = {"ends-at-once": Impatient}


def planted_server(name: str, config: uvicorn.Config) -> Server:
    """The server with the bug of this name; kessai's own when it is none of a server."""
    return _SERVERS.get(name, Server)(config)


def planted_world(name: str, settings: Settings, world: World) -> World:
    """The world with the bug of this name; unchanged when it is none of a world."""
    return _WORLDS[name](settings, world) if name in _WORLDS else world


def plant_in(name: str, gateway: Gateway) -> None:
    """Put the bug of this name into a gateway that has just been joined; does nothing when it is none of it.

    There is no port for what an engine decides, and none is wanted: so its parts are taken out.
    """
    if name in _GATEWAYS:
        _GATEWAYS[name](gateway)
    if name in _ENGINES:
        _ENGINES[name](gateway.worker._deliveries, gateway.database)
    if name in _RULES:
        _RULES[name](gateway)
