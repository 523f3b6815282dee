"""Customers as the Stripe API shows them."""

from __future__ import annotations

from kessai.dialects.stripe.ids import encode, encode_short
from kessai.dialects.stripe.shape import Object, deleted, seconds
from kessai.domain.customer import Customer


def customer(value: Customer, _public_url: str = "") -> Object:
    """A customer; what is left of one that was deleted."""
    if value.deleted_at is not None:
        return deleted("customer", encode_short(value.id))
    details = value.details
    return {
        "id": encode_short(value.id),
        "object": "customer",
        "address": details.get("address"),
        "balance": 0,
        "created": seconds(value.created_at),
        "currency": None,
        "customer_account": None,
        "default_source": details.get("default_source"),
        "delinquent": False,
        "description": value.description,
        "discount": None,
        "email": value.email,
        "invoice_prefix": value.id.replace("-", "")[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": value.default_instrument_id
            and encode("pm", value.default_instrument_id),
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": dict(value.metadata),
        "name": value.name,
        "next_invoice_sequence": 1,
        "phone": value.phone,
        "preferred_locales": details.get("preferred_locales", []),
        "shipping": details.get("shipping"),
        "tax_exempt": details.get("tax_exempt", "none"),
        "test_clock": value.clock_id and encode("clock", value.clock_id),
    }
