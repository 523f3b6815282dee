"""PaymentIntents whose hold is raised: /v1/payment_intents/{intent}/increment_authorization.

Source: Stripe, "Increment an authorization" and its API reference, read 2026-11-26.
"""

from __future__ import annotations

from typing import Final

from kessai.dialects.stripe.amounts import amount_of, charged
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.facts import given_of, metadata_of
from kessai.dialects.stripe.objects.payment_intent import payment_intent
from kessai.dialects.stripe.routes.payment_intents import declined, found, unexpected, word
from kessai.domain.errors import ConflictError, InvalidFieldError, TransitionNotAllowedError
from kessai.http.call import Call

routes: Final = StripeRoutes()


@routes.post(
    "/v1/payment_intents/{intent}/increment_authorization",
    "amount description metadata statement_descriptor",
)
async def increment_payment_intent(call: Call, given: Given, intent: str) -> Result:
    """Have more held. What else is given is kept unless the issuer declines."""
    known = await found(call, given, intent)
    amount = charged(given["amount"], known.amount.currency)
    facts = {
        **given_of(given, "description"),
        "metadata": metadata_of(given, known.metadata),
        "details": {**known.details, **given_of(given, "statement_descriptor")},
    }
    try:
        step = await call.services.intents.increment(known, amount.minor, at=call.now, **facts)
    except TransitionNotAllowedError:
        message = (
            f"This PaymentIntent could not be incremented because it has a status of {word(known)}. "
            "Only a PaymentIntent with one of the following statuses may be incremented: requires_capture."
        )
        raise unexpected(known, message, call) from None
    except InvalidFieldError:
        held = amount_of(known.amount)
        raise StripeError(
            f"The new amount must be greater than the currently authorized amount of {held}.",
            param="amount",
            is_kept=True,
        ) from None
    except ConflictError as refusal:
        raise StripeError(f"{refusal.message[:1].upper()}{refusal.message[1:]}.", is_kept=True) from None
    shown = payment_intent(step.intent, call.services.public_url)
    if step.failure is not None:
        return Result(declined(step, step.failure, shown), step.change, status=402)
    return Result(shown, step.change)
