"""Customers and saved instruments in the native API's words, and back. Pure both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kessai.dialects.native.translate import kind_of, masked_metadata, sent_of, simulate_by
from kessai.domain.customer import Customer
from kessai.domain.errors import InvalidFieldError
from kessai.domain.saved_instrument import SavedCard, SavedInstrument
from kessai.simulation.cards import admit
from kessai.simulation.instruments import kept_card, row_of

if TYPE_CHECKING:
    # What renders webhooks needs no models of requests.
    from kessai.dialects.native.payer_schemas import CustomerIn, CustomerPatch, InstrumentIn, InstrumentPatch


def customer_facts(body: CustomerIn | CustomerPatch) -> dict[str, Any]:
    """What was sent, and nothing else; free text keeps no real card number."""
    return sent_of(body, "name", "email", "phone", "description")


def customer_out(customer: Customer) -> dict[str, Any]:
    """A customer."""
    return {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "description": customer.description,
        "metadata": customer.metadata,
        "default_instrument_id": customer.default_instrument_id,
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
    }


def instrument_facts(body: InstrumentIn) -> dict[str, Any]:
    """What is kept of an instrument; a real card is refused, and a cvc only checked."""
    facts = {"type": kind_of(body).value, "metadata": masked_metadata(body.metadata)}
    if body.card is None:
        return {**facts, "simulate": simulate_by(body.upi)}
    card = body.card
    row = row_of(admit(card.number, param="card.number"))
    return {**facts, "card": kept_card(row, card.exp_month, card.exp_year, has_cvc=card.cvc is not None)}


def changed_facts(body: InstrumentPatch, known: SavedInstrument) -> dict[str, Any]:
    """What becomes of a saved instrument by what was sent.

    Raises:
        InvalidFieldError: it is no card, and an expiry was sent.
    """
    sent = sent_of(body)
    if "card" in sent:
        if known.card is None:
            raise InvalidFieldError(
                f"an instrument of type {known.type} has no card", param="card", hint="leave card out"
            )
        sent["card"] = replace(known.card, **sent["card"])
    return sent


def instrument_out(instrument: SavedInstrument) -> dict[str, Any]:
    """A saved instrument."""
    return {
        "id": instrument.id,
        "type": instrument.type,
        "card": instrument.card and _card_out(instrument.card),
        "customer_id": instrument.customer_id,
        "is_set_up": instrument.is_set_up,
        "is_detached": instrument.is_detached,
        "metadata": instrument.metadata,
        "created_at": instrument.created_at,
        "updated_at": instrument.updated_at,
    }


def _card_out(card: SavedCard) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "funding": card.funding,
        "country": card.country,
        "fingerprint": card.fingerprint,
    }
