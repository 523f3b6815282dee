"""What the webhooks ask of an API they speak: bodies, signatures, secrets of its own kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kessai.domain.endpoint import Endpoint
from kessai.domain.event import Event
from kessai.domain.ids import EventId
from kessai.domain.surroundings import Look, no_look


class WebhookDialect(Protocol):
    """A translator: the same values give the same bytes."""

    @property
    def event_names(self) -> Collection[str]:
        """What an endpoint of this API may subscribe to, `*` among it, in the order in which it is told."""
        ...

    def hears(self, endpoint: Endpoint, event_type: str) -> bool:
        """Whether an endpoint of this API may want to hear of a core event, as far as its type tells."""
        ...

    def tells(self, endpoint: Endpoint, event: Event) -> bool:
        """Whether it does, of this one."""
        ...

    def version(self, endpoint: Endpoint) -> str | None:
        """The version of this API in which an endpoint wants its bodies; None for the one that is spoken."""
        ...

    def render(self, event: Event, version: str | None = None, look: Look = no_look) -> bytes:
        """The body that tells of an event; every attempt sends the same.

        `look` shows what surrounds its subject, for a version that shows it.
        """
        ...

    def ping(self, event_id: EventId, endpoint: Endpoint, at: datetime) -> bytes:
        """A body that tells of nothing, to try an endpoint with."""
        ...

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
        """The headers of one attempt, sent at `at`; `secrets` are those in force, newest first."""
        ...

    def new_secret(self, key_material: bytes) -> str:
        """A signing secret as this API's verifiers expect it."""
        ...


WebhookDialects = Mapping[str, WebhookDialect]
"""By the names that endpoints keep."""
