"""What happened, as it was at that moment. The event row is the outbox of the webhooks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from kessai.domain.document import Document
from kessai.domain.endpoint import Endpoint
from kessai.domain.ids import EndpointId, EventId, MerchantId, PaymentId, RefundId
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.values import value


class EventType(StrEnum):
    """The events an endpoint may subscribe to."""

    PAYMENT_CREATED = "payment.created"
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_INCREMENTED = "payment.incremented"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_CANCELED = "payment.canceled"
    PAYMENT_EXPIRED = "payment.expired"
    PAYMENT_REQUIRES_ACTION = "payment.requires_action"
    PAYMENT_PENDING = "payment.pending"
    PAYMENT_UPDATED = "payment.updated"
    PAYMENT_REFUND_UPDATED = "payment.refund_updated"
    PAYMENT_WARNED = "payment.warned"
    REFUND_CREATED = "refund.created"
    REFUND_PENDING = "refund.pending"
    REFUND_UPDATED = "refund.updated"
    REFUND_FAILED = "refund.failed"
    INTENT_CREATED = "intent.created"
    INTENT_REQUIRES_ACTION = "intent.requires_action"
    INTENT_PROCESSING = "intent.processing"
    INTENT_AUTHORIZED = "intent.authorized"
    INTENT_SUCCEEDED = "intent.succeeded"
    INTENT_FAILED = "intent.failed"
    INTENT_CANCELED = "intent.canceled"
    SETUP_CREATED = "setup.created"
    SETUP_REQUIRES_ACTION = "setup.requires_action"
    SETUP_SUCCEEDED = "setup.succeeded"
    SETUP_FAILED = "setup.failed"
    SETUP_CANCELED = "setup.canceled"
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    CUSTOMER_DELETED = "customer.deleted"
    INSTRUMENT_ATTACHED = "instrument.attached"
    INSTRUMENT_UPDATED = "instrument.updated"
    INSTRUMENT_DETACHED = "instrument.detached"
    DISPUTE_CREATED = "dispute.created"
    DISPUTE_UPDATED = "dispute.updated"
    DISPUTE_CLOSED = "dispute.closed"
    DISPUTE_FUNDS_WITHDRAWN = "dispute.funds_withdrawn"
    DISPUTE_FUNDS_REINSTATED = "dispute.funds_reinstated"
    CHECKOUT_COMPLETED = "checkout.completed"
    CHECKOUT_EXPIRED = "checkout.expired"
    CHECKOUT_PAID_LATER = "checkout.paid_later"
    CHECKOUT_FAILED_LATER = "checkout.failed_later"
    PRODUCT_CREATED = "product.created"
    PRODUCT_UPDATED = "product.updated"
    PRODUCT_DELETED = "product.deleted"
    PRICE_CREATED = "price.created"
    PRICE_UPDATED = "price.updated"
    LINK_CREATED = "link.created"
    LINK_UPDATED = "link.updated"
    PAYOUT_CREATED = "payout.created"
    PAYOUT_UPDATED = "payout.updated"
    PAYOUT_PAID = "payout.paid"
    PAYOUT_FAILED = "payout.failed"
    PAYOUT_CANCELED = "payout.canceled"
    CLOCK_CREATED = "clock.created"
    CLOCK_ADVANCING = "clock.advancing"
    CLOCK_READY = "clock.ready"
    CLOCK_DELETED = "clock.deleted"
    ENDPOINT_DISABLED = "endpoint.disabled"


NATIVE_EVENTS: Final = (
    EventType.PAYMENT_CREATED,
    EventType.PAYMENT_AUTHORIZED,
    EventType.PAYMENT_INCREMENTED,
    EventType.PAYMENT_SUCCEEDED,
    EventType.PAYMENT_FAILED,
    EventType.PAYMENT_REFUNDED,
    EventType.PAYMENT_CANCELED,
    EventType.PAYMENT_EXPIRED,
    EventType.PAYMENT_REQUIRES_ACTION,
    EventType.REFUND_PENDING,
    EventType.REFUND_FAILED,
    EventType.CUSTOMER_CREATED,
    EventType.CUSTOMER_UPDATED,
    EventType.CUSTOMER_DELETED,
    EventType.INSTRUMENT_ATTACHED,
    EventType.INSTRUMENT_UPDATED,
    EventType.INSTRUMENT_DETACHED,
    EventType.INTENT_CREATED,
    EventType.INTENT_REQUIRES_ACTION,
    EventType.INTENT_PROCESSING,
    EventType.INTENT_AUTHORIZED,
    EventType.INTENT_SUCCEEDED,
    EventType.INTENT_FAILED,
    EventType.INTENT_CANCELED,
    EventType.SETUP_CREATED,
    EventType.SETUP_REQUIRES_ACTION,
    EventType.SETUP_SUCCEEDED,
    EventType.SETUP_FAILED,
    EventType.SETUP_CANCELED,
    EventType.DISPUTE_CREATED,
    EventType.DISPUTE_UPDATED,
    EventType.DISPUTE_CLOSED,
    EventType.PAYOUT_CREATED,
    EventType.PAYOUT_PAID,
    EventType.PAYOUT_CANCELED,
    EventType.ENDPOINT_DISABLED,
)
"""What the native API tells of. The others are of what only other APIs have routes for."""


@value(frozen=True, slots=True)
class PaymentFact:
    """A payment, with its refund if the event is about one.

    `before` is how it stood, where what is kept with it, held of it or left of it was changed, and
    `refund_before` how its refund did.
    """

    payment: Payment
    refund: Refund | None = None
    before: Payment | None = None
    refund_before: Refund | None = None


@value(frozen=True, slots=True)
class EndpointFact:
    """An endpoint that was switched off, and why."""

    endpoint: Endpoint
    reason: str


@value(frozen=True, slots=True)
class DocumentFact:
    """A document, and how it stood before if it was changed."""

    document: Document
    before: Document | None = None


@value(frozen=True, slots=True)
class Cause:
    """The request that brought an event about; none when the clock did."""

    request_id: str
    idempotency_key: str | None = None


@value(frozen=True, slots=True)
class PrunedFact:
    """What is left of a fact that was too old to keep: whose it was, and since when it is gone."""

    payment_id: PaymentId | None
    refund_id: RefundId | None
    endpoint_id: EndpointId | None
    pruned_at: datetime
    document_id: str | None = None


@value(frozen=True, slots=True)
class Event:
    """One fact with its name and time."""

    id: EventId
    merchant_id: MerchantId
    type: EventType
    fact: PaymentFact | EndpointFact | DocumentFact | PrunedFact
    at: datetime
    cause: Cause | None = None

    @property
    def pruned_at(self) -> datetime | None:
        """When its body was forgotten, if it was."""
        return self.fact.pruned_at if isinstance(self.fact, PrunedFact) else None
