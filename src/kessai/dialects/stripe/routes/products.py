"""Products: /v1/products. Source: Stripe API reference, "Products", read 2026-11-26."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.kinds import KINDS
from kessai.dialects.stripe.objects.product import product as shown
from kessai.dialects.stripe.objects.product import product_id
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.searching import SEARCHED, search_page
from kessai.dialects.stripe.selling import RECURRING, price_facts, price_of, product_facts, product_of
from kessai.dialects.stripe.shape import Object, deleted, list_object
from kessai.domain.catalog import Product
from kessai.domain.change import Change
from kessai.http.call import Call

routes: Final = StripeRoutes()
_DESCRIBED: Final = (
    "active description images marketing_features metadata name package_dimensions shippable "
    "statement_descriptor tax_code unit_label url"
)
_PRICE: Final = " ".join(
    f"default_price_data.{name}"
    for name in f"currency metadata tax_behavior unit_amount unit_amount_decimal {RECURRING}".split()
)


@routes.post("/v1/products", f"{_DESCRIBED} {_PRICE}")
async def create_product(call: Call, given: Given) -> Result:
    """A new product, with a price if one is described."""
    catalog, data = call.services.catalog, given.get("default_price_data")
    made = catalog.make_product(call.merchant.id, product_facts(given), at=call.now)
    if not data:
        return Result(shown(made), Change(records=(made,), events=(catalog.told_of_new(made),)))
    facts = price_facts(data, made.id, within="default_price_data")
    price = catalog.make_price(call.merchant.id, facts, at=call.now)
    made = replace(made, default_price_id=price.id)
    told = (catalog.told_of_new(made), catalog.told_of_new(price))
    return Result(shown(made), Change(records=(made, price), events=told))


@routes.get("/v1/products/search", SEARCHED)
async def search_products(call: Call, given: Given) -> Result:
    """Those that a query finds."""
    return Result(await search_page(call, given, "product", call.services.catalog.list_products))


@routes.get("/v1/products/{id}")
async def retrieve_product(call: Call, given: Given, id: str) -> Result:  # noqa: A002 - as the path names it
    """A product that was not deleted."""
    return Result(shown(await _found(call, id)))


@routes.post("/v1/products/{id}", f"{_DESCRIBED} default_price")
async def update_product(call: Call, given: Given, id: str) -> Result:  # noqa: A002 - as the path names it
    """Change what is given."""
    known = await _found(call, id)
    facts = {**product_facts(given, known), **await _default_price(call, given, known)}
    changed, change = call.services.catalog.update_product(known, facts, at=call.now)
    return Result(shown(changed), change)


@routes.delete("/v1/products/{id}")
async def delete_product(call: Call, given: Given, id: str) -> Result:  # noqa: A002 - as the path names it
    """Forget a product that has no prices."""
    known = await _found(call, id)
    if await call.services.catalog.has_prices(known):
        raise StripeError(
            "This product cannot be deleted because it has one or more user-created prices.", param="id"
        )
    change = call.services.catalog.delete_product(known, at=call.now)
    return Result(deleted("product", product_id(known)), change)


@routes.get("/v1/products", f"{PAGED} created active ids shippable url")
async def list_products(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted = await wanted_of(call, given, "product")
    ids = {KINDS["product"].core_id(each) for each in given["ids"]} if given.get("ids") else None

    def is_wanted(each: Product) -> bool:
        told: Object = shown(each)
        return (ids is None or each.id in ids) and all(
            given.get(name) is None or told[name] == given[name] for name in ("active", "shippable", "url")
        )

    found = await call.services.catalog.list_products(
        call.merchant.id, wanted, limit=limit_of(given), where=is_wanted
    )
    return Result(page_of(call, given, "/v1/products", "product", found))


@routes.get("/v1/products/{product}/features", PAGED)
async def list_product_features(call: Call, given: Given, id: str) -> Result:  # noqa: A002
    """No product has features: entitlements are not simulated."""
    # Above, the path calls the same part of it `id`; a part has one name, the first it was given.
    known = await product_of(call, id, param="product", status=404)
    limit_of(given)
    return Result(list_object(f"/v1/products/{product_id(known)}/features", [], has_more=False))


async def _found(call: Call, object_id: str) -> Product:
    return await product_of(call, object_id, param="id", status=404)


async def _default_price(call: Call, given: Given, known: Product) -> dict[str, Any]:
    name = given.get("default_price")
    if not name:
        return {}
    price = await price_of(call, name, param="default_price")
    if price.product_id != known.id:
        raise StripeError("The price is not one of this product's.", param="default_price")
    return {"default_price_id": price.id}
