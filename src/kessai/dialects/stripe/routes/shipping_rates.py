"""Shipping rates: /v1/shipping_rates. Source: Stripe API reference, "Shipping Rates", read 2026-11-27."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.facts import given_of, metadata_of
from kessai.dialects.stripe.objects.shipping_rate import shipping_rate as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.shipping import RATE, new_rate, rate_of
from kessai.domain.catalog import ShippingRate
from kessai.domain.change import Change
from kessai.http.call import Call

routes: Final = StripeRoutes()
_URL: Final = "/v1/shipping_rates"
_ONE: Final = f"{_URL}/{{shipping_rate_token}}"


@routes.post(_URL, " ".join(RATE))
async def create_shipping_rate(call: Call, given: Given) -> Result:
    """A new way to have goods sent."""
    made = new_rate(call, given)
    return Result(shown(made), Change(records=(made,)))


@routes.get(_ONE)
async def retrieve_shipping_rate(call: Call, given: Given, shipping_rate_token: str) -> Result:
    """A shipping rate."""
    return Result(shown(await rate_of(call, shipping_rate_token, param="shipping_rate_token", status=404)))


@routes.post(_ONE, "active metadata tax_behavior")
async def update_shipping_rate(call: Call, given: Given, shipping_rate_token: str) -> Result:
    """Change what is given; what it costs stays, and so do the sessions that offer it."""
    known = await rate_of(call, shipping_rate_token, param="shipping_rate_token", status=404)
    facts: dict[str, Any] = {
        "metadata": metadata_of(given, known.metadata),
        "details": {**known.details, **given_of(given, "tax_behavior")},
    }
    if given.get("active") is not None:
        facts["is_active"] = given["active"]
    changed = known.saved_again(at=call.now, **facts)
    return Result(shown(changed), Change(records=(changed,)))


@routes.get(_URL, f"{PAGED} active created currency")
async def list_shipping_rates(call: Call, given: Given) -> Result:
    """Newest first."""
    active, currency = given.get("active"), given.get("currency")

    def is_wanted(each: ShippingRate) -> bool:
        return (active is None or each.is_active == active) and (
            not currency or each.amount.currency == currency.upper()
        )

    found = await call.services.catalog.list_shipping_rates(
        call.merchant.id,
        await wanted_of(call, given, "shipping_rate"),
        limit=limit_of(given),
        where=is_wanted,
    )
    return Result(page_of(call, given, _URL, "shipping_rate", found))
