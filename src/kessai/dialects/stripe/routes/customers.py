"""Customers: /v1/customers. Source: Stripe API reference, "Customers", read 2026-11-20."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.attaching import (
    attached,
    default_for,
    not_the_customers,
    picked_source,
    source_of,
)
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing
from kessai.dialects.stripe.facts import address_of, given_of, metadata_of, shipping_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.customer import customer as shown
from kessai.dialects.stripe.objects.payment_method import instrument_id
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.paying import Pick, named
from kessai.dialects.stripe.routes.test_clocks import found_clock
from kessai.dialects.stripe.searching import SEARCHED, search_page
from kessai.domain.change import Change
from kessai.domain.customer import Customer
from kessai.domain.errors import InvalidFieldError
from kessai.domain.test_clock import CUSTOMERS_MAX, TestClock
from kessai.http.call import Call

routes: Final = StripeRoutes()
_DEFAULTS: Final = "source invoice_settings.default_payment_method"
_DESCRIBED: Final = "name email phone description metadata address shipping preferred_locales tax_exempt"


@routes.post("/v1/customers", f"{_DESCRIBED} {_DEFAULTS} payment_method test_clock")
async def create_customer(call: Call, given: Given) -> Result:
    """A new customer, with what pays for them attached."""
    picks = await _picks(call, given)
    facts: dict[str, Any] = {
        **given_of(given, "name", "email", "phone", "description"),
        "metadata": metadata_of(given, {}),
        "details": _details(given, {}),
    }
    if default := _default(given):
        # Only what is attached by the same request can be the default of somebody new.
        if default != given.get("payment_method"):
            raise not_the_customers(default)
        facts["default_instrument_id"] = picks["payment_method"].instrument.id
    if "source" in picks:
        facts["details"]["default_source"] = instrument_id(picks["source"].instrument)
    clock = await _clock_of(call, given)
    if clock is not None:
        facts["clock_id"] = clock.id
    made, change = call.services.customers.create(
        call.merchant.id, facts, at=call.now, shown_at=clock.frozen_at if clock else None
    )
    for param, pick in picks.items():
        change = change.also(attached(call, pick, made.id, param=param)[1])
    return Result(shown(made), change)


@routes.get("/v1/customers/search", SEARCHED)
async def search_customers(call: Call, given: Given) -> Result:
    """Those that a query finds."""
    return Result(await search_page(call, given, "customer", call.services.customers.list))


@routes.get("/v1/customers/{customer}")
async def retrieve_customer(call: Call, given: Given, customer: str) -> Result:
    """A customer, or what is left of one that was deleted."""
    return Result(shown(await _found(call, customer)))


@routes.post("/v1/customers/{customer}", f"{_DESCRIBED} {_DEFAULTS} default_source")
async def update_customer(call: Call, given: Given, customer: str) -> Result:
    """Change what is given."""
    known = await living(call, customer)
    facts: dict[str, Any] = {
        **given_of(given, "name", "email", "phone", "description"),
        "metadata": metadata_of(given, known.metadata),
        "details": _details(given, known.details),
    }
    if "default_payment_method" in (given.get("invoice_settings") or {}):
        default = _default(given)
        chosen = await default_for(call, known.id, default) if default else None
        facts["default_instrument_id"] = chosen and chosen.id
    change = await _with_source(call, given, known, facts["details"])
    changed, told = call.services.customers.update(known, facts, at=call.now)
    return Result(shown(changed), change.also(told))


@routes.delete("/v1/customers/{customer}")
async def delete_customer(call: Call, given: Given, customer: str) -> Result:
    """Forget a customer for good."""
    known = await living(call, customer)
    gone, change = await call.services.customers.delete(call.merchant.id, known.id, at=call.now)
    return Result(shown(gone), change)


@routes.get("/v1/customers", f"{PAGED} created email test_clock")
async def list_customers(call: Call, given: Given) -> Result:
    """Newest first. Those of a test clock are listed where it is named, and only there."""
    its_clock = given.get("test_clock")
    clock_id = (await found_clock(call, its_clock)).id if its_clock else None
    wanted = await wanted_of(call, given, "customer", lookup=given.get("email"), owner_id=clock_id)
    found = await call.services.customers.list(
        call.merchant.id,
        wanted,
        limit=limit_of(given),
        where=lambda each: each.clock_id == clock_id,
    )
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


async def customer_id_of(call: Call, given: Given) -> str | None:
    """The core's id of the `customer` that a request names; None when it names none.

    Raises:
        StripeError: there is none like that.
    """
    name = given.get("customer")
    return (await living(call, name, param="customer", status=400)).id if name else None


async def _found(call: Call, customer_id: str, *, param: str = "id", status: int = 404) -> Customer:
    found: Customer | None = await find(call, "customer", customer_id)
    if found is None:
        raise missing("customer", customer_id, param=param, status=status)
    return found


def _default(given: Given) -> str | None:
    default: str | None = (given.get("invoice_settings") or {}).get("default_payment_method")
    return default


async def _picks(call: Call, given: Given) -> dict[str, Pick]:
    """What is to be attached to a new customer, by the parameter that named it."""
    picks = {}
    if given.get("source"):
        picks["source"] = await picked_source(call, given["source"], param="source")
    if given.get("payment_method"):
        instrument, is_new = await named(call, given["payment_method"], param="payment_method")
        picks["payment_method"] = Pick(instrument, is_new)
    return picks


async def _with_source(call: Call, given: Given, known: Customer, details: dict[str, Any]) -> Change:
    """What becomes of a customer's sources; which is the default is put into `details`.

    A new `source` takes the place of the one that was the default.
    """
    if given.get("default_source"):
        chosen = await source_of(call, given["default_source"], known)
        if chosen is None:
            raise missing("source", given["default_source"], param="default_source")
        details["default_source"] = instrument_id(chosen)
    if not given.get("source"):
        return Change()
    pick = await picked_source(call, given["source"], param="source")
    made, change = attached(call, pick, known.id, param="source")
    details["default_source"] = instrument_id(made)
    older = await source_of(call, known.details.get("default_source") or "", known)
    if older is None or older.id == made.id:
        return change
    return change.also(call.services.instruments.detach(older, at=call.now)[1])


async def _clock_of(call: Call, given: Given) -> TestClock | None:
    """The clock that a new customer is to have."""
    its_clock = given.get("test_clock")
    if not its_clock:
        return None
    clock = await found_clock(call, its_clock)
    try:
        await call.services.test_clocks.require_room(clock)
    except InvalidFieldError:
        raise StripeError(
            f"You can attach up to {CUSTOMERS_MAX} customers to a test clock.", param="test_clock"
        ) from None
    return clock


def _details(given: Given, known: Any) -> dict[str, Any]:
    changed = {**known, **given_of(given, "preferred_locales", "tax_exempt")}
    if "address" in given:
        changed["address"] = address_of(given["address"])
    if "shipping" in given:
        changed["shipping"] = shipping_of(given["shipping"])
    return changed
