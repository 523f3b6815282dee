"""`payment_method_options` of PaymentIntents and SetupIntents: what is said of one type of method alone.

It is kept and shown. `capture_method` and `setup_future_usage` decide where a method of their type pays, two
options of cards and when vouchers lapse decide elsewhere, and the others have no effect.

Source: `payment_intent_payment_method_options`, `setup_intent_payment_method_options` and the parameters that
lead there in Stripe's OpenAPI document, read 2026-11-27.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.facts import masked
from kessai.dialects.stripe.shape import Object
from kessai.domain.intent import Intent
from kessai.domain.payment import CaptureMethod
from kessai.domain.saved_instrument import SavedInstrument
from kessai.simulation.instruments import OTHER_METHODS

OPTIONS: Final = "payment_method_options"
OF_PAYMENTS: Final = " ".join(
    f"{OPTIONS}.{name}"
    for name in (
        *("card.capture_method", "card.mandate_options", "card.request_incremental_authorization"),
        *("card.request_three_d_secure", "card.setup_future_usage", *OTHER_METHODS),
    )
)
"""The parameters of PaymentIntents."""
OF_SETUPS: Final = f"{OPTIONS}.card.mandate_options {OPTIONS}.card.request_three_d_secure"
"""The parameters of SetupIntents."""
_NEVER_SHOWN: Final = frozenset(
    {"code", "networks", "on_demand", "risk_correlation_id", "subscriptions", "tos_shown_and_accepted"}
)
"""What is only asked, of whatever type; it is not kept either."""
_BOUNDS: Final[Mapping[tuple[str, str], tuple[int, int]]] = MappingProxyType(
    {
        ("boleto", "expires_after_days"): (0, 60),
        ("konbini", "expires_after_days"): (1, 60),
        ("oxxo", "expires_after_days"): (1, 7),
        ("pix", "expires_after_seconds"): (10, 1_209_600),
    }
)
"""How long a voucher may last."""
_OF_MANDATES: Final = dict.fromkeys(("description", "end_date", "interval_count", "supported_types"))
"""What the mandate of a card may lack."""
_OF_CARDS: Final = {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
USUAL_OF_PAYMENTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        **{kind: {} for kind in OTHER_METHODS},
        "afterpay_clearpay": {"reference": None},
        "bancontact": {"preferred_language": "en"},
        "boleto": {"expires_after_days": 3},
        "card": {"installments": None, **_OF_CARDS},
        "klarna": {"preferred_locale": None},
        "konbini": dict.fromkeys(
            ("confirmation_number", "expires_after_days", "expires_at", "product_description")
        ),
        "oxxo": {"expires_after_days": 3},
        "paypal": {"preferred_locale": None, "reference": None},
        "wechat_pay": {"app_id": None, "client": None},
    }
)
"""The types that a PaymentIntent shows, each with what it shows where nothing was said."""
USUAL_OF_SETUPS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"card": _OF_CARDS})
"""The same of a SetupIntent."""


def options_of(details: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """What was said of this type."""
    options: Mapping[str, Any] = (details.get(OPTIONS) or {}).get(kind) or {}
    return options


def kept_options(given: Given, known: Mapping[str, Any]) -> dict[str, Any]:
    """The options to be kept in an intent's details: those that were `known`, with what is given anew.

    An empty value unsets its option, or all of a type.

    Raises:
        StripeError: a voucher is to last longer than one may.
    """
    if OPTIONS not in given:
        return {}
    options = dict(known.get(OPTIONS) or {})
    for kind, changes in given[OPTIONS].items():
        if changes is None:
            options.pop(kind, None)
        else:
            _require_bounds(kind, changes)
            options[kind] = _changed(options_of(known, kind), masked(changes))
    return {OPTIONS: options}


def _require_bounds(kind: str, changes: Mapping[str, Any]) -> None:
    for name, said in changes.items():
        bounds = _BOUNDS.get((kind, name))
        if said is not None and bounds is not None and not bounds[0] <= said <= bounds[1]:
            raise StripeError(
                f"Invalid integer: {name} must be between {bounds[0]} and {bounds[1]}.",
                param=f"{OPTIONS}[{kind}][{name}]",
                code="parameter_invalid_integer",
            )


def _changed(known: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    kept = {**known, **{name: each for name, each in changes.items() if name not in _NEVER_SHOWN}}
    return {name: _without_unset(each) for name, each in kept.items() if each is not None}


def _without_unset(said: Any) -> Any:
    """A single option, of whose members some may be empty. Any: JSON."""
    if not isinstance(said, Mapping):
        return said
    return {name: each for name, each in said.items() if each is not None}


def shown_options(details: Mapping[str, Any], usual: Mapping[str, Mapping[str, Any]]) -> Object:
    """How each type is asked: those that may be used, and those of which something was said."""
    types = [*details.get("payment_method_types", ["card"]), *(details.get(OPTIONS) or {})]
    return {
        kind: {**usual[kind], **_shown(kind, options_of(details, kind))}
        for kind in dict.fromkeys(types)
        if kind in usual
    }


def _shown(kind: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with every member of a card's mandate there."""
    if kind != "card" or "mandate_options" not in options:
        return options
    return {**options, "mandate_options": {**_OF_MANDATES, **options["mandate_options"]}}


def saves(details: Mapping[str, Any], kind: str) -> bool:
    """Whether a method of this type is to be good for payments to come."""
    said = options_of(details, kind).get("setup_future_usage") or details.get("setup_future_usage")
    return said not in (None, "", "none")


def capture_method(details: Mapping[str, Any], kind: str, usual: CaptureMethod) -> CaptureMethod:
    """How what a method of this type holds is captured; `usual` where nothing is said of any type."""
    if not says_capture(details):
        return usual
    return as_capture_method(options_of(details, kind).get("capture_method") or details.get("capture_method"))


def says_capture(details: Mapping[str, Any]) -> bool:
    """Whether it is said of any type how what it holds is captured."""
    return any(options_of(details, each).get("capture_method") for each in details.get(OPTIONS) or ())


def as_capture_method(said: str | None) -> CaptureMethod:
    """What a word of this API means."""
    return CaptureMethod.MANUAL if said == "manual" else CaptureMethod.AUTOMATIC


def books_later(said: str | None) -> bool:
    """Whether it is told later what a payment put into the balance: where that way of capture is named.

    With Stripe it is also where nothing is said of capture, and may be told at once then.
    """
    return said == "automatic_async"


def by_type(
    details: Mapping[str, Any], instrument: SavedInstrument | None, usual: CaptureMethod
) -> dict[str, Any]:
    """The facts that the type of method decides which pays: that of cards, as long as none is known."""
    kind = "card" if instrument is None else instrument.type
    return {
        "capture_method": capture_method(details, kind, usual),
        "saves_instrument": saves(details, kind),
    }


def usual_capture(given: Given, known: Intent) -> CaptureMethod:
    """How what is held is captured where nothing is said of the type that pays."""
    if (asked := asked_capture(given)) is not None:
        return asked
    if says_capture(known.details):
        return as_capture_method(known.details.get("capture_method"))
    return known.capture_method


def asked_capture(given: Given) -> CaptureMethod | None:
    """How what is held is to be captured, whatever pays; None where nothing is said."""
    said = given.get("capture_method")
    return None if said is None else as_capture_method(said)
