"""Bodies of webhooks for one endpoint, outside a batch of the dispatcher's."""

from __future__ import annotations

from collections.abc import Sequence

from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event
from kessai.services.webhook_dialect import WebhookDialects
from kessai.storage.journal import Database
from kessai.storage.repositories.surroundings import SurroundingsRepository


class Bodies:
    """Renders them as the dispatcher does. Where it may take a look around, that is one transaction."""

    def __init__(self, database: Database, dialects: WebhookDialects) -> None:
        self._surroundings = SurroundingsRepository(database)
        self._dialects = dialects

    async def telling(self, endpoint: Endpoint, events: Sequence[Event]) -> list[bytes]:
        """The bodies that tell an endpoint of events, in their order."""
        dialect = self._dialects[endpoint.dialect]
        version = dialect.version(endpoint)
        if version is None or not events:
            return [dialect.render(each) for each in events]
        return await self._surroundings.seen(
            lambda look_around: [dialect.render(each, version, look_around(each)) for each in events]
        )
