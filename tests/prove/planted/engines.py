"""What works beside the API, with a bug: dispatchers that heed no version, give their places to whoever asks
first, or sign what time it was; a housekeeper that forgets nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from kessai.domain.ids import EventId
from kessai.services.pacing import UNDER_WAY_MAX, Pacing, Share
from kessai.services.webhook_dialect import WebhookDialect
from kessai.storage.repositories.claiming import Due
from kessai.storage.repositories.outbox import Outbox
from kessai.storage.repositories.retention import RetentionRepository
from kessai.storage.repositories.settling import Judge, Settlement, settle
from kessai.storage.tables import webhook_deliveries

_CLAIMED_AT_ONCE = 128


class Unfenced(Outbox):
    """Takes every result for the newest: one that outlasted its lease overwrites what came after it."""

    async def settle(self, settlements: Sequence[Settlement], judge: Judge) -> list[Settlement]:
        return await self._database.run(lambda connection: _settle_all(connection, settlements, judge))


def _settle_all(connection: Connection, settlements: Sequence[Settlement], judge: Judge) -> list[Settlement]:
    table = webhook_deliveries
    ids = [each.delivery.id for each in settlements]
    found = connection.execute(select(table.c.id, table.c.version).where(table.c.id.in_(ids)))
    versions = {row.id: row.version for row in found}
    return settle(connection, [_at_version(each, versions) for each in settlements], judge)


def _at_version(settlement: Settlement, versions: dict[str, int]) -> Settlement:
    version = versions[settlement.delivery.id] + 1
    return replace(settlement, delivery=replace(settlement.delivery, version=version))


class SignedWithTheEventsTime:
    """Signs correctly, with the time of the event: receivers refuse late retries as replays."""

    def __init__(self, inner: WebhookDialect) -> None:
        self._inner = inner
        self.render = inner.render
        self.version = inner.version
        self.ping = inner.ping
        self.new_secret = inner.new_secret
        self.hears = inner.hears
        self.tells = inner.tells
        self.event_names = inner.event_names

    def sign(
        self,
        body: bytes,
        secrets: Sequence[str],
        *,
        event_id: str,
        event_type: str,
        attempt: int,
        at: datetime,
    ) -> tuple[tuple[str, str], ...]:
        at = datetime.fromisoformat(json.loads(body)["timestamp"])
        return self._inner.sign(
            body, secrets, event_id=event_id, event_type=event_type, attempt=attempt, at=at
        )


class FirstComeFirstServed(Pacing):
    """Knows one bound, of all attempts together: what is due longest gets every place."""

    def shares(self, due: Sequence[Due]) -> list[Share]:
        free = min(UNDER_WAY_MAX - self._under_way, _CLAIMED_AT_ONCE)
        return [
            Share(each.endpoint, free // len(due) + 1) for each in sorted(due, key=lambda one: one.since)
        ][: max(0, free)]


class KeepsAll(RetentionRepository):
    """Finds what is too old, and lets it be."""

    async def prune(self, event_ids: list[EventId], *, at: datetime) -> int:
        return 0
