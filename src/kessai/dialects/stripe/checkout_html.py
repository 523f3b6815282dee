"""What the payer's pages at Checkout say."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from kessai.dialects.stripe.choosing import SHIPPING_FIELD, least_of, quantity_field
from kessai.dialects.stripe.objects.shipping_rate import rate_id
from kessai.dialects.stripe.payer_details import Filled, may_be_paid
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
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("Name", "name"),
    "line1": ("Address", "address-line1"),
    "city": ("City", "address-level2"),
    "state": ("State or region", "address-level1"),
    "postal_code": ("Postal code", "postal-code"),
    "country": ("Country", "country"),
    "phone": ("Phone", "tel"),
}
"""What a payer is asked besides: what it is called, and how a browser fills it in."""
_CLOSED: Final = "This link is no longer active."


def page(session: CheckoutSession, form: Filled, *, reason: str | None = None) -> bytes:
    """What the payer sees."""
    if session.status is CheckoutStatus.OPEN:
        rest = _form(session, form)
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
    rows, rate = "".join(_row(each) for each in session.lines), session.shipping_rate
    sent = "" if rate is None else _sum_row(rate.name, str(rate.amount))
    return (
        '<table><thead><tr><th scope="col">What</th><th scope="col">Quantity</th>'
        f'<th scope="col">Amount</th></tr></thead><tbody>{rows}</tbody>'
        f"<tfoot>{sent}{_sum_row('Total', str(session.total))}</tfoot></table>"
    )


def _sum_row(name: str, amount: str) -> str:
    return f'<tr><th scope="row" colspan="2">{escape(name)}</th><td>{escape(amount)}</td></tr>'


def _row(line: CheckoutLine) -> str:
    return f"<tr><td>{escape(line.name)}</td><td>{line.quantity}</td><td>{escape(str(line.total))}</td></tr>"


def _form(session: CheckoutSession, form: Filled) -> str:
    fixed = "" if form.is_typed else " readonly"
    method = _select("method", "Pay with", methods_of(session), None) if may_be_paid(session) else ""
    return (
        '<form method="post" action="?"><label for="email">E-mail</label>'
        f'<input id="email" name="email" type="email" required autocomplete="email"{fixed} '
        f'value="{escape(form.email, quote=True)}">{_asked(session, form.fields)}{_choices(session)}{method}'
        f"<button>{_word(session)}</button></form>"
    )


def _word(session: CheckoutSession) -> str:
    """What the button says; no amount where the form may still change it."""
    if session.is_setup:
        return "Keep card"
    verb = _VERBS.get(session.details.get("submit_type"), "Pay")
    if len(session.shipping_rates) > 1 or any(each.bounds for each in session.lines):
        return verb
    return f"{verb} {escape(str(session.total))}" if session.total else "Complete order"


def _asked(session: CheckoutSession, fields: Mapping[str, str]) -> str:
    """What a payer is asked besides an e-mail address; of countries they choose one where some are named."""
    countries = session.details.get("ships_to")
    return "".join(
        _select(name, _FIELDS[name][0], {each: each for each in countries}, text)
        if name == "country" and countries
        else _input(name, text)
        for name, text in fields.items()
    )


def _input(name: str, text: str) -> str:
    label, completed_by = _FIELDS[name]
    return (
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" '
        f'autocomplete="{completed_by}" value="{escape(text, quote=True)}">'
    )


def _choices(session: CheckoutSession) -> str:
    """How many of each line that may be chosen, and how goods are sent."""
    quantities = "".join(
        _quantity(quantity_field(index), each)
        for index, each in enumerate(session.lines, start=1)
        if each.bounds
    )
    rate = session.shipping_rate
    if rate is None or len(session.shipping_rates) == 1:
        return quantities
    rates = {rate_id(each): f"{each.name}: {each.amount}" for each in session.shipping_rates}
    return quantities + _select(SHIPPING_FIELD, "Shipping", rates, rate_id(rate))


def _quantity(name: str, line: CheckoutLine) -> str:
    most = line.bounds.maximum if line.bounds else line.quantity
    return (
        f'<label for="{name}">How many: {escape(line.name)}</label><input id="{name}" name="{name}" '
        f'type="number" min="{least_of(line)}" max="{most}" value="{line.quantity}">'
    )


def _select(name: str, label: str, choices: Mapping[str, str], picked: str | None) -> str:
    options = "".join(
        f'<option value="{escape(value, quote=True)}"{" selected" if value == picked else ""}>'
        f"{escape(text)}</option>"
        for value, text in choices.items()
    )
    return f'<label for="{name}">{label}</label><select id="{name}" name="{name}">{options}</select>'


def methods_of(session: CheckoutSession) -> dict[str, str]:
    """What may be chosen to pay with, by the value that the form sends."""
    types = session.details.get("payment_method_types", ["card"])
    others = {f"type:{each}": each.replace("_", " ") for each in types if each in OTHER_METHODS}
    return {**(_CARDS if "card" in types else {}), **others}


def _way_back(session: CheckoutSession) -> str:
    if not session.cancel_url or session.status is CheckoutStatus.COMPLETE:
        return ""
    return f'<p><a href="{escape(session.cancel_url, quote=True)}">Back to the shop</a></p>'
