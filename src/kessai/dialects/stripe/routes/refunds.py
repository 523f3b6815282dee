"""Refunds: /v1/refunds. Source: Stripe API reference, "Refunds", read 2026-11-20.

What cannot go back the way it came waits for its payer, who is asked by e-mail for an account: for 45 days,
as Stripe, "Refund bank transfer payments", read 2026-11-27, has it, and then it is canceled.
"""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.amounts import amount_of, in_units, money_from
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, required
from kessai.dialects.stripe.facts import masked, metadata_of
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.charge import charge, charge_id
from kessai.dialects.stripe.objects.refund import refund as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.routes.charges import charged
from kessai.domain.errors import AmountTooLargeError, ConflictError, TransitionNotAllowedError
from kessai.domain.instrument import InstrumentType
from kessai.domain.intent import Intent
from kessai.domain.payment import Payment
from kessai.domain.refund import Refund
from kessai.domain.transitions import Status
from kessai.http.call import Call
from kessai.simulation.account_table import ASKS_WHERE_TO

routes: Final = StripeRoutes()


@routes.post("/v1/refunds", "amount charge payment_intent reason metadata instructions_email")
async def create_refund(call: Call, given: Given) -> Result:
    """Give back some or all of what was captured."""
    return await refunded(call, given, await _payment(call, given))


@routes.get("/v1/refunds/{refund}")
async def retrieve_refund(call: Call, given: Given, refund: str) -> Result:
    """A refund."""
    return Result(shown(await _found(call, refund), call.services.public_url))


@routes.post("/v1/refunds/{refund}", "metadata")
async def update_refund(call: Call, given: Given, refund: str) -> Result:
    """Change its metadata, which is all that can be changed."""
    known = await _found(call, refund)
    details = {**(known.details or {})}
    details["metadata"] = metadata_of(given, details.get("metadata") or {})
    changed, change = await call.services.refunds.change(known, details, at=call.now)
    return Result(shown(changed, call.services.public_url), change)


@routes.post("/v1/refunds/{refund}/cancel")
async def cancel_refund(call: Call, given: Given, refund: str) -> Result:
    """Give up a refund whose payer has not said yet where the money is to go."""
    known = await _found(call, refund)
    try:
        canceled, change = await call.services.refunds.cancel(known, at=call.now)
    except ConflictError:
        status = shown(known)["status"]
        raise StripeError(
            f"You cannot cancel a refund that has a status of {status}.", is_kept=True
        ) from None
    return Result(shown(canceled, call.services.public_url), change)


@routes.post("/v1/test_helpers/refunds/{refund}/expire")
async def expire_refund(call: Call, given: Given, refund: str) -> Result:
    """Have the time run out in which its payer might say where the money is to go."""
    known = await _found(call, refund)
    try:
        expired, change = await call.services.refunds.answer(known, is_told=False, at=call.now)
    except ConflictError:
        raise StripeError(
            f"You cannot expire a refund that has a status of {shown(known)['status']}.", is_kept=True
        ) from None
    return Result(shown(expired, call.services.public_url), change)


