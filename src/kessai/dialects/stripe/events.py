"""Webhooks as the Stripe API tells them: which of its events stands for which of ours, bodies, signatures.

Source: Stripe, "Types of events" and "The Event object", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kessai.dialects.stripe import signing
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.objects.charge import charge, is_charge
from kessai.dialects.stripe.objects.checkout_session import checkout_session
from kessai.dialects.stripe.objects.clock import clock
from kessai.dialects.stripe.objects.customer import customer
from kessai.dialects.stripe.objects.dispute import dispute
from kessai.dialects.stripe.objects.early_fraud_warning import early_fraud_warning
from kessai.dialects.stripe.objects.payment_intent import payment_intent
from kessai.dialects.stripe.objects.payment_link import payment_link
from kessai.dialects.stripe.objects.payment_method import payment_method
from kessai.dialects.stripe.objects.payment_source import payment_source
from kessai.dialects.stripe.objects.payout import payout
from kessai.dialects.stripe.objects.price import price
from kessai.dialects.stripe.objects.product import product
from kessai.dialects.stripe.objects.refund import refund
from kessai.dialects.stripe.objects.setup_intent import setup_intent
from kessai.dialects.stripe.older_bodies import in_version
from kessai.dialects.stripe.parameters import choices
from kessai.dialects.stripe.shape import API_VERSION, Object, pretty, seconds
from kessai.domain.catalog import Price, Product
from kessai.domain.checkout import CheckoutSession
from kessai.domain.customer import Customer
from kessai.domain.dispute import Dispute
from kessai.domain.document import Document
from kessai.domain.endpoint import EVERY_EVENT, Endpoint
from kessai.domain.event import DocumentFact, Event, EventType, PaymentFact
from kessai.domain.ids import EventId
from kessai.domain.intent import Intent
from kessai.domain.payment import CaptureMethod
from kessai.domain.payment_link import PaymentLink
from kessai.domain.payout import Payout
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup
from kessai.domain.surroundings import Look, no_look
from kessai.domain.test_clock import TestClock

NAMES: Final[Mapping[EventType, str]] = {
    EventType.PAYMENT_AUTHORIZED: "charge.succeeded",
    EventType.PAYMENT_INCREMENTED: "charge.updated",
    EventType.PAYMENT_SUCCEEDED: "charge.succeeded",
    EventType.PAYMENT_PENDING: "charge.pending",
    EventType.PAYMENT_FAILED: "charge.failed",
    EventType.PAYMENT_UPDATED: "charge.updated",
    EventType.PAYMENT_REFUNDED: "charge.refunded",
    EventType.PAYMENT_CANCELED: "charge.refunded",
    EventType.PAYMENT_EXPIRED: "charge.expired",
    EventType.PAYMENT_REFUND_UPDATED: "charge.refund.updated",
    EventType.PAYMENT_WARNED: "radar.early_fraud_warning.created",
    EventType.REFUND_CREATED: "refund.created",
    EventType.REFUND_PENDING: "charge.refunded",
    EventType.REFUND_UPDATED: "refund.updated",
    EventType.REFUND_FAILED: "refund.failed",
    EventType.INTENT_CREATED: "payment_intent.created",
    EventType.INTENT_REQUIRES_ACTION: "payment_intent.requires_action",
    EventType.INTENT_PROCESSING: "payment_intent.processing",
    EventType.INTENT_AUTHORIZED: "payment_intent.amount_capturable_updated",
    EventType.INTENT_SUCCEEDED: "payment_intent.succeeded",
    EventType.INTENT_FAILED: "payment_intent.payment_failed",
    EventType.INTENT_CANCELED: "payment_intent.canceled",
    EventType.SETUP_CREATED: "setup_intent.created",
    EventType.SETUP_REQUIRES_ACTION: "setup_intent.requires_action",
    EventType.SETUP_SUCCEEDED: "setup_intent.succeeded",
    EventType.SETUP_FAILED: "setup_intent.setup_failed",
    EventType.SETUP_CANCELED: "setup_intent.canceled",
    EventType.CUSTOMER_CREATED: "customer.created",
    EventType.CUSTOMER_UPDATED: "customer.updated",
    EventType.CUSTOMER_DELETED: "customer.deleted",
    EventType.INSTRUMENT_ATTACHED: "payment_method.attached",
    EventType.INSTRUMENT_UPDATED: "payment_method.updated",
    EventType.INSTRUMENT_DETACHED: "payment_method.detached",
    EventType.DISPUTE_CREATED: "charge.dispute.created",
    EventType.DISPUTE_UPDATED: "charge.dispute.updated",
    EventType.DISPUTE_CLOSED: "charge.dispute.closed",
    EventType.DISPUTE_FUNDS_WITHDRAWN: "charge.dispute.funds_withdrawn",
    EventType.DISPUTE_FUNDS_REINSTATED: "charge.dispute.funds_reinstated",
    EventType.PAYOUT_CREATED: "payout.created",
    EventType.PAYOUT_UPDATED: "payout.updated",
    EventType.PAYOUT_PAID: "payout.paid",
    EventType.PAYOUT_CANCELED: "payout.canceled",
    EventType.CLOCK_CREATED: "test_helpers.test_clock.created",
    EventType.CLOCK_ADVANCING: "test_helpers.test_clock.advancing",
    EventType.CLOCK_READY: "test_helpers.test_clock.ready",
    EventType.CLOCK_DELETED: "test_helpers.test_clock.deleted",
    EventType.CHECKOUT_COMPLETED: "checkout.session.completed",
    EventType.CHECKOUT_EXPIRED: "checkout.session.expired",
    EventType.CHECKOUT_PAID_LATER: "checkout.session.async_payment_succeeded",
    EventType.CHECKOUT_FAILED_LATER: "checkout.session.async_payment_failed",
    EventType.PRODUCT_CREATED: "product.created",
    EventType.PRODUCT_UPDATED: "product.updated",
    EventType.PRODUCT_DELETED: "product.deleted",
    EventType.PRICE_CREATED: "price.created",
    EventType.PRICE_UPDATED: "price.updated",
    EventType.LINK_CREATED: "payment_link.created",
    EventType.LINK_UPDATED: "payment_link.updated",
}
"""Ours to theirs. What is not here, this API does not tell of."""

_CAPTURED: Final = "charge.captured"
_OLDER: Final[Mapping[EventType, str]] = {
    EventType.INSTRUMENT_ATTACHED: "customer.source.created",
    EventType.INSTRUMENT_UPDATED: "customer.source.updated",
    EventType.INSTRUMENT_DETACHED: "customer.source.deleted",
}
"""How it is told of what was made in the words of before there were payment methods."""
TOLD: Final = tuple(sorted({*NAMES.values(), *_OLDER.values(), _CAPTURED}))
"""Every name that this API tells of, of the many that Stripe has."""
_ABOUT_REFUNDS: Final = frozenset(
    {
        EventType.REFUND_CREATED,
        EventType.REFUND_UPDATED,
        EventType.REFUND_FAILED,
        EventType.PAYMENT_REFUND_UPDATED,
    }
)
_RENDERS: Final[Mapping[type[Document], Callable[[Any, str], Object]]] = {
    CheckoutSession: checkout_session,
    Customer: customer,
    Dispute: dispute,
    Intent: payment_intent,
    PaymentLink: payment_link,
    Payout: payout,
    Price: price,
    Product: product,
    SavedInstrument: payment_method,
    Setup: setup_intent,
    TestClock: clock,
}
"""How each class of document is shown. Any: a value of that class."""


def name_of(event: Event) -> str | None:
    """What this API calls an event; None if it does not tell of it."""
    name = NAMES.get(event.type)
    fact = event.fact
    if (
        event.type in (EventType.PAYMENT_PENDING, EventType.PAYMENT_FAILED)
        and isinstance(fact, PaymentFact)
        and not is_charge(fact.payment)
    ):
        # What never got as far as an issuer is told of by its intent alone.
        return None
    if (
        event.type is EventType.PAYMENT_SUCCEEDED
        and isinstance(fact, PaymentFact)
        and fact.payment.order.capture_method is CaptureMethod.MANUAL
    ):
        # What was held before is told of as captured.
        return _CAPTURED
    if event.type is EventType.PAYMENT_REFUNDED and isinstance(fact, PaymentFact) and fact.refund_before:
        # It was told of when the refund was made.
        return None
    if event.type in _OLDER and isinstance(fact, DocumentFact) and _is_older(fact.document):
        return _OLDER[event.type]
    return name


def event_object(event: Event, public_url: str, *, pending: int = 0) -> Object:
    """An event, with its object as it was then. `pending` counts endpoints that have not acknowledged it."""
    shown, before = _shown(event, public_url)
    data: Object = {"object": shown}
    if before is not None:
        data["previous_attributes"] = changed_from(before, shown)
    cause = event.cause
    return {
        "id": encode("evt", event.id),
        "object": "event",
        "api_version": API_VERSION,
        "created": seconds(event.at),
        "data": data,
        "livemode": False,
        "pending_webhooks": pending,
        "request": {
            "id": cause and cause.request_id,
            "idempotency_key": cause and cause.idempotency_key,
        },
        "type": name_of(event) or event.type.value,
    }


def changed_from(before: Object, after: Object) -> Object:
    """The members that have changed, with the values they had; of objects only what changed inside."""
    changed: Object = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            inside = changed_from(old, new)
            changed |= {name: inside} if inside else {}
        elif old != new:
            changed[name] = old
    return changed


def _shown(event: Event, public_url: str) -> tuple[Object, Object | None]:
    fact = event.fact
    if isinstance(fact, PaymentFact):
        if event.type in _ABOUT_REFUNDS and fact.refund is not None:
            before_it = None if fact.refund_before is None else refund(fact.refund_before, public_url)
            return refund(fact.refund, public_url), before_it
        if event.type is EventType.PAYMENT_WARNED:
            return early_fraud_warning(fact.payment), None
        earlier = None if fact.before is None else charge(fact.before, public_url)
        return charge(fact.payment, public_url), earlier
    if isinstance(fact, DocumentFact):
        render = _render_of(fact.document)
        before = None if fact.before is None else render(fact.before, public_url)
        return render(fact.document, public_url), before
    raise ValueError(f"nothing is left to tell of event {event.id}")


def _render_of(document: Document) -> Callable[[Any, str], Object]:
    return payment_source if _is_older(document) else _RENDERS[type(document)]


def _is_older(document: Document) -> bool:
    return isinstance(document, SavedInstrument) and document.form != "instrument"


class StripeWebhooks:
    """A `WebhookDialect`. `public_url` begins the links in bodies."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    @property
    def event_names(self) -> tuple[str, ...]:
        """Every name that the API's document has, also of what never happens here, and `*`."""
        return choices("POST", "/v1/webhook_endpoints", "enabled_events")

    def hears(self, endpoint: Endpoint, event_type: str) -> bool:
        """Whether an endpoint may want to hear of a core event, which may have one of several names."""
        known = NAMES.get(EventType(event_type))
        if known is None:
            return False
        names = {known, _OLDER.get(EventType(event_type), known)}
        if event_type == EventType.PAYMENT_SUCCEEDED:
            names.add(_CAPTURED)
        return EVERY_EVENT in endpoint.events or not names.isdisjoint(endpoint.events)

    def tells(self, endpoint: Endpoint, event: Event) -> bool:
        """Whether it wants what this API calls this event."""
        name = name_of(event)
        return name is not None and (EVERY_EVENT in endpoint.events or name in endpoint.events)

    def version(self, endpoint: Endpoint) -> str | None:
        """The `api_version` that an endpoint was made with."""
        asked: str | None = (endpoint.details or {}).get("api_version")
        return None if asked == API_VERSION else asked

    def render(self, event: Event, version: str | None = None, look: Look = no_look) -> bytes:
        """The body that tells of an event, indented; the same event gives the same bytes."""
        told = event_object(event, self._public_url, pending=1)
        return pretty(told if version is None else in_version(told, version, look, self._public_url))

    def ping(self, event_id: EventId, endpoint: Endpoint, at: datetime) -> bytes:
        """A body that tells of nothing."""
        return pretty(
            {
                "id": encode("evt", event_id),
                "object": "event",
                "api_version": self.version(endpoint) or API_VERSION,
                "created": seconds(at),
                "data": {"object": {"id": encode("we", endpoint.id), "object": "webhook_endpoint"}},
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None},
                "type": "ping",
            }
        )

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
        """The headers of one attempt; the same for every event and attempt but for the time."""
        return signing.sign(body, secrets, at=at)

    def new_secret(self, key_material: bytes) -> str:
        """A secret of the form that Stripe's libraries expect."""
        return signing.new_secret(key_material)
