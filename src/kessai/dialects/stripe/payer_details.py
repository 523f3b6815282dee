"""What a payer is asked at Checkout besides an e-mail address and how to pay, and what is kept of it.

A field that is not sent has what is known of the payer, or else an answer that fits any test; so a test that
sends none of them pays too.

Source: Stripe, "Collect physical addresses" and "Collect phone numbers", read 2026-11-27. The usual answers
are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kessai.dialects.stripe.facts import address_of, masked
from kessai.domain.checkout import CheckoutSession
from kessai.domain.customer import Customer
from kessai.domain.values import value

ADDRESS: Final = ("line1", "city", "state", "postal_code", "country")
_HOME: Final[Mapping[str, str]] = {
    "line1": "354 Oyster Point Blvd",
    "city": "South San Francisco",
    "state": "CA",
    "postal_code": "94107",
    "country": "US",
}
_ABROAD: Final[Mapping[str, str]] = {
    "line1": "1 Test Street",
    "city": "Test City",
    "state": "",
    "postal_code": "10000",
}
_NAME: Final = "Test Payer"
_PHONE: Final = "+14155550132"


@value(frozen=True, slots=True, kw_only=True)
class Filled:
    """The form of a page, as far as it is filled in. `fields` are those of `fields_of`.

    `is_typed`: the e-mail address is the payer's to write; else it was known.
    """

    email: str
    is_typed: bool
    fields: Mapping[str, str]


def may_be_paid(session: CheckoutSession) -> bool:
    """Whether the page asks how to pay: what is chosen there may decide whether anything is."""
    rates = session.shipping_rates
    return session.is_setup or bool(session.subtotal) or any(each.amount for each in rates)


def fields_of(session: CheckoutSession) -> tuple[str, ...]:
    """The names of what a payer is asked besides, in the order of the page."""
    is_addressed = _asks_address(session)
    return (
        *(("name",) if is_addressed or may_be_paid(session) else ()),
        *(ADDRESS if is_addressed else ()),
        *(("phone",) if session.details.get("asks_phone") else ()),
    )


def filled(session: CheckoutSession, customer: Customer | None, form: Mapping[str, str]) -> Filled:
    """What a form says, and what it would say where it says nothing."""
    known = session.customer_email or (customer.email if customer else None) or ""
    is_typed = not is_email(known)
    email = form.get("email", session.payer_email or known).strip() if is_typed else known
    usual = _usual(session, customer, form.get("country", "").strip().upper() or None)
    fields = {name: masked(form.get(name, usual[name]).strip()) for name in fields_of(session)}
    if "country" in fields:
        fields["country"] = fields["country"].upper()
    return Filled(email=masked(email), is_typed=is_typed, fields=fields)


def problem_of(session: CheckoutSession, given: Filled) -> str | None:
    """Why the payer is asked again; None when they need not be."""
    if not is_email(given.email):
        return "Enter an e-mail address."
    country = given.fields.get("country")
    if country is None:
        return None
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        return "Write the country as two letters, such as US."
    countries = session.details.get("ships_to")
    return f"Nothing is sent to {country}." if countries and country not in countries else None


def is_email(text: str) -> bool:
    """Whether it looks like an e-mail address; whether it is one only a mail would tell."""
    name, at, host = text.partition("@")
    return bool(name and at and host) and "@" not in host and text.isprintable() and " " not in text


def details_of(
    session: CheckoutSession, customer: Customer | None, fields: Mapping[str, str], *, is_card: bool
) -> dict[str, Any]:
    """What a session keeps of its payer: name, phone, address, and where goods are sent.

    A card's form has a country and a postal code even where no address is asked for: those of the customer,
    where they are known.
    """
    name, address = fields.get("name") or None, None
    if _asks_address(session):
        address = address_of({each: fields[each] or None for each in ADDRESS})
    elif is_card:
        known = (customer.details.get("address") if customer else None) or {}
        home = known if known.get("country") else _HOME
        address = address_of({each: home.get(each) for each in ("country", "postal_code")})
    is_sent = bool(session.details.get("ships_to"))
    return {
        "name": name,
        "phone": fields.get("phone") or None,
        "address": address,
        "shipping": {"address": address, "name": name or ""} if is_sent else None,
    }


def billing_of(details: Mapping[str, Any], email: str) -> dict[str, Any]:
    """Who is billed, as an instrument keeps it."""
    return {"email": email, **{name: details[name] for name in ("address", "name", "phone")}}


def shipping_of(details: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where goods are sent, as payments and customers keep it; None when that was not asked."""
    sent = details["shipping"]
    return sent and {**sent, "carrier": None, "phone": details["phone"], "tracking_number": None}


def _asks_address(session: CheckoutSession) -> bool:
    details = session.details
    return bool(details.get("ships_to")) or details.get("billing_address_collection") == "required"


def _usual(session: CheckoutSession, customer: Customer | None, country: str | None) -> dict[str, str]:
    """What each field has before anybody writes in it: what was said before, what is known, or anything."""
    said, known = session.payer_details, customer.details if customer else {}
    address = said.get("address") or known.get("address") or {}
    countries = [country] if country else session.details.get("ships_to")
    if not address.get("line1") or (countries and address.get("country") not in countries):
        address = _anywhere(session, country)
    return {
        "name": said.get("name") or (customer.name if customer else None) or _NAME,
        "phone": said.get("phone") or (customer.phone if customer else None) or _PHONE,
        **{name: address.get(name) or "" for name in ADDRESS},
    }


def _anywhere(session: CheckoutSession, country: str | None) -> Mapping[str, str]:
    countries = session.details.get("ships_to") or [_HOME["country"]]
    usual = _HOME["country"] if _HOME["country"] in countries else countries[0]
    country = country or usual
    return _HOME if country == _HOME["country"] else {**_ABROAD, "country": country}
