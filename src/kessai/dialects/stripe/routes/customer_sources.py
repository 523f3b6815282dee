"""Customers' cards and sources: /v1/customers/{customer}/sources.

Source: Stripe API reference, "Cards", and "Create a card" for what becomes of defaults; read 2026-11-26.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from kessai.dialects.stripe.attaching import attached, let_go, picked_source, source_of
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import missing, required
from kessai.dialects.stripe.facts import masked, metadata_of
from kessai.dialects.stripe.objects.payment_method import instrument_id
from kessai.dialects.stripe.objects.payment_source import card_of, gone, is_source, payment_source, source
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.paying import Pick, by_token, full_year, older_billing, renewed, typed, whole
from kessai.dialects.stripe.routes.customers import living
from kessai.domain.customer import Customer
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.http.call import Call

routes: Final = StripeRoutes()
_ADDRESS: Final = "address_city address_country address_line1 address_line2 address_state address_zip"


@routes.get("/v1/customers/{customer}/sources", f"{PAGED} object")
async def list_customer_sources(call: Call, given: Given, customer: str) -> Result:
    """Newest first, of either kind or of one."""
    known = await living(call, customer, param="customer")
    wanted = await wanted_of(call, given, "card", owner_id=known.id)
    kind = given.get("object")
    found = await call.services.instruments.list(
        call.merchant.id,
        wanted,
        limit=limit_of(given),
        where=lambda each: is_source(each) and kind in (None, each.form),
    )
    return Result(page_of(call, given, f"/v1/customers/{customer}/sources", "card", found))


@routes.post("/v1/customers/{customer}/sources", "source card metadata")
async def create_customer_source(call: Call, given: Given, customer: str) -> Result:
    """A card or source more; the first one becomes the default."""
    known = await living(call, customer, param="customer")
    pick = await _picked(call, given)
    instrument = replace(pick.instrument, metadata=metadata_of(given, pick.instrument.metadata))
    made, change = attached(call, replace(pick, instrument=instrument), known.id, param="source")
    if not known.details.get("default_source"):
        details = {**known.details, "default_source": instrument_id(made)}
        _, after = call.services.customers.update(known, {"details": details}, at=call.now)
        change = change.also(after)
    return Result(payment_source(made), change)


@routes.get("/v1/customers/{customer}/sources/{id}")
async def retrieve_customer_source(call: Call, given: Given, customer: str, id: str) -> Result:  # noqa: A002
    """One of a customer's cards or sources."""
    return Result(payment_source(await _found(call, await _customer(call, customer), id)))


@routes.post("/v1/customers/{customer}/sources/{id}", f"{_ADDRESS} exp_month exp_year metadata name owner")
async def update_customer_source(call: Call, given: Given, customer: str, id: str) -> Result:  # noqa: A002
    """Change what is given of a card."""
    known = await _found(call, await _customer(call, customer), id)
    facts: dict[str, Any] = {
        "metadata": metadata_of(given, known.metadata),
        "billing": older_billing(given, known.billing),
        "card": _renewed(call, known, given),
    }
    if given.get("owner"):
        facts["billing"] |= masked(given["owner"])
    changed, change = call.services.instruments.update(known, facts, at=call.now)
    return Result(payment_source(changed), change)


@routes.delete("/v1/customers/{customer}/sources/{id}")
async def delete_customer_source(call: Call, given: Given, customer: str, id: str) -> Result:  # noqa: A002
    """Take it from a customer for good; the newest of the others becomes the default, if it was that."""
    known = await _found(call, await _customer(call, customer), id)
    left, change = await let_go(call, known)
    return Result(source(left) if left.form == "source" else gone(left), change)


async def _picked(call: Call, given: Given) -> Pick:
    card, name = given.get("card"), given.get("source")
    if isinstance(card, str):
        return await by_token(call, card, form="card", param="card")
    if card:
        return Pick(typed(call, card, form="card", param="card"))
    if not name:
        raise required("source")
    return await picked_source(call, name, param="source")


def _renewed(call: Call, known: SavedInstrument, given: Given) -> SavedCard:
    card = card_of(known)
    if "exp_month" not in given and "exp_year" not in given:
        return card
    month = whole(given.get("exp_month", card.exp_month))
    year = full_year(whole(given.get("exp_year", card.exp_year)))
    return renewed(card, month, year, today=call.now.date())


async def _customer(call: Call, name: str) -> Customer:
    return await living(call, name, param="customer")


async def _found(call: Call, customer: Customer, name: str) -> SavedInstrument:
    found = await source_of(call, name, customer)
    if found is None:
        raise missing("source", name, param="id", status=404)
    return found
