"""What several parts share, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import SecretStr

from kessai.adapters.clock import SystemClock
from kessai.adapters.dice import SystemDice
from kessai.adapters.ids import UuidFactory
from kessai.adapters.secret_box import FernetBox
from kessai.control.metrics import Metrics
from kessai.dialects.native.dialect import NativeDialect
from kessai.dialects.native.events import NativeWebhooks
from kessai.dialects.stripe.dialect import StripeDialect
from kessai.dialects.stripe.events import StripeWebhooks
from kessai.domain.change import Change
from kessai.services.courier import Courier
from kessai.services.doorkeeper import KeyDigests
from kessai.services.ports import Clock, Dice, IdFactory, RateLimiter, SecretBox, WebhookSender
from kessai.services.retention import Retention
from kessai.services.webhook_dialect import WebhookDialects
from kessai.settings import Settings
from kessai.storage.journal import Committed, Database


@dataclass(frozen=True, slots=True)
class World:
    """The ports' implementations, and the database: the real ones, unless a test brings its own."""

    clock: Clock = field(default_factory=SystemClock)
    dice: Dice = field(default_factory=SystemDice)
    ids: IdFactory | None = None
    sender: WebhookSender | None = None
    database: Database | None = None


@dataclass(frozen=True, slots=True)
class Tools:
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
        """Tell whoever wants to know, and wake the dispatchers if there is work."""
        for hook in self.hooks:
            hook(change)
        if change.is_news(is_heard=how.is_heard):
            for wake in self.wakers:
                wake()


def tools_of(
    settings: Settings, world: World, database: Database, limiter: RateLimiter, sender: WebhookSender
) -> Tools:
    """What is made of the settings and of the world."""
    secrets = settings.api_secret_keys
    secret_box = FernetBox(secrets)
    native = NativeDialect()
    dialects: WebhookDialects = {
        native.name: NativeWebhooks(settings.public_base_url),
        StripeDialect.name: StripeWebhooks(settings.public_base_url),
    }
    metrics = Metrics()
    return Tools(
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
        retention=Retention(database, world.clock, days(settings.event_retention_days)),
        native=native,
        metrics=metrics,
        hooks=[metrics.observe_change],
        wakers=[],
    )


def days(count: int) -> timedelta | None:
    """So many days; None when 0 stands for ever."""
    return timedelta(days=count) if count else None


def revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
