"""Payment links: /v1/payment_links. Source: Stripe API reference, "Payment Link", read 2026-11-26.

What is sold is paid once: links of recurring prices would be subscriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kessai.dialects.stripe.cart import (
    COLLECTED,
    LINES,
    SWITCHES,
    collected_of,
    currency_in,
    line_facts,
    lines_of,
    made_with,
    page_of_lines,
    place_of,
    quantity_of,
    refuse_extras,
    refuse_methods,
    refuse_unpayable,
    web_url,
)
from kessai.dialects.stripe.declaring import Given, Result, StripeRoutes
from kessai.dialects.stripe.errors import StripeError, missing, not_simulated, required
from kessai.dialects.stripe.facts import given_of, masked, metadata_of
from kessai.dialects.stripe.kinds import find
from kessai.dialects.stripe.objects.payment_link import INTENT_NAMES, link_id
from kessai.dialects.stripe.objects.payment_link import payment_link as shown
from kessai.dialects.stripe.paging import PAGED, limit_of, page_of, wanted_of
from kessai.domain.checkout import CheckoutLine
from kessai.domain.payment_link import PaymentLink
from kessai.http.call import Call

routes: Final = StripeRoutes()
LINES_MAX: Final = 20
_LIMIT_MAX: Final = 2**31 - 1
"""More than anybody will sell, and a number that every library can read."""
_FIXED: Final = ("capture_method", "setup_future_usage")
"""What a link says of its PaymentIntents once and for all."""
_CHANGED: Final = tuple(name for name in INTENT_NAMES if name not in _FIXED)
_KEPT: Final = ("customer_creation", "submit_type")
_DESCRIBED: Final = (
    f"{SWITCHES} {COLLECTED} {' '.join(_KEPT)} after_completion inactive_message "
    "line_items.adjustable_quantity.enabled metadata payment_method_types restrictions"
)


def _of_intents(names: tuple[str, ...]) -> str:
    return " ".join(f"payment_intent_data.{name}" for name in names)


@routes.post("/v1/payment_links", f"{LINES} {_DESCRIBED} {_of_intents(INTENT_NAMES)} currency")
async def create_payment_link(call: Call, given: Given) -> Result:
    """An address where whoever opens it pays for these lines."""
    _refuse_unsimulated(given)
    lines = await lines_of(call, given, at_most=LINES_MAX)
    facts = {
        **_facts(given, {}),
        "currency": currency_in(given, lines),
        "metadata": metadata_of(given, {}),
    }
    made, change = call.services.payment_links.create(
        call.merchant.id, [line_facts(each) for each in lines], facts, at=call.now
    )
    refuse_unpayable(made.total)
    return Result(shown(made, call.services.public_url), made_with(lines).also(change))


@routes.get("/v1/payment_links/{payment_link}")
async def retrieve_payment_link(call: Call, given: Given, payment_link: str) -> Result:
    """A link."""
    return Result(shown(await _found(call, payment_link), call.services.public_url))


@routes.post(
    "/v1/payment_links/{payment_link}",
    f"active line_items.id line_items.quantity {_DESCRIBED} {_of_intents(_CHANGED)}",
)
async def update_payment_link(call: Call, given: Given, payment_link: str) -> Result:
    """Change what is given."""
    known = await _found(call, payment_link)
    _refuse_unsimulated(given)
    facts = {
        **_facts(given, known.details),
        "metadata": metadata_of(given, known.metadata),
        "lines": _lines(given, known),
    }
    if given.get("active") is not None:
        facts["is_active"] = given["active"]
    changed, change = call.services.payment_links.update(known, facts, at=call.now)
    refuse_unpayable(changed.total)
    if given.get("active") and changed.is_used_up:
        raise StripeError(
            "This payment link has reached its limit of completed sessions. Raise the limit to activate it.",
            param="active",
        )
    return Result(shown(changed, call.services.public_url), change)


@routes.get("/v1/payment_links", f"{PAGED} active")
async def list_payment_links(call: Call, given: Given) -> Result:
    """Newest first."""
    wanted, active = await wanted_of(call, given, "payment_link"), given.get("active")
    found = await call.services.payment_links.list(
        call.merchant.id,
        wanted,
        limit=limit_of(given),
        where=lambda each: active in (None, each.is_active),
    )
    return Result(page_of(call, given, "/v1/payment_links", "payment_link", found))


@routes.get("/v1/payment_links/{payment_link}/line_items", PAGED)
async def list_payment_link_lines(call: Call, given: Given, payment_link: str) -> Result:
    """What is sold by it, in the order it was given."""
    known = await _found(call, payment_link)
    return Result(page_of_lines(given, f"/v1/payment_links/{link_id(known)}/line_items", known.lines))


async def _found(call: Call, object_id: str) -> PaymentLink:
    found: PaymentLink | None = await find(call, "payment_link", object_id)
    if found is None:
        raise missing("payment_link", object_id, param="payment_link", status=404)
    return found


def _refuse_unsimulated(given: Given) -> None:
    refuse_extras(given)
    refuse_methods(given)
    for index, line in enumerate(given.get("line_items") or ()):
        if (line.get("adjustable_quantity") or {}).get("enabled"):
            param = f"line_items[{index}][adjustable_quantity]"
            raise not_simulated("An adjustable quantity", param=param)


def _facts(given: Given, details: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a link that were given, its metadata aside; `details` are those it has."""
    facts: dict[str, Any] = given_of(given, "inactive_message")
    if "restrictions" in given:
        facts["completed_max"] = _limit(given["restrictions"])
    after = given.get("after_completion")
    if after is not None:
        facts["redirect_url"] = _redirect_url(after)
    return {**facts, "details": {**details, **_details(given, details)}}


