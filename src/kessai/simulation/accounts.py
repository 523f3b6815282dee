"""What debits and vouchers come to: by the test account, or by the payer's address, that Stripe publishes."""

from __future__ import annotations

import re
from typing import Final

from kessai.simulation.account_table import ACCOUNTS, BY_EMAIL, CONDUCTS, VOUCHERS, Conduct, PublishedAccount

_BY_NUMBER: Final = {(row.type, row.number): row for row in ACCOUNTS}
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BY_NAME: Final = {row.name: row for row in ACCOUNTS if row.name is not None}


def account_named(tail: str) -> PublishedAccount | None:
    """The test account of this name, as in `pm_usBankAccount_success`: "usBankAccount_success"."""
    return _BY_NAME.get(tail)


def iban_valid(number: str) -> bool:
    """Whether its check digits are right (ISO 13616); without blanks, in capitals."""
    if not _IBAN.fullmatch(number):
        return False
    return int("".join(str(int(each, 36)) for each in number[4:] + number[:4])) % 97 == 1


def conduct_of(kind: str, number: str | None, email: str | None) -> str:
    """The name of what an instrument of this type does; empty where nothing is published for it.

    `number` is its account's, `email` its payer's.
    """
    if kind in VOUCHERS:
        name = (email or "").partition("@")[0]
        return next((conduct for ending, conduct in BY_EMAIL.items() if name.endswith(ending)), "")
    row = _BY_NUMBER.get((kind, "".join((number or "").split()).upper()))
    return row.conduct if row else ""


def conduct(name: str) -> Conduct:
    """What comes of an instrument with which this name is kept."""
    return CONDUCTS[name]
