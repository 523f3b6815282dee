"""What happened, as it was at that moment. The event row is the outbox of the webhooks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import EndpointId, EventId, MerchantId, PaymentId, RefundId
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.values import value


class EventType(StrEnum):
    """The events an endpoint may subscribe to."""

    PAYMENT_CREATED = "payment.created"
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_CANCELED = "payment.canceled"
    PAYMENT_EXPIRED = "payment.expired"
    PAYMENT_REQUIRES_ACTION = "payment.requires_action"
    REFUND_PENDING = "refund.pending"
    REFUND_FAILED = "refund.failed"
    ENDPOINT_DISABLED = "endpoint.disabled"


@value(frozen=True, slots=True)
class PaymentFact:
    """A payment, with its refund if the event is about one."""

    payment: Payment
    refund: Refund | None = None


@value(frozen=True, slots=True)
class EndpointFact:
    """An endpoint that was switched off, and why."""

    endpoint: Endpoint
    reason: str


@value(frozen=True, slots=True)
class PrunedFact:
    """What is left of a fact that was too old to keep: whose it was, and since when it is gone."""

    payment_id: PaymentId | None
    refund_id: RefundId | None
    endpoint_id: EndpointId | None
    pruned_at: datetime


@value(frozen=True, slots=True)
class Event:
    """One fact with its name and time."""

    id: EventId
    merchant_id: MerchantId
    type: EventType
    fact: PaymentFact | EndpointFact | PrunedFact
    at: datetime

    @property
    def pruned_at(self) -> datetime | None:
        """When its body was forgotten, if it was."""
        return self.fact.pruned_at if isinstance(self.fact, PrunedFact) else None
