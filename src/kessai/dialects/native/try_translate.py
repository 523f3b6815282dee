"""Intents and setups in the native API's words, and back. Pure both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kessai.dialects.native.translate import masked, masked_metadata, sent_of
from kessai.domain.failure import Failure
from kessai.domain.intent import ConfirmationMethod, Intent, IntentStatus
from kessai.domain.merchant import Merchant
from kessai.domain.money import Money
from kessai.domain.payment import CaptureMethod
from kessai.domain.setup import Setup, SetupStatus
from kessai.services.asked import Asked

if TYPE_CHECKING:
    # What renders webhooks needs no models of requests.
    from kessai.dialects.native.try_schemas import IntentIn, IntentPatch, SetupIn

_USAGE: Final = "off_session"
"""What is set up here is good for payments without its payer."""


def asked_from(body: IntentIn, merchant: Merchant) -> Asked:
    """What a merchant asks to be paid; free text keeps no real card number."""
    return Asked(
        amount=Money(body.amount, body.currency or merchant.default_currency),
        capture_method=CaptureMethod(body.capture_method),
        confirmation_method=ConfirmationMethod(body.confirmation_method),
        description=masked(body.description),
        metadata=masked_metadata(body.metadata),
        details={},
    )


def intent_facts(body: IntentPatch, currency: str) -> dict[str, Any]:
    """What was sent of an intent in this currency, and nothing else; free text keeps no real card number."""
    sent = sent_of(body, "description")
    if "amount" in sent:
        sent["amount"] = Money(sent["amount"], currency)
    if "capture_method" in sent:
        sent["capture_method"] = CaptureMethod(sent["capture_method"])
    return sent


def setup_facts(body: SetupIn) -> dict[str, Any]:
    """The same of what is to be set up."""
    return {
        "usage": _USAGE,
        "description": masked(body.description),
        "metadata": masked_metadata(body.metadata),
        "details": {},
    }


def intent_out(intent: Intent, public_url: str) -> dict[str, Any]:
    """An intent."""
    is_asked = intent.status is IntentStatus.REQUIRES_ACTION
    page = "slips" if intent.slip else "challenge"
    return {
        "id": intent.id,
        "amount": intent.amount.minor,
        "currency": intent.amount.currency,
        "status": intent.status.value,
        "capture_method": intent.capture_method.value,
        "confirmation_method": intent.confirmation_method.value,
        "captured_amount": intent.captured.minor,
        "customer_id": intent.customer_id,
        "instrument_id": intent.instrument_id,
        "payment_id": intent.payment_id,
        "description": intent.description,
        "metadata": intent.metadata,
        **_error_out(intent.error),
        "next_action": _to(f"{public_url}/{page}/{intent.payment_id}") if is_asked else None,
        "created_at": intent.created_at,
        "updated_at": intent.updated_at,
        "canceled_at": intent.canceled_at,
    }


def setup_out(setup: Setup, public_url: str) -> dict[str, Any]:
    """A setup."""
    is_asked = setup.status is SetupStatus.REQUIRES_ACTION
    return {
        "id": setup.id,
        "status": setup.status.value,
        "customer_id": setup.customer_id,
        "instrument_id": setup.instrument_id,
        "description": setup.description,
        "metadata": setup.metadata,
        **_error_out(setup.error),
        "next_action": _to(f"{public_url}/challenge/setups/{setup.id}") if is_asked else None,
        "created_at": setup.created_at,
        "updated_at": setup.updated_at,
        "canceled_at": setup.canceled_at,
    }


def _error_out(error: Failure | None) -> dict[str, Any]:
    return {
        "error_code": error.error_code if error else None,
        "error_message": error.message if error else None,
    }


def _to(url: str) -> dict[str, str]:
    return {"redirect_url": url}