def _details(given: Given, known: Mapping[str, Any]) -> dict[str, Any]:
    details = {**given_of(given, *_KEPT), **collected_of(given)}
    if "payment_method_types" in given:
        types = given["payment_method_types"]
        details["payment_method_types"] = list(dict.fromkeys(types)) if types else None
    if "payment_intent_data" in given:
        data = given["payment_intent_data"]
        details["intent"] = {**(known.get("intent") or {}), **given_of(data, *INTENT_NAMES)}
        if "metadata" in data:
            # Takes the place of what there was: it is a template, not a record.
            details["intent"]["metadata"] = metadata_of(data, {})
    after = given.get("after_completion")
    if after is not None:
        details["confirmation"] = masked((after.get("hosted_confirmation") or {}).get("custom_message"))
    return details


def _redirect_url(after: Given) -> str | None:
    kind, redirect = after["type"], after.get("redirect")
    other = "hosted_confirmation" if kind == "redirect" else "redirect"
    if after.get(other):
        raise StripeError(
            f"You can not pass `after_completion[{other}]` when `after_completion[type]` is `{kind}`.",
            param=f"after_completion[{other}]",
        )
    if kind != "redirect":
        return None
    if not redirect:
        raise required("after_completion[redirect]")
    return web_url(redirect["url"], "after_completion[redirect][url]")


def _limit(restrictions: Given | None) -> int | None:
    if not restrictions:
        return None
    limit: int = restrictions["completed_sessions"]["limit"]
    if not 1 <= limit <= _LIMIT_MAX:
        raise StripeError(
            f"A limit must be between 1 and {_LIMIT_MAX}.",
            param="restrictions[completed_sessions][limit]",
            code="parameter_invalid_integer",
        )
    return limit


def _lines(given: Given, known: PaymentLink) -> tuple[CheckoutLine, ...]:
    """The lines with the quantities that were given."""
    lines = list(known.lines)
    for index, each in enumerate(given.get("line_items") or ()):
        within = f"line_items[{index}]"
        place = place_of(lines, each["id"], f"{within}[id]")
        if "quantity" in each:
            lines[place] = replace(lines[place], quantity=quantity_of(each, within))
    return tuple(lines)
