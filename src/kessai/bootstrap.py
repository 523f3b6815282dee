"""The one place where parts are joined."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import SecretStr

from kessai.adapters.clock import SystemClock
from kessai.adapters.dice import SystemDice
from kessai.adapters.ids import UuidFactory
from kessai.adapters.rate_limit import MemoryRateLimiter, NoRateLimiter, RedisRateLimiter
from kessai.adapters.secret_box import FernetBox
from kessai.adapters.webhook_sender import HttpSender
from kessai.control import health_routes
from kessai.control.metrics import Metrics
from kessai.control.reference import Reference
from kessai.dialects.native.dialect import NativeDialect
from kessai.dialects.native.events import NativeWebhooks
from kessai.dialects.stripe.dialect import StripeDialect
from kessai.dialects.stripe.events import StripeWebhooks
from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutSession
from kessai.domain.dispute import Dispute
from kessai.domain.payout import Payout
from kessai.domain.schedules import Schedule
from kessai.http.dialect import Dialect
from kessai.http.exchange import App, Exchange, Parts
from kessai.http.gate import Adopt, Gate
from kessai.http.idempotency import Idempotency
from kessai.http.request_ids import RequestIds
from kessai.http.routes import Routers
from kessai.http.routing import route_table
from kessai.services.backlog import Backlog
from kessai.services.balance import Balances
from kessai.services.catalog import Catalog
from kessai.services.charges import Charges
from kessai.services.checkout import Checkouts
from kessai.services.checkout_following import CheckoutFollower
from kessai.services.courier import Courier
from kessai.services.customers import Customers
from kessai.services.deliveries import Deliveries, DeliveryPolicy
from kessai.services.disputes import Disputes
from kessai.services.doorkeeper import Doorkeeper, KeyDigests
from kessai.services.due_documents import DueDocuments
from kessai.services.endpoints import Endpoints, Shorthand
from kessai.services.events import Events
from kessai.services.health import Health, SchemaRevisions
from kessai.services.instruments import Instruments
from kessai.services.intents import Intents
from kessai.services.merchants import Merchants
from kessai.services.onboarding import first_merchant
from kessai.services.pacing import UNDER_WAY_MAX
from kessai.services.payments import Payments
from kessai.services.payouts import Payouts
from kessai.services.ports import Clock, Dice, IdFactory, RateLimiter, SecretBox, WebhookSender
from kessai.services.pruning import Pruning
from kessai.services.recovery import Recovery
from kessai.services.resealing import Resealing
from kessai.services.retention import Retention
from kessai.services.secrets import WELL_KNOWN_KEY
from kessai.services.services import Services
from kessai.services.setups import Setups
from kessai.services.strangers import Strangers
from kessai.services.telling import Teller
from kessai.services.test_clocks import TestClocks
from kessai.services.timelines import Timelines
from kessai.services.timers import Timers
from kessai.services.tokens import Tokens
from kessai.services.verification import Verification
from kessai.services.webhook_dialect import WebhookDialects
from kessai.settings import Settings
from kessai.storage.doorbell import Doorbell
from kessai.storage.journal import Committed, Database
from kessai.storage.migrate import HEAD, PAST, current_revision, upgrade
from kessai.worker.housekeeper import Housekeeper
from kessai.worker.loop import Worker

_PINGS_MAX: Final = 64
"""Connections for endpoints that are tried out by hand, beside those of the dispatcher."""


@dataclass(frozen=True, slots=True)
class World:
    """The ports' implementations, and the database: the real ones, unless a test brings its own."""

    clock: Clock = field(default_factory=SystemClock)
    dice: Dice = field(default_factory=SystemDice)
    ids: IdFactory | None = None
    sender: WebhookSender | None = None
    database: Database | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything joined. `app` is the ASGI application of the API, `operations` that of a dispatcher.

    `doorbell` is None where no other process has the database.
    """

    app: App
    operations: App
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
            secret_key=_revealed(self.settings.api_key) or known,
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
async def open_gateway(settings: Settings, world: World | None = None) -> AsyncIterator[Gateway]:
    """Join everything, and let go of it again in order. The schema must be at head already."""
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
        gateway = _join(_tools(settings, world, database, limiter, sender))
        # What was made at start-up lives as long as the process: never look at it again.
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


@dataclass(frozen=True, slots=True)
class _Tools:
    """What several parts share.

    `hooks` are told of every Change that was committed, `wakers` that one has work for a dispatcher.
    """

    settings: Settings
    clock: Clock
    dice: Dice
    ids: IdFactory
    database: Database
    limiter: RateLimiter
    secret_box: SecretBox
    digests: KeyDigests
    courier: Courier
    dialects: WebhookDialects
    retention: Retention
    native: NativeDialect
    metrics: Metrics
    hooks: list[Callable[[Change], None]]
    wakers: list[Callable[[], None]]

    def committed(self, change: Change, how: Committed) -> None:
        for hook in self.hooks:
            hook(change)
        if change.is_news(is_heard=how.is_heard):
            for wake in self.wakers:
                wake()


def _tools(
    settings: Settings, world: World, database: Database, limiter: RateLimiter, sender: WebhookSender
) -> _Tools:
    secrets = settings.api_secret_keys
    secret_box = FernetBox(secrets)
    native = NativeDialect()
    dialects: WebhookDialects = {
        native.name: NativeWebhooks(settings.public_base_url),
        StripeDialect.name: StripeWebhooks(settings.public_base_url),
    }
    metrics = Metrics()
    return _Tools(
        settings=settings,
        clock=world.clock,
        dice=world.dice,
        ids=world.ids or UuidFactory(world.dice),
        database=database,
        limiter=limiter,
        secret_box=secret_box,
        digests=KeyDigests(*secrets),
        courier=Courier(sender, secret_box, world.clock, dialects),
        dialects=dialects,
        retention=Retention(database, world.clock, _days(settings.event_retention_days)),
        native=native,
        metrics=metrics,
        hooks=[metrics.observe_change],
        wakers=[],
    )


def _join(tools: _Tools) -> Gateway:
    services = _services(tools)
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
    routes = [*tools.native.routers, *operations]
    stripe = StripeDialect()
    roots = dict.fromkeys(stripe.roots, stripe)
    reference = RequestIds(Reference(routes, tools.native, roots), tools.clock, tools.ids)
    parts = _exchange_parts(tools, services, doorkeeper)

    def exchange(served: Routers, *others: Dialect) -> App:
        own = [(tools.native, prefix, router) for prefix, router in served]
        theirs = [(each, prefix, router) for each in others for prefix, router in each.routers]
        return Exchange(route_table([*own, *theirs]), parts, reference)

    return Gateway(
        app=_with_cors(exchange(routes, stripe), tools.settings),
        operations=exchange(operations),
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


def _services(tools: _Tools) -> Services:
    settings, database = tools.settings, tools.database
    endpoints = Endpoints(
        database,
        tools.ids,
        tools.dice,
        tools.secret_box,
        tools.dialects,
        tools.courier,
        destinations=settings.destinations,
        shorthand=Shorthand(tools.native.name, _revealed(settings.webhook_signing_secret)),
    )
    events = Events(database, tools.ids, tools.dialects, tools.retention)
    ping_redis = tools.limiter.ping if isinstance(tools.limiter, RedisRateLimiter) else None
    payments = Payments(
        database, tools.ids, bank_timeout=timedelta(milliseconds=settings.simulated_timeout_ms)
    )
    teller = Teller(tools.ids)
    balances = Balances(database)
    disputes = Disputes(database, tools.ids, teller, payments)
    payouts = Payouts(database, tools.ids, teller, balances)
    checkout_follower = CheckoutFollower(database, teller)
    intents = Intents(database, tools.ids, teller, payments, disputes, checkout_follower.after_intent)
    setups = Setups(database, tools.ids, teller, checkout_follower.after_setup)
    checkouts = Checkouts(database, tools.ids, teller, intents, setups, checkout_follower)
    return Services(
        payments=payments,
        intents=intents,
        customers=Customers(database, tools.ids, teller),
        instruments=Instruments(database, tools.ids, teller),
        tokens=Tokens(database, tools.ids),
        charges=Charges(tools.ids, teller),
        disputes=disputes,
        balances=balances,
        payouts=payouts,
        test_clocks=TestClocks(database, tools.ids, teller),
        catalog=Catalog(database, tools.ids, teller),
        checkouts=checkouts,
        due_documents=DueDocuments(
            database, {CheckoutSession: checkouts.due, Dispute: disputes.due, Payout: payouts.due}
        ),
        setups=setups,
        merchants=Merchants(database, tools.ids, tools.dice, tools.digests, endpoints),
        endpoints=endpoints,
        events=events,
        recovery=Recovery(database, tools.ids, endpoints, tools.dialects, tools.committed),
        timelines=Timelines(database),
        verification=Verification(endpoints, events, tools.secret_box),
        health=Health(database, tools.clock, SchemaRevisions(HEAD, PAST), ping_redis),
        public_url=settings.public_base_url,
        committed=tools.committed,
    )


def _worker(tools: _Tools, services: Services) -> Worker:
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
        services.intents,
        services.due_documents,
        tools.database,
        tools.clock,
        tools.committed,
    )
    return Worker(deliveries, timers, is_only=settings.database_kind == "sqlite")


def _exchange_parts(tools: _Tools, services: Services, doorkeeper: Doorkeeper) -> Parts:
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


def _adopt(tools: _Tools, services: Services) -> Adopt | None:
    """Strangers are let in on a gateway that only this machine can reach."""
    if not tools.settings.is_loopback or tools.settings.is_production:
        return None
    return Strangers(services.merchants, tools.database, tools.committed).adopt


def _days(count: int) -> timedelta | None:
    """So many days; None when 0 stands for ever."""
    return timedelta(days=count) if count else None


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


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
