"""PaymentIntents: /v1/payment_intents. Source: Stripe API reference, "PaymentIntents", read 2026-11-20."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kessai.dialects.stripe.amounts import charged, currency_of, in_units, money_from
from kessai.dialects.stripe.confirmation_tokens import used_up, with_token
from kessai.dialects.stripe.confirming import (
    challenge_wanted,
    increments_wanted,
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
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated
from kessai.dialects.stripe.facts import given_of, masked, metadata_of, shipping_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.method_options import (
    OF_PAYMENTS,
    OPTIONS,
    asked_capture,
    books_later,
    by_type,
    kept_options,
    usual_capture,
)
from kessai.dialects.stripe.objects.payment_intent import client_secret, failure_object, payment_intent
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.dialects.stripe.paying import instrument_of, is_made, kept_by, spent_of
from kessai.dialects.stripe.routes.customers import customer_id_of
from kessai.dialects.stripe.searching import SEARCHED, search_page
from kessai.dialects.stripe.shape import Object
from kessai.dialects.stripe.voucher_terms import slip_lasts
from kessai.domain.change import Change
from kessai.domain.document import Document
from kessai.domain.errors import AmountTooLargeError, TransitionNotAllowedError
from kessai.domain.event import Event
from kessai.domain.failure import Failure
from kessai.domain.intent import ALLOWED, ConfirmationMethod, Intent, IntentAction
from kessai.domain.payment import CaptureMethod
from kessai.domain.saved_instrument import SavedInstrument
from kessai.http.call import Call
from kessai.services.asked import Asked
from kessai.services.intent_following import Step
from kessai.simulation.trying import Terms

routes: Final = StripeRoutes()
_TITLE: Final = "PaymentIntent"
_METHOD: Final = "payment_method payment_method_data"
_DESCRIBED: Final = (
    f"{_METHOD} customer description metadata receipt_email shipping statement_descriptor "
    "statement_descriptor_suffix transfer_group setup_future_usage payment_method_types "
    f"excluded_payment_method_types {OF_PAYMENTS}"
)
_CONFIRMED: Final = (
    "off_session return_url error_on_requires_action use_stripe_sdk mandate_data confirmation_token"
)
_ONLY_CONFIRMING: Final = (
    *("off_session", "return_url", "error_on_requires_action", "mandate_data", "confirmation_token"),
)
_KEPT: Final = (
    *("receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"),
    *("setup_future_usage", "excluded_payment_method_types"),
)
_OF_METHODS: Final = ("capture_method", "setup_future_usage", OPTIONS)
"""What is decided by the type of method that pays."""
_PUBLIC: Final = "client_secret"


@routes.post(
    "/v1/payment_intents",
    f"amount currency confirm capture_method confirmation_method automatic_payment_methods {_DESCRIBED} "
    f"{_CONFIRMED}",
)
async def create_payment_intent(call: Call, given: Given) -> Result:
    """A new PaymentIntent, tried at once with `confirm`."""
    currency = currency_of(given["currency"])
    amount = charged(given["amount"], currency)
    is_confirmed = bool(given.get("confirm"))
    refuse_what_needs_confirm(given, *_ONLY_CONFIRMING)
    given, token = await with_token(call, given)
    customer_id = await customer_id_of(call, given)
    instrument, made = await instrument_of(call, given, token)
    refuse_anothers(instrument, customer_id, _TITLE)
    details = {**methods_of(given), **_details(given, {})}
    refuse_unlisted(instrument, details, _TITLE)
    asked = Asked(
        amount=amount,
        confirmation_method=ConfirmationMethod(given.get("confirmation_method") or "automatic"),
        customer_id=customer_id,
        description=masked(given.get("description")),
        metadata=metadata_of(given, {}),
        details=details,
        **by_type(details, instrument, asked_capture(given) or CaptureMethod.AUTOMATIC),
    )
    intent, told = call.services.intents.create(call.merchant.id, asked, instrument, at=call.now)
    if is_confirmed:
        made = (*made, *used_up(call, token, intent_id=intent.id))
        return await _confirm(call, given, intent, instrument, made, (told,))
    change = Change(records=(*made, intent), events=(told,))
    return Result(payment_intent(intent, call.services.public_url), change)


@routes.get("/v1/payment_intents/search", SEARCHED)
async def search_payment_intents(call: Call, given: Given) -> Result:
    """Those that a query finds."""
    return Result(await search_page(call, given, "payment_intent", call.services.intents.list))


@routes.get("/v1/payment_intents/{intent}", _PUBLIC, is_public=True)
async def retrieve_payment_intent(call: Call, given: Given, intent: str) -> Result:
    """A PaymentIntent; a public key has to show its client secret."""
    return Result(payment_intent(await found(call, given, intent), call.services.public_url))


@routes.post("/v1/payment_intents/{intent}", f"amount currency capture_method {_DESCRIBED}")
async def update_payment_intent(call: Call, given: Given, intent: str) -> Result:
    """Change what is given."""
    known = await found(call, given, intent)
    instrument, made = await instrument_of(call, given)
    changed = await _updated(call, given, known, instrument)
    left = await call.services.intents.left(known, changed, at=call.now)
    if left.payment is not None and known.slip is not None:
        await refuse_pages_own(call, known)
    change = left.also(Change(records=(*made, changed)))
    return Result(payment_intent(changed, call.services.public_url), change)


@routes.post(
    "/v1/payment_intents/{intent}/confirm",
    f"{_METHOD} {_CONFIRMED} {_PUBLIC} capture_method receipt_email setup_future_usage shipping "
    f"{OF_PAYMENTS} payment_method_types",
    is_public=True,
)
async def confirm_payment_intent(call: Call, given: Given, intent: str) -> Result:
    """Try to be paid."""
    known = await found(call, given, intent)
    if call.is_public and known.confirmation_method is ConfirmationMethod.MANUAL:
        raise StripeError(
            "This PaymentIntent's `confirmation_method` is manual: it is confirmed with a secret key only."
        )
    await refuse_pages_own(call, known)
    given, token = await with_token(call, given)
    instrument, made = await instrument_of(call, given, token)
    changed = await _updated(call, given, known, instrument)
    if known.status not in _CONFIRMABLE:
        raise unexpected(
            known, f"This PaymentIntent's status is {word(known)}; it cannot be confirmed.", call
        )
    instrument = await kept_by(call, changed, instrument)
    if instrument is not None:
        changed = replace(changed, **by_type(changed.details, instrument, changed.capture_method))
    made = (*made, *used_up(call, token, intent_id=changed.id))
    return await _confirm(call, given, changed, instrument, made, ())


@routes.post(
    "/v1/payment_intents/{intent}/capture",
    "amount_to_capture metadata statement_descriptor statement_descriptor_suffix final_capture",
)
async def capture_payment_intent(call: Call, given: Given, intent: str) -> Result:
    """Take what is held, or a part of it and release the rest."""
    known = await found(call, given, intent)
    asked = given.get("amount_to_capture")
    amount = None if asked is None else money_from(asked, known.amount.currency, param="amount_to_capture")
    if asked == 0:
        raise StripeError(
            "This value must be greater than or equal to 1.",
            param="amount_to_capture",
            code="parameter_invalid_integer",
        )
    if given.get("final_capture") is False:
        raise not_simulated("A capture that is not final", param="final_capture")
    minor = None if amount is None else amount.minor
    details = {**known.details, **given_of(given, "statement_descriptor", "statement_descriptor_suffix")}
    try:
        step = await call.services.intents.capture(
            known, minor, at=call.now, metadata=metadata_of(given, known.metadata), details=details
        )
    except TransitionNotAllowedError:
        message = (
            f"This PaymentIntent could not be captured because it has a status of {word(known)}. "
            "Only a PaymentIntent with one of the following statuses may be captured: requires_capture."
        )
        raise unexpected(known, message, call) from None
    except AmountTooLargeError as refusal:
        held = in_units(refusal.left, known.amount.currency)
        raise StripeError(
            f"The payment could not be captured: {asked} is more than the capturable amount of {held}.",
            param="amount_to_capture",
            code="amount_too_large",
            is_kept=True,
        ) from None
    return Result(payment_intent(step.intent, call.services.public_url), step.change)


@routes.post("/v1/payment_intents/{intent}/cancel", "cancellation_reason")
async def cancel_payment_intent(call: Call, given: Given, intent: str) -> Result:
    """Give it up."""
    known = await found(call, given, intent)
    await refuse_pages_own(call, known)
    try:
        step = await call.services.intents.cancel(known, given.get("cancellation_reason"), at=call.now)
    except TransitionNotAllowedError:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {word(known)}. Only a "
            "PaymentIntent with one of the following statuses may be canceled: requires_payment_method, "
            "requires_capture, requires_confirmation, requires_action."
        )
        raise unexpected(known, message, call) from None
    return Result(payment_intent(step.intent, call.services.public_url), step.change)


@routes.get("/v1/payment_intents", f"{PAGED} created customer")
async def list_payment_intents(call: Call, given: Given) -> Result:
    """Newest first."""
    customer_id = await customer_id_of(call, given)
    wanted = await wanted_of(call, given, "payment_intent", owner_id=customer_id)
    listed = await call.services.intents.list(call.merchant.id, wanted, limit=limit_of(given))
    return Result(page_of(call, given, "/v1/payment_intents", "payment_intent", listed))


_CONFIRMABLE: Final = ALLOWED[IntentAction.CONFIRM]


def unexpected(intent: Intent, message: str, call: Call) -> StripeError:
    """The refusal of what a PaymentIntent cannot do where it stands; it is shown whole."""
    return StripeError(
        message,
        code="payment_intent_unexpected_state",
        is_kept=True,
        facts={"payment_intent": payment_intent(intent, call.services.public_url)},
    )


async def _confirm(
    call: Call,
    given: Given,
    intent: Intent,
    instrument: SavedInstrument | None,
    made: tuple[Document, ...],
    told: tuple[Event, ...],
) -> Result:
    """Try an intent, whose version here is the one to be written."""
    if instrument is None:
        raise _no_method()
    refuse_unreturning(given, intent.details, _TITLE)
    step = await call.services.intents.confirm(
        intent,
        instrument,
        _terms(call, given, intent, instrument),
        intent.details_of_try(instrument),
        at=call.now,
    )
    kept = call.services.intent_follower.kept_for_later(
        step,
        instrument,
        is_wanted=intent.saves_instrument,
        is_new=is_made(instrument, made),
        at=call.now,
    )
    change = replace(
        step.change,
        records=(*kept.records, *spent_of(instrument, made), *step.change.records),
        events=(*told, *step.change.events, *kept.events),
    )
    shown = payment_intent(step.intent, call.services.public_url)
    if step.failure is not None:
        status = 402 if step.failure.is_card_error else 400
        return Result(declined(step, step.failure, shown), change, status=status)
    return Result(shown, change)


def declined(step: Step, failure: Failure, shown: Object) -> Object:
    """The envelope of a decline. What was tried exists, and is shown in it."""
    payment_id = step.payment.id if step.payment else None
    return {"error": {**failure_object(failure, payment_id), "payment_intent": shown}}


def _terms(call: Call, given: Given, intent: Intent, instrument: SavedInstrument) -> Terms:
    return Terms(
        off_session=bool(given.get("off_session")),
        challenge=challenge_wanted(intent.details),
        refuses_action=bool(given.get("error_on_requires_action")),
        wants_increments=increments_wanted(intent.details),
        slip_lasts=slip_lasts(instrument.type, intent.details, call.now),
    )


async def _updated(call: Call, given: Given, known: Intent, instrument: SavedInstrument | None) -> Intent:
    customer_id = await customer_id_of(call, given) or known.customer_id
    refuse_anothers(instrument, customer_id, _TITLE)
    facts: dict[str, Any] = {
        **given_of(given, "description"),
        "metadata": metadata_of(given, known.metadata),
        "customer_id": customer_id,
        "details": _details(given, known.details),
    }
    if given.get("payment_method_types"):
        facts["details"] |= methods_of(given)
    if instrument is not None and known.status not in _CONFIRMABLE:
        message = f"This PaymentIntent's payment method could not be updated: its status is {word(known)}."
        raise unexpected(known, message, call)
    refuse_unlisted(instrument, facts["details"], _TITLE)
    if instrument is not None or any(name in given for name in _OF_METHODS):
        paying = instrument
        if paying is None and known.instrument_id is not None:
            paying = await call.services.instruments.get(call.merchant.id, known.instrument_id)
        facts |= by_type(facts["details"], paying, usual_capture(given, known))
    if "amount" in given or "currency" in given:
        facts["amount"] = _amount(given, known, call)
    try:
        return call.services.intents.update(known, facts, instrument, at=call.now)
    except TransitionNotAllowedError:
        message = f"This PaymentIntent's status is {word(known)}; it cannot be updated."
        raise unexpected(known, message, call) from None


def _amount(given: Given, known: Intent, call: Call) -> Any:
    if known.status not in _CONFIRMABLE:
        message = (
            f"This PaymentIntent's amount could not be updated because it has a status of {word(known)}."
        )
        raise unexpected(known, message, call)
    currency = currency_of(given["currency"]) if "currency" in given else known.amount.currency
    if "amount" not in given:
        return replace(known.amount, currency=currency)
    return charged(given["amount"], currency)


def _details(given: Given, known: Mapping[str, Any]) -> dict[str, Any]:
    changed = {**known, **given_of(given, *_KEPT), **kept_options(given, known), **return_url_of(given)}
    if "shipping" in given:
        changed["shipping"] = shipping_of(given["shipping"])
    if given.get("capture_method"):
        changed["capture_method"] = given["capture_method"]
        changed["books_later"] = books_later(given["capture_method"])
    return changed


async def found(call: Call, given: Given, object_id: str) -> Intent:
    """The PaymentIntent of a path; a public key has to show its client secret.

    Raises:
        StripeError: there is none such, or its secret is another.
    """
    intent: Intent | None = await find(call, "payment_intent", object_id)
    if intent is None:
        raise missing("payment_intent", object_id, param="intent", status=404)
    require_secret(call, given, client_secret(intent), _TITLE)
    return intent


def word(intent: Intent) -> str:
    """What this API calls where it stands."""
    return str(payment_intent(intent)["status"])


def _no_method() -> StripeError:
    return StripeError(
        "You cannot confirm this PaymentIntent because it's missing a payment method. Set one with "
        "`payment_method`, or confirm with one.",
        param="payment_method",
        code="parameter_missing",
        is_kept=True,
    )
