"""Charges: /v1/charges. Source: Stripe API reference, "Charges", read 2026-11-20."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import missing
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.charge import charge as shown
from kessai.dialects.stripe.objects.charge import details_of, is_charge
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.searching import SEARCHED, search_page
from kessai.domain.payment import Payment
from kessai.http.call import Call

routes: Final = StripeRoutes()


@routes.get("/v1/charges/search", SEARCHED)
async def search_charges(call: Call, given: Given) -> Result:
    """Those that a query finds."""

    async def charges(*arguments: Any, where: Any, **named: Any) -> Any:
        return await call.services.payments.tries(
            *arguments, where=lambda each: is_charge(each) and where(each), **named
        )

    return Result(await search_page(call, given, "charge", charges))


@routes.get("/v1/charges/{charge}")
async def retrieve_charge(call: Call, given: Given, charge: str) -> Result:
    """A charge."""
    return Result(shown(await charged(call, charge), call.services.public_url))


@routes.get("/v1/charges", f"{PAGED} created customer payment_intent transfer_group")
async def list_charges(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted = await wanted_of(call, given, "charge")
    customer_id = await _id_of(call, given, "customer")
    intent_id = await _id_of(call, given, "payment_intent")
    group = given.get("transfer_group")

    def is_wanted(payment: Payment) -> bool:
        details = details_of(payment)
        return (
            is_charge(payment)
            and customer_id in (None, details.customer_id)
            and group in (None, details.transfer_group)
        )

    found = await call.services.payments.tries(
        call.merchant.id, wanted, intent_id=intent_id, limit=limit_of(given), where=is_wanted
    )
    return Result(page_of(call, given, "/v1/charges", "charge", found))


async def charged(call: Call, charge_id: str, *, param: str = "id", status: int = 404) -> Payment:
    """The payment behind a charge.

    Raises:
        StripeError: there is none.
    """
    found: Payment | None = await find(call, "charge", charge_id)
    if found is None or not is_charge(found):
        raise missing("charge", charge_id, param=param, status=status)
    return found


async def _id_of(call: Call, given: Given, kind: str) -> str | None:
    """The core's id of what a list is narrowed by.

    Raises:
        StripeError: there is no such thing.
    """
    name = given.get(kind)
    if not name:
        return None
    found = await find(call, kind, name)
    if found is None:
        raise missing(kind, name, param=kind)
    return str(found.id)
