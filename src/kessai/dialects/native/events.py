"""Webhooks as the native API tells them: bodies and signatures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, assert_never

from kessai.dialects.native import signing
from kessai.dialects.native.documents import document_out
from kessai.dialects.native.translate import payment_out, refund_out
from kessai.domain.endpoint import EVERY_EVENT, Endpoint
from kessai.domain.event import NATIVE_EVENTS, DocumentFact, EndpointFact, Event, PaymentFact, PrunedFact
from kessai.domain.ids import EventId
from kessai.domain.surroundings import Look, no_look
from kessai.http.json import to_json

EVENT_NAMES: Final = (EVERY_EVENT, *(each.value for each in NATIVE_EVENTS))
"""What an endpoint may subscribe to."""


class NativeWebhooks:
    """A `WebhookDialect`. `public_url` begins the links in bodies."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    @property
    def event_names(self) -> tuple[str, ...]:
        """`*`, and what this API tells of."""
        return EVENT_NAMES

    def hears(self, endpoint: Endpoint, event_type: str) -> bool:
        """What is subscribed to, of what this API tells of."""
        return endpoint.hears(event_type) and event_type in NATIVE_EVENTS

    def tells(self, endpoint: Endpoint, event: Event) -> bool:
        """Its type says it all."""
        return True

    def version(self, endpoint: Endpoint) -> str | None:
        """There is but one."""
        return None

    def render(self, event: Event, version: str | None = None, look: Look = no_look) -> bytes:
        """The body that tells of an event, compact; the same event gives the same bytes."""
        return to_json(event_body(event, self._public_url))

    def ping(self, event_id: EventId, endpoint: Endpoint, at: datetime) -> bytes:
        """A body that tells of nothing."""
        return to_json({"id": event_id, "event": "ping", "endpoint_id": endpoint.id, "timestamp": at})

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
        """The headers of one attempt."""
        return signing.sign(body, secrets, event_id=event_id, event_type=event_type, attempt=attempt, at=at)

    def new_secret(self, key_material: bytes) -> str:
        """A secret of the form that Standard Webhooks' libraries expect."""
        return signing.new_secret(key_material)


def event_body(event: Event, public_url: str) -> dict[str, Any]:
    """What is told of an event that was not pruned: its subject as it was at that moment."""
    body: dict[str, Any] = {"id": event.id, "event": event.type.value}
    match event.fact:
        case PaymentFact(payment, refund):
            body["payment"] = payment_out(payment, public_url)
            if refund is not None:
                body["refund"] = refund_out(refund)
        case EndpointFact(endpoint, reason):
            body["endpoint"] = {
                "id": endpoint.id,
                "url": endpoint.url,
                "enabled": endpoint.is_enabled,
                "failing_since": endpoint.failing_since,
            }
            body["reason"] = reason
        case DocumentFact(document):
            body[document.kind] = document_out(document, public_url)
        case PrunedFact(pruned_at=pruned_at):
            raise ValueError(f"nothing is left to tell of event {event.id}, pruned at {pruned_at}")
        case _:
            assert_never(event.fact)
    return {**body, "timestamp": event.at}
