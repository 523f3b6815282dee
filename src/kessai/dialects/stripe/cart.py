"""From parameters to a cart: the lines that a payer is shown, what they may be paid by, what else is asked.

Discounts, taxes and invoices are not simulated; some may be said to be off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from kessai.dialects.stripe.amounts import amount_of, charged, currency_of
from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated, required
from kessai.dialects.stripe.facts import given_of, metadata_of, refuse_real_numbers_in
from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.objects.checkout_session import line_item
from kessai.dialects.stripe.paging import cursors_of, limit_of, shown_of
from kessai.dialects.stripe.selling import Sold, price_of, sold
from kessai.dialects.stripe.shape import Object, list_object
from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutLine, QuantityBounds
from kessai.domain.money import Money
from kessai.http.call import Call
from kessai.simulation.instruments import OTHER_METHODS

Line: TypeAlias = tuple[Given, Sold]
"""A line that was asked for, and what is sold by it."""
_NAMES: Final = (
    *("price", "quantity", "price_data.currency", "price_data.product"),
    *(f"price_data.product_data.{name}" for name in ("name", "description", "images", "metadata")),
    *(f"price_data.product_data.{name}" for name in ("tax_code", "unit_label")),
    *("price_data.recurring.interval", "price_data.recurring.interval_count", "price_data.tax_behavior"),
    *("price_data.unit_amount", "price_data.unit_amount_decimal"),
)
LINES: Final = " ".join(f"line_items.{name}" for name in _NAMES)
ADJUSTABLE: Final = "line_items.adjustable_quantity"
_SWITCHES: Final = ("automatic_tax", "invoice_creation", "tax_id_collection")
SWITCHES: Final = " ".join(f"{name}.enabled" for name in _SWITCHES)
"""What may be said to be off."""
COLLECTED: Final = (
    "allow_promotion_codes billing_address_collection phone_number_collection "
    "shipping_address_collection.allowed_countries"
)
"""What a payer is asked besides an e-mail address and how to pay."""
_QUANTITY_MAX: Final = 999_999
_ADJUSTED_MAX: Final = 99
"""As many as a payer may choose unless it is said."""
_ANY_CURRENCY: Final = "usd"


async def lines_of(call: Call, given: Given, *, at_most: int) -> Sequence[Line]:
    """The lines that were asked for.

    Raises:
        StripeError: none, too many, or one that cannot be sold.
    """
    lines = given.get("line_items")
    if not lines:
        raise required("line_items")
    if len(lines) > at_most:
        raise StripeError(f"There can be at most {at_most} line items.", param="line_items")
    return [(each, await _sold(call, each, f"line_items[{index}]")) for index, each in enumerate(lines)]


def line_facts(line: Line) -> dict[str, Any]:
    """The fields of a line."""
    given, each = line
    return {
        "name": each.product.name,
        "price": each.price,
        "quantity": given["quantity"],
        "bounds": _bounds_of(given.get("adjustable_quantity") or {}),
        "metadata": metadata_of(given, {}),
    }


def made_with(lines: Sequence[Line]) -> Change:
    """The products and prices that are new with these lines."""
    return Change(
        records=tuple(new for _, each in lines for new in each.made),
        events=tuple(event for _, each in lines for event in each.events),
    )


def currency_in(given: Given, lines: Sequence[Line]) -> str:
    """The one currency of all lines; without lines the one that is given.

    Raises:
        StripeError: they differ.
    """
    if not lines:
        return currency_of(given.get("currency") or _ANY_CURRENCY)
    first = lines[0][1].price.currency
    for index, (_, each) in enumerate(lines):
        if each.price.currency != first:
            raise StripeError("All line items must have the same currency.", param=f"line_items[{index}]")
    if given.get("currency") and currency_of(given["currency"]) != first:
        raise StripeError("The currency must be that of the line items.", param="currency")
    return first


def quantity_of(line: Given, within: str) -> int:
    """How many of it; `within` is the parameter of the line.

    Raises:
        StripeError: none, or too many.
    """
    quantity: int | None = line.get("quantity")
    if quantity is None:
        raise required(f"{within}[quantity]")
    if not 1 <= quantity <= _QUANTITY_MAX:
        raise StripeError(
            f"A quantity must be between 1 and {_QUANTITY_MAX}.",
            param=f"{within}[quantity]",
            code="parameter_invalid_integer",
        )
    return quantity


def refuse_unpayable(total: Money, *, param: str = "line_items") -> None:
    """Refuse a total that is neither nothing nor what may be charged."""
    if total:
        charged(amount_of(total), total.currency, param=param)


def refuse_extras(given: Given) -> None:
    """Refuse what could only be said to be off."""
    for name in _SWITCHES:
        if (given.get(name) or {}).get("enabled"):
            raise not_simulated(name, param=name)


def collected_of(given: Given) -> dict[str, Any]:
    """What a payer is to be asked, as far as it was given.

    No promotion code exists here, so none is asked for where they are allowed.
    """
    details = given_of(given, "allow_promotion_codes", "billing_address_collection")
    if "phone_number_collection" in given:
        details["asks_phone"] = given["phone_number_collection"]["enabled"]
    if "shipping_address_collection" in given:
        details["ships_to"] = (given["shipping_address_collection"] or {}).get("allowed_countries")
    return details


def refuse_methods(given: Given, *, is_setup: bool = False) -> None:
    """Refuse payment methods that the page has no choice for."""
    for index, method in enumerate(given.get("payment_method_types") or ()):
        # Others can be set up too, but not from this page.
        if method != "card" and (is_setup or method not in OTHER_METHODS):
            raise not_simulated(f"The payment method type {method}", param=f"payment_method_types[{index}]")


def web_url(url: str, param: str) -> str:
    """An address that a browser can be sent to.

    Raises:
        StripeError: it is none.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or not url.isprintable() or " " in url:
        raise StripeError("Not a valid URL", param=param, code="url_invalid")
    refuse_real_numbers_in(url, param)
    return url


