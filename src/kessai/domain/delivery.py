"""One event on its way to one endpoint: when it is tried, when it is given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event, PaymentFact
from kessai.domain.ids import DeliveryId, EndpointId, EventId, MerchantId, PaymentId
from kessai.domain.schedules import Schedule
from kessai.domain.values import value

RETRY_AFTER_MAX: Final = timedelta(hours=1)
"""How far a receiver's Retry-After may push the next attempt."""
GONE: Final = 410
ERROR_MAX: Final = 500
"""Characters kept of what went wrong."""


class DeliveryStatus(StrEnum):
    """PENDING before the first attempt, RETRYING between attempts; the others are final."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    RETRYING = "RETRYING"
    EXHAUSTED = "EXHAUSTED"
    CANCELED = "CANCELED"


OPEN: Final = (DeliveryStatus.PENDING, DeliveryStatus.RETRYING)


@value(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`attempt_count` numbers the attempts from 1, `retry_count` is the place in the schedule.

    `due_at` is None when final. `leased_until` keeps other dispatchers off while one is trying.
    `payment_id` is whose event it is: first sendings of one payment's events go in their order.
    `pruned_at` is when its body and attempts were forgotten.
    """

    id: DeliveryId
    merchant_id: MerchantId
    event_id: EventId
    endpoint_id: EndpointId
    event_type: str
    status: DeliveryStatus
    body: bytes
    attempt_count: int
    retry_count: int
    due_at: datetime | None
    leased_until: datetime | None
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    version: int = 1
    payment_id: PaymentId | None = None
    pruned_at: datetime | None = None

    def canceled(self, reason: str, *, at: datetime) -> Delivery:
        """Not to be tried any more, since nobody is there to hear."""
        return replace(
            self,
            status=DeliveryStatus.CANCELED,
            due_at=None,
            leased_until=None,
            last_error=reason,
            updated_at=at,
            version=self.version + 1,
        )

    def settled(
        self,
        result: AttemptResult,
        schedule: Schedule,
        *,
        spread: Callable[[], float],
        at: datetime,
    ) -> Delivery:
        """What follows from one attempt; `spread` gives a number in -1..1, the jitter of a retry."""
        status, due_at, retry_count = DeliveryStatus.SUCCEEDED, None, self.retry_count
        if not result.succeeded:
            status = DeliveryStatus.EXHAUSTED
            if result.status_code != GONE and retry_count < len(schedule.delays):
                delay = schedule.delay(retry_count, spread=spread())
                if result.retry_after is not None:
                    delay = max(delay, min(result.retry_after, RETRY_AFTER_MAX))
                status, due_at, retry_count = DeliveryStatus.RETRYING, at + delay, retry_count + 1
        return replace(
            self,
            status=status,
            retry_count=retry_count,
            due_at=due_at,
            leased_until=None,
            updated_at=at,
            last_error=None if result.succeeded or not result.error else result.error[:ERROR_MAX],
            version=self.version + 1,
        )

    def again(self, *, at: datetime) -> Delivery:
        """Due at once with a fresh schedule, whatever became of it; asked for by hand."""
        return replace(
            self,
            status=DeliveryStatus.RETRYING if self.attempt_count else DeliveryStatus.PENDING,
            retry_count=0,
            due_at=at,
            leased_until=None,
            updated_at=at,
            version=self.version + 1,
        )


@value(frozen=True, slots=True)
class AttemptResult:
    """What one try came to. `error` says in words why it failed."""

    status_code: int | None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        """Any 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300


Headers = tuple[tuple[str, str], ...]
"""Names and values, in their order."""


@value(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try as it is kept: when, what was sent and came back, how long it took.

    `latency_ms` is all of it; `connect_ms` is None on a connection that was open already, `first_byte_ms`
    where no answer began. Headers are as they went over the wire; those of an answer are hostile data.
    """

    delivery_id: DeliveryId
    number: int
    started_at: datetime
    status_code: int | None
    latency_ms: int
    answer: str
    error: str | None
    connect_ms: int | None = None
    first_byte_ms: int | None = None
    request_headers: Headers = ()
    answer_headers: Headers = ()


def new_delivery(
    delivery_id: DeliveryId, event: Event, endpoint: Endpoint, body: bytes, *, at: datetime
) -> Delivery:
    """`event` on its way to `endpoint`, due at once."""
    return Delivery(
        id=delivery_id,
        merchant_id=event.merchant_id,
        event_id=event.id,
        endpoint_id=endpoint.id,
        event_type=event.type.value,
        status=DeliveryStatus.PENDING,
        body=body,
        attempt_count=0,
        retry_count=0,
        due_at=at,
        leased_until=None,
        last_error=None,
        created_at=at,
        updated_at=at,
        payment_id=event.fact.payment.id if isinstance(event.fact, PaymentFact) else None,
    )
