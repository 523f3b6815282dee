"""What PaymentIntents and SetupIntents have in common: which methods may be used, where a payer returns to.

Source: Stripe API reference, "PaymentIntents" and "SetupIntents", read 2026-11-20.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kessai.dialects.stripe.declaring import Given
from kessai.dialects.stripe.errors import StripeError, required
from kessai.dialects.stripe.facts import refuse_real_numbers_in
from kessai.dialects.stripe.ids import encode
from kessai.dialects.stripe.method_options import options_of
from kessai.dialects.stripe.parameters import ALLOWED_TYPES
from kessai.domain.checkout import CheckoutStatus
from kessai.domain.intent import Intent
from kessai.domain.saved_instrument import SavedInstrument
from kessai.domain.setup import Setup
from kessai.http.call import Call


def methods_of(given: Given) -> dict[str, Any]:
    """Which types of method may be used: those given, or whatever is switched on.

    Raises:
        StripeError: both ways to say it are used.
    """
    types, automatic = given.get("payment_method_types"), given.get("automatic_payment_methods")
    if types and automatic and ALLOWED_TYPES not in given:
        raise StripeError(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            param="payment_method_types",
        )
    if types and not automatic:
        return {"payment_method_types": types, ALLOWED_TYPES: types, "automatic_payment_methods": None}
    redirects = (automatic or {}).get("allow_redirects") or "always"
    is_enabled = automatic is None or automatic.get("enabled", True)
    return {
        "payment_method_types": types or (["card", "link"] if is_enabled else ["card"]),
        ALLOWED_TYPES: types,
        "automatic_payment_methods": {"allow_redirects": redirects, "enabled": True} if is_enabled else None,
    }


def refuse_what_needs_confirm(given: Given, *names: str) -> None:
    """Refuse what only a request that confirms may say. What is false says nothing.

    Raises:
        StripeError: it confirms not, and one of these is given.
    """
    for name in names:
        if given.get(name) and not given.get("confirm"):
            raise StripeError(
                f"The parameter {name} cannot be passed unless confirm is set to true.", param=name
            )


async def refuse_pages_own(call: Call, known: Intent | Setup) -> None:
    """Refuse to move what the payer of a Checkout session moves: it is open, or they left with a voucher.

    Raises:
        StripeError: there is such a session.
    """
    if known.checkout_id is None:
        return
    session = await call.services.checkouts.get(call.merchant.id, known.checkout_id)
    if isinstance(known, Intent) and known.slip is not None:
        raise StripeError(
            f"The payer of {encode('cs_test', session.id)} has a voucher for this, which is paid or lapses."
        )
    if session.status is CheckoutStatus.OPEN:
        raise StripeError(
            "This was made by an open Checkout Session, whose payer confirms it; to give it up, expire "
            f"{encode('cs_test', session.id)}."
        )


def refuse_anothers(instrument: SavedInstrument | None, customer_id: str | None, title: str) -> None:
    """Refuse an instrument that is a customer's for anybody else. `title` is what it is to be used with.

    Raises:
        StripeError: it is another's.
    """
    if instrument is None or instrument.customer_id is None or instrument.customer_id == customer_id:
        return
    if customer_id is None:
        raise StripeError(
            "The provided PaymentMethod belongs to a Customer. Please include the Customer in the "
            f"`customer` parameter on the {title}.",
            param="payment_method",
        )
    raise StripeError(
        "The provided PaymentMethod does not belong to the Customer you supplied.",
        param="payment_method",
    )


def refuse_unlisted(instrument: SavedInstrument | None, details: Mapping[str, Any], title: str) -> None:
    """Refuse an instrument of a type that was not named where types were named.

    Raises:
        StripeError: it is of another type.
    """
    types = details.get("payment_method_types")
    # What another API made names no types.
    is_open = details.get("automatic_payment_methods") and not details.get(ALLOWED_TYPES)
    if instrument is None or types is None or is_open or instrument.type in types:
        return
    raise StripeError(
        f"The PaymentMethod provided ({instrument.type}) is not allowed for this {title}. Use one of these "
        f"types, or name this one in `payment_method_types`: {', '.join(types)}.",
        param="payment_method",
    )


def refuse_unreturning(given: Given, details: Mapping[str, Any], title: str) -> None:
    """Refuse to confirm what may lead a payer away, if there is nowhere to return to.

    Raises:
        StripeError: there is nowhere.
    """
    automatic = details.get("automatic_payment_methods")
    if not automatic or automatic["allow_redirects"] == "never" or details.get("return_url"):
        return
    # Where nobody is there to be led away, or the merchant's own code does it.
    if given.get("use_stripe_sdk") or given.get("off_session"):
        return
    raise StripeError(
        f"This {title} accepts payment methods that may redirect the payer off your page, so a "
        "`return_url` is needed. If no such methods are wanted, set "
        "`automatic_payment_methods[allow_redirects]` to `never`, or name `payment_method_types`.",
        param="return_url",
    )


def return_url_of(given: Given) -> dict[str, str]:
    """Where to return to, if that is given; the scheme may be an app's own.

    Raises:
        StripeError: it is no address.
    """
    url = given.get("return_url")
    if not url:
        return {}
    if not _is_address(url):
        raise StripeError("Not a valid URL.", param="return_url", code="url_invalid")
    refuse_real_numbers_in(url, "return_url")
    return {"return_url": url}


def require_secret(call: Call, given: Given, secret: str, title: str) -> None:
    """Let a public key in only with the client secret; a wrong one lets nobody in.

    Raises:
        StripeError: it is missing or wrong.
    """
    shown = given.get("client_secret")
    if call.is_public and shown is None:
        raise required("client_secret")
    if shown is not None and not _is_same(shown, secret):
        raise StripeError(
            f"The client_secret provided does not match the client_secret associated with the {title}.",
            param="client_secret",
        )


def challenge_wanted(details: Mapping[str, Any]) -> str:
    """When the payer is to prove who they are: "automatic", "any" or "challenge"."""
    return str(options_of(details, "card").get("request_three_d_secure") or "automatic")


def increments_wanted(details: Mapping[str, Any]) -> bool:
    """Whether what is held is to be raised where the card allows it."""
    return options_of(details, "card").get("request_incremental_authorization") == "if_available"


def _is_same(shown: str, secret: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), secret.encode())


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_plain = url.isprintable() and " " not in url
    return is_plain and bool(parts.scheme) and bool(parts.netloc or parts.path.strip("/"))
