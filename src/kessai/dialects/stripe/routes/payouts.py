"""Payouts: /v1/payouts. Source: Stripe API reference, "Payouts", read 2026-11-20."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import currency_of, in_units, money_from
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated
from kessai.dialects.stripe.facts import masked, metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.payout import STATUSES
from kessai.dialects.stripe.objects.payout import payout as shown
from kessai.dialects.stripe.paging import PAGED, created_of, limit_of, page_of, wanted_of
from kessai.domain.errors import AmountTooLargeError, ConflictError
from kessai.domain.payout import Payout, PayoutMethod
from kessai.http.call import Call

routes: Final = StripeRoutes()
_METHODS: Final = {each.value: each for each in PayoutMethod}


@routes.post("/v1/payouts", "amount currency description metadata method source_type statement_descriptor")
async def create_payout(call: Call, given: Given) -> Result:
    """Send money on its way."""
    currency = currency_of(given["currency"])
    amount = money_from(given["amount"], currency)
    if not amount:
        raise StripeError("Amount must be at least 1.", param="amount", code="parameter_invalid_integer")
    method = _METHODS.get(given.get("method") or PayoutMethod.STANDARD.value)
    if method is None:
        raise StripeError("Invalid method: must be one of standard, instant.", param="method")
    if given.get("source_type", "card") != "card":
        raise not_simulated(f"A balance of {given['source_type'] or 'nothing'}", param="source_type")
    try:
        made, change = await call.services.payouts.create(
            call.merchant.id,
            amount,
            method,
            at=call.now,
            description=masked(given.get("description")),
            statement_descriptor=masked(given.get("statement_descriptor")),
            metadata=metadata_of(given, {}),
        )
    except AmountTooLargeError as refusal:
        left = in_units(refusal.left, currency)
        raise StripeError(
            f"The available balance of {currency.lower()} is {left}, less than this payout. Payments are "
            "available two days after they are captured, those of the test card bypassPending at once.",
            code="balance_insufficient",
            is_kept=True,
        ) from None
    return Result(shown(made), change)


@routes.get("/v1/payouts/{payout}")
async def retrieve_payout(call: Call, given: Given, payout: str) -> Result:
    """A payout."""
    return Result(shown(await _found(call, payout)))


@routes.post("/v1/payouts/{payout}", "metadata")
async def update_payout(call: Call, given: Given, payout: str) -> Result:
    """Change its metadata, which is all that can be changed."""
    known = await _found(call, payout)
    changed, change = call.services.payouts.update(known, metadata_of(given, known.metadata), at=call.now)
    return Result(shown(changed), change)


@routes.post("/v1/payouts/{payout}/cancel")
async def cancel_payout(call: Call, given: Given, payout: str) -> Result:
    """Stop a payout that has not arrived."""
    known = await _found(call, payout)
    try:
        canceled, change = call.services.payouts.cancel(known, at=call.now)
    except ConflictError:
        raise StripeError(
            f"Payouts can be canceled while they are pending, and this one is {STATUSES[known.status]}.",
            is_kept=True,
        ) from None
    return Result(shown(canceled), change)


@routes.get("/v1/payouts", f"{PAGED} created arrival_date status")
async def list_payouts(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted = await wanted_of(call, given, "payout")
    arrival = created_of(given.get("arrival_date"))
    arrives_from, arrives_to = arrival.get("created_from"), arrival.get("created_to")
    status = given.get("status")

    def is_wanted(payout: Payout) -> bool:
        return (
            status in (None, STATUSES[payout.status])
            and (arrives_from is None or payout.arrives_at >= arrives_from)
            and (arrives_to is None or payout.arrives_at < arrives_to)
        )

    found = await call.services.payouts.list(call.merchant.id, wanted, limit=limit_of(given), where=is_wanted)
    return Result(page_of(call, given, "/v1/payouts", "payout", found))


async def _found(call: Call, payout_id: str) -> Payout:
    found: Payout | None = await find(call, "payout", payout_id)
    if found is None:
        raise missing("payout", payout_id, param="payout", status=404)
    return found
