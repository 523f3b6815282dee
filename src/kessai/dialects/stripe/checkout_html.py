"""What the payer's pages at Checkout say."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from kessai.domain.checkout import CheckoutLine, CheckoutSession, CheckoutStatus
from kessai.http.payer_page import payer_page
from kessai.simulation.instruments import OTHER_METHODS

_CARDS: Final[Mapping[str, str]] = {
    "visa": "Visa ending in 4242: is paid",
    "authenticationRequired": "Visa ending in 3184: the bank asks first (3-D Secure)",
    "visa_chargeDeclined": "Visa ending in 0002: is declined",
    "visa_chargeDeclinedInsufficientFunds": "Visa ending in 9995: has insufficient funds",
}
"""Published test cards by name, and what comes of each."""
_VERBS: Final[Mapping[str | None, str]] = {"book": "Book", "donate": "Donate"}
"""What the button says that is paid with, by the submit type."""
_CLOSED: Final = "This link is no longer active."


def page(
    session: CheckoutSession, *, email: str = "", reason: str | None = None, is_typed: bool = False
) -> bytes:
    """What the payer sees. `email` is theirs, which they may change if it `is_typed`."""
    if session.status is CheckoutStatus.OPEN:
        rest = _form(session, email, is_typed=is_typed)
    elif session.status is CheckoutStatus.COMPLETE:
        rest = _confirmation(session)
    else:
        rest = "<p>This page has expired. Go back to the shop to begin again.</p>"
    alert = f'<p role="alert">{escape(reason)}</p>' if reason else ""
    return payer_page("checkout", "Checkout", f"{alert}{_lines(session)}{rest}{_way_back(session)}")


def closed_page(message: str | None) -> bytes:
    """What is seen of a link that takes no more payments, and what the merchant says of it."""
    return payer_page("checkout", "Checkout", f"<p>{escape(message or _CLOSED)}</p>")


def _confirmation(session: CheckoutSession) -> str:
    message = session.details.get("confirmation")
    said = f"<p>{escape(message)}</p>" if message else ""
    return f"{said}<p>This is done. You may close this page.</p>"


def _lines(session: CheckoutSession) -> str:
    if session.is_setup:
        return "<p>Nothing is paid now: a card is kept to pay with later.</p>"
    rows = "".join(_row(each) for each in session.lines)
    total = escape(str(session.total))
    return (
        '<table><thead><tr><th scope="col">What</th><th scope="col">Quantity</th>'
        f'<th scope="col">Amount</th></tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row" colspan="2">Total</th><td>{total}</td></tr></tfoot>'
        "</table>"
    )


def _row(line: CheckoutLine) -> str:
    return f"<tr><td>{escape(line.name)}</td><td>{line.quantity}</td><td>{escape(str(line.total))}</td></tr>"


def _form(session: CheckoutSession, email: str, *, is_typed: bool) -> str:
    fixed = " readonly" if email and not is_typed else ""
    choice = "".join(
        f'<option value="{escape(value, quote=True)}">{escape(label)}</option>'
        for value, label in methods_of(session).items()
    )
    has_method = bool(session.total) or session.is_setup
    verb = _VERBS.get(session.details.get("submit_type"), "Pay")
    word = f"{verb} {escape(str(session.total))}" if session.total else "Complete order"
    word = "Keep card" if session.is_setup else word
    how = f'<label for="method">Pay with</label><select id="method" name="method">{choice}</select>'
    return (
        '<form method="post" action="?"><label for="email">E-mail</label>'
        f'<input id="email" name="email" type="email" required autocomplete="email"{fixed} '
        f'value="{escape(email, quote=True)}">{how if has_method else ""}'
        f"<button>{word}</button></form>"
    )


def methods_of(session: CheckoutSession) -> dict[str, str]:
    """What may be chosen to pay with, by the value that the form sends."""
    types = session.details.get("payment_method_types", ["card"])
    others = {f"type:{each}": each.replace("_", " ") for each in types if each in OTHER_METHODS}
    return {**(_CARDS if "card" in types else {}), **others}


def _way_back(session: CheckoutSession) -> str:
    if not session.cancel_url or session.status is CheckoutStatus.COMPLETE:
        return ""
    return f'<p><a href="{escape(session.cancel_url, quote=True)}">Back to the shop</a></p>'
