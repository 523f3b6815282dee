"""The gateway: opened, joined, and let go of again in order."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final

from kessai.adapters.rate_limit import MemoryRateLimiter, NoRateLimiter, RedisRateLimiter
from kessai.adapters.webhook_sender import HttpSender
from kessai.bootstrap.tools import Tools, World, revealed, tools_of
from kessai.bootstrap.use_cases import use_cases
from kessai.control import health_routes
from kessai.control.reference import Reference
from kessai.dialects.stripe.dialect import StripeDialect
from kessai.domain.schedules import Schedule
from kessai.http.exchange import App, Exchange, Parts
from kessai.http.gate import Adopt, Gate
from kessai.http.idempotency import Idempotency
from kessai.http.request_ids import RequestIds
from kessai.http.routes import Routers
from kessai.http.routing import RouteTable, route_table
from kessai.services.backlog import Backlog
from kessai.services.deliveries import Deliveries, DeliveryPolicy
from kessai.services.doorkeeper import Doorkeeper
from kessai.services.onboarding import first_merchant
from kessai.services.pacing import UNDER_WAY_MAX
from kessai.services.ports import Clock, RateLimiter
from kessai.services.pruning import Pruning
from kessai.services.resealing import Resealing
from kessai.services.secrets import WELL_KNOWN_KEY
from kessai.services.services import Services
from kessai.services.strangers import Strangers
from kessai.services.timers import Timers
from kessai.settings import Settings
from kessai.storage.doorbell import Doorbell
from kessai.storage.journal import Database
from kessai.storage.migrate import HEAD, current_revision, upgrade
from kessai.worker.housekeeper import Housekeeper
from kessai.worker.loop import Worker

_STRIPE: Final = StripeDialect()
_PINGS_MAX: Final = 64
"""Connections for endpoints that are tried out by hand, beside those of the dispatcher."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything joined. `app` is the ASGI application: of both APIs, or of nothing but health and metrics.

    `doorbell` is None where no other process has the database.
    """

    app: App
    services: Services
    worker: Worker
    database: Database
    pruning: Pruning
    resealing: Resealing
    housekeeper: Housekeeper
    doorbell: Doorbell | None
    clock: Clock
    settings: Settings

    async def welcome(self) -> str | None:
        """Make the first merchant of an empty database; return its key if that was done just now.

        On loopback its key is the well-known one unless another is set; elsewhere it is random. In
        production nothing is made silently.
        """
        if self.settings.is_production:
            return None
        known = WELL_KNOWN_KEY if self.settings.is_loopback else None
        return await first_merchant(
            self.services.merchants,
            self.database,
            self.clock,
            secret_key=revealed(self.settings.api_key) or known,
        )


class NotMigratedError(Exception):
    """A server database whose schema is not the one this version needs."""


def prepare(settings: Settings) -> None:
    """Bring an embedded database to head; make sure that a server database is.

    Raises:
        NotMigratedError: it is not, and migrating is its operator's decision.
        DatabaseInUseError: another process has the file.
    """
    revision = current_revision(settings.database_url)
    if revision == HEAD:
        return
    if settings.database_kind == "sqlite":
        upgrade(settings.database_url)
        return
    raise NotMigratedError(
        f"the database is at revision {revision or 'none'}, this version needs {HEAD}: run `kessai migrate`"
    )


def open_database(settings: Settings) -> Database:
    """The database the settings name; its driver is imported only if it is the one."""
    if settings.database_kind == "sqlite":
        from kessai.storage.sqlite.database import SqliteDatabase

        return SqliteDatabase(settings.sqlite_path)
    from kessai.storage.postgresql.database import PostgresDatabase

    return PostgresDatabase(
        settings.database_url,
        pool_size=settings.database_pool_size,
        timeout_s=settings.database_timeout_s,
    )


def _doorbell(settings: Settings) -> Doorbell | None:
    if settings.database_kind == "sqlite":
        return None
    from kessai.storage.postgresql.doorbell import PostgresDoorbell

    return PostgresDoorbell(settings.database_url, timeout_s=settings.database_timeout_s)


@asynccontextmanager
async def open_gateway(
    settings: Settings, world: World | None = None, *, serves_apis: bool = True
) -> AsyncIterator[Gateway]:
    """Join everything, and let go of it again in order. The schema must be at head already.

    A dispatcher and a command do not serve the APIs, and are spared loading their routes.
    """
    world = world or World()
    sender = world.sender or HttpSender(
        clock=world.clock,
        destinations=settings.destinations,
        timeout_s=settings.webhook_timeout,
        max_connections=UNDER_WAY_MAX + _PINGS_MAX,
    )
    limiter = _limiter(settings, world.clock)
    database = world.database or open_database(settings)
    thresholds = gc.get_threshold()
    try:
        if isinstance(limiter, RedisRateLimiter):
            # Connects now, so that the first request does not wait for it; an outage is logged and survived.
            await limiter.ping()
        # What is made at start-up lives as long as the process: do not look at it now, and never again.
        gc.set_threshold(0)
        gateway = _join(tools_of(settings, world, database, limiter, sender), serves_apis=serves_apis)
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        yield gateway
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        if isinstance(limiter, RedisRateLimiter):
            await limiter.close()
        if isinstance(sender, HttpSender):
            await sender.close()
        await database.close()


def _limiter(settings: Settings, clock: Clock) -> RateLimiter:
    limit, window_s = settings.rate_limit_requests, settings.rate_limit_window_seconds
    if not limit:
        return NoRateLimiter()
    if settings.redis_url is None:
        return MemoryRateLimiter(limit=limit, window_s=window_s, clock=clock)
    return RedisRateLimiter(settings.redis_url, limit=limit, window_s=window_s, clock=clock)


def _join(tools: Tools, *, serves_apis: bool) -> Gateway:
    services = use_cases(tools)
    doorkeeper = Doorkeeper(tools.database, tools.digests, tools.clock)
    pruning = Pruning(tools.database, tools.clock, doorkeeper, tools.retention)
    worker = _worker(tools, services)
    doorbell = _doorbell(tools.settings)
    tools.wakers.append(worker.wake)
    if doorbell is not None:
        tools.wakers.append(doorbell.ring)
    tools.hooks.append(lambda change: doorkeeper.forget() if change.moves_doors else None)
    figures = Backlog(tools.database, tools.clock).figures
    operations = [("", health_routes.router), ("", tools.metrics.router(figures))]
    return Gateway(
        app=_app(tools, operations, _exchange_parts(tools, services, doorkeeper), serves_apis=serves_apis),
        services=services,
        worker=worker,
        database=tools.database,
        pruning=pruning,
        resealing=Resealing(tools.database, tools.secret_box, tools.digests, tools.clock),
        housekeeper=Housekeeper(pruning.run),
        doorbell=doorbell,
        clock=tools.clock,
        settings=tools.settings,
    )


def _app(tools: Tools, operations: Routers, parts: Parts, *, serves_apis: bool) -> App:
    """Both APIs and the operations, or these alone; whatever else is asked is refused in its API's words."""
    own = [*(tools.native.routers if serves_apis else ()), *operations]
    table = route_table((tools.native, prefix, router) for prefix, router in own)
    if serves_apis:
        table.join(_stripe_table())
    unserved = Reference(own, tools.native, dict.fromkeys(_STRIPE.roots, _STRIPE))
    exchange = Exchange(table, parts, RequestIds(unserved, tools.clock, tools.ids))
    return _with_cors(exchange, tools.settings) if serves_apis else exchange