def page_of_lines(given: Given, url: str, lines: Sequence[CheckoutLine]) -> Object:
    """A page of lines, in the order they were given. `url` is the list's own."""
    limit, (after, before) = limit_of(given), cursors_of(given)
    if before:
        found = lines[: place_of(lines, before, "ending_before")]
    else:
        found = lines[place_of(lines, after, "starting_after") + 1 :] if after else lines
    shown = shown_of(found, limit, is_backward=bool(before))
    return list_object(url, [line_item(each) for each in shown], has_more=len(found) > limit)


def place_of(lines: Sequence[CheckoutLine], object_id: str, param: str) -> int:
    """Where among the lines this one is.

    Raises:
        StripeError: it is none of them.
    """
    line_id = decode("li", object_id)
    place = next((index for index, each in enumerate(lines) if each.id == line_id), None)
    if place is None:
        raise missing("line_item", object_id, param=param)
    return place


def _bounds_of(adjustable: Given) -> QuantityBounds | None:
    if not adjustable.get("enabled"):
        return None
    return QuantityBounds(adjustable.get("minimum", 0), adjustable.get("maximum", _ADJUSTED_MAX))


def _refuse_bounds(line: Given, quantity: int, within: str) -> None:
    """Refuse what a payer may choose, if it leaves the quantity out or is none at all."""
    bounds = _bounds_of(line.get("adjustable_quantity") or {})
    if bounds is None:
        return
    if not 0 <= bounds.minimum <= quantity <= bounds.maximum <= _QUANTITY_MAX:
        raise StripeError(
            f"An adjustable quantity needs a minimum of 0 or more and a maximum of {_QUANTITY_MAX} or less, "
            "with the quantity between them.",
            param=f"{within}[adjustable_quantity]",
            code="parameter_invalid_integer",
        )


async def _sold(call: Call, line: Given, within: str) -> Sold:
    _refuse_bounds(line, quantity_of(line, within), within)
    name, data = line.get("price"), line.get("price_data")
    if (name is None) == (data is None):
        raise StripeError(
            "You must specify one of `price` and `price_data`, and not both.",
            param=f"{within}[price]",
            code="parameter_missing" if name is None else None,
        )
    found = (
        await sold(call, data or {}, within=f"{within}[price_data]", is_inline=True)
        if name is None
        else await _offered(call, name, f"{within}[price]")
    )
    if found.price.recurring is not None:
        raise StripeError(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode "
            "or use only one-time prices.",
            param=within,
        )
    return found


async def _offered(call: Call, name: str, param: str) -> Sold:
    price = await price_of(call, name, param=param)
    if not price.is_active:
        raise StripeError(
            "The price specified is inactive. This field only accepts active prices.", param=param
        )
    product = await call.services.catalog.get_product(call.merchant.id, price.product_id)
    if not product.is_active:
        raise StripeError(
            "The product of the price specified is inactive. Prices of active products only are accepted.",
            param=param,
        )
    return Sold(price, product)
