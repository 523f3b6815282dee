"""Intents as the Stripe API shows them: PaymentIntents."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.amounts import amount_of
from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.method_options import USUAL_OF_PAYMENTS, shown_options
from kessai.dialects.stripe.objects.payment_method import PREFIXES, payment_method
from kessai.dialects.stripe.objects.voucher import voucher
from kessai.dialects.stripe.shape import Object, seconds, seconds_or_none
from kessai.domain.failure import Failure
from kessai.domain.intent import Intent, IntentStatus
from kessai.domain.payment import CaptureMethod

STATUSES: Final = {
    IntentStatus.REQUIRES_INSTRUMENT: "requires_payment_method",
    IntentStatus.REQUIRES_CONFIRMATION: "requires_confirmation",
    IntentStatus.REQUIRES_ACTION: "requires_action",
    IntentStatus.PROCESSING: "processing",
    IntentStatus.AUTHORIZED: "requires_capture",
    IntentStatus.SUCCEEDED: "succeeded",
    IntentStatus.CANCELED: "canceled",
}
_CAPTURE_METHODS: Final = {
    CaptureMethod.AUTOMATIC: "automatic_async",
    CaptureMethod.MANUAL: "manual",
}
_SHOWN_AS_GIVEN: Final = (
    "allowed_payment_method_types",
    "automatic_payment_methods",
    "excluded_payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def intent_id(value: Intent) -> str:
    """Its id in this API."""
    return encode("pi", value.id)


def client_secret(value: Intent) -> str:
    """What lets a payer's browser see and confirm it."""
    return f"{intent_id(value)}_secret_{value.details['secret']}"


def payment_intent(value: Intent, public_url: str = "") -> Object:
    """A PaymentIntent."""
    details = value.details
    is_held = value.status is IntentStatus.AUTHORIZED
    return {
        "id": intent_id(value),
        "object": "payment_intent",
        "amount": amount_of(value.amount),
        "amount_capturable": amount_of(value.amount) if is_held else 0,
        "amount_details": {"tip": {}},
        "amount_received": amount_of(value.captured),
        "application": None,
        "application_fee_amount": None,
        "canceled_at": seconds_or_none(value.canceled_at),
        "cancellation_reason": value.cancellation_reason,
        "capture_method": details.get("capture_method") or _CAPTURE_METHODS[value.capture_method],
        "client_secret": client_secret(value),
        "confirmation_method": value.confirmation_method.value,
        "created": seconds(value.created_at),
        "currency": value.amount.currency.lower(),
        "customer": value.customer_id and encode_short(value.customer_id),
        "customer_account": None,
        "description": value.description,
        "last_payment_error": value.error and failure_object(value.error, value.payment_id),
        "latest_charge": value.charged_id
        and encode("ch" if value.charged_type == "card" else "py", value.charged_id),
        "livemode": False,
        "managed_payments": None,
        "metadata": dict(value.metadata),
        "next_action": _next_action(value, public_url),
        "on_behalf_of": None,
        "payment_method": value.instrument_id
        and encode(PREFIXES[value.instrument_form], value.instrument_id),
        "payment_method_configuration_details": None,
        "payment_method_options": shown_options(details, USUAL_OF_PAYMENTS),
        "payment_record": None,
        "payment_method_types": details.get("payment_method_types", ["card"]),
        "processing": _processing(value),
        "review": None,
        "source": None,
        "status": STATUSES[value.status],
        "transfer_data": None,
        **{name: details.get(name) for name in _SHOWN_AS_GIVEN},
    }


def _processing(value: Intent) -> Object | None:
    """What a payment that is under way shows of it; the API has this for cards alone."""
    is_card = value.status is IntentStatus.PROCESSING and value.charged_type == "card"
    return {"type": "card"} if is_card else None


def failure_object(failure: Failure, payment_id: str | None = None) -> Object:
    """Why a try failed, as errors tell it."""
    shown: Object = {
        "code": failure.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{failure.code.replace('_', '-')}",
        "message": failure.message,
        "type": "card_error" if failure.is_card_error else "invalid_request_error",
    }
    if failure.decline_code is not None:
        shown["decline_code"] = failure.decline_code
    if failure.param is not None:
        shown["param"] = failure.param
    if payment_id is not None and failure.was_sent:
        is_card = failure.instrument is None or failure.instrument.card is not None
        shown["charge"] = encode("ch" if is_card else "py", payment_id)
    if failure.instrument is not None:
        shown["payment_method"] = payment_method(failure.instrument)
    return shown


def _next_action(value: Intent, public_url: str) -> Object | None:
    if value.status is not IntentStatus.REQUIRES_ACTION:
        return None
    if value.slip is not None and value.payment_id is not None:
        return voucher(value.slip, value.payment_id, value.details, public_url)
    url = f"{public_url}/stripe/challenge/{intent_id(value)}?client_secret={client_secret(value)}"
    return next_action(url, value.details.get("return_url"))


def next_action(url: str, return_url: Any) -> Object:
    """Where the payer proves who they are: by redirect if there is somewhere to return to."""
    if return_url:
        return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"source": None, "stripe_js": url, "type": "three_d_secure_redirect"},
    }
