"""SetupIntents: /v1/setup_intents and their tries.

Source: Stripe API reference, "SetupIntents", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kessai.dialects.stripe.confirmation_tokens import used_up, with_token
from kessai.dialects.stripe.confirming import (
    challenge_wanted,
    methods_of,
    refuse_anothers,
    refuse_pages_own,
    refuse_unlisted,
    refuse_unreturning,
    refuse_what_needs_confirm,
    require_secret,
    return_url_of,
)
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated, repeated
from kessai.dialects.stripe.facts import given_of, masked, metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.method_options import OF_SETUPS, kept_options
from kessai.dialects.stripe.objects.payment_intent import failure_object
from kessai.dialects.stripe.objects.setup_intent import STATUSES, setup_intent, setup_secret
from kessai.dialects.stripe.paging import PAGED, id_of, limit_of, page_of, wanted_of
from kessai.dialects.stripe.paying import instrument_of, is_made, kept_by, spent_of
from kessai.dialects.stripe.routes.customers import customer_id_of
from kessai.domain.change import Change
from kessai.domain.document import Document
from kessai.domain.errors import TransitionNotAllowedError
from kessai.domain.event import Event
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import ALLOWED, Setup, SetupAction
from kessai.http.call import Call

routes: Final = StripeRoutes()
_TITLE: Final = "SetupIntent"
_METHOD: Final = f"payment_method payment_method_data {OF_SETUPS}"
_DESCRIBED: Final = (
    f"{_METHOD} customer description metadata payment_method_types excluded_payment_method_types"
)
_CONFIRMED: Final = "return_url use_stripe_sdk mandate_data confirmation_token"
_PUBLIC: Final = "client_secret"
_REUSABLE: Final = frozenset(
    {
        *("acss_debit", "amazon_pay", "au_becs_debit", "bacs_debit", "bancontact", "boleto", "card"),
        *("cashapp", "ideal", "klarna", "link", "paypal", "pix", "revolut_pay", "sepa_debit", "upi"),
        "us_bank_account",
    }
)
"""What can be set up, of what kessai simulates.

