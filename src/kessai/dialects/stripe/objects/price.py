"""Prices as the Stripe API shows them."""

from __future__ import annotations

from kessai.dialects.stripe.amounts import in_units
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, seconds
from kessai.domain.catalog import Price


def price_id(value: Price) -> str:
    """Its id in this API."""
    return encode("price", value.id)


def price(value: Price, _public_url: str = "") -> Object:
    """A price."""
    whole = value.whole_amount
    unit_amount = None if whole is None else in_units(whole, value.currency)
    return {
        "id": price_id(value),
        "object": "price",
        "active": value.is_active,
        "billing_scheme": "per_unit",
        "created": seconds(value.created_at),
        "currency": value.currency.lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": value.lookup_key,
        "metadata": dict(value.metadata),
        "nickname": value.nickname,
        "product": encode("prod", value.product_id),
        "recurring": None if value.recurring is None else dict(value.recurring),
        "tax_behavior": value.details.get("tax_behavior") or "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time" if value.recurring is None else "recurring",
        "unit_amount": unit_amount,
        # Only amounts with decimals are no whole number, and those are counted as the core does.
        "unit_amount_decimal": value.amount if unit_amount is None else str(unit_amount),
    }
