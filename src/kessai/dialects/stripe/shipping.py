"""From parameters to shipping rates: the ways to have goods sent that a Checkout session offers.

Source: Stripe, "Charge for shipping", read 2026-11-27.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import currency_of, money_from
from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, missing, required
from kessai.dialects.stripe.facts import given_of, masked, metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.domain.catalog import ShippingRate
from kessai.http.call import Call

RATE: Final = (
    *("delivery_estimate", "display_name", "fixed_amount.amount", "fixed_amount.currency", "metadata"),
    *("tax_behavior", "tax_code", "type"),
)
"""What a new rate is described by."""
SHIPPING: Final = " ".join(
    ("shipping_options.shipping_rate", *(f"shipping_options.shipping_rate_data.{name}" for name in RATE))
)
_RATES_MAX: Final = 5


async def rates_of(call: Call, given: Given, currency: str) -> tuple[list[ShippingRate], list[ShippingRate]]:
    """What is offered, in the order that was given, the first is what a payer gets; and which of it is new.

    Raises:
        StripeError: too many, or one that cannot be.
    """
    offered, rates, new = given.get("shipping_options") or (), [], []
    if len(offered) > _RATES_MAX:
        raise StripeError(f"There can be at most {_RATES_MAX} shipping options.", param="shipping_options")
    for number, option in enumerate(offered):
        rate, param = await _offered(call, option, f"shipping_options[{number}]")
        if rate.amount.currency != currency:
            raise StripeError(
                "The currency of a shipping option must be that of the line items.", param=param
            )
        rates.append(rate)
        if not option.get("shipping_rate"):
            new.append(rate)
    return rates, new


async def _offered(call: Call, option: Given, within: str) -> tuple[ShippingRate, str]:
    """One option's rate, and the parameter that says its currency."""
    name, data = option.get("shipping_rate"), option.get("shipping_rate_data")
    if name and data:
        raise StripeError(
            "You may only specify one of these parameters: shipping_rate, shipping_rate_data.", param=within
        )
    if name:
        param = f"{within}[shipping_rate]"
        return await _usable(call, name, param), param
    within = f"{within}[shipping_rate_data]"
    if data is None:
        raise required(within)
    return new_rate(call, data, within=within), f"{within}[fixed_amount][currency]"


def new_rate(call: Call, data: Given, *, within: str = "") -> ShippingRate:
    """A rate as it is described. `within` is the parameter that this is a part of.

    Raises:
        StripeError: it says nothing of what it costs, or what cannot be.
    """
    name = f"{within}[fixed_amount]" if within else "fixed_amount"
    fixed = data.get("fixed_amount")
    if fixed is None:
        raise required(name)
    currency = currency_of(fixed["currency"], param=f"{name}[currency]")
    facts = {
        "name": masked(data["display_name"]),
        "amount": money_from(fixed["amount"], currency, param=f"{name}[amount]"),
        "metadata": metadata_of(data, {}),
        "details": given_of(data, "delivery_estimate", "tax_behavior", "tax_code"),
    }
    return call.services.catalog.make_shipping_rate(call.merchant.id, facts, at=call.now)


async def rate_of(call: Call, name: str, *, param: str, status: int = 400) -> ShippingRate:
    """A merchant's shipping rate.

    Raises:
        StripeError: there is none such.
    """
    known: ShippingRate | None = await find(call, "shipping_rate", name)
    if known is None:
        raise missing("shipping_rate", name, param=param, status=status)
    return known


async def _usable(call: Call, name: str, param: str) -> ShippingRate:
    known = await rate_of(call, name, param=param)
    if not known.is_active:
        raise StripeError(f"The shipping rate {name} is inactive, so it cannot be used.", param=param)
    return known