Source: `setup_attempt_payment_method_details` of Stripe's OpenAPI document, read 2026-11-26.
"""


@routes.post("/v1/setup_intents", f"confirm usage automatic_payment_methods {_DESCRIBED} {_CONFIRMED}")
async def create_setup_intent(call: Call, given: Given) -> Result:
    """A new SetupIntent, tried at once with `confirm`."""
    refuse_what_needs_confirm(given, "return_url", "mandate_data", "confirmation_token")
    given, token = await with_token(call, given)
    customer_id = await customer_id_of(call, given)
    instrument, made = await instrument_of(call, given, token)
    facts: dict[str, Any] = {
        "usage": given.get("usage") or "off_session",
        "customer_id": customer_id,
        "description": masked(given.get("description")),
        "metadata": metadata_of(given, {}),
        "details": {**methods_of(given), **_details(given, {})},
    }
    _refuse_unusable(instrument, customer_id, facts["details"])
    setup, told = call.services.setups.create(call.merchant.id, facts, instrument, at=call.now)
    if given.get("confirm"):
        made = (*made, *used_up(call, token, setup_id=setup.id))
        return await _confirm(call, given, setup, instrument, made, told=(told,))
    change = Change(records=(*made, setup), events=(told,))
    return Result(setup_intent(setup, call.services.public_url), change)


@routes.get("/v1/setup_intents/{intent}", _PUBLIC, is_public=True)
async def retrieve_setup_intent(call: Call, given: Given, intent: str) -> Result:
    """A SetupIntent; a public key has to show its client secret."""
    return Result(setup_intent(await _found(call, given, intent), call.services.public_url))


@routes.post("/v1/setup_intents/{intent}", _DESCRIBED)
async def update_setup_intent(call: Call, given: Given, intent: str) -> Result:
    """Change what is given."""
    known = await _found(call, given, intent)
    instrument, made = await instrument_of(call, given)
    changed = await _updated(call, given, known, instrument)
    change = Change(records=(*made, changed))
    return Result(setup_intent(changed, call.services.public_url), change)


@routes.post("/v1/setup_intents/{intent}/confirm", f"{_METHOD} {_CONFIRMED} {_PUBLIC}", is_public=True)
async def confirm_setup_intent(call: Call, given: Given, intent: str) -> Result:
    """Try to set a payment method up."""
    known = await _found(call, given, intent)
    await refuse_pages_own(call, known)
    _require(known, SetupAction.CONFIRM, "cannot be confirmed", call)
    given, token = await with_token(call, given)
    instrument, made = await instrument_of(call, given, token)
    changed = await _updated(call, given, known, instrument)
    instrument = await kept_by(call, changed, instrument)
    made = (*made, *used_up(call, token, setup_id=changed.id))
    return await _confirm(call, given, changed, instrument, made, told=())


@routes.post("/v1/setup_intents/{intent}/cancel", "cancellation_reason")
async def cancel_setup_intent(call: Call, given: Given, intent: str) -> Result:
    """Give it up."""
    known = await _found(call, given, intent)
    await refuse_pages_own(call, known)
    _require(known, SetupAction.CANCEL, "cannot be canceled", call)
    step = await call.services.setups.cancel(known, given.get("cancellation_reason"), at=call.now)
    return Result(setup_intent(step.setup, call.services.public_url), step.change)


@routes.get("/v1/setup_intents", f"{PAGED} created customer payment_method")
async def list_setup_intents(call: Call, given: Given) -> Result:
    """Newest first."""
    customer_id = await customer_id_of(call, given)
    wanted = await wanted_of(call, given, "setup_intent", owner_id=customer_id)
    instrument_id = await id_of(call, given, "payment_method")
    found = await call.services.setups.list(
        call.merchant.id,
        wanted,
        limit=limit_of(given),
        where=lambda each: instrument_id in (None, each.instrument_id),
    )
    return Result(page_of(call, given, "/v1/setup_intents", "setup_intent", found))


@routes.get("/v1/setup_attempts", f"{PAGED} created setup_intent")
async def list_setup_attempts(call: Call, given: Given) -> Result:
    """The tries of a SetupIntent, newest first."""
    setup_id = await id_of(call, given, "setup_intent")
    wanted = await wanted_of(call, given, "setup_attempt", owner_id=setup_id)
    found = await call.services.setups.attempts(call.merchant.id, wanted, limit=limit_of(given))
    return Result(page_of(call, given, "/v1/setup_attempts", "setup_attempt", found))


async def _confirm(
    call: Call,
    given: Given,
    setup: Setup,
    instrument: SavedInstrument | None,
    made: tuple[Document, ...],
    *,
    told: tuple[Event, ...],
) -> Result:
    """Try a setup, whose version here is the one to be written."""
    if instrument is None:
        raise _no_method()
    refuse_unreturning(given, setup.details, _TITLE)
    step = await call.services.setups.confirm(
        setup,
        instrument,
        challenge=challenge_wanted(setup.details),
        is_new=is_made(instrument, made),
        at=call.now,
    )
    records = (*spent_of(instrument, made), *step.change.records)
    change = Change(records=records, events=(*told, *step.change.events))
    shown = setup_intent(step.setup, call.services.public_url)
    if step.failure is not None:
        return Result({"error": {**failure_object(step.failure), "setup_intent": shown}}, change, status=402)
    return Result(shown, change)


async def _updated(call: Call, given: Given, known: Setup, instrument: SavedInstrument | None) -> Setup:
    customer_id = await customer_id_of(call, given) or known.customer_id
    if instrument is not None or customer_id != known.customer_id:
        _require(known, SetupAction.REPLACE, "cannot be given another payment method or customer", call)
    facts: dict[str, Any] = {
        **given_of(given, "description"),
        "metadata": metadata_of(given, known.metadata),
        "customer_id": customer_id,
        "details": _details(given, known.details),
    }
    if given.get("payment_method_types"):
        facts["details"] |= methods_of(given)
    _refuse_unusable(instrument, customer_id, facts["details"])
    _require(known, SetupAction.UPDATE, "cannot be updated", call)
    return call.services.setups.update(known, facts, instrument, at=call.now)


def _details(given: Given, known: Mapping[str, Any]) -> dict[str, Any]:
    changed = given_of(given, "excluded_payment_method_types")
    return {**known, **changed, **kept_options(given, known), **return_url_of(given)}


def _refuse_unusable(
    instrument: SavedInstrument | None, customer_id: str | None, details: Mapping[str, Any]
) -> None:
    for each in details.get("payment_method_types", ()):
        if each not in _REUSABLE:
            raise not_simulated(f"Setting up {repeated(str(each))}", param="payment_method_types")
    refuse_anothers(instrument, customer_id, _TITLE)
    refuse_unlisted(instrument, details, _TITLE)
    if instrument is not None and instrument.type not in _REUSABLE:
        raise StripeError(
            f"PaymentMethods of type {instrument.type} cannot be used again, so not be set up either.",
            param="payment_method",
        )


def _require(setup: Setup, action: SetupAction, refusal: str, call: Call) -> None:
    """Refuse what a SetupIntent cannot do where it stands; it is shown whole."""
    try:
        setup.require(action)
    except TransitionNotAllowedError:
        wanted = ", ".join(STATUSES[each] for each in STATUSES if each in ALLOWED[action])
        message = (
            f"This {_TITLE} {refusal} because it has a status of {STATUSES[setup.status]}. Only one with one "
            f"of the following statuses may be so: {wanted}."
        )
        raise StripeError(
            message,
            code="setup_intent_unexpected_state",
            is_kept=True,
            facts={"setup_intent": setup_intent(setup, call.services.public_url)},
        ) from None


async def _found(call: Call, given: Given, object_id: str) -> Setup:
    found: Setup | None = await find(call, "setup_intent", object_id)
    if found is None:
        raise missing("setupintent", object_id, param="intent", status=404)
    require_secret(call, given, setup_secret(found), _TITLE)
    return found


def _no_method() -> StripeError:
    return StripeError(
        "You cannot confirm this SetupIntent because it's missing a payment method. Set one with "
        "`payment_method`, or confirm with one.",
        param="payment_method",
        code="parameter_missing",
        is_kept=True,
    )
