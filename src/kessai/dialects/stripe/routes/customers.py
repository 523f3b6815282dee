"""Customers: /v1/customers. Source: Stripe API reference, "Customers", read 2026-11-20."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import missing
from kessai.dialects.stripe.facts import address_of, given_of, metadata_of, shipping_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.customer import customer as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.searching import SEARCHED, search_page
from kessai.domain.customer import Customer
from kessai.http.call import Call

routes: Final = StripeRoutes()
_DESCRIBED: Final = "name email phone description metadata address shipping preferred_locales tax_exempt"


@routes.post("/v1/customers", f"{_DESCRIBED} payment_method invoice_settings.default_payment_method")
async def create_customer(call: Call, given: Given) -> Result:
    """A new customer."""
    facts = {
        **given_of(given, "name", "email", "phone", "description"),
        "metadata": metadata_of(given, {}),
        "details": _details(given, {}),
    }
    made, change = call.services.customers.create(call.merchant.id, facts, at=call.now)
    return Result(shown(made), change)


@routes.get("/v1/customers/search", SEARCHED)
async def search_customers(call: Call, given: Given) -> Result:
    """Those that a query finds."""
    return Result(await search_page(call, given, "customer", call.services.customers.list))


@routes.get("/v1/customers/{customer}")
async def retrieve_customer(call: Call, given: Given, customer: str) -> Result:
    """A customer, or what is left of one that was deleted."""
    return Result(shown(await _found(call, customer)))


@routes.post("/v1/customers/{customer}", f"{_DESCRIBED} invoice_settings.default_payment_method")
async def update_customer(call: Call, given: Given, customer: str) -> Result:
    """Change what is given."""
    known = await living(call, customer)
    facts: dict[str, Any] = {
        **given_of(given, "name", "email", "phone", "description"),
        "metadata": metadata_of(given, known.metadata),
        "details": _details(given, known.details),
    }
    changed, change = call.services.customers.update(known, facts, at=call.now)
    return Result(shown(changed), change)


@routes.delete("/v1/customers/{customer}")
async def delete_customer(call: Call, given: Given, customer: str) -> Result:
    """Forget a customer for good."""
    known = await living(call, customer)
    gone, change = await call.services.customers.delete(call.merchant.id, known.id, at=call.now)
    return Result(shown(gone), change)


@routes.get("/v1/customers", f"{PAGED} created email")
async def list_customers(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted = await wanted_of(call, given, "customer", lookup=given.get("email"))
    found = await call.services.customers.list(call.merchant.id, wanted, limit=limit_of(given))
    return Result(page_of(call, given, "/v1/customers", "customer", found))


async def living(call: Call, customer_id: str, *, param: str = "id", status: int = 404) -> Customer:
    """A customer that was not deleted.

    Raises:
        StripeError: there is none.
    """
    found = await _found(call, customer_id, param=param, status=status)
    if found.deleted_at is not None:
        raise missing("customer", customer_id, param=param, status=status)
    return found


async def _found(call: Call, customer_id: str, *, param: str = "id", status: int = 404) -> Customer:
    found: Customer | None = await find(call, "customer", customer_id)
    if found is None:
        raise missing("customer", customer_id, param=param, status=status)
    return found


def _details(given: Given, known: Any) -> dict[str, Any]:
    changed = {**known, **given_of(given, "preferred_locales", "tax_exempt")}
    if "address" in given:
        changed["address"] = address_of(given["address"])
    if "shipping" in given:
        changed["shipping"] = shipping_of(given["shipping"])
    return changed
