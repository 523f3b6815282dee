"""Tokens: /v1/tokens. Source: Stripe API reference, "Tokens", read 2026-11-26."""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import missing, not_simulated, required
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.token import token as shown
from kessai.dialects.stripe.paying import typed
from kessai.domain.token import Token
from kessai.http.call import Call

routes: Final = StripeRoutes()


@routes.post("/v1/tokens", "card", is_public=True)
async def create_token(call: Call, given: Given) -> Result:
    """A token for a card that is given whole."""
    card = given.get("card")
    if not card:
        raise required("card")
    if isinstance(card, str):
        raise not_simulated("A token for a customer's card", param="card")
    instrument = typed(call, card, form="card", param="card")
    made, change = call.services.tokens.create(instrument, at=call.now)
    return Result(shown(made), change)


@routes.get("/v1/tokens/{token}", is_public=True)
async def retrieve_token(call: Call, given: Given, token: str) -> Result:
    """A token, used or not."""
    found: Token | None = await find(call, "token", token)
    if found is None:
        raise missing("token", token, param="token", status=404)
    return Result(shown(found))
