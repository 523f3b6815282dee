"""Saved instruments in the words of before there were payment methods: cards, and sources of a card.

Source: Stripe API reference, "Cards" and "Sources", read 2026-11-26.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.ids import encode_short
from kessai.dialects.stripe.objects.payment_method import address, checks, instrument_id, published
from kessai.dialects.stripe.shape import Object, deleted, seconds
from kessai.domain.saved_instrument import SavedCard, SavedInstrument

BRANDS: Final = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
"""How a network was called, by how it is called now."""
_FORMS: Final = frozenset({"card", "source"})


def is_source(value: SavedInstrument) -> bool:
    """Whether it was made in the words of before there were payment methods."""
    return value.form in _FORMS


def payment_source(value: SavedInstrument, public_url: str = "") -> Object:
    """A card or a source, by how it was made."""
    return source(value, public_url) if value.form == "source" else card(value, public_url)


def card(value: SavedInstrument, _public_url: str = "") -> Object:
    """A card."""
    kept = card_of(value)
    billed = address(value.billing.get("address"))
    said = checks(published(kept), value.billing, has_cvc=kept.has_cvc)
    return {
        "id": instrument_id(value),
        "object": "card",
        "address_city": billed["city"],
        "address_country": billed["country"],
        "address_line1": billed["line1"],
        "address_line1_check": said["address_line1_check"],
        "address_line2": billed["line2"],
        "address_state": billed["state"],
        "address_zip": billed["postal_code"],
        "address_zip_check": said["address_postal_code_check"],
        "allow_redisplay": value.details.get("allow_redisplay", "unspecified"),
        "brand": BRANDS.get(kept.brand, "Unknown"),
        "country": kept.country,
        "customer": value.customer_id and encode_short(value.customer_id),
        "cvc_check": said["cvc_check"],
        "dynamic_last4": None,
        "exp_month": kept.exp_month,
        "exp_year": kept.exp_year,
        "fingerprint": kept.fingerprint,
        "funding": kept.funding,
        "last4": kept.last4,
        "metadata": dict(value.metadata),
        "name": value.billing.get("name"),
        "networks": {"preferred": None},
        "regulated_status": "unregulated",
        "tokenization_method": None,
    }


def source(value: SavedInstrument, _public_url: str = "") -> Object:
    """A source of a card. One that is nobody's is consumed by its first use."""
    kept = card_of(value)
    said = checks(published(kept), value.billing, has_cvc=kept.has_cvc)
    shown: Object = {
        "id": instrument_id(value),
        "object": "source",
        "allow_redisplay": value.details.get("allow_redisplay", "unspecified"),
        "amount": None,
        "card": {
            "address_line1_check": said["address_line1_check"],
            "address_zip_check": said["address_postal_code_check"],
            "brand": BRANDS.get(kept.brand, "Unknown"),
            "country": kept.country,
            "cvc_check": said["cvc_check"],
            "dynamic_last4": None,
            "exp_month": kept.exp_month,
            "exp_year": kept.exp_year,
            "fingerprint": kept.fingerprint,
            "funding": kept.funding,
            "last4": kept.last4,
            "name": value.billing.get("name"),
            "three_d_secure": "optional",
            "tokenization_method": None,
        },
        "client_secret": client_secret(value),
        "created": seconds(value.created_at),
        "currency": value.details.get("currency"),
        "flow": "none",
        "livemode": False,
        "metadata": dict(value.metadata),
        "owner": _owner(value),
        "statement_descriptor": value.details.get("statement_descriptor"),
        "status": "consumed" if value.is_detached else "chargeable",
        "type": "card",
        "usage": "reusable",
    }
    if value.customer_id is not None:
        shown["customer"] = encode_short(value.customer_id)
    return shown


def client_secret(value: SavedInstrument) -> str:
    """What lets a payer's browser see it."""
    return f"src_client_secret_{instrument_id(value).removeprefix('src_')[::-1]}"


def gone(value: SavedInstrument) -> Object:
    """What is left of a card that a customer had."""
    return {**deleted("card", instrument_id(value)), "currency": None}


def card_of(value: SavedInstrument) -> SavedCard:
    """Its card: in older words there is nothing else."""
    if value.card is None:
        raise LookupError(f"{value.id} is no card")
    return value.card


def _owner(value: SavedInstrument) -> Object:
    billing = value.billing
    return {
        "address": billing.get("address"),
        "email": billing.get("email"),
        "name": billing.get("name"),
        "phone": billing.get("phone"),
        "verified_address": None,
        "verified_email": None,
        "verified_name": None,
        "verified_phone": None,
    }
