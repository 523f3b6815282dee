"""A merchant, its endpoints and a dispatcher on a real database, with the clock and the wire in hand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast

from kessai.adapters.dice import SeededDice
from kessai.adapters.ids import UuidFactory
from kessai.adapters.secret_box import FernetBox
from kessai.dialects.native.events import NativeWebhooks
from kessai.domain.change import Change
from kessai.domain.delivery import Attempt, DeliveryStatus
from kessai.domain.destinations import Destinations
from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import MerchantId
from kessai.domain.merchant import Merchant
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order, Payment
from kessai.domain.schedules import Schedule
from kessai.services.courier import Courier
from kessai.services.deliveries import Deliveries, DeliveryPolicy
from kessai.services.endpoints import EndpointFacts, Endpoints, Shorthand
from kessai.services.events import Events
from kessai.services.payments import Payments
from kessai.services.ports import WebhookRequest, WebhookResult, WebhookSender
from kessai.services.retention import Retention
from kessai.storage.journal import COMMITTED, Database
from kessai.storage.repositories.deliveries import DeliveryFilter, DeliveryReport
from tests.support.ledger import opened
from tests.support.manual_clock import START, ManualClock

PUBLIC_URL: Final = "http://kessai.test"
URL: Final = "http://receiver.test/webhooks"
RETRIES: Final = 5
TIMEOUT: Final = timedelta(seconds=30)
KEEPS: Final = timedelta(days=30)
LEASE_AT_MOST: Final = timedelta(minutes=2)


class ScriptedSender:
    """Keeps what was posted and answers as told, 200 when nothing is; `held` posts wait to be released."""

    def __init__(self) -> None:
        self.requests: list[WebhookRequest] = []
        self.held: asyncio.Event | None = None
        self._answers: deque[WebhookResult] = deque()
        self.otherwise = 200

    def answer(self, *answers: WebhookResult | int) -> None:
        """Answer the next posts so; a number is a status."""
        self._answers.extend(
            each if isinstance(each, WebhookResult) else WebhookResult(each, 7) for each in answers
        )

    async def post(self, request: WebhookRequest) -> WebhookResult:
        self.requests.append(request)
        if self.held is not None:
            await self.held.wait()
        return self._answers.popleft() if self._answers else WebhookResult(self.otherwise, 7)

    async def has_posted(self) -> bool:
        """Whether anything was posted yet."""
        return bool(self.requests)

    def bodies(self) -> list[bytes]:
        """What was posted, in order."""
        return [request.body for request in self.requests]

    def headers(self, position: int = -1) -> dict[str, str]:
        """The headers of one post, names in lower case."""
        return {name.lower(): value for name, value in self.requests[position].headers}


@dataclass
class Office:
    """One process: the use cases of webhooks on one database, and one merchant."""

    database: Database
    merchant: Merchant
    clock: ManualClock = field(default_factory=ManualClock)
    sender: WebhookSender = field(default_factory=ScriptedSender)
    seed: int = 1
    api_secret_key: str = "a key of these tests, and of nothing else"
    shorthand_secret: str | None = None

    def __post_init__(self) -> None:
        dice = SeededDice(self.seed)
        ids = UuidFactory(dice)
        box = FernetBox([self.api_secret_key])
        dialects = {"native": NativeWebhooks(PUBLIC_URL)}
        courier = Courier(self.sender, box, self.clock, dialects)
        policy = DeliveryPolicy(Schedule.doubling(timedelta(seconds=5), RETRIES), TIMEOUT)
        self.payments = Payments(self.database, ids, bank_timeout=timedelta(0))
        self.retention = Retention(self.database, self.clock, KEEPS)
        self.events = Events(self.database, ids, dialects, self.retention)
        self.endpoints = Endpoints(
            self.database,
            ids,
            dice,
            box,
            dialects,
            courier,
            destinations=Destinations(is_local=True),
            shorthand=Shorthand("native", self.shorthand_secret),
        )
        self.attempts = 0
        self.deliveries = Deliveries(
            self.database, self.clock, ids, dice, courier, dialects, policy, observe=self._count
        )

    def _count(self, _status: DeliveryStatus, _attempt: Attempt) -> None:
        self.attempts += 1

    @property
    def wire(self) -> ScriptedSender:
        """The scripted sender."""
        assert isinstance(self.sender, ScriptedSender)
        return self.sender

    async def commit(self, change: Change) -> None:
        """Write a Change that nothing is in the way of."""
        assert await self.database.commit(change) == COMMITTED

    async def endpoint(self, url: str = URL, *, secret: str | None = None, **facts: Any) -> Endpoint:
        """Make an endpoint."""
        wanted = cast(EndpointFacts, {"url": url, **facts})
        endpoint, _, change = await self.endpoints.create(
            self.merchant.id, wanted, dialect="native", secret=secret, at=self.clock.now()
        )
        await self.commit(change)
        return endpoint

    async def pay(self, simulate: str = "bank_error", **facts: Any) -> Payment:
        """Make a payment; each has two events."""
        order = Order(
            merchant_id=self.merchant.id,
            amount=Money(10000, "INR"),
            capture_method=CaptureMethod.AUTOMATIC,
            simulate=simulate,
            metadata={},
            **facts,
        )
        created = self.payments.create(order, at=self.clock.now())
        await self.commit(created.change)
        return created.payment

    async def fan_out(self) -> int:
        """Fan out all there is."""
        events = 0
        while some := await self.deliveries.fan_out():
            events += some
        return events

    async def dispatch(self) -> int:
        """Fan out, and try once what is due now."""
        await self.fan_out()
        return await self.deliver_due()

    async def deliver_due(self) -> int:
        """Try what is due until nothing is, and write down what came of it; how many attempts that were."""
        before = self.attempts
        while await self.deliveries.start_due():
            await self.deliveries.finish(within_s=20)
        return self.attempts - before

    async def begin(self) -> int:
        """Begin to try what is due; the receiver does not answer until `wire.held` is set."""
        self.wire.held = asyncio.Event()
        begun = await self.deliveries.start_due()
        await asyncio.sleep(0)
        return begun

    async def answered(self) -> None:
        """Let the receiver answer, and write down what came of it."""
        assert self.wire.held is not None
        self.wire.held.set()
        await self.deliveries.finish(within_s=20)

    async def die(self) -> None:
        """Break off what is under way, as if the process were killed."""
        await self.deliveries.finish(within_s=0)

    async def dispatch_in(self, wait: timedelta) -> int:
        """The same after some time."""
        self.clock.advance(wait)
        return await self.dispatch()

    async def reports(self, **wanted: Any) -> Sequence[DeliveryReport]:
        """Deliveries as their merchant sees them, newest first."""
        page = await self.events.deliveries(
            self.merchant.id, DeliveryFilter(**wanted), before=None, limit=100
        )
        return page.found

    async def the_report(self) -> DeliveryReport:
        """The only delivery there is."""
        (report,) = await self.reports()
        return report

    def another(self, seed: int = 2) -> Office:
        """As if another process had the database: nothing is shared but rows and the clock."""
        return Office(self.database, self.merchant, self.clock, seed=seed)


async def until(is_so: Callable[[], Awaitable[bool]], within_s: float = 20) -> None:
    """Give way to others until `is_so`: what is waited for is in a database, which sets no event."""
    async with asyncio.timeout(within_s):
        while not await is_so():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)


def merchant_named(name: str, number: int) -> Merchant:
    """A merchant whose id says who it is."""
    return Merchant(
        id=MerchantId(f"0199d3c2-5f00-7000-8000-{number:012x}"),
        name=name,
        email=None,
        default_currency="INR",
        is_active=True,
        webhook_endpoint_id=None,
        created_at=START,
        updated_at=START,
    )


@asynccontextmanager
async def open_office(url: str, **facts: Any) -> AsyncIterator[Office]:
    """An office with a new merchant."""
    async with opened(url) as database:
        office = Office(database, merchant_named("Test merchant", 1), **facts)
        await office.commit(Change(records=(office.merchant,)))
        yield office


@asynccontextmanager
async def open_beside(office: Office, url: str) -> AsyncIterator[Office]:
    """Another process on the same PostgreSQL database: connections, ids and wire of its own."""
    async with opened(url) as database:
        yield Office(database, office.merchant, office.clock, seed=office.seed + 100)