@cache
def _stripe_table() -> RouteTable:
    """The same for each gateway of a process: tests open thousands."""
    return route_table((_STRIPE, prefix, router) for prefix, router in _STRIPE.routers)


def _worker(tools: Tools, services: Services) -> Worker:
    settings = tools.settings
    policy = DeliveryPolicy(
        Schedule.doubling(timedelta(seconds=settings.webhook_retry_delay), settings.webhook_max_retries),
        timedelta(seconds=settings.webhook_timeout),
    )
    deliveries = Deliveries(
        tools.database,
        tools.clock,
        tools.ids,
        tools.dice,
        tools.courier,
        tools.dialects,
        policy,
        observe=tools.metrics.observe_attempt,
    )
    timers = Timers(
        services.payments,
        services.refunds,
        services.intent_follower,
        services.due_documents,
        tools.database,
        tools.clock,
        tools.committed,
    )
    return Worker(deliveries, timers, is_only=settings.database_kind == "sqlite")


def _exchange_parts(tools: Tools, services: Services, doorkeeper: Doorkeeper) -> Parts:
    settings = tools.settings
    ttl = timedelta(hours=settings.idempotency_ttl_hours)
    return Parts(
        services=services,
        database=tools.database,
        gate=Gate(doorkeeper, tools.limiter, _adopt(tools, services)),
        idempotency=Idempotency(tools.database, tools.secret_box, ttl),
        clock=tools.clock,
        ids=tools.ids,
        observe=tools.metrics.observe_request,
        body_timeout_s=settings.body_timeout_s,
    )


def _adopt(tools: Tools, services: Services) -> Adopt | None:
    """Strangers are let in on a gateway that only this machine can reach."""
    if not tools.settings.is_loopback or tools.settings.is_production:
        return None
    return Strangers(services.merchants, tools.database, tools.committed).adopt


def _with_cors(app: App, settings: Settings) -> App:
    if not settings.cors_origins:
        return app
    from fastapi.middleware.cors import CORSMiddleware

    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["authorization", "content-type", "idempotency-key", "x-api-key", "x-request-id"],
        expose_headers=[
            "x-request-id",
            "idempotent-replayed",
            "ratelimit-limit",
            "ratelimit-remaining",
            "retry-after",
        ],
    )
