"""What pays, made a customer's or let go: refusals in the Stripe API's words, and what follows for defaults.

Source: Stripe API reference, "Attach a PaymentMethod", "Create a card", "Update a customer"; read 2026-11-26.
"""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.errors import StripeError, card_error, missing, repeated
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.payment_method import instrument_id
from kessai.dialects.stripe.objects.payment_source import is_source
from kessai.dialects.stripe.paying import Pick, by_token, may_not_pay
from kessai.domain.change import Change
from kessai.domain.customer import Customer
from kessai.domain.saved_instrument import SavedInstrument
from kessai.http.call import Call
from kessai.simulation.trying import refused_at_attach
from kessai.storage.scanning import Wanted

_DEFAULT: Final = "invoice_settings[default_payment_method]"


def attached(
    call: Call, pick: Pick, customer_id: str, *, param: str | None = None
) -> tuple[SavedInstrument, Change]:
    """An instrument made a customer's, and what is to be written.

    Raises:
        StripeError: it cannot be, or its issuer declines.
    """
    instrument = pick.instrument
    if instrument.is_detached:
        raise may_not_pay(param)
    if instrument.customer_id not in (None, customer_id):
        raise StripeError(
            "The payment method you provided has already been attached to a customer.", param=param
        )
    if instrument.customer_id == customer_id:
        return instrument, Change()
    refusal = refused_at_attach(instrument)
    if refusal is not None:
        raise card_error(
            refusal.code, refusal.message, decline_code=refusal.decline_code, param=refusal.param
        )
    made, change = call.services.instruments.attach(instrument, customer_id, at=call.now, is_new=pick.is_new)
    return made, Change(records=pick.spent).also(change)


async def picked_source(call: Call, name: str, *, param: str) -> Pick:
    """What a `source` names that is to become a customer's: a token, or a source that is nobody's yet.

    Raises:
        StripeError: it is none of these.
    """
    if name.startswith("pm_"):
        raise StripeError(
            "You cannot use a PaymentMethod as a source for Customers. Instead, use the PaymentMethods API "
            "to attach a Customer to a PaymentMethod.",
            param=param,
        )
    if not name.startswith("src_"):
        return await by_token(call, name, form="card", param=param)
    found = await source_of(call, name)
    if found is None:
        raise missing("source", name, param=param)
    return Pick(found, is_new=False)


async def source_of(call: Call, name: str, customer: Customer | None = None) -> SavedInstrument | None:
    """The card or source of this id; only a customer's, if one is given."""
    found: SavedInstrument | None = await find(call, "card", name)
    if found is None or not is_source(found) or instrument_id(found) != name:
        return None
    return found if customer is None or found.customer_id == customer.id else None


async def default_for(call: Call, customer_id: str, name: str) -> SavedInstrument:
    """The payment method that is to be a customer's default.

    Raises:
        StripeError: it is not attached to this customer.
    """
    found: SavedInstrument | None = await find(call, "payment_method", name)
    if found is None:
        raise missing("PaymentMethod", name, param=_DEFAULT)
    if found.customer_id != customer_id:
        raise not_the_customers(name)
    return found


def not_the_customers(name: str) -> StripeError:
    """The refusal of a default that belongs to somebody else, or to nobody."""
    return StripeError(
        f"The customer does not have a payment method with the ID {repeated(name)}. The payment method must "
        "be attached to the customer.",
        param=_DEFAULT,
        code="resource_missing",
    )


async def let_go(call: Call, instrument: SavedInstrument) -> tuple[SavedInstrument, Change]:
    """An instrument made nobody's for good; it is no customer's default any more."""
    gone, change = call.services.instruments.detach(instrument, at=call.now)
    customer: Customer | None = None
    if instrument.customer_id is not None:
        customer = await call.services.customers.get(call.merchant.id, instrument.customer_id)
    if customer is None or customer.deleted_at is not None:
        return gone, change
    facts: dict[str, Any] = {}
    if customer.default_instrument_id == instrument.id:
        facts["default_instrument_id"] = None
    if customer.details.get("default_source") == instrument_id(instrument):
        facts["details"] = {**customer.details, "default_source": await _latest_but(call, instrument)}
    if not facts:
        return gone, change
    _, after = call.services.customers.update(customer, facts, at=call.now)
    return gone, change.also(after)


async def _latest_but(call: Call, instrument: SavedInstrument) -> str | None:
    """Which source becomes a customer's default when this one goes: the newest of the others."""
    found = await call.services.instruments.list(
        call.merchant.id,
        Wanted(owner_id=instrument.customer_id),
        limit=1,
        where=lambda each: is_source(each) and each.id != instrument.id,
    )
    return instrument_id(found[0]) if found else None
