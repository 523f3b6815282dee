"""From parameters to prices and products: those made on their own, and those made within something else."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.amounts import currency_of, price_amount
from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated
from kessai.dialects.stripe.facts import given_of, metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.domain.catalog import Price, Product
from kessai.domain.event import Event
from kessai.domain.values import value
from kessai.http.call import Call

RECURRING: Final = "recurring.interval recurring.interval_count"
_SHOWN: Final = (
    *("images", "marketing_features", "package_dimensions", "shippable"),
    *("statement_descriptor", "tax_code", "unit_label"),
)
_LONGEST: Final = {"day": 1095, "week": 156, "month": 36, "year": 3}


@value(frozen=True, slots=True)
class Sold:
    """A price and its product. `made` are those of them that are new, `events` tell of these."""

    price: Price
    product: Product
    made: tuple[Price | Product, ...] = ()
    events: tuple[Event, ...] = ()


def product_facts(given: Given, known: Product | None = None) -> dict[str, Any]:
    """The fields of a product that were given."""
    facts: dict[str, Any] = {
        **given_of(given, "name", "description", "url"),
        "metadata": metadata_of(given, known.metadata if known else {}),
        "details": {**(known.details if known else {}), **given_of(given, *_SHOWN)},
    }
    if given.get("active") is not None:
        facts["is_active"] = given["active"]
    return facts


def price_facts(given: Given, product_id: str, *, within: str = "") -> dict[str, Any]:
    """The fields of a price that were given. `within` is the parameter it is a part of, if it is.

    Raises:
        StripeError: no amount, two, or one that cannot be; or it recurs as none can.
    """
    currency = currency_of(given["currency"], param=_below(within, "currency"))
    facts: dict[str, Any] = {
        **given_of(given, "nickname", "lookup_key"),
        "product_id": product_id,
        "currency": currency,
        "amount": _amount(given, currency, within),
        "recurring": _recurring(given.get("recurring"), _below(within, "recurring")),
        "metadata": metadata_of(given, {}),
        "details": given_of(given, "tax_behavior"),
    }
    if given.get("active") is not None:
        facts["is_active"] = given["active"]
    return facts


async def sold(call: Call, given: Given, *, within: str = "", is_inline: bool = False) -> Sold:
    """A new price by its description, with a new product or one there is.

    `is_inline`: it is made for one use, and not to be offered again.

    Raises:
        StripeError: no product, two, or one that there is not; or the price cannot be.
    """
    product, made, told = await _product(call, given, within, is_inline=is_inline)
    facts = price_facts(given, product.id, within=within)
    catalog = call.services.catalog
    price = catalog.make_price(call.merchant.id, {**facts, **_offered(is_inline)}, at=call.now)
    return Sold(price, product, (*made, price), (*told, catalog.told_of_new(price)))


async def product_of(call: Call, object_id: str, *, param: str, status: int = 400) -> Product:
    """A merchant's product.

    Raises:
        StripeError: there is none of this id.
    """
    found: Product | None = await find(call, "product", object_id)
    if found is None:
        raise missing("product", object_id, param=param, status=status)
    return found


async def price_of(call: Call, object_id: str, *, param: str, status: int = 400) -> Price:
    """A merchant's price.

    Raises:
        StripeError: there is none of this id.
    """
    found: Price | None = await find(call, "price", object_id)
    if found is None:
        raise missing("price", object_id, param=param, status=status)
    return found


async def _product(
    call: Call, given: Given, within: str, *, is_inline: bool
) -> tuple[Product, tuple[Product, ...], tuple[Event, ...]]:
    name, data = given.get("product"), given.get("product_data")
    if (name is None) == (data is None):
        raise StripeError(
            "You must specify one of `product` and `product_data`, and not both.",
            param=_below(within, "product"),
            code="parameter_missing" if data is None else None,
        )
    if name is not None:
        return await product_of(call, name, param=_below(within, "product")), (), ()
    facts = product_facts(data or {})
    catalog = call.services.catalog
    made = catalog.make_product(call.merchant.id, {**facts, **_offered(is_inline)}, at=call.now)
    return made, (made,), (catalog.told_of_new(made),)


def _offered(is_inline: bool) -> dict[str, Any]:
    return {"is_active": False} if is_inline else {}


def _amount(given: Given, currency: str, within: str) -> str:
    whole, text = given.get("unit_amount"), given.get("unit_amount_decimal")
    if (whole is None) == (text is None):
        raise StripeError(
            "You must specify one of `unit_amount` and `unit_amount_decimal`, and not both.",
            param=_below(within, "unit_amount"),
            code="parameter_missing" if text is None else None,
        )
    if whole is not None:
        return price_amount(whole, currency, param=_below(within, "unit_amount"))
    return price_amount(str(text), currency, param=_below(within, "unit_amount_decimal"))


def _recurring(given: Any, param: str) -> dict[str, Any] | None:
    if not given:
        return None
    if given.get("usage_type") == "metered":
        raise not_simulated("Metered usage", param=f"{param}[usage_type]")
    interval, count = given["interval"], given.get("interval_count")
    if count is not None and not 1 <= count <= _LONGEST[interval]:
        raise StripeError(
            f"An interval_count of {interval}s must be between 1 and {_LONGEST[interval]}.",
            param=f"{param}[interval_count]",
            code="parameter_invalid_integer",
        )
    return {
        "interval": interval,
        "interval_count": count or 1,
        "meter": None,
        "usage_type": "licensed",
    }


def _below(within: str, name: str) -> str:
    return f"{within}[{name}]" if within else name
