"""Products as the Stripe API shows them."""

from __future__ import annotations

from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.shape import Object, deleted, seconds
from kessai.domain.catalog import Product


def product_id(value: Product) -> str:
    """Its id in this API."""
    return encode("prod", value.id)


def product(value: Product, _public_url: str = "") -> Object:
    """A product; what is left of one that was deleted."""
    if value.deleted_at is not None:
        return deleted("product", product_id(value))
    details = value.details
    return {
        "id": product_id(value),
        "object": "product",
        "active": value.is_active,
        "created": seconds(value.created_at),
        "default_price": value.default_price_id and encode("price", value.default_price_id),
        "description": value.description,
        "images": details.get("images") or [],
        "livemode": False,
        "marketing_features": details.get("marketing_features") or [],
        "metadata": dict(value.metadata),
        "name": value.name,
        "package_dimensions": details.get("package_dimensions"),
        "shippable": details.get("shippable"),
        "statement_descriptor": details.get("statement_descriptor"),
        "tax_code": details.get("tax_code"),
        "tax_details": None,
        "type": "service",
        "unit_label": details.get("unit_label"),
        "updated": seconds(value.updated_at),
        "url": value.url,
    }
