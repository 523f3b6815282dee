"""What is kept of a payment method that is no card: of an account's number its last digits and a fingerprint.

Source: Stripe API reference, "PaymentMethods", read 2026-11-26.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kessai.dialects.stripe.facts import masked
from kessai.simulation.instruments import fingerprint

_NUMBERS: Final = ("account_number", "iban")
"""The members that name somebody's account, and are told to nobody."""
_SHOWN: Final[Mapping[str, Mapping[str, Any]]] = {
    "acss_debit": {"bank_name": "STRIPE TEST BANK", "institution_number": None, "transit_number": None},
    "au_becs_debit": {"bsb_number": None},
    "bacs_debit": {"sort_code": None},
    "sepa_debit": {"bank_code": None, "branch_code": "", "country": None, "generated_from": None},
    "us_bank_account": {
        "account_holder_type": None,
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": None,
        "status_details": None,
    },
}
"""What is shown of each type of account besides, where nothing else was given."""


_NEVER_MISSING: Final[Mapping[str, Mapping[str, Any]]] = {
    "boleto": {"tax_id": "000.000.000-00"},
    "naver_pay": {"funding": "card"},
}
"""What a type that is no account always shows; the number is the one that Stripe publishes for tests."""
_MEMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "acss_debit": {"institution_number": "000", "transit_number": "11000"},
    "au_becs_debit": {"bsb_number": "000000"},
    "bacs_debit": {"sort_code": "108800"},
    "us_bank_account": {"account_holder_type": "individual", "routing_number": "110000000"},
}
"""What names the bank of each type's test accounts.

Source: Stripe, "Test your integration" of each, read 2026-11-26.
"""


def number_of(given: Mapping[str, Any]) -> str:
    """The number of the account that was given, as it is written without blanks; empty where none was."""
    return "".join(next((given[name] for name in _NUMBERS if given.get(name)), "").split()).upper()


def test_account(kind: str, number: str) -> dict[str, Any]:
    """A payment method of this type as one would describe it, whose account is one of Stripe's."""
    return {**_MEMBERS.get(kind, {}), "iban" if kind == "sepa_debit" else "account_number": number}


def facts_of_type(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a payment method of this type."""
    kept: dict[str, Any] = masked({name: each for name, each in given.items() if name not in _NUMBERS})
    if kind not in _SHOWN:
        return {**_NEVER_MISSING.get(kind, {}), **kept}
    number = number_of(given)
    shown = {**_SHOWN[kind], **kept, "fingerprint": fingerprint(f"{kind} {number}"), "last4": number[-4:]}
    if kind == "sepa_debit":
        shown |= {"country": number[:2] or None, "bank_code": number[4:12] or None}
    return shown