@routes.get("/v1/refunds", f"{PAGED} created charge payment_intent")
async def list_refunds(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted = await wanted_of(call, given, "refund")
    payment_id = None
    if given.get("charge"):
        payment_id = (await charged(call, given["charge"], param="charge", status=400)).id
    intent = await _intent(call, given) if given.get("payment_intent") else None
    told = intent and encode("pi", intent.id)
    found = await call.services.refunds.list(
        call.merchant.id,
        wanted,
        payment_id=payment_id or (intent.payment_id if intent else None),
        limit=limit_of(given),
        where=lambda each: told is None or (each.details or {}).get("payment_intent") == told,
    )
    return Result(page_of(call, given, "/v1/refunds", "refund", found))


async def refunded(call: Call, given: Given, payment: Payment) -> Result:
    """Give back what a request asks for of a payment."""
    if await call.services.refunds.is_charged_back(payment):
        raise StripeError(
            f"Charge {charge_id(payment)} has been charged back; it cannot be refunded.",
            code="charge_disputed",
            is_kept=True,
        )
    asked = given.get("amount")
    currency = payment.order.amount.currency
    if payment.status is Status.AUTHORIZED and payment.order.intent_id is None:
        return _released(call, given, payment)
    paid = charge(payment)
    details: dict[str, Any] = {
        "charge": paid["id"],
        "customer": paid["customer"],
        "payment_method": paid["payment_method"],
        "payment_intent": payment.order.intent_id and encode("pi", payment.order.intent_id),
        "metadata": metadata_of(given, {}),
        **_of_payer(payment, given),
    }
    try:
        made, change = await call.services.refunds.create(
            call.merchant.id,
            payment.id,
            None if asked is None else money_from(asked, currency).minor,
            given.get("reason"),
            at=call.now,
            details=details,
            asks_payer="instructions_email" in details,
        )
    except TransitionNotAllowedError:
        raise _refused(payment) from None
    except AmountTooLargeError as refusal:
        left = in_units(refusal.left, currency)
        raise StripeError(
            f"Refund amount ({asked}) is greater than the amount left on the charge ({left}).",
            param="amount",
            is_kept=True,
        ) from None
    return Result(shown(made, call.services.public_url), change)


def _of_payer(payment: Payment, given: Given) -> dict[str, Any]:
    """What paid if it was no card, and whom to ask where the money is to go if it cannot go back there."""
    kept, paid_with = payment.charge_details, payment.order.instrument
    if paid_with is None or paid_with.type is InstrumentType.CARD:
        return {}
    method = kept.instrument.type if kept.instrument else paid_with.type.value
    if method not in ASKS_WHERE_TO:
        return {"method": method}
    email = masked(given.get("instructions_email")) or kept.billing.get("email")
    if email is None:
        raise StripeError(
            f"A {method} payment is refunded to an account that its payer names. There is no e-mail address "
            "to ask them at: give one.",
            code="parameter_missing",
            param="instructions_email",
        )
    return {"method": method, "instructions_email": email}


def _released(call: Call, given: Given, payment: Payment) -> Result:
    """Let go what a charge holds that no PaymentIntent made: there is no other way to cancel one.

    Source: Stripe API reference, "Refunds", read 2026-11-20.
    """
    held, asked = amount_of(payment.order.amount), given.get("amount")
    if asked not in (None, held):
        raise StripeError(
            f"A charge that has not been captured can only be refunded whole ({held}). Capture a part of it "
            "to release the rest.",
            param="amount",
            is_kept=True,
        )
    details = {"charge": charge_id(payment), "metadata": metadata_of(given, {})}
    made, change = call.services.refunds.release(payment, given.get("reason"), details, at=call.now)
    return Result(shown(made, call.services.public_url), change)


def _refused(payment: Payment) -> StripeError:
    """Why nothing can be given back."""
    name = charge_id(payment)
    if payment.status in (Status.REFUNDED, Status.VOIDED, Status.EXPIRED):
        return StripeError(
            f"Charge {name} has already been refunded.", code="charge_already_refunded", is_kept=True
        )
    if payment.status is Status.AUTHORIZED:
        amount = amount_of(payment.order.amount)
        return StripeError(
            f"Charge {name} holds {amount} and has not been captured: cancel its PaymentIntent instead.",
            is_kept=True,
        )
    return StripeError(f"Charge {name} did not succeed, so it cannot be refunded.", is_kept=True)


async def _payment(call: Call, given: Given) -> Payment:
    if given.get("charge"):
        payment = await charged(call, given["charge"], param="charge", status=400)
    elif given.get("payment_intent"):
        intent = await _intent(call, given)
        if intent.charged_id is None:
            name = given["payment_intent"]
            raise StripeError(
                f"This PaymentIntent ({name}) does not have a successful charge to refund.",
                param="payment_intent",
                is_kept=True,
            )
        payment = await call.services.payments.get(call.merchant.id, intent.charged_id)
    else:
        raise required("charge")
    return payment


async def _intent(call: Call, given: Given) -> Intent:
    name = given["payment_intent"]
    found: Intent | None = await find(call, "payment_intent", name)
    if found is None:
        raise missing("payment_intent", name, param="payment_intent")
    return found


async def _found(call: Call, refund_id: str) -> Refund:
    found: Refund | None = await find(call, "refund", refund_id)
    if found is None:
        raise missing("refund", refund_id, param="id", status=404)
    return found
