"""Charges: /v1/charges. Source: Stripe API reference, "Charges", read 2026-11-20."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from kessai.dialects.stripe.amounts import charged as payable
from kessai.dialects.stripe.amounts import currency_of, in_units, money_from
from kessai.dialects.stripe.attaching import source_of
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, card_error, missing, repeated, required
from kessai.dialects.stripe.facts import given_of, masked, metadata_of, shipping_of
from kessai.dialects.stripe.ids import encode_short
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.charge import charge as shown
from kessai.dialects.stripe.objects.charge import charge_id, is_charge
from kessai.dialects.stripe.objects.payment_intent import failure_object
from kessai.dialects.stripe.paging import PAGED, id_of, limit_of, page_of, wanted_of
from kessai.dialects.stripe.paying import Pick, by_token, typed
from kessai.dialects.stripe.routes.customers import living
from kessai.dialects.stripe.searching import SEARCHED, search_page
from kessai.domain.change import Change
from kessai.domain.charge import ChargeDetails
from kessai.domain.customer import Customer
from kessai.domain.errors import AmountTooLargeError, TransitionNotAllowedError
from kessai.domain.payment import CaptureMethod, Payment
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.transitions import Status
from kessai.http.call import Call

routes: Final = StripeRoutes()


_PAID: Final = "receipt_email statement_descriptor statement_descriptor_suffix transfer_group"
_KEPT: Final = tuple(_PAID.split())


@routes.post(
    "/v1/charges", f"amount currency source card customer capture description metadata shipping {_PAID}"
)
async def create_charge(call: Call, given: Given) -> Result:
    """Take an amount at once, or hold it, without a PaymentIntent."""
    for name in ("amount", "currency"):
        if given.get(name) is None:
            raise required(name)
    amount = payable(given["amount"], currency_of(given["currency"]))
    customer = (
        await living(call, given["customer"], param="customer", status=400) if given.get("customer") else None
    )
    pick = await _paying(call, given, customer)
    details = ChargeDetails(
        instrument=pick.instrument,
        customer_id=None if customer is None else customer.id,
        description=masked(given.get("description")),
        metadata=metadata_of(given, {}),
        billing=pick.instrument.billing,
        shipping=shipping_of(given.get("shipping")),
        **given_of(given, *_KEPT),
    )
    method = CaptureMethod.MANUAL if given.get("capture") is False else CaptureMethod.AUTOMATIC
    made = call.services.charges.charge(
        pick.instrument, amount, method, details, is_new=pick.is_new, at=call.now
    )
    followed = await call.services.intent_follower.follow(made.change)
    change = Change(records=pick.spent).also(followed)
    if made.failure is not None:
        return Result({"error": failure_object(made.failure, made.payment.id)}, change, status=402)
    return Result(shown(followed.payment or made.payment, call.services.public_url), change)


@routes.post(
    "/v1/charges/{charge}", "description metadata receipt_email fraud_details shipping transfer_group"
)
async def update_charge(call: Call, given: Given, charge: str) -> Result:
    """Change what is kept with a charge; what was paid stays."""
    known = await charged(call, charge)
    details = known.charge_details
    changes = given_of(given, "description", "receipt_email", "transfer_group")
    if "shipping" in given:
        changes["shipping"] = shipping_of(given["shipping"])
    if "fraud_details" in given:
        reported = {name: each for name, each in (given["fraud_details"] or {}).items() if each}
        changes["fraud_details"] = reported
    details = replace(details, metadata=metadata_of(given, details.metadata), **changes)
    changed, change = call.services.charges.update(known, details, at=call.now)
    return Result(shown(changed, call.services.public_url), change)


@routes.post("/v1/charges/{charge}/capture", f"amount {_PAID}")
async def capture_charge(call: Call, given: Given, charge: str) -> Result:
    """Take what a charge holds, or a part of it and release the rest."""
    known = await charged(call, charge)
    if known.order.intent_id is not None:
        raise StripeError(
            f"Charge {charge} was made by a PaymentIntent: capture that one instead.", is_kept=True
        )
    asked = given.get("amount")
    minor = None if asked is None else money_from(asked, known.order.amount.currency).minor
    details = replace(known.charge_details, **given_of(given, *_KEPT))
    try:
        captured, change = await call.services.payments.capture(
            call.merchant.id, known.id, minor, at=call.now, details=details
        )
    except TransitionNotAllowedError:
        raise _not_capturable(known) from None
    except AmountTooLargeError as refusal:
        held = in_units(refusal.left, known.order.amount.currency)
        raise StripeError(
            f"Amount ({asked}) is greater than the amount held by the charge ({held}).",
            param="amount",
            code="amount_too_large",
            is_kept=True,
        ) from None
    followed = await call.services.intent_follower.follow(change)
    return Result(shown(followed.payment or captured, call.services.public_url), followed)


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
    customer_id = await id_of(call, given, "customer")
    intent_id = await id_of(call, given, "payment_intent")
    group = given.get("transfer_group")

    def is_wanted(payment: Payment) -> bool:
        details = payment.charge_details
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


async def _paying(call: Call, given: Given, customer: Customer | None) -> Pick:
    """What pays for a charge: a customer's, a token's, or a source that is nobody's.

    Raises:
        StripeError: nothing does.
    """
    card = given.get("card")
    name = card if isinstance(card, str) else given.get("source")
    param = "card" if isinstance(card, str) else "source"
    if customer is not None:
        return Pick(await _customers(call, customer, name, param), is_new=False)
    if card and not isinstance(card, str):
        return Pick(typed(call, card, form="card", param="card"))
    if not name:
        raise StripeError("Must provide source or customer.", code="parameter_missing")
    found = await source_of(call, name) if name.startswith("src_") else None
    if found is None:
        return await by_token(call, name, form="card", param=param)
    if found.customer_id is not None:
        raise StripeError(
            "The source you provided is attached to a customer: name that one as `customer`, too.",
            param=param,
        )
    if found.is_detached:
        raise StripeError(
            f"The source {name} was consumed by an earlier charge, or let go by its customer. It cannot be "
            "used again.",
            param=param,
        )
    return Pick(found, is_new=False)


async def _customers(call: Call, customer: Customer, name: str | None, param: str) -> SavedInstrument:
    wanted = name or customer.details.get("default_source")
    if not wanted:
        raise card_error("missing", "Cannot charge a customer that has no active card", param="card")
    found = await source_of(call, wanted, customer)
    if found is None:
        raise StripeError(
            f"Customer {encode_short(customer.id)} does not have a linked source with ID {repeated(wanted)}.",
            param=param,
            code="missing",
            status=404,
        )
    return found


def _not_capturable(payment: Payment) -> StripeError:
    """Why nothing can be taken."""
    name = charge_id(payment)
    match payment.status:
        case Status.CAPTURED | Status.REFUNDED:
            code, message = "charge_already_captured", f"Charge {name} has already been captured."
        case Status.EXPIRED:
            code, message = "charge_expired_for_capture", f"Charge {name} has expired and cannot be captured."
        case Status.VOIDED:
            code, message = "charge_already_refunded", f"Charge {name} has already been refunded."
        case _:
            return StripeError(f"Charge {name} did not succeed, so it cannot be captured.", is_kept=True)
    return StripeError(message, code=code, is_kept=True)
