"""Setups as the Stripe API shows them: SetupIntents, and their tries."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.method_options import USUAL_OF_SETUPS, shown_options
from kessai.dialects.stripe.objects.payment_intent import failure_object, next_action
from kessai.dialects.stripe.objects.payment_method import (
    CUSTOM,
    PREFIXES,
    authentication_flow,
    checks,
    instrument_id,
    published,
    type_of,
)
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.domain.setup import Setup, SetupAttempt, SetupAttemptStatus, SetupStatus

STATUSES: Final = {
    SetupStatus.REQUIRES_INSTRUMENT: "requires_payment_method",
    SetupStatus.REQUIRES_CONFIRMATION: "requires_confirmation",
    SetupStatus.REQUIRES_ACTION: "requires_action",
    SetupStatus.PROCESSING: "processing",
    SetupStatus.SUCCEEDED: "succeeded",
    SetupStatus.CANCELED: "canceled",
}
_OF_BANKS: Final = {
    "bancontact": "bank_code bank_name bic generated_sepa_debit generated_sepa_debit_mandate iban_last4 "
    "preferred_language verified_name",
    "ideal": "bank bic generated_sepa_debit generated_sepa_debit_mandate iban_last4 verified_name",
}
"""What a try shows of a bank; kessai knows none of it."""


def setup_id(value: Setup) -> str:
    """Its id in this API."""
    return encode("seti", value.id)


def setup_secret(value: Setup) -> str:
    """What lets a payer's browser see and confirm it."""
    return f"{setup_id(value)}_secret_{value.details['secret']}"


def setup_intent(value: Setup, public_url: str = "") -> Object:
    """A SetupIntent."""
    details = value.details
    return {
        "id": setup_id(value),
        "object": "setup_intent",
        "allowed_payment_method_types": details.get("allowed_payment_method_types"),
        "application": None,
        "automatic_payment_methods": details.get("automatic_payment_methods"),
        "cancellation_reason": value.cancellation_reason,
        "client_secret": setup_secret(value),
        "created": seconds(value.created_at),
        "customer": value.customer_id and encode_short(value.customer_id),
        "customer_account": None,
        "description": value.description,
        "excluded_payment_method_types": details.get("excluded_payment_method_types"),
        "flow_directions": None,
        "last_setup_error": value.error and failure_object(value.error),
        "latest_attempt": value.attempt_id and encode("setatt", value.attempt_id),
        "livemode": False,
        "managed_payments": None,
        "mandate": None,
        "metadata": dict(value.metadata),
        "next_action": _next_action(value, public_url),
        "on_behalf_of": None,
        "payment_method": value.instrument_id
        and encode(PREFIXES[value.instrument_form], value.instrument_id),
        "payment_method_configuration_details": None,
        "payment_method_options": shown_options(details, USUAL_OF_SETUPS),
        "payment_method_types": details.get("payment_method_types", ["card"]),
        "single_use_mandate": None,
        "status": STATUSES[value.status],
        "usage": value.usage,
    }


def setup_attempt(value: SetupAttempt, _public_url: str = "") -> Object:
    """One try of a SetupIntent."""
    return {
        "id": encode("setatt", value.id),
        "object": "setup_attempt",
        "application": None,
        "created": seconds(value.created_at),
        "customer": value.customer_id and encode_short(value.customer_id),
        "customer_account": None,
        "flow_directions": None,
        "livemode": False,
        "on_behalf_of": None,
        "payment_method": instrument_id(value.instrument),
        "payment_method_details": _method_details(value),
        "setup_error": value.error and failure_object(value.error),
        "setup_intent": encode("seti", value.setup_id),
        "status": value.status.value.lower(),
        "usage": value.usage,
    }


def _next_action(value: Setup, public_url: str) -> Object | None:
    if value.status is not SetupStatus.REQUIRES_ACTION:
        return None
    url = f"{public_url}/stripe/challenge/{setup_id(value)}?client_secret={setup_secret(value)}"
    return next_action(url, value.details.get("return_url"))


def _method_details(attempt: SetupAttempt) -> Object:
    instrument = attempt.instrument
    if type_of(instrument) == CUSTOM:
        return {"type": CUSTOM}
    shown = (
        _card_details(attempt, instrument, instrument.card)
        if instrument.card
        else dict.fromkeys(_OF_BANKS.get(instrument.type, "").split())
    )
    return {"type": instrument.type, instrument.type: shown}


def _card_details(attempt: SetupAttempt, instrument: SavedInstrument, card: SavedCard) -> Object:
    return {
        "brand": card.brand,
        "checks": checks(published(card), instrument.billing, has_cvc=card.has_cvc),
        "country": card.country,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "network": card.brand,
        "three_d_secure": _three_d_secure(attempt, card),
        "wallet": None,
    }


def _three_d_secure(attempt: SetupAttempt, card: SavedCard) -> Object | None:
    flow = authentication_flow(card, is_challenged=attempt.is_challenged)
    is_settled = attempt.status in (SetupAttemptStatus.SUCCEEDED, SetupAttemptStatus.FAILED)
    if flow is None or not is_settled:
        return None
    has_failed = attempt.error is not None and not attempt.error.was_sent
    return {
        "authentication_flow": flow,
        "electronic_commerce_indicator": None if has_failed else "05",
        "result": "failed" if has_failed else "authenticated",
        "result_reason": "rejected" if has_failed else None,
        "transaction_id": attempt.id,
        "version": "2.2.0",
    }
