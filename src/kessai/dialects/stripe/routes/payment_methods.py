"""Payment methods: /v1/payment_methods. Source: Stripe API reference, "PaymentMethods", read 2026-11-26."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.attaching import attached, let_go
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, required
from kessai.dialects.stripe.facts import metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.payment_method import instrument_id
from kessai.dialects.stripe.objects.payment_method import payment_method as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.paying import Pick, billing_of, by_test_name, full_year, picked, renewed
from kessai.dialects.stripe.routes.customers import living
from kessai.dialects.stripe.shape import Object
from kessai.domain.change import Change
from kessai.domain.customer import Customer
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.http.call import Call
from kessai.simulation.instruments import OTHER_METHODS

routes: Final = StripeRoutes()
_LISTED: Final = f"{PAGED} type allow_redisplay"


@routes.post(
    "/v1/payment_methods",
    f"type card billing_details metadata allow_redisplay {' '.join(OTHER_METHODS)}",
    is_public=True,
)
async def create_payment_method(call: Call, given: Given) -> Result:
    """A new payment method, nobody's yet."""
    if not given.get("type"):
        raise required("type")
    pick = await picked(call, given)
    change = Change(records=(pick.instrument, *pick.spent))
    return Result(shown(pick.instrument, call.services.public_url), change)


@routes.get("/v1/payment_methods/{payment_method}")
async def retrieve_payment_method(call: Call, given: Given, payment_method: str) -> Result:
    """A payment method."""
    return Result(shown(await _found(call, payment_method), call.services.public_url))


@routes.post(
    "/v1/payment_methods/{payment_method}",
    "billing_details card.exp_month card.exp_year metadata allow_redisplay",
)
async def update_payment_method(call: Call, given: Given, payment_method: str) -> Result:
    """Change what is given."""
    known = await _found(call, payment_method)
    if known.customer_id is None:
        raise StripeError(
            "You must save this PaymentMethod to a customer before you can update it.", is_kept=True
        )
    facts: dict[str, Any] = {"metadata": metadata_of(given, known.metadata)}
    if given.get("billing_details"):
        facts["billing"] = {**known.billing, **billing_of(given["billing_details"])}
    if "allow_redisplay" in given:
        facts["details"] = {**known.details, "allow_redisplay": given["allow_redisplay"]}
    if given.get("card"):
        facts["card"] = _renewed(call, known, given["card"])
    changed, change = call.services.instruments.update(known, facts, at=call.now)
    return Result(shown(changed, call.services.public_url), change)


@routes.post("/v1/payment_methods/{payment_method}/attach", "customer")
async def attach_payment_method(call: Call, given: Given, payment_method: str) -> Result:
    """Make it a customer's; one of Stripe's test names makes one that is."""
    if not given.get("customer"):
        raise required("customer")
    customer = await living(call, given["customer"], param="customer", status=400)
    new = by_test_name(call, payment_method)
    pick = Pick(new) if new else Pick(await _found(call, payment_method), is_new=False)
    made, change = attached(call, pick, customer.id)
    return Result(shown(made, call.services.public_url), change)


@routes.post("/v1/payment_methods/{payment_method}/detach")
async def detach_payment_method(call: Call, given: Given, payment_method: str) -> Result:
    """Make it nobody's, for good."""
    known = await _found(call, payment_method)
    if known.customer_id is None:
        raise StripeError(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            is_kept=True,
        )
    gone, change = await let_go(call, known)
    return Result(shown(gone, call.services.public_url), change)


@routes.get("/v1/payment_methods", f"{_LISTED} customer")
async def list_payment_methods(call: Call, given: Given) -> Result:
    """A customer's, newest first."""
    if not given.get("customer"):
        raise required("customer")
    customer = await living(call, given["customer"], param="customer", status=400)
    return Result(await _page(call, given, customer, "/v1/payment_methods"))


@routes.get("/v1/customers/{customer}/payment_methods", _LISTED)
async def list_customer_payment_methods(call: Call, given: Given, customer: str) -> Result:
    """The same in a customer's own path."""
    known = await living(call, customer, param="customer")
    return Result(await _page(call, given, known, f"/v1/customers/{customer}/payment_methods"))


@routes.get("/v1/customers/{customer}/payment_methods/{payment_method}")
async def retrieve_customer_payment_method(
    call: Call, given: Given, customer: str, payment_method: str
) -> Result:
    """A payment method, if it is this customer's."""
    known = await living(call, customer, param="customer")
    found = await _found(call, payment_method)
    if found.customer_id != known.id:
        raise _missing(payment_method)
    return Result(shown(found, call.services.public_url))


async def _page(call: Call, given: Given, customer: Customer, url: str) -> Object:
    wanted = await wanted_of(call, given, "payment_method", owner_id=customer.id)
    kind, redisplay = given.get("type"), given.get("allow_redisplay")

    def is_wanted(each: SavedInstrument) -> bool:
        shows = each.details.get("allow_redisplay", "unspecified")
        return kind in (None, each.type) and redisplay in (None, shows)

    found = await call.services.instruments.list(
        call.merchant.id, wanted, limit=limit_of(given), where=is_wanted
    )
    return page_of(call, given, url, "payment_method", found)


def _renewed(call: Call, known: SavedInstrument, given: Given) -> SavedCard:
    """The card with another expiry."""
    if known.card is None:
        raise StripeError(f"A PaymentMethod of type {known.type} has no card to update.", param="card")
    month, year = given.get("exp_month", known.card.exp_month), given.get("exp_year", known.card.exp_year)
    return renewed(known.card, month, full_year(year), today=call.now.date())


async def _found(call: Call, name: str) -> SavedInstrument:
    found: SavedInstrument | None = await find(call, "payment_method", name)
    if found is None or instrument_id(found) != name:
        raise _missing(name)
    return found


def _missing(name: str) -> StripeError:
    return missing("PaymentMethod", name, param="payment_method", status=404)
