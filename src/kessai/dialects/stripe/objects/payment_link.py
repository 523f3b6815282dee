"""Payment links as the Stripe API shows them."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.objects.checkout_session import (
    NO_INVOICE,
    NO_TEXT,
    shipping_address_collection,
)
from kessai.dialects.stripe.shape import Object
from kessai.domain.payment_link import PaymentLink

INTENT_NAMES: Final = (
    *("capture_method", "description", "metadata", "setup_future_usage"),
    *("statement_descriptor", "statement_descriptor_suffix", "transfer_group"),
)
"""What a link says of the PaymentIntents that its sessions make."""


def link_id(value: PaymentLink) -> str:
    """Its id in this API."""
    return encode("plink", value.id)


def link_url(value: PaymentLink, public_url: str) -> str:
    """What is opened."""
    return f"{public_url}/stripe/links/{link_id(value)}"


def payment_link(value: PaymentLink, public_url: str = "") -> Object:
    """A link, without its lines."""
    details = value.details
    return {
        "id": link_id(value),
        "object": "payment_link",
        "active": value.is_active,
        "after_completion": _after_completion(value),
        "allow_promotion_codes": bool(details.get("allow_promotion_codes")),
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": details.get("billing_address_collection", "auto"),
        "consent_collection": None,
        "currency": value.currency.lower(),
        "custom_fields": [],
        "custom_text": NO_TEXT,
        "customer_creation": details.get("customer_creation", "if_required"),
        "inactive_message": value.inactive_message,
        "invoice_creation": {"enabled": False, "invoice_data": NO_INVOICE},
        "livemode": False,
        "managed_payments": None,
        "metadata": dict(value.metadata),
        "on_behalf_of": None,
        "optional_items": None,
        "payment_intent_data": _intent_data(value),
        "payment_method_collection": "always",
        "payment_method_options": None,
        "payment_method_types": details.get("payment_method_types"),
        "phone_number_collection": {"enabled": bool(details.get("asks_phone"))},
        "restrictions": _restrictions(value),
        "shipping_address_collection": shipping_address_collection(details),
        "shipping_options": [],
        "submit_type": details.get("submit_type", "auto"),
        "subscription_data": None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": link_url(value, public_url),
    }


def _after_completion(value: PaymentLink) -> Object:
    if value.redirect_url is not None:
        return {"type": "redirect", "redirect": {"url": value.redirect_url}}
    message = {"custom_message": value.details.get("confirmation")}
    return {"type": "hosted_confirmation", "hosted_confirmation": message}


def _intent_data(value: PaymentLink) -> Object | None:
    known = value.details.get("intent")
    if known is None:
        return None
    return {**{name: known.get(name) for name in INTENT_NAMES}, "metadata": known.get("metadata") or {}}


def _restrictions(value: PaymentLink) -> Object | None:
    if value.completed_max is None:
        return None
    return {"completed_sessions": {"count": value.completed, "limit": value.completed_max}}
