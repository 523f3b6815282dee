"""Saved instruments as the Stripe API shows them: payment methods, and cards and sources in older words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.simulation.instruments import OTHER_METHODS, Authentication, PublishedInstrument, by_name

PREFIXES: Final = {"instrument": "pm", "card": "card", "source": "src"}
"""By the form in which it was made."""
CUSTOM: Final = "custom"
"""The type of a method that is none of Stripe's: a merchant's own."""
_UNCHECKED: Final = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": None}


def instrument_id(value: SavedInstrument) -> str:
    """Its id in this API."""
    return encode(PREFIXES[value.form], value.id)


def payment_method(value: SavedInstrument, _public_url: str = "") -> Object:
    """A payment method."""
    return {
        "id": instrument_id(value),
        "object": "payment_method",
        "allow_redisplay": value.details.get("allow_redisplay", "unspecified"),
        "billing_details": billing_details(value.billing),
        type_of(value): card_object(value.card, value.billing) if value.card else of_type(value),
        "created": seconds(value.created_at),
        "customer": value.customer_id and encode_short(value.customer_id),
        "customer_account": None,
        "livemode": False,
        "metadata": dict(value.metadata),
        "radar_options": {},
        "type": type_of(value),
    }


def card_object(card: SavedCard, billing: Mapping[str, Any]) -> Object:
    """What is shown of a card."""
    return {
        "brand": card.brand,
        "checks": checks(published(card), billing, has_cvc=card.has_cvc),
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.brand != "amex"},
        "wallet": None,
    }


def published(card: SavedCard) -> PublishedInstrument:
    """The row of the published test cards that it is."""
    found = by_name(card.published)
    if found is None:
        raise LookupError(f"no published card is called {card.published}")
    return found


def authentication_flow(card: SavedCard, *, is_challenged: bool) -> str | None:
    """How 3-D Secure went; None if there was none."""
    if is_challenged:
        return "challenge"
    is_frictionless = published(card).authentication is Authentication.FRICTIONLESS
    return "frictionless" if is_frictionless else None


def checks(card: PublishedInstrument, billing: Mapping[str, Any], *, has_cvc: bool) -> Object:
    """What the issuer says of the security code and the address; nothing of what was not given."""
    address = billing.get("address") or {}
    said = card.checks
    return {
        **_UNCHECKED,
        "address_line1_check": said.address_line1_check if address.get("line1") else None,
        "address_postal_code_check": said.address_postal_code_check if address.get("postal_code") else None,
        "cvc_check": said.cvc_check if has_cvc else None,
    }


def billing_details(billing: Mapping[str, Any]) -> Object:
    """Who is billed, every member there."""
    return {
        "address": address(billing.get("address")),
        "email": billing.get("email"),
        "name": billing.get("name"),
        "phone": billing.get("phone"),
        "tax_id": billing.get("tax_id"),
    }


def address(given: Mapping[str, Any] | None) -> Object:
    """An address, every member there."""
    known = given or {}
    return {name: known.get(name) for name in ("city", "country", "line1", "line2", "postal_code", "state")}


def type_of(value: SavedInstrument) -> str:
    """Its type; one that another API knows and this one does not is a merchant's own, "custom"."""
    return value.type if value.card or value.type in OTHER_METHODS else CUSTOM


def of_type(value: SavedInstrument) -> Object:
    """What is shown of one that is no card, besides what every one has."""
    if type_of(value) == CUSTOM:
        return {"display_name": value.type, "logo": None, "type": value.type}
    return dict(value.details.get(value.type) or {})
