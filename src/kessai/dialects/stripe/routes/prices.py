"""Prices: /v1/prices. Source: Stripe API reference, "Prices", read 2026-11-26.

Recurring prices are kept and shown; nothing is charged for them by itself.
"""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, not_simulated
from kessai.dialects.stripe.facts import given_of, metadata_of
from kessai.dialects.stripe.objects.price import price as shown
from kessai.dialects.stripe.objects.price import price_id
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.searching import SEARCHED, search_page
from kessai.dialects.stripe.selling import RECURRING, price_of, product_of, sold
from kessai.domain.catalog import Price
from kessai.domain.change import Change
from kessai.http.call import Call

routes: Final = StripeRoutes()
_KEPT: Final = "active lookup_key transfer_lookup_key metadata nickname tax_behavior"
_PRODUCT: Final = "name active metadata statement_descriptor tax_code unit_label"
_PRODUCT_DATA: Final = " ".join(f"product_data.{name}" for name in _PRODUCT.split())


@routes.post(
    "/v1/prices",
    f"{_KEPT} {_PRODUCT_DATA} {RECURRING} recurring.usage_type "
    "billing_scheme currency product unit_amount unit_amount_decimal",
)
async def create_price(call: Call, given: Given) -> Result:
    """A new price of a product, which may be new as well."""
    if given.get("billing_scheme") == "tiered":
        raise not_simulated("The billing scheme tiered", param="billing_scheme")
    made = await sold(call, given)
    freed = await _freed(call, given, None)
    change = Change(records=(*freed.records, *made.made), events=(*freed.events, *made.events))
    return Result(shown(made.price), change)


@routes.get("/v1/prices/search", SEARCHED)
async def search_prices(call: Call, given: Given) -> Result:
    """Those that a query finds."""
    return Result(await search_page(call, given, "price", call.services.catalog.list_prices))


@routes.get("/v1/prices/{price}")
async def retrieve_price(call: Call, given: Given, price: str) -> Result:
    """A price."""
    return Result(shown(await price_of(call, price, param="price", status=404)))


@routes.post("/v1/prices/{price}", _KEPT)
async def update_price(call: Call, given: Given, price: str) -> Result:
    """Change what is given; what it costs stays as it is."""
    known = await price_of(call, price, param="price", status=404)
    facts: dict[str, Any] = {
        **given_of(given, "nickname", "lookup_key"),
        "metadata": metadata_of(given, known.metadata),
        "details": {**known.details, **given_of(given, "tax_behavior")},
    }
    if given.get("active") is not None:
        facts["is_active"] = given["active"]
    freed = await _freed(call, given, known)
    changed, change = call.services.catalog.update_price(known, facts, at=call.now)
    whole = Change(records=(*freed.records, *change.records), events=(*freed.events, *change.events))
    return Result(shown(changed), whole)


@routes.get("/v1/prices", f"{PAGED} created active currency lookup_keys product type recurring.interval")
async def list_prices(call: Call, given: Given) -> Result:
    """Newest first."""
    name = given.get("product")
    product = await product_of(call, name, param="product") if name else None
    wanted = await wanted_of(call, given, "price", owner_id=product and product.id)
    recurring, keys = given.get("recurring"), given.get("lookup_keys")
    looked_for = {
        "active": given.get("active"),
        "currency": given["currency"].lower() if given.get("currency") else None,
        "type": given.get("type"),
    }

    def is_wanted(each: Price) -> bool:
        told = shown(each)
        return (
            all(known is None or told[name] == known for name, known in looked_for.items())
            and (not keys or each.lookup_key in keys)
            and (not recurring or (told["recurring"] or {}).get("interval") == recurring.get("interval"))
        )

    found = await call.services.catalog.list_prices(
        call.merchant.id, wanted, limit=limit_of(given), where=is_wanted
    )
    return Result(page_of(call, given, "/v1/prices", "price", found))


async def _freed(call: Call, given: Given, price: Price | None) -> Change:
    """What frees a lookup key for this price: another that has it gives it up, if that is wanted."""
    key = given.get("lookup_key")
    other = await call.services.catalog.price_called(call.merchant.id, key) if key else None
    if other is None or (price is not None and other.id == price.id):
        return Change()
    if not given.get("transfer_lookup_key"):
        raise StripeError(f"A price (`{price_id(other)}`) already uses that lookup key.", param="lookup_key")
    _, change = call.services.catalog.update_price(other, {"lookup_key": None}, at=call.now)
    return change
