"""Sending an endpoint all it has missed, after it was down or disabled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kessai.domain.change import Change
from kessai.domain.delivery import Delivery, new_delivery
from kessai.domain.endpoint import Endpoint
from kessai.domain.errors import ConflictError, InvalidFieldError
from kessai.domain.event import Event
from kessai.domain.ids import DeliveryId, EventId, MerchantId
from kessai.services.bodies import Bodies
from kessai.services.endpoints import Endpoints
from kessai.services.ports import IdFactory
from kessai.services.webhook_dialect import WebhookDialects
from kessai.storage.journal import Committed, Database, Observer
from kessai.storage.repositories.recovery import Period, RecoveryRepository

_AT_ONCE: Final = 100
"""Deliveries of one transaction: small, so that writers hardly notice."""
RECOVERED_MAX: Final = 100_000
"""Deliveries of one request, which then says that there is more."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What is on its way now: `recovered` had been given up, `missed` had never been sent there.

    `pruned` cannot be sent any more. `has_more`: the bound was reached, ask again.
    """

    recovered: int
    missed: int
    pruned: int
    has_more: bool = False


class Recovery:
    """The use case of recovering. `committed` is told of each batch, once it is durable.

    Asked twice, it finds nothing to do the second time: what is on its way has not been given up.
    """

    def __init__(
        self,
        database: Database,
        ids: IdFactory,
        endpoints: Endpoints,
        dialects: WebhookDialects,
        committed: Observer,
    ) -> None:
        self._database = database
        self._repository = RecoveryRepository(database)
        self._ids = ids
        self._endpoints = endpoints
        self._bodies = Bodies(database, dialects)
        self._committed = committed

    async def recover(
        self, merchant_id: MerchantId, endpoint_id: str, period: Period, *, at: datetime
    ) -> Recovered:
        """Send again what happened in the period and did not arrive: same ids, same bodies, fresh schedules.

        Raises:
            NotFoundError: there is no such endpoint.
            ConflictError: it is disabled.
            InvalidFieldError: the period is in the future, or ends before it begins.
        """
        endpoint = await self._endpoints.get(merchant_id, endpoint_id)
        if not endpoint.takes_deliveries:
            raise ConflictError("this endpoint is disabled", hint="enable it first, then recover it")
        _check(period, at)
        given_up = await self._given_up(endpoint, period, at)
        # Before it was made it missed nothing.
        there = Period(max(period.since, endpoint.created_at), period.until)
        missed = await self._missed(endpoint, there, at, RECOVERED_MAX - given_up.recovered)
        return Recovered(
            given_up.recovered,
            missed.missed,
            given_up.pruned + missed.pruned,
            given_up.has_more or missed.has_more,
        )

    async def _given_up(self, endpoint: Endpoint, period: Period, at: datetime) -> Recovered:
        recovered = pruned = 0
        after: DeliveryId | None = None
        while recovered < RECOVERED_MAX:
            page = await self._repository.given_up(endpoint, period, after=after, limit=_AT_ONCE)
            whole = [each.again(at=at) for each in page.found if each.pruned_at is None]
            recovered += await self._save(whole)
            pruned += len(page.found) - len(whole)
            if page.last is None:
                return Recovered(recovered, 0, pruned)
            after = DeliveryId(page.last)
        return Recovered(recovered, 0, pruned, has_more=True)

    async def _missed(self, endpoint: Endpoint, period: Period, at: datetime, most: int) -> Recovered:
        missed = pruned = 0
        after: EventId | None = None
        while missed < most:
            page = await self._repository.missed(endpoint, period, after=after, limit=_AT_ONCE)
            whole = [each for each in page.found if each.pruned_at is None]
            missed += await self._save(await self._new(whole, endpoint, at))
            pruned += len(page.found) - len(whole)
            if page.last is None:
                return Recovered(0, missed, pruned)
            after = EventId(page.last)
        return Recovered(0, missed, pruned, has_more=True)

    async def _new(self, events: Sequence[Event], endpoint: Endpoint, at: datetime) -> list[Delivery]:
        bodies = await self._bodies.telling(endpoint, events)
        return [
            new_delivery(DeliveryId(self._ids.new_id(at)), event, endpoint, body, at=at)
            for event, body in zip(events, bodies, strict=True)
        ]

    async def _save(self, deliveries: Sequence[Delivery]) -> int:
        """Write them together; how many. One that somebody else moves meanwhile is left to them."""
        if not deliveries or await self._is_saved(deliveries):
            return len(deliveries)
        return sum([await self._is_saved([each]) for each in deliveries])

    async def _is_saved(self, deliveries: Sequence[Delivery]) -> bool:
        change = Change(records=tuple(deliveries))
        result = await self._database.commit(change)
        if not isinstance(result, Committed):
            return False
        self._committed(change, result)
        return True


def _check(period: Period, at: datetime) -> None:
    if period.since > at:
        raise InvalidFieldError("since is in the future", param="since", hint="say since when it was down")
    if period.until <= period.since:
        raise InvalidFieldError("until is not after since", param="until", hint="leave it out for now")
