"""Checkout sessions: /v1/checkout/sessions. Source: Stripe API reference, "Checkout Sessions", 2026-11-26.

What a payer would have to be asked, discounts, taxes and shipping are not simulated; nor are subscriptions.
Setups take cards only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from kessai.dialects.stripe.amounts import amount_of, charged, currency_of
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated, required
from kessai.dialects.stripe.facts import given_of, masked, metadata_of, shipping_of
from kessai.dialects.stripe.ids import decode
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.checkout_session import STATUSES, line_item, session_id
from kessai.dialects.stripe.objects.checkout_session import checkout_session as shown
from kessai.dialects.stripe.paging import PAGED, cursors_of, id_of, limit_of, page_of, wanted_of
from kessai.dialects.stripe.routes.customers import customer_id_of
from kessai.dialects.stripe.selling import Sold, price_of, sold
from kessai.dialects.stripe.shape import list_object, moment, seconds
from kessai.domain.change import Change
from kessai.domain.checkout import CheckoutMode, CheckoutSession
from kessai.domain.errors import TransitionNotAllowedError
from kessai.http.call import Call
from kessai.simulation.instruments import OTHER_METHODS

routes: Final = StripeRoutes()
LINES_MAX: Final = 100
_QUANTITY_MAX: Final = 999_999
_SHORTEST_S: Final = 30 * 60
_LONGEST_S: Final = 24 * 60 * 60
_LINE_NAMES: Final = (
    *("price", "quantity", "metadata", "price_data.currency", "price_data.product"),
    *(f"price_data.product_data.{name}" for name in ("name", "description", "images", "metadata")),
    *(f"price_data.product_data.{name}" for name in ("tax_code", "unit_label")),
    *("price_data.recurring.interval", "price_data.recurring.interval_count", "price_data.tax_behavior"),
    *("price_data.unit_amount", "price_data.unit_amount_decimal"),
)
_OF_OTHER_MODES: Final = {
    "payment": ("setup_intent_data",),
    "setup": ("line_items", "payment_intent_data"),
}
LINES: Final = " ".join(f"line_items.{name}" for name in _LINE_NAMES)
_INTENT_NAMES: Final = (
    *("capture_method", "description", "metadata", "receipt_email", "setup_future_usage", "shipping"),
    *("statement_descriptor", "statement_descriptor_suffix", "transfer_group"),
)
INTENT: Final = " ".join(f"payment_intent_data.{name}" for name in _INTENT_NAMES)
_KEPT: Final = ("billing_address_collection", "locale", "submit_type")
_ANY_CURRENCY: Final = "usd"
_SWITCHES: Final = ("automatic_tax", "invoice_creation", "phone_number_collection")
"""What may be said to be off."""


@routes.post(
    "/v1/checkout/sessions",
    f"{LINES} {INTENT} {' '.join(_KEPT)} {' '.join(f'{name}.enabled' for name in _SWITCHES)} "
    "allow_promotion_codes cancel_url client_reference_id currency customer customer_creation "
    "customer_email expires_at metadata mode payment_method_types setup_intent_data.description "
    "setup_intent_data.metadata success_url ui_mode",
)
async def create_checkout_session(call: Call, given: Given) -> Result:
    """A page where somebody pays for these lines."""
    _refuse_unsimulated(given)
    is_setup = given["mode"] == "setup"
    sold_lines = [] if is_setup else await lines_of(call, given)
    customer_id = await _customer_id(call, given)
    facts = {
        "mode": CheckoutMode.SETUP if is_setup else CheckoutMode.PAYMENT,
        "currency": _currency(given, sold_lines),
        "expires_at": _expiry(call, given),
        "success_url": _url(given, "success_url", is_required=True),
        "cancel_url": _url(given, "cancel_url"),
        "customer_id": customer_id,
        "customer_email": masked(given.get("customer_email")),
        "reference": masked(given.get("client_reference_id")),
        "metadata": metadata_of(given, {}),
        "details": _details(given, has_customer=customer_id is not None),
    }
    made = call.services.checkouts.create(
        call.merchant.id, [line_facts(each) for each in sold_lines], facts, at=call.now
    )
    refuse_unpayable(made)
    change = Change(
        records=(*(new for _, each in sold_lines for new in each.made), made),
        events=tuple(event for _, each in sold_lines for event in each.events),
    )
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
    page, has_more = _page(known, given)
    url = f"/v1/checkout/sessions/{session_id(known)}/line_items"
    return Result(list_object(url, [line_item(each) for each in page], has_more=has_more))


@routes.get("/v1/checkout/sessions", f"{PAGED} created customer customer_details.email payment_intent status")
async def list_checkout_sessions(call: Call, given: Given) -> Result:
    """Newest first."""
    intent_id, status = await id_of(call, given, "payment_intent"), given.get("status")
    email = (given.get("customer_details") or {}).get("email")
    wanted = await wanted_of(
        call, given, "checkout.session", owner_id=await _customer_id(call, given), lookup=intent_id
    )

    def is_wanted(each: CheckoutSession) -> bool:
        return status in (None, STATUSES[each.status]) and email in (
            *(None, each.payer_email or each.customer_email),
        )

    found = await call.services.checkouts.list(
        call.merchant.id, wanted, limit=limit_of(given), where=is_wanted
    )
    return Result(page_of(call, given, "/v1/checkout/sessions", "checkout.session", found))


async def lines_of(call: Call, given: Given) -> Sequence[tuple[Given, Sold]]:
    """Each line that was asked for, and what is sold by it.

    Raises:
        StripeError: none, too many, or one that cannot be sold.
    """
    lines = given.get("line_items")
    if not lines:
        raise required("line_items")
    if len(lines) > LINES_MAX:
        raise StripeError(f"There can be at most {LINES_MAX} line items.", param="line_items")
    return [(each, await _sold(call, each, f"line_items[{index}]")) for index, each in enumerate(lines)]


def line_facts(line: tuple[Given, Sold]) -> dict[str, Any]:
    """The fields of a line."""
    given, each = line
    return {
        "name": each.product.name,
        "price": each.price,
        "quantity": given["quantity"],
        "metadata": metadata_of(given, {}),
    }


def refuse_unpayable(session: CheckoutSession) -> None:
    """Refuse a total that is neither nothing nor what may be charged."""
    if session.total:
        charged(amount_of(session.total), session.currency, param="line_items")


async def _sold(call: Call, line: Given, within: str) -> Sold:
    quantity, name, data = line.get("quantity"), line.get("price"), line.get("price_data")
    if quantity is None:
        raise required(f"{within}[quantity]")
    if not 1 <= quantity <= _QUANTITY_MAX:
        raise StripeError(
            f"A quantity must be between 1 and {_QUANTITY_MAX}.",
            param=f"{within}[quantity]",
            code="parameter_invalid_integer",
        )
    if (name is None) == (data is None):
        raise StripeError(
            "You must specify one of `price` and `price_data`, and not both.",
            param=f"{within}[price]",
            code="parameter_missing" if name is None else None,
        )
    found = (
        await sold(call, data or {}, within=f"{within}[price_data]", is_inline=True)
        if name is None
        else await _offered(call, name, f"{within}[price]")
    )
    if found.price.recurring is not None:
        raise StripeError(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode "
            "or use only one-time prices.",
            param=within,
        )
    return found


async def _offered(call: Call, name: str, param: str) -> Sold:
    price = await price_of(call, name, param=param)
    if not price.is_active:
        raise StripeError(
            "The price specified is inactive. This field only accepts active prices.", param=param
        )
    product = await call.services.catalog.get_product(call.merchant.id, price.product_id)
    if not product.is_active:
        raise StripeError(
            "The product of the price specified is inactive. Prices of active products only are accepted.",
            param=param,
        )
    return Sold(price, product)


def _refuse_unsimulated(given: Given) -> None:
    mode = given.get("mode")
    if mode is None:
        raise required("mode")
    if mode == "subscription":
        raise not_simulated("The mode subscription", param="mode")
    for name in _OF_OTHER_MODES[mode]:
        if given.get(name):
            raise StripeError(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if given.get("ui_mode") not in (None, "hosted_page", "hosted"):
        raise not_simulated(f"The ui_mode {given['ui_mode']}", param="ui_mode")
    for name in _SWITCHES:
        if (given.get(name) or {}).get("enabled"):
            raise not_simulated(name, param=name)
    if given.get("allow_promotion_codes"):
        raise not_simulated("allow_promotion_codes", param="allow_promotion_codes")
    _refuse_methods(given, mode)


def _refuse_methods(given: Given, mode: str) -> None:
    for index, method in enumerate(given.get("payment_method_types") or ()):
        # Others can be set up too, but not from this page.
        if method != "card" and (mode == "setup" or method not in OTHER_METHODS):
            raise not_simulated(f"The payment method type {method}", param=f"payment_method_types[{index}]")


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
    return {
        **given_of(given, *_KEPT),
        "payment_method_types": list(dict.fromkeys(given.get("payment_method_types") or ["card"])),
        "customer_creation": None if has_customer else creation or "if_required",
        "intent": intent,
        "setup": given_of(given.get("setup_intent_data") or {}, "description", "metadata"),
        "currency": given["currency"].lower() if given.get("currency") else None,
    }


def _currency(given: Given, lines: Sequence[tuple[Given, Sold]]) -> str:
    if not lines:
        return currency_of(given.get("currency") or _ANY_CURRENCY)
    first = lines[0][1].price.currency
    for index, (_, each) in enumerate(lines):
        if each.price.currency != first:
            raise StripeError(
                "All line items of a session must have the same currency.",
                param=f"line_items[{index}]",
            )
    if given.get("currency") and currency_of(given["currency"]) != first:
        raise StripeError("The currency must be that of the line items.", param="currency")
    return first


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


def _url(given: Given, name: str, *, is_required: bool = False) -> str | None:
    url: str | None = given.get(name)
    if not url:
        if is_required:
            raise required(name)
        return None
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or not url.isprintable() or " " in url:
        raise StripeError("Not a valid URL", param=name, code="url_invalid")
    return url


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


def _page(session: CheckoutSession, given: Given) -> tuple[Sequence[Any], bool]:
    lines, limit = session.lines, limit_of(given)
    after, before = cursors_of(given)
    if before:
        earlier = lines[: _place(session, before, "ending_before")]
        return earlier[-limit:], len(earlier) > limit
    later = lines[_place(session, after, "starting_after") + 1 :] if after else lines
    return later[:limit], len(later) > limit


def _place(session: CheckoutSession, object_id: str, param: str) -> int:
    line_id = decode("li", object_id)
    place = next((index for index, each in enumerate(session.lines) if each.id == line_id), None)
    if place is None:
        raise missing("line_item", object_id, param=param)
    return place
