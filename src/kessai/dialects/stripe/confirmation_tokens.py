"""`confirmation_token`: what a payer's browser gathered, to try one intent with, once.

Source: Stripe, "Finalize payments on the server", and Stripe API reference, "Confirmation Tokens", read
2026-11-26.
"""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, missing
from kessai.dialects.stripe.kinds import find
from kessai.domain.confirmation_token import ConfirmationToken
from kessai.domain.document import Document
from kessai.http.call import Call

_PARAM: Final = "confirmation_token"


async def with_token(call: Call, given: Given) -> tuple[Given, ConfirmationToken | None]:
    """The parameters of a request with what its confirmation token says besides, and that token.

    What the request says itself goes first.

    Raises:
        StripeError: there is no such token, or it is good for nothing any more.
    """
    name = given.get(_PARAM)
    if not name:
        return given, None
    token: ConfirmationToken | None = await find(call, _PARAM, name)
    if token is None:
        raise missing(_PARAM, name, param=_PARAM)
    if token.is_used:
        raise StripeError(f"The ConfirmationToken {name} was used already: make a new one.", param=_PARAM)
    if call.now >= token.expires_at:
        raise StripeError(f"The ConfirmationToken {name} has expired: make a new one.", param=_PARAM)
    return {**token.details, **given}, token


def used_up(call: Call, token: ConfirmationToken | None, **by: Any) -> tuple[Document, ...]:
    """What is to be saved of a token that was used `by` this `intent_id` or `setup_id`."""
    return () if token is None else (token.used(at=call.now, **by),)
