"""Confirmation tokens: /v1/confirmation_tokens, and the helper that makes one as a payer's browser would.

Source: Stripe API reference, "Confirmation Tokens", read 2026-11-26.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.confirming import return_url_of
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import missing, required
from kessai.dialects.stripe.facts import given_of, shipping_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.confirmation_token import confirmation_token as shown
from kessai.dialects.stripe.paying import instrument_of, is_made, spent_of
from kessai.domain.change import Change
from kessai.domain.confirmation_token import ConfirmationToken
from kessai.http.call import Call

routes: Final = StripeRoutes()
_SHIPPED: Final = ("address", "name", "phone")


@routes.post(
    "/v1/test_helpers/confirmation_tokens",
    "payment_method payment_method_data return_url setup_future_usage shipping",
)
async def create_confirmation_token(call: Call, given: Given) -> Result:
    """A token for a payment method that is there, one of Stripe's test names, or one that is described."""
    details = {**given_of(given, "setup_future_usage"), **return_url_of(given)}
    if shipping := shipping_of(given.get("shipping")):
        details["shipping"] = {each: shipping[each] for each in _SHIPPED}
    instrument, made = await instrument_of(call, given)
    if instrument is None:
        raise required("payment_method_data")
    is_saved = not is_made(instrument, made)
    token, change = call.services.confirmation_tokens.create(
        instrument, details, is_saved=is_saved, at=call.now
    )
    return Result(shown(token), Change(records=spent_of(instrument, made)).also(change))


@routes.get("/v1/confirmation_tokens/{confirmation_token}")
async def retrieve_confirmation_token(call: Call, given: Given, confirmation_token: str) -> Result:
    """A token, used or not."""
    found: ConfirmationToken | None = await find(call, "confirmation_token", confirmation_token)
    if found is None:
        raise missing("confirmation_token", confirmation_token, param="confirmation_token", status=404)
    return Result(shown(found))
