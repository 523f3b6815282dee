"""Sources of cards: /v1/sources. Source: Stripe API reference, "Sources", read 2026-11-26."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from kessai.dialects.stripe.attaching import source_of
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated, repeated, required
from kessai.dialects.stripe.facts import given_of, metadata_of
from kessai.dialects.stripe.objects.payment_source import client_secret
from kessai.dialects.stripe.objects.payment_source import source as shown
from kessai.dialects.stripe.paying import billing_of, by_token
from kessai.domain.change import Change
from kessai.domain.saved_instrument import SavedInstrument
from kessai.http.call import Call

routes: Final = StripeRoutes()


@routes.post("/v1/sources", "type token owner metadata currency statement_descriptor usage", is_public=True)
async def create_source(call: Call, given: Given) -> Result:
    """A source of a card, made of a token."""
    kind = given.get("type")
    if not kind:
        raise required("type")
    if kind != "card":
        raise not_simulated(f"The source type {repeated(kind)}", param="type")
    if not given.get("token"):
        raise required("token")
    pick = await by_token(call, given["token"], form="source", param="token")
    facts: dict[str, Any] = {
        "metadata": metadata_of(given, {}),
        "billing": {**pick.instrument.billing, **billing_of(given.get("owner"))},
        "details": given_of(given, "currency", "statement_descriptor"),
    }
    made = replace(pick.instrument, **facts)
    return Result(shown(made), Change(records=(made, *pick.spent)))


@routes.get("/v1/sources/{source}", "client_secret", is_public=True)
async def retrieve_source(call: Call, given: Given, source: str) -> Result:
    """A source; a public key has to show its client secret."""
    found = await _found(call, source)
    secret = given.get("client_secret")
    if secret is None and call.is_public:
        raise required("client_secret")
    if secret is not None and secret != client_secret(found):
        raise StripeError(
            "The client secret provided doesn't match the client secret associated with the source.",
            param="client_secret",
        )
    return Result(shown(found))


@routes.post("/v1/sources/{source}", "metadata owner")
async def update_source(call: Call, given: Given, source: str) -> Result:
    """Change its metadata and its owner."""
    known = await _found(call, source)
    facts = {
        "metadata": metadata_of(given, known.metadata),
        "billing": {**known.billing, **billing_of(given.get("owner"))},
    }
    changed, change = call.services.instruments.update(known, facts, at=call.now)
    return Result(shown(changed), change)


async def _found(call: Call, name: str) -> SavedInstrument:
    found = await source_of(call, name)
    if found is None or found.form != "source":
        raise missing("source", name, param="source", status=404)
    return found
