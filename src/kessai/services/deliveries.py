"""The dispatcher's work: events to deliveries, deliveries to attempts, attempts to what follows.

Every batch is one transaction, and none is open while a socket is. Several processes may do this at
once. An attempt whose process died is repeated when its lease has ended: at least once, never silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from kessai.domain.change import Change
from kessai.domain.delivery import (
    ERROR_MAX,
    Attempt,
    AttemptResult,
    Delivery,
    DeliveryStatus,
    new_delivery,
)
from kessai.domain.endpoint import Endpoint, Hearing
from kessai.domain.event import EndpointFact, Event, EventType
from kessai.domain.ids import DeliveryId, EventId
from kessai.domain.schedules import NAMED, NATIVE, Schedule
from kessai.domain.surroundings import Look
from kessai.services.courier import Courier, Letter
from kessai.services.pacing import Pacing
from kessai.services.ports import Clock, Dice, IdFactory, WebhookResult
from kessai.services.settler import Settler
from kessai.services.webhook_dialect import WebhookDialects
from kessai.storage.journal import Database
from kessai.storage.repositories.fanning_out import Compose
from kessai.storage.repositories.outbox import Outbox
from kessai.storage.repositories.settling import Settlement

Observe = Callable[[DeliveryStatus, Attempt], None]
"""Told of every attempt that counted, and where it left the delivery."""

_FANNED_OUT_AT_ONCE: Final = 100
"""Events of one transaction: with ENDPOINTS_MAX it bounds how many bodies are in memory."""
_LEASE_MARGIN: Final = timedelta(seconds=30)
"""What a lease lasts beyond the longest post: time enough to settle, also over a short outage."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """When failed attempts are repeated unless an endpoint says otherwise, how long one may take at most."""

    native: Schedule
    timeout: timedelta

    def schedule(self, name: str) -> Schedule:
        """The schedule that endpoints choose by this name."""
        return self.native if name == NATIVE else NAMED[name]


class Deliveries:
    """The use cases of a dispatcher. `when_settled` is called when there may be room for more attempts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: IdFactory,
        dice: Dice,
        courier: Courier,
        dialects: WebhookDialects,
        policy: DeliveryPolicy,
        observe: Observe = lambda _status, _attempt: None,
    ) -> None:
        self._outbox = Outbox(database)
        self._clock = clock
        self._ids = ids
        self._dice = dice
        self._courier = courier
        self._dialects = dialects
        self._policy = policy
        self._lease = policy.timeout + _LEASE_MARGIN
        self._observe = observe
        self._pacing = Pacing()
        self._settler = Settler(self._settle, self._forget)
        self._leased: dict[DeliveryId, datetime | None] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self.when_settled: Callable[[], None] = lambda: None

    async def take_over(self) -> int:
        """Repeat at once what another process left unfinished; only for the one process of a database."""
        return await self._outbox.release_all()

    async def fan_out(self) -> int:
        """Make the deliveries of new events; return how many events there were, 0 when all are done."""
        at = self._clock.now()
        return await self._outbox.fan_out(at, _FANNED_OUT_AT_ONCE, self._hears, self._compose(at))

    async def start_due(self) -> int:
        """Begin to try what is due, as much as there is room for; return how many were begun or canceled."""
        at = self._clock.now()
        due = await self._outbox.due(at)
        canceled = [
            await self._outbox.cancel(each.endpoint, at) for each in due if not each.endpoint.takes_deliveries
        ]
        shares = self._pacing.shares([each for each in due if each.endpoint.takes_deliveries])
        endpoints = {share.endpoint.id: share.endpoint for share in shares}
        rooms = {share.endpoint.id: share.room for share in shares}
        claimed = (
            await self._outbox.claim(rooms, at=at, lease=self._lease, busy=self._outlasted(at))
            if rooms
            else []
        )
        for delivery in claimed:
            self._start(delivery, endpoints[delivery.endpoint_id])
        return len(claimed) + sum(canceled)

    async def settle_late(self) -> int:
        """Write down what could not be written before; return how many attempts.

        Raises:
            KessaiError: the database does not take them; they are kept.
        """
        return await self._settler.try_again()

    async def finish(self, within_s: float) -> int:
        """Wait for the attempts under way and settle them; return how many were broken off.

        Those are repeated when their lease has ended.
        """
        late: set[asyncio.Task[None]] = set()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=within_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._settler.flush()
        return len(late)

    def _outlasted(self, at: datetime) -> list[DeliveryId]:
        """Deliveries under way here whose lease has ended: the business clock was moved, so not a rival's."""
        return [delivery_id for delivery_id, until in self._leased.items() if until is None or until <= at]

    def _start(self, delivery: Delivery, endpoint: Endpoint) -> None:
        self._leased[delivery.id] = delivery.leased_until
        self._pacing.began(endpoint)
        task = asyncio.create_task(self._attempt(delivery, endpoint))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _attempt(self, delivery: Delivery, endpoint: Endpoint) -> None:
        letter = Letter(delivery.event_id, delivery.event_type, delivery.body, delivery.attempt_count)
        started_at = self._clock.now()
        try:
            result = await self._courier.send(letter, endpoint)
        except asyncio.CancelledError:
            self._pacing.ended(endpoint, None)
            self._leased.pop(delivery.id, None)
            raise
        except Exception as error:
            # A bug of ours, and no reason to lose sight of the others.
            log.exception("attempt_broke", delivery_id=delivery.id)
            result = WebhookResult(None, 0, error=f"could not be sent ({type(error).__name__})")
        self._pacing.ended(endpoint, result)
        self._settler.add(self._settlement(delivery, endpoint, result, started_at))

    def _hears(self, endpoint: Endpoint, event_type: str) -> bool:
        return endpoint.takes_deliveries and self._dialects[endpoint.dialect].hears(endpoint, event_type)

    def _compose(self, at: datetime) -> Compose:
        rendered: dict[tuple[EventId, str, str | None], bytes] = {}

        def compose(event: Event, endpoint: Endpoint, look: Look) -> Delivery | None:
            dialect = self._dialects[endpoint.dialect]
            if not dialect.tells(endpoint, event):
                return None
            version = dialect.version(endpoint)
            key = (event.id, endpoint.dialect, version)
            if key not in rendered:
                rendered[key] = dialect.render(event, version, look)
            return new_delivery(DeliveryId(self._ids.new_id(at)), event, endpoint, rendered[key], at=at)

        return compose

    def _settlement(
        self, delivery: Delivery, endpoint: Endpoint, result: WebhookResult, started_at: datetime
    ) -> Settlement:
        error = _in_words(result)
        retry_after = None if result.retry_after_s is None else timedelta(seconds=result.retry_after_s)
        settled = delivery.settled(
            AttemptResult(result.status_code, error, retry_after),
            self._policy.schedule(endpoint.schedule),
            spread=lambda: self._dice.uniform(-1, 1),
            at=self._clock.now(),
        )
        attempt = Attempt(
            delivery_id=delivery.id,
            number=delivery.attempt_count,
            started_at=started_at,
            status_code=result.status_code,
            latency_ms=result.latency_ms,
            answer=result.answer,
            error=error[:ERROR_MAX] if error else None,
            connect_ms=result.connect_ms,
            first_byte_ms=result.first_byte_ms,
            request_headers=result.request_headers,
            answer_headers=result.answer_headers,
        )
        return Settlement(settled, attempt)

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        judge = partial(self._judge, at=self._clock.now())
        counted = await self._outbox.settle(settlements, judge)
        for each in settlements:
            self._forget(each)
        for each in counted:
            self._observe(each.delivery.status, each.attempt)
            if each.delivery.status is not DeliveryStatus.SUCCEEDED:
                _tell_of_failure(each)
        self.when_settled()

    def _forget(self, settlement: Settlement) -> None:
        """It is not under way any more, so it can be repeated when its lease has ended."""
        self._leased.pop(settlement.delivery.id, None)

    def _judge(self, endpoint: Endpoint, hearing: Hearing, *, at: datetime) -> Change:
        after = endpoint.after(hearing, self._policy.schedule(endpoint.schedule), at=at)
        if after is endpoint:
            return Change()
        if after.is_enabled or after.disabled_reason is None:
            return Change(records=(after,))
        told = Event(
            EventId(self._ids.new_id(at)),
            after.merchant_id,
            EventType.ENDPOINT_DISABLED,
            EndpointFact(after, after.disabled_reason),
            at,
        )
        return Change(records=(after,), events=(told,))


def _in_words(result: WebhookResult) -> str | None:
    if result.error is not None or result.succeeded or result.status_code is None:
        return result.error
    redirected = "; redirects are not followed" if 300 <= result.status_code < 400 else ""
    return f"answered {result.status_code}{redirected}"


def _tell_of_failure(settlement: Settlement) -> None:
    delivery, attempt = settlement.delivery, settlement.attempt
    log.warning(
        "delivery_exhausted" if delivery.status is DeliveryStatus.EXHAUSTED else "delivery_failed",
        delivery_id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        attempt=attempt.number,
        status_code=attempt.status_code,
        error=attempt.error,
        due_at=delivery.due_at.isoformat() if delivery.due_at else None,
    )
