"""From the core's values to the native API's words, and back. Pure both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from kessai.domain.delivery import Attempt, Delivery
from kessai.domain.errors import InvalidFieldError
from kessai.domain.event import Event
from kessai.domain.instrument import Instrument, InstrumentType
from kessai.domain.merchant import ApiKey, Merchant
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod, Order, Payment
from kessai.domain.refund import Refund
from kessai.domain.transitions import Status, Transition
from kessai.services.timelines import Timeline
from kessai.simulation.card_data import mask_card_data, mask_card_data_under
from kessai.simulation.cards import PUBLISHED, VPAS, admit, brand_of
from kessai.simulation.decide import effective
from kessai.simulation.table import DEFAULT
from kessai.storage.repositories.payments import PaymentFilter

if TYPE_CHECKING:
    # What renders webhooks needs no models of requests.
    from kessai.dialects.native.schemas import In, PaymentIn, PaymentMethodIn, PaymentQuery, UpiIn

_CAPTURE_METHODS: Final = {each.value: each for each in CaptureMethod}


def order_from(body: PaymentIn, merchant: Merchant) -> Order:
    """What a merchant asks to be paid; free text keeps no card data."""
    _refuse_two_payers(body)
    instrument, by_instrument = _instrument(body)
    return Order(
        merchant_id=merchant.id,
        amount=Money(body.amount, body.currency or merchant.default_currency),
        capture_method=_CAPTURE_METHODS[body.capture_method],
        simulate=effective(body.simulate, by_instrument),
        delay=None if body.delay_s is None else timedelta(seconds=body.delay_s),
        hold_lasts=_hold_lasts(body),
        description=masked(body.description),
        customer_email=masked(body.customer_email),
        reference=masked(body.reference),
        metadata=masked_metadata(body.metadata),
        instrument=instrument,
    )


def _refuse_two_payers(body: PaymentIn) -> None:
    if body.instrument_id is not None and body.payment_method is not None:
        raise InvalidFieldError(
            "instrument_id and payment_method both say what pays",
            param="instrument_id",
            hint="leave one of them out",
        )
    if body.off_session and body.instrument_id is None and body.customer_id is None:
        raise InvalidFieldError(
            "off_session is only for a payment with a saved instrument",
            param="off_session",
            hint="name it as instrument_id, or its customer as customer_id",
        )


def _hold_lasts(body: PaymentIn) -> timedelta | None:
    if body.expires_in_s is None:
        return None
    if body.capture_method != "manual":
        raise InvalidFieldError(
            "expires_in_s is only for a payment that is captured by hand",
            param="expires_in_s",
            hint="add capture_method manual, or leave it out",
        )
    return timedelta(seconds=body.expires_in_s)


def filter_from(query: PaymentQuery) -> PaymentFilter:
    """What a list is narrowed by; text is looked for as it was kept."""
    wanted = {field.name: getattr(query, field.name) for field in fields(PaymentFilter)}
    return PaymentFilter(
        **{**wanted, "reference": masked(query.reference), "customer_email": masked(query.customer_email)}
    )


def masked(text: str | None) -> str | None:
    """Free text without card data."""
    return text and mask_card_data(text)


def masked_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """The same of what a merchant keeps with something."""
    return metadata and {
        mask_card_data(key): mask_card_data_under(key, each) for key, each in metadata.items()
    }


def sent_of(body: In, *free_text: str) -> dict[str, Any]:
    """What was sent, and nothing else; free text and metadata keep no card data."""
    sent = body.model_dump(exclude_unset=True)
    sent |= {name: masked(sent[name]) for name in free_text if name in sent}
    if "metadata" in sent:
        sent["metadata"] = masked_metadata(sent["metadata"])
    return sent


def kind_of(method: PaymentMethodIn, within: str = "") -> InstrumentType:
    """What kind of instrument is described. `within` begins the names of fields.

    Raises:
        InvalidFieldError: its details are missing, or another kind's.
    """
    kind = InstrumentType(method.type)
    for name in ("card", "upi"):
        if (getattr(method, name) is not None) != (name == kind):
            verb = "is required" if name == kind else "is only for"
            raise InvalidFieldError(f"{within}{name} {verb} when type is {name}", param=f"{within}{name}")
    return kind


def simulate_by(upi: UpiIn | None) -> str:
    """What an instrument that is no card leads to."""
    return VPAS.get(upi.vpa, DEFAULT) if upi else DEFAULT


def _instrument(body: PaymentIn) -> tuple[Instrument | None, str]:
    method = body.payment_method
    if method is None:
        return None, DEFAULT
    kind = kind_of(method, "payment_method.")
    if method.card is not None:
        number = admit(method.card.number, param="payment_method.card.number")
        return Instrument(kind, brand_of(number), number[-4:]), PUBLISHED[number]
    return Instrument(kind), simulate_by(method.upi)


def payment_out(payment: Payment, public_url: str) -> dict[str, Any]:
    """A payment as the native API shows it."""
    order = payment.order
    instrument = order.instrument
    # Only of a payment whose payer is known.
    details = payment.details
    return {
        "id": payment.id,
        "amount": order.amount.minor,
        "currency": order.amount.currency,
        "status": payment.status.value,
        "description": order.description,
        "customer_email": order.customer_email,
        "metadata": order.metadata,
        "reference": order.reference,
        "capture_method": order.capture_method.value,
        "simulate": order.simulate,
        "captured_amount": payment.captured.minor,
        "refunded_amount": payment.refunded.minor,
        "error_code": payment.error_code,
        "error_message": payment.error_message,
        "payment_method": instrument
        and {"type": instrument.type.value, "brand": instrument.brand, "last4": instrument.last4},
        "customer_id": details and details.customer_id,
        "instrument_id": details and details.instrument and details.instrument.id,
        "intent_id": order.intent_id,
        "next_action": _next_action(payment, public_url),
        "created_at": payment.created_at,
        "updated_at": payment.updated_at,
        "authorized_at": payment.authorized_at,
        "captured_at": payment.captured_at,
        "expires_at": payment.expires_at,
    }


def _next_action(payment: Payment, public_url: str) -> dict[str, Any] | None:
    """The page where the payer has something to do."""
    if payment.status is Status.REQUIRES_ACTION:
        return {"redirect_url": f"{public_url}/challenge/{payment.id}"}
    return {"redirect_url": f"{public_url}/slips/{payment.id}"} if payment.slip else None


def refund_out(refund: Refund) -> dict[str, Any]:
    """A refund as the native API shows it."""
    return {
        "id": refund.id,
        "payment_id": refund.payment_id,
        "amount": refund.amount.minor,
        "currency": refund.amount.currency,
        "status": refund.status.value,
        "reason": refund.reason,
        "payment_status": refund.payment_status.value,
        "error_code": refund.error_code,
        "created_at": refund.created_at,
    }


def timeline_out(timeline: Timeline) -> dict[str, Any]:
    """Every state change, event and delivery attempt, oldest first; the cause goes before its effects."""
    entries = [
        *((each.at, _transition_out(each)) for each in timeline.payment.transitions),
        *((each.at, _event_out(each)) for each in timeline.events),
        *((attempt.started_at, _attempt_out(delivery, attempt)) for delivery, attempt in timeline.attempts),
    ]
    return {
        "payment_id": timeline.payment.id,
        "data": [entry for _, entry in sorted(entries, key=lambda timed: timed[0])],
    }


def _event_out(event: Event) -> dict[str, Any]:
    return {"kind": "event", "at": event.at, "event_id": event.id, "event": event.type.value}


def _attempt_out(delivery: Delivery, attempt: Attempt) -> dict[str, Any]:
    return {
        "kind": "attempt",
        "at": attempt.started_at,
        "event_id": delivery.event_id,
        "event": delivery.event_type,
        "endpoint_id": delivery.endpoint_id,
        "delivery_id": delivery.id,
        "attempt": attempt.number,
        "status_code": attempt.status_code,
        "error": attempt.error,
    }


def _transition_out(transition: Transition) -> dict[str, Any]:
    return {
        "kind": "transition",
        "at": transition.at,
        "action": transition.action.value,
        "from_status": transition.source and transition.source.value,
        "to_status": transition.target.value,
        "amount": transition.amount,
    }


def merchant_out(merchant: Merchant, webhook_url: str | None) -> dict[str, Any]:
    """A merchant as it sees itself."""
    return {
        "id": merchant.id,
        "name": merchant.name,
        "email": merchant.email,
        "default_currency": merchant.default_currency,
        "webhook_url": webhook_url,
        "is_active": merchant.is_active,
        "created_at": merchant.created_at,
    }


def key_out(key: ApiKey) -> dict[str, Any]:
    """A key without its secret."""
    return {
        "id": key.id,
        "name": key.name,
        "public_key": key.public_key,
        "last4": key.last4,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def issued_key_out(key: ApiKey, secret_key: str) -> dict[str, Any]:
    """A key with its secret: shown this once."""
    return {
        "id": key.id,
        "name": key.name,
        "public_key": key.public_key,
        "secret_key": secret_key,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "previous_expires_at": key.previous_expires_at,
    }
