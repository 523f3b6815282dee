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
from kessai.domain.errors import KessaiError
from kessai.domain.event import EndpointFact, Event, EventType
from kessai.domain.ids import DeliveryId, EventId
from kessai.domain.schedules import NAMED, NATIVE, Schedule
from kessai.services.courier import Courier, Letter, Sent
from kessai.services.ports import Clock, Dice, IdFactory, WebhookResult
from kessai.services.webhook_dialect import WebhookDialects
from kessai.storage.journal import Database
from kessai.storage.repositories.outbox import Claimed, Compose, Outbox, Settlement

Observe = Callable[[DeliveryStatus, int], None]
"""Told of every attempt that counted: where it left the delivery, and how many milliseconds it took."""

UNDER_WAY_MAX: Final = 256
"""Attempts of one process at the same time: bounds sockets, and bodies in memory."""
_CLAIMED_AT_ONCE: Final = 64
"""Deliveries of one transaction: leaves room for those of faster receivers that come due next."""
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
    """The use cases of a dispatcher."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: IdFactory,
        dice: Dice,
        courier: Courier,
        dialects: WebhookDialects,
        policy: DeliveryPolicy,
        observe: Observe = lambda _status, _latency_ms: None,
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
        self._busy: set[DeliveryId] = set()

    async def take_over(self) -> int:
        """Repeat at once what another process left unfinished; only for the one process of a database."""
        return await self._outbox.release_all()

    async def fan_out(self) -> int:
        """Make the deliveries of new events; return how many events there were, 0 when all are done."""
        at = self._clock.now()
        return await self._outbox.fan_out(at, _FANNED_OUT_AT_ONCE, self._compose(at))

    async def deliver_due(self) -> int:
        """Try what is due and write down what came of it; return how many deliveries were tried."""
        claimed = await self.claim_due()
        await self.deliver(claimed)
        return len(claimed)

    async def claim_due(self) -> Sequence[Claimed]:
        """Take deliveries that are due, to be handed to `deliver`; none while enough are under way."""
        limit = min(_CLAIMED_AT_ONCE, UNDER_WAY_MAX - len(self._busy))
        if limit <= 0:
            return ()
        claimed = await self._outbox.claim_due(self._clock.now(), limit, self._lease, busy=self._busy)
        # The business clock may be moved past a lease while its post is under way: not in this process.
        self._busy.update(each.delivery.id for each in claimed)
        return claimed

    async def deliver(self, claimed: Sequence[Claimed]) -> None:
        """Post all of them at the same time; attempts that end while others are settled form the next batch.

        Raises:
            KessaiError: the last results could not be written; their attempts will be repeated.
        """
        tasks = {asyncio.ensure_future(self._attempt(each)) for each in claimed}
        unsettled: list[Settlement] = []
        try:
            while tasks:
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                unsettled += [task.result() for task in done]
                try:
                    await self._settle(unsettled)
                except KessaiError:
                    if not tasks:
                        raise
                else:
                    self._busy.difference_update(each.delivery.id for each in unsettled)
                    unsettled = []
        finally:
            for task in tasks:
                task.cancel()
            self._busy.difference_update(each.delivery.id for each in claimed)

    def _compose(self, at: datetime) -> Compose:
        rendered: dict[tuple[EventId, str], bytes] = {}

        def compose(event: Event, endpoint: Endpoint) -> Delivery:
            key = (event.id, endpoint.dialect)
            if key not in rendered:
                rendered[key] = self._dialects[endpoint.dialect].render(event)
            return new_delivery(DeliveryId(self._ids.new_id(at)), event, endpoint, rendered[key], at=at)

        return compose

    async def _attempt(self, claimed: Claimed) -> Settlement:
        delivery = claimed.delivery
        letter = Letter(delivery.event_id, delivery.event_type, delivery.body, delivery.attempt_count)
        started_at = self._clock.now()
        try:
            sent = await self._courier.send(letter, claimed.endpoint)
        except Exception as error:
            # A bug of ours, and no reason to lose sight of the others.
            log.exception("attempt_broke", delivery_id=delivery.id)
            sent = Sent((), WebhookResult(None, 0, error=f"could not be sent ({type(error).__name__})"))
        return self._settlement(claimed, sent, started_at)

    def _settlement(self, claimed: Claimed, sent: Sent, started_at: datetime) -> Settlement:
        delivery, result = claimed.delivery, sent.result
        error = _in_words(result)
        retry_after = None if result.retry_after_s is None else timedelta(seconds=result.retry_after_s)
        settled = delivery.settled(
            AttemptResult(result.status_code, error, retry_after),
            self._policy.schedule(claimed.endpoint.schedule),
            spread=self._dice.uniform(-1, 1),
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
            request_headers=sent.headers,
            answer_headers=result.answer_headers,
        )
        return Settlement(settled, attempt)

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        judge = partial(self._judge, at=self._clock.now())
        for each in await self._outbox.settle(settlements, judge):
            self._observe(each.delivery.status, each.attempt.latency_ms)
            if each.delivery.status is not DeliveryStatus.SUCCEEDED:
                _tell_of_failure(each)

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
