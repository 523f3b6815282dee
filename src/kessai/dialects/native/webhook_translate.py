"""Endpoints, events and deliveries in the native API's words. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, assert_never, cast

from kessai.dialects.native.events import event_body
from kessai.dialects.native.translate import masked
from kessai.dialects.native.webhook_schemas import EndpointIn, EndpointPatch
from kessai.domain.delivery import Attempt, Headers
from kessai.domain.endpoint import Endpoint
from kessai.domain.event import DocumentFact, EndpointFact, Event, PaymentFact, PrunedFact
from kessai.services.endpoints import EndpointFacts
from kessai.services.ports import WebhookResult
from kessai.services.recovery import Recovered
from kessai.storage.repositories.deliveries import DeliveryReport


def facts_from(body: EndpointIn | EndpointPatch) -> EndpointFacts:
    """What was sent, and nothing else; free text keeps no real card number."""
    sent = body.model_dump(exclude_unset=True, exclude={"secret"})
    if "description" in sent:
        sent["description"] = masked(sent["description"])
    # The shapes' fields are the facts' by name and type.
    return cast(EndpointFacts, sent)


def endpoint_out(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint without its secret."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "retry_schedule": endpoint.schedule,
        "verify_tls": endpoint.verifies_tls,
        "enabled": endpoint.is_enabled,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
        "consecutive_failures": endpoint.failures,
        "paused_until": endpoint.rests_until,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def endpoint_created_out(endpoint: Endpoint, secret: str) -> dict[str, Any]:
    """An endpoint with its secret."""
    return {**endpoint_out(endpoint), "secret": secret}


def endpoint_secret_out(endpoint: Endpoint, secrets: tuple[str, ...]) -> dict[str, Any]:
    """The secrets in force, newest first."""
    previous = secrets[1] if len(secrets) > 1 else None
    return {
        "id": endpoint.id,
        "secret": secrets[0],
        "previous_secret": previous,
        "previous_expires_at": endpoint.previous_expires_at if previous else None,
    }


def ping_out(result: WebhookResult) -> dict[str, Any]:
    """What came back from a ping."""
    return {
        "delivered": result.succeeded,
        "status_code": result.status_code,
        "latency_ms": result.latency_ms,
        "answer": result.answer,
        "error": result.error,
    }


def recovered_out(endpoint_id: str, recovered: Recovered) -> dict[str, Any]:
    """How much is on its way again."""
    return {"endpoint_id": endpoint_id, **asdict(recovered)}


def event_out(event: Event, public_url: str) -> dict[str, Any]:
    """What happened, with the body that tells of it unless that was pruned."""
    payment_id, refund_id, endpoint_id, document_id = _subject(event.fact)
    return {
        "id": event.id,
        "event": event.type.value,
        "payment_id": payment_id,
        "refund_id": refund_id,
        "endpoint_id": endpoint_id,
        "document_id": document_id,
        "body": None if event.pruned_at else event_body(event, public_url),
        "pruned_at": event.pruned_at,
        "created_at": event.at,
    }


def _subject(
    fact: PaymentFact | EndpointFact | DocumentFact | PrunedFact,
) -> tuple[str | None, str | None, str | None, str | None]:
    """The ids of the payment, the refund, the endpoint and the document that an event is about."""
    match fact:
        case PaymentFact(payment, refund):
            return payment.id, refund.id if refund else None, None, None
        case EndpointFact(endpoint, _):
            return None, None, endpoint.id, None
        case DocumentFact(document):
            return None, None, None, document.id
        case PrunedFact(payment_id, refund_id, endpoint_id, _, document_id):
            return payment_id, refund_id, endpoint_id, document_id
        case _:
            assert_never(fact)


def delivery_out(report: DeliveryReport) -> dict[str, Any]:
    """A delivery with its attempts, the newest last."""
    delivery = report.delivery
    return {
        "id": delivery.id,
        "endpoint_id": delivery.endpoint_id,
        "event_id": delivery.event_id,
        "event": delivery.event_type,
        "status": delivery.status.value,
        "attempt_count": delivery.attempt_count,
        "next_attempt_at": delivery.due_at,
        "last_error": delivery.last_error,
        "body": None if delivery.pruned_at else delivery.body.decode(),
        "pruned_at": delivery.pruned_at,
        "attempts": [_attempt_out(attempt) for attempt in report.attempts],
        "created_at": delivery.created_at,
        "updated_at": delivery.updated_at,
    }


def _attempt_out(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": attempt.started_at,
        "status_code": attempt.status_code,
        "latency_ms": attempt.latency_ms,
        "connect_ms": attempt.connect_ms,
        "first_byte_ms": attempt.first_byte_ms,
        "request_headers": _headers_out(attempt.request_headers),
        "answer_headers": _headers_out(attempt.answer_headers),
        "answer": attempt.answer,
        "error": attempt.error,
    }


def _headers_out(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
