"""Checkout sessions: /v1/checkout/sessions. Source: Stripe API reference, "Checkout Sessions", 2026-11-26.

Discounts, taxes and invoices are not simulated; nor are subscriptions. Setups take cards only.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from kessai.dialects.stripe.cart import (
    ADJUSTABLE,
    COLLECTED,
    LINES,
    SWITCHES,
    collected_of,
    currency_in,
    line_facts,
    lines_of,
    made_with,
    page_of_lines,
    refuse_extras,
    refuse_methods,
    refuse_unpayable,
    web_url,
)
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated, required
from kessai.dialects.stripe.facts import given_of, masked, metadata_of, shipping_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.checkout_session import STATUSES, session_id
from kessai.dialects.stripe.objects.checkout_session import checkout_session as shown
from kessai.dialects.stripe.paging import PAGED, id_of, limit_of, page_of, wanted_of
from kessai.dialects.stripe.routes.customers import customer_id_of
from kessai.dialects.stripe.shape import moment, seconds
from kessai.dialects.stripe.shipping import SHIPPING, rates_of
from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutMode, CheckoutSession
from kessai.domain.errors import TransitionNotAllowedError
from kessai.http.call import Call

routes: Final = StripeRoutes()
LINES_MAX: Final = 100
_SHORTEST_S: Final = 30 * 60
_LONGEST_S: Final = 24 * 60 * 60
_OF_OTHER_MODES: Final = {
    "payment": ("setup_intent_data",),
    "setup": (
        *("allow_promotion_codes", "line_items", "payment_intent_data"),
        *("shipping_address_collection", "shipping_options"),
    ),
}
_INTENT_NAMES: Final = (
    *("capture_method", "description", "metadata", "receipt_email", "setup_future_usage", "shipping"),
    *("statement_descriptor", "statement_descriptor_suffix", "transfer_group"),
)
INTENT: Final = " ".join(f"payment_intent_data.{name}" for name in _INTENT_NAMES)
_KEPT: Final = ("customer_update", "locale", "payment_method_options", "submit_type")
_CARD_OPTIONS: Final = " ".join(
    f"payment_method_options.card.{name}"
    for name in ("request_incremental_authorization", "request_three_d_secure", "setup_future_usage")
)


@routes.post(
    "/v1/checkout/sessions",
    f"{LINES} line_items.metadata {ADJUSTABLE} {INTENT} {COLLECTED} {SHIPPING} {SWITCHES} {_CARD_OPTIONS} "
    "cancel_url client_reference_id currency customer customer_creation "
    "customer_email customer_update expires_at locale metadata mode payment_method_types "
    "setup_intent_data.description setup_intent_data.metadata submit_type success_url ui_mode",
)
async def create_checkout_session(call: Call, given: Given) -> Result:
    """A page where somebody pays for these lines."""
    _refuse_unsimulated(given)
    is_setup = given["mode"] == "setup"
    sold_lines = [] if is_setup else await lines_of(call, given, at_most=LINES_MAX)
    customer_id = await _customer_id(call, given)
    currency = currency_in(given, sold_lines)
    rates, new_rates = await rates_of(call, given, currency)
    facts = {
        "mode": CheckoutMode.SETUP if is_setup else CheckoutMode.PAYMENT,
        "currency": currency,
        "shipping_rates": tuple(rates),
        "expires_at": _expiry(call, given),
        "success_url": _success_url(given),
        "cancel_url": web_url(given["cancel_url"], "cancel_url") if given.get("cancel_url") else None,
        "customer_id": customer_id,
        "customer_email": masked(given.get("customer_email")),
        "reference": masked(given.get("client_reference_id")),
        "metadata": metadata_of(given, {}),
        "details": _details(given, has_customer=customer_id is not None),
    }
    made = call.services.checkouts.create(
        call.merchant.id, [line_facts(each) for each in sold_lines], facts, at=call.now
    )
    for each in rates:
        refuse_unpayable(made.subtotal + each.amount, param="shipping_options")
    refuse_unpayable(made.total)
    change = made_with(sold_lines).also(Change(records=(*new_rates, made)))
    return Result(shown(made, call.services.public_url), change)


@routes.get("/v1/checkout/sessions/{session}")
async def retrieve_checkout_session(call: Call, given: Given, session: str) -> Result:
    """A session."""
    return Result(shown(await _found(call, session), call.services.public_url))


@routes.post("/v1/checkout/sessions/{session}", "metadata")
async def update_checkout_session(call: Call, given: Given, session: str) -> Result:
    """Change what is noted of it."""
    known = await _found(call, session)
    changed = known.saved_again(at=call.now, metadata=metadata_of(given, known.metadata))
    return Result(shown(changed, call.services.public_url), Change(records=(changed,)))


@routes.post("/v1/checkout/sessions/{session}/expire")
async def expire_checkout_session(call: Call, given: Given, session: str) -> Result:
    """Close it before its time."""
    known = await _found(call, session)
    try:
        expired, change = await call.services.checkouts.expire(known, at=call.now)
    except TransitionNotAllowedError:
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of `{STATUSES[known.status]}`.",
            is_kept=True,
        ) from None
    return Result(shown(expired, call.services.public_url), change)


@routes.get("/v1/checkout/sessions/{session}/line_items", PAGED)
async def list_checkout_session_lines(call: Call, given: Given, session: str) -> Result:
    """What is paid for, in the order it was given."""
    known = await _found(call, session)
    url = f"/v1/checkout/sessions/{session_id(known)}/line_items"
    return Result(page_of_lines(given, url, known.lines))


@routes.get(
    "/v1/checkout/sessions",
    f"{PAGED} created customer customer_details.email payment_intent payment_link status",
)
async def list_checkout_sessions(call: Call, given: Given) -> Result:
    """Newest first."""
    intent_id, link_id = await id_of(call, given, "payment_intent"), await id_of(call, given, "payment_link")
    email, status = (given.get("customer_details") or {}).get("email"), given.get("status")
    wanted = await wanted_of(
        call, given, "checkout.session", owner_id=await _customer_id(call, given), lookup=intent_id
    )

    def is_wanted(each: CheckoutSession) -> bool:
        return (
            status in (None, STATUSES[each.status])
            and email in (None, each.payer_email or each.customer_email)
            and link_id in (None, each.link_id)
        )

    found = await call.services.checkouts.list(
        call.merchant.id, wanted, limit=limit_of(given), where=is_wanted
    )
    return Result(page_of(call, given, "/v1/checkout/sessions", "checkout.session", found))


def _refuse_unsimulated(given: Given) -> None:
    mode = given.get("mode")
    if mode is None:
        raise required("mode")
    if mode == "subscription":
        raise not_simulated("The mode subscription", param="mode")
    for name in _OF_OTHER_MODES[mode]:
        if given.get(name):
            raise _of_another_mode(name, mode)
    if mode == "setup" and (given.get("phone_number_collection") or {}).get("enabled"):
        raise _of_another_mode("phone_number_collection", mode)
    if given.get("ui_mode") not in (None, "hosted_page", "hosted"):
        raise not_simulated(f"The ui_mode {given['ui_mode']}", param="ui_mode")
    refuse_extras(given)
    refuse_methods(given, is_setup=mode == "setup")


def _of_another_mode(name: str, mode: str) -> StripeError:
    return StripeError(f"You can not pass `{name}` in `{mode}` mode.", param=name)


def _details(given: Given, *, has_customer: bool) -> dict[str, Any]:
    data = given.get("payment_intent_data") or {}
    intent = given_of(data, *_INTENT_NAMES)
    if "shipping" in intent:
        intent["shipping"] = shipping_of(data["shipping"])
    creation = given.get("customer_creation")
    if creation and has_customer:
        raise StripeError(
            "You may only specify one of these parameters: customer, customer_creation.",
            param="customer_creation",
        )
    if given.get("customer_update") and not has_customer:
        raise StripeError("`customer_update` can only be used with `customer`.", param="customer_update")
    return {
        **given_of(given, *_KEPT),
        **collected_of(given),
        "payment_method_types": list(dict.fromkeys(given.get("payment_method_types") or ["card"])),
        "customer_creation": None if has_customer else creation or "if_required",
        "intent": intent,
        "setup": given_of(given.get("setup_intent_data") or {}, "description", "metadata"),
        "currency": given["currency"].lower() if given.get("currency") else None,
    }


def _expiry(call: Call, given: Given) -> Any:
    asked = given.get("expires_at")
    if asked is None:
        return call.now + timedelta(seconds=_LONGEST_S)
    now = seconds(call.now)
    if not now + _SHORTEST_S <= asked <= now + _LONGEST_S:
        raise StripeError(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from "
            "Checkout Session creation.",
            param="expires_at",
        )
    return moment(asked)


def _success_url(given: Given) -> str:
    url = given.get("success_url")
    if not url:
        raise required("success_url")
    return web_url(url, "success_url")


async def _customer_id(call: Call, given: Given) -> str | None:
    name = given.get("customer")
    if name and given.get("customer_email"):
        raise StripeError(
            "You may only specify one of these parameters: customer, customer_email.", param="customer_email"
        )
    return await customer_id_of(call, given)


async def _found(call: Call, object_id: str) -> CheckoutSession:
    found: CheckoutSession | None = await find(call, "checkout.session", object_id)
    if found is None:
        raise missing("checkout.session", object_id, param="session", status=404)
    return found
