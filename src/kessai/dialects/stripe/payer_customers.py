"""What a merchant's customers keep of a payer at Checkout.

Source: Stripe API reference, "Checkout Sessions", `customer_creation` and `customer_update`, read 2026-11-27.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kessai.dialects.stripe.payer_details import shipping_of
from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutSession
from kessai.domain.customer import Customer
from kessai.domain.errors import NotFoundError
from kessai.domain.saved_instrument import SavedInstrument
from kessai.http.call import Visit

_UPDATED: Final = ("address", "name", "shipping")
"""What a merchant may want kept of a customer of theirs."""
_ALL: Final = (*_UPDATED, "phone")


async def customer_of(visit: Visit, session: CheckoutSession) -> Customer | None:
    """Whose session it is, if it is anybody's."""
    if session.customer_id is None:
        return None
    try:
        return await visit.services.customers.get(session.merchant_id, session.customer_id)
    except NotFoundError:
        return None


def made_of_payer(
    visit: Visit, session: CheckoutSession, instrument: SavedInstrument, told: Mapping[str, Any]
) -> tuple[str | None, Change]:
    """Whose the payment is: a new customer's, where the session wants one or keeps the card for one."""
    if session.customer_id is not None:
        return session.customer_id, Change()
    if session.details.get("customer_creation") != "always" and not saves(session, instrument):
        return None, Change()
    facts = {"email": instrument.billing["email"], **_facts(told, _ALL, {})}
    made, change = visit.services.customers.create(session.merchant_id, facts, at=visit.now)
    return made.id, change


def kept_of_payer(
    visit: Visit, session: CheckoutSession, customer: Customer | None, told: Mapping[str, Any]
) -> Change:
    """What a customer who was there before learns of the payer: as much as the merchant wants.

    One that was made at an earlier try of the same session learns everything.
    """
    if customer is None or customer.deleted_at is not None:
        return Change()
    wanted = session.details.get("customer_update") or {}
    is_own = session.details.get("customer_creation") is not None
    names = _ALL if is_own else [name for name in _UPDATED if wanted.get(name) == "auto"]
    facts = _facts(told, names, customer.details)
    if all(getattr(customer, name) == each for name, each in facts.items()):
        return Change()
    return visit.services.customers.update(customer, facts, at=visit.now)[1]


def saves(session: CheckoutSession, instrument: SavedInstrument) -> bool:
    """Whether an instrument is to be good for payments to come; of cards that may be said apart."""
    options = (session.details.get("payment_method_options") or {}).get(instrument.type) or {}
    return bool(options.get("setup_future_usage") or session.details["intent"].get("setup_future_usage"))


def _facts(told: Mapping[str, Any], names: Iterable[str], details: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a customer that the payer has told, with the `details` there were."""
    said = {**told, "shipping": shipping_of(told)}
    if not (said["address"] or {}).get("line1"):
        # A card's country and postal code are no address to keep.
        said["address"] = None
    given = {name: said[name] for name in names if said[name]}
    kept = {name: each for name, each in given.items() if name in ("address", "shipping")}
    plain = {name: each for name, each in given.items() if name not in kept}
    return {**plain, "details": {**details, **kept}}
