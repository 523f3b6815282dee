"""What happened and where it went: reading events and deliveries, and sending them again by hand.

Methods that write return what is to be written; whoever asked commits it and wakes the dispatcher.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from kessai.domain.change import Change
from kessai.domain.delivery import Delivery, new_delivery
from kessai.domain.endpoint import ENDPOINTS_MAX, Endpoint
from kessai.domain.errors import ConflictError, InvalidFieldError
from kessai.domain.event import Event
from kessai.domain.ids import DeliveryId, EventId, MerchantId, canonical
from kessai.services.bodies import Bodies
from kessai.services.finding import found
from kessai.services.ports import IdFactory
from kessai.services.retention import Retention
from kessai.services.webhook_dialect import WebhookDialects
from kessai.storage.journal import Database
from kessai.storage.repositories.deliveries import DeliveryFilter, DeliveryReport, DeliveryRepository
from kessai.storage.repositories.endpoints import EndpointRepository
from kessai.storage.repositories.events import EventFilter, EventRepository
from kessai.storage.scanning import Wanted
from kessai.storage.windows import Page

DELIVERIES_OF_EVENT_MAX: Final = 500
"""Far above ENDPOINTS_MAX: endpoints that were deleted since have theirs too."""


class Events:
    """The use cases of events and deliveries. Lists have one more than `limit` when there is more."""

    def __init__(
        self, database: Database, ids: IdFactory, dialects: WebhookDialects, retention: Retention
    ) -> None:
        self._events = EventRepository(database)
        self._deliveries = DeliveryRepository(database)
        self._endpoints = EndpointRepository(database)
        self._ids = ids
        self._dialects = dialects
        self._bodies = Bodies(database, dialects)
        self._retention = retention

    async def get(self, merchant_id: MerchantId, event_id: str) -> Event:
        """A merchant's event.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._events.get(merchant_id, event_id), "event")

    async def delivery(self, merchant_id: MerchantId, delivery_id: str) -> DeliveryReport:
        """A merchant's delivery and its attempts.

        Raises:
            NotFoundError: unknown, or another merchant's.
        """
        return found(await self._deliveries.get(merchant_id, delivery_id), "delivery")

    def _hears(self, endpoint: Endpoint, event: Event) -> bool:
        dialect = self._dialects[endpoint.dialect]
        return (
            endpoint.takes_deliveries
            and dialect.hears(endpoint, event.type)
            and dialect.tells(endpoint, event)
        )

    async def deliveries_of(self, event: Event) -> Sequence[DeliveryReport]:
        """Where an event went, newest first."""
        return await self._deliveries.of_event(event.merchant_id, event.id, limit=DELIVERIES_OF_EVENT_MAX)

    async def redeliver(
        self, merchant_id: MerchantId, event_id: str, *, at: datetime
    ) -> tuple[Sequence[Delivery], Change]:
        """Send an event again, to every endpoint that had it or would hear it now: same id, same body.

        Raises:
            ConflictError: there is no such endpoint, or the event was pruned.
        """
        event = await self.get(merchant_id, event_id)
        if event.pruned_at is not None:
            raise self._retention.gone("event", event.pruned_at)
        sent = {report.delivery.endpoint_id: report.delivery for report in await self.deliveries_of(event)}
        endpoints = await self._endpoints.list(merchant_id, before=None, limit=ENDPOINTS_MAX)
        # In the order of their ids, as dispatchers write them: nobody waits in a ring.
        deliveries = [
            sent[endpoint.id].again(at=at) if endpoint.id in sent else await self._new(event, endpoint, at)
            for endpoint in sorted(endpoints, key=lambda each: each.id)
            if self._hears(endpoint, event) or (endpoint.id in sent and endpoint.takes_deliveries)
        ]
        if not deliveries:
            raise ConflictError(
                "no endpoint would hear this event", hint=f"create or enable one that hears {event.type}"
            )
        return deliveries, Change(records=tuple(deliveries))

    async def send_to(
        self, merchant_id: MerchantId, event_id: str, endpoint: Endpoint, *, at: datetime
    ) -> Change:
        """Send an event again to one endpoint, whether or not it would hear it.

        Raises:
            ConflictError: the endpoint takes nothing any more, or the event was pruned.
        """
        event = await self.get(merchant_id, event_id)
        if event.pruned_at is not None:
            raise self._retention.gone("event", event.pruned_at)
        if not endpoint.takes_deliveries:
            raise ConflictError("the endpoint is disabled", hint="enable it first")
        sent = [each.delivery for each in await self.deliveries_of(event)]
        before = next((each for each in sent if each.endpoint_id == endpoint.id), None)
        again = before.again(at=at) if before else await self._new(event, endpoint, at)
        return Change(records=(again,))

    async def unheard(self, event: Event, dialect: str) -> int:
        """How many endpoints of a dialect have yet to take an event: those it failed to reach as well."""
        count = await self._events.unheard(event.id, dialect=dialect)
        if count is not None:
            return count
        endpoints = await self._endpoints.list(
            event.merchant_id, before=None, limit=ENDPOINTS_MAX, dialect=dialect
        )
        return sum(self._hears(each, event) for each in endpoints)

    async def scan(
        self,
        merchant_id: MerchantId,
        wanted: Wanted,
        *,
        dialect: str,
        is_heard: bool | None,
        limit: int,
        where: Callable[[Event], bool],
    ) -> Sequence[Event]:
        """Newest first, as `EventRepository.scan`; one more than `limit` when there is more."""
        return await self._events.scan(
            merchant_id, wanted, dialect=dialect, is_heard=is_heard, limit=limit + 1, where=where
        )

    async def retry(
        self, merchant_id: MerchantId, delivery_id: str, *, at: datetime
    ) -> tuple[DeliveryReport, Change]:
        """Send one delivery again, with a fresh schedule, whatever became of it.

        Raises:
            ConflictError: its endpoint takes nothing any more, or it was pruned.
        """
        report = await self.delivery(merchant_id, delivery_id)
        if report.delivery.pruned_at is not None:
            raise self._retention.gone("delivery", report.delivery.pruned_at)
        endpoint = await self._endpoints.get(merchant_id, report.delivery.endpoint_id)
        if endpoint is None:
            raise ConflictError(
                "the endpoint of this delivery was deleted", hint="redeliver the event instead"
            )
        if not endpoint.takes_deliveries:
            raise ConflictError("the endpoint of this delivery is disabled", hint="enable it first")
        again = report.delivery.again(at=at)
        return DeliveryReport(again, report.attempts), Change(records=(again,))

    async def deliveries(
        self, merchant_id: MerchantId, wanted: DeliveryFilter, *, before: str | None, limit: int
    ) -> Page[DeliveryReport]:
        """Deliveries with their attempts, newest first; the page says where the list goes on."""
        _check_id(wanted.endpoint_id, "endpoint_id")
        _check_id(wanted.event_id, "event_id")
        _check_id(wanted.payment_id, "payment_id")
        cursor = None if before is None else DeliveryId(before)
        return await self._deliveries.list(merchant_id, wanted, before=cursor, limit=limit)

    async def list(
        self, merchant_id: MerchantId, wanted: EventFilter, *, before: str | None, limit: int
    ) -> Page[Event]:
        """Events, newest first; the page says where the list goes on."""
        _check_id(wanted.payment_id, "payment_id")
        cursor = None if before is None else EventId(before)
        return await self._events.list(merchant_id, wanted, before=cursor, limit=limit)

    async def _new(self, event: Event, endpoint: Endpoint, at: datetime) -> Delivery:
        (body,) = await self._bodies.telling(endpoint, [event])
        return new_delivery(DeliveryId(self._ids.new_id(at)), event, endpoint, body, at=at)


def _check_id(value: str | None, param: str) -> None:
    if value is not None and canonical(value) is None:
        raise InvalidFieldError(f"{param} is not an id", param=param, hint="ids are UUIDs")
