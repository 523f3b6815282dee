"""From parameters to shipping rates: the ways to have goods sent that a Checkout session offers.

Source: Stripe, "Charge for shipping", read 2026-11-27.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import currency_of, money_from
from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, required
from kessai.dialects.stripe.facts import given_of, masked, metadata_of
from kessai.domain.catalog import ShippingRate
from kessai.http.call import Call

_NAMES: Final = (
    *("delivery_estimate", "display_name", "fixed_amount.amount", "fixed_amount.currency", "metadata"),
    *("tax_behavior", "tax_code", "type"),
)
SHIPPING: Final = " ".join(f"shipping_options.shipping_rate_data.{name}" for name in _NAMES)
_RATES_MAX: Final = 5


def rates_of(call: Call, given: Given, currency: str) -> tuple[ShippingRate, ...]:
    """The new rates of what is offered, in the order that was given; the first is what a payer gets.

    Raises:
        StripeError: too many, or one that cannot be.
    """
    offered = given.get("shipping_options") or ()
    if len(offered) > _RATES_MAX:
        raise StripeError(f"There can be at most {_RATES_MAX} shipping options.", param="shipping_options")
    return tuple(_rate(call, each, currency, f"shipping_options[{n}]") for n, each in enumerate(offered))


def _rate(call: Call, option: Given, currency: str, within: str) -> ShippingRate:
    within = f"{within}[shipping_rate_data]"
    data = option.get("shipping_rate_data")
    if data is None:
        raise required(within)
    fixed = data.get("fixed_amount")
    if fixed is None:
        raise required(f"{within}[fixed_amount]")
    param = f"{within}[fixed_amount][currency]"
    if currency_of(fixed["currency"], param=param) != currency:
        raise StripeError("The currency of a shipping option must be that of the line items.", param=param)
    facts = {
        "name": masked(data["display_name"]),
        "amount": money_from(fixed["amount"], currency, param=f"{within}[fixed_amount][amount]"),
        "metadata": metadata_of(data, {}),
        "details": given_of(data, "delivery_estimate", "tax_behavior", "tax_code"),
    }
    return call.services.catalog.make_shipping_rate(call.merchant.id, facts, at=call.now)
