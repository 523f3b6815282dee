"""What Stripe's published test cards and other payment methods do, and which card data it would not take.

The cards themselves are in `instrument_table`.

Sources: Stripe, "Testing", read 2026-11-20; "Error codes", from knowledge of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from hashlib import sha256
from string import ascii_letters, digits
from types import MappingProxyType
from typing import Final, assert_never

from kessai.domain.instrument import InstrumentType
from kessai.domain.saved_instrument import SavedCard
from kessai.domain.values import value
from kessai.simulation.cards import PUBLISHED, brand_of, luhn_valid
from kessai.simulation.instrument_table import (
    INSTRUMENTS,
    Authentication,
    Checks,
    PublishedInstrument,
    Refusal,
)
from kessai.simulation.other_cards import OTHER_CARDS
from kessai.simulation.table import DEFAULT, Course

__all__ = [
    "INSTRUMENTS",
    "OTHER_METHODS",
    "Authentication",
    "CardProblem",
    "Checks",
    "OtherMethod",
    "PublishedInstrument",
    "Refusal",
    "authentication_refused",
    "by_name",
    "by_number",
    "card_problem",
    "challenge_needed",
    "expiry_problem",
    "fingerprint",
    "kept_card",
    "row_of",
    "simulate_for",
]

_BY_NUMBER: Final = {row.number: row for row in INSTRUMENTS if row.number is not None}
_OF_OTHERS: Final = {row.number: row for row in OTHER_CARDS}
_BY_NAME: Final = {name: row for row in (*OTHER_CARDS, *INSTRUMENTS) for name in row.names}

_LETTERS_AND_DIGITS: Final = ascii_letters + digits
_FINGERPRINT_LENGTH: Final = 16


def by_number(number: str) -> PublishedInstrument | None:
    """Stripe's test card of this number, digits only."""
    return _BY_NUMBER.get(number)


def row_of(number: str) -> PublishedInstrument:
    """The test card of a number that is in `cards.PUBLISHED`, whoever publishes it."""
    return _BY_NUMBER.get(number) or _OF_OTHERS[number]


def by_name(tail: str) -> PublishedInstrument | None:
    """The test card of this name, as in `pm_card_visa` or `tok_visa`: "visa"."""
    return _BY_NAME.get(tail)


def kept_card(row: PublishedInstrument, exp_month: int, exp_year: int, *, has_cvc: bool) -> SavedCard:
    """What is kept of a test card that is saved, with what was said of it. `exp_year` is a full year."""
    return SavedCard(
        published=row.names[0],
        brand=row.brand,
        last4=row.last4,
        exp_month=exp_month,
        exp_year=exp_year,
        funding=row.funding,
        country=row.country,
        fingerprint=fingerprint(row.number or row.names[0]),
        has_cvc=has_cvc,
    )


@lru_cache(maxsize=512)
def fingerprint(number: str) -> str:
    """Sixteen letters and digits: the same for the same number, which they do not tell."""
    rest = int.from_bytes(sha256(f"kessai card {number}".encode()).digest())
    chars = []
    for _ in range(_FINGERPRINT_LENGTH):
        rest, place = divmod(rest, len(_LETTERS_AND_DIGITS))
        chars.append(_LETTERS_AND_DIGITS[place])
    return "".join(chars)


# What the bank says

_CALLED_OTHERWISE: Final = {"generic_decline": "card_declined", "fraudulent": "fraud_detected"}
_CHALLENGED_ROWS: Final = {
    "insufficient_funds": "requires_action_insufficient_funds",
    "processing_error": "requires_action_processing_error",
}


def simulate_for(instrument: PublishedInstrument, *, challenged: bool) -> str:
    """The name of the row of `SIMULATIONS` for a payment, with the verdict that the card gets in the end."""
    decline = instrument.decline
    if decline is None:
        return "requires_action" if challenged else instrument.afterwards
    reason = decline.decline_code or decline.code
    if challenged:
        return _CHALLENGED_ROWS.get(reason, "requires_action_declined")
    return _CALLED_OTHERWISE.get(reason, reason)


# Who has to prove who they are

_ASKED_FOR: Final = frozenset({"any", "challenge"})
"""Values of `request_three_d_secure` that want it of whatever card can do it."""


def challenge_needed(
    instrument: PublishedInstrument, *, off_session: bool, is_set_up: bool, wanted: str
) -> bool:
    """Whether the payer is asked before the bank answers. `wanted` is Stripe's `request_three_d_secure`."""
    return not off_session and _is_authentication_due(
        instrument, off_session=off_session, is_set_up=is_set_up, wanted=wanted
    )


def authentication_refused(instrument: PublishedInstrument, *, off_session: bool, is_set_up: bool) -> bool:
    """Whether a payment is declined, `authentication_required`, since its payer is not there to be asked."""
    return off_session and _is_authentication_due(
        instrument, off_session=off_session, is_set_up=is_set_up, wanted="automatic"
    )


def _is_authentication_due(
    instrument: PublishedInstrument, *, off_session: bool, is_set_up: bool, wanted: str
) -> bool:
    """With a card whose look-up fails nobody can be asked: it is paid or declined without."""
    if instrument.lookup_fails:
        return False
    match instrument.authentication:
        case Authentication.NONE | Authentication.NOT_SUPPORTED | Authentication.FRICTIONLESS:
            return False
        case Authentication.SUPPORTED:
            return wanted in _ASKED_FOR
        case Authentication.REQUIRED | Authentication.ALWAYS:
            return True
        case Authentication.UNLESS_SET_UP:
            return not (off_session and is_set_up)
        case Authentication.SET_UP:
            return not off_session
        case _:
            assert_never(instrument.authentication)


# Card data as it was typed

_CARD_NUMBER: Final = re.compile(r"[0-9]{12,19}")
_CVC: Final = re.compile(r"[0-9]{3}")
_AMEX_CVC: Final = re.compile(r"[0-9]{4}")
_EXPIRY_YEARS_MAX: Final = 50
"""No card is valid for longer: a year further off is a slip of the hand."""


@value(frozen=True, slots=True, kw_only=True)
class CardProblem:
    """Why no payment method is made of a card; `param` is the field at fault. Repeats nothing given."""

    code: str
    message: str
    param: str | None = None
    decline_code: str | None = None


_INVALID_NUMBER: Final = CardProblem(
    code="invalid_number", param="number", message="Your card number is not a valid card number."
)
_INCORRECT_NUMBER: Final = CardProblem(
    code="incorrect_number", param="number", message="Your card number is incorrect."
)
_INVALID_MONTH: Final = CardProblem(
    code="invalid_expiry_month", param="exp_month", message="Your card's expiration month is invalid."
)
_INVALID_YEAR: Final = CardProblem(
    code="invalid_expiry_year", param="exp_year", message="Your card's expiration year is invalid."
)
_INVALID_CVC: Final = CardProblem(
    code="invalid_cvc", param="cvc", message="Your card's security code is invalid."
)
_REAL: Final = CardProblem(
    code="card_declined",
    decline_code="test_mode_live_card",
    message="Your card was declined. A real card number was sent in test mode; it was not stored. "
    "Use a test number such as 4242424242424242.",
)
_ANOTHERS: Final = CardProblem(
    code="card_declined",
    decline_code="test_mode_live_card",
    message="Your card was declined. Stripe publishes no such test number. "
    "Use one of its own such as 4242424242424242.",
)


def card_problem(
    number: str, exp_month: int | None, exp_year: int | None, cvc: str | None, *, today: date
) -> CardProblem | None:
    """What is wrong with a card; if nothing is, `by_number` knows it. A cvc may be left out.

    `number` is digits only, `exp_year` a full year.
    """
    return (
        _number_problem(number)
        or expiry_problem(exp_month, exp_year, today=today)
        or _cvc_problem(cvc, number)
        or _stranger(number)
    )


def _number_problem(number: str) -> CardProblem | None:
    if not _CARD_NUMBER.fullmatch(number):
        return _INVALID_NUMBER
    return None if luhn_valid(number) else _INCORRECT_NUMBER


def expiry_problem(month: int | None, year: int | None, *, today: date) -> CardProblem | None:
    """What is wrong with when a card expires; `year` is a full year."""
    if month is None or not 1 <= month <= 12:
        return _INVALID_MONTH
    if year is None or not today.year <= year <= today.year + _EXPIRY_YEARS_MAX:
        return _INVALID_YEAR
    return _INVALID_MONTH if (year, month) < (today.year, today.month) else None


def _cvc_problem(cvc: str | None, number: str) -> CardProblem | None:
    if cvc is None:
        return None
    wanted = _AMEX_CVC if brand_of(number) == "amex" else _CVC
    return None if wanted.fullmatch(cvc) else _INVALID_CVC


def _stranger(number: str) -> CardProblem | None:
    if number in _BY_NUMBER:
        return None
    return _ANOTHERS if number in PUBLISHED else _REAL


# Other methods

_METHOD_ROWS: Final = {
    Course.AT_ONCE: DEFAULT,
    Course.AFTER_ACTION: "requires_action",
    Course.AFTER_DELAY: "pending_success",
}


@value(frozen=True, slots=True)
class OtherMethod:
    """How a method that is no card is paid: at once, on the payer's page, or some time after the request."""

    kind: InstrumentType
    course: Course

    @property
    def simulate(self) -> str:
        """The name of its row of `SIMULATIONS`."""
        return _METHOD_ROWS[self.course]


_AT_ONCE: Final = OtherMethod(InstrumentType.WALLET, Course.AT_ONCE)
_WALLET_PAGE: Final = OtherMethod(InstrumentType.WALLET, Course.AFTER_ACTION)
_BANK_PAGE: Final = OtherMethod(InstrumentType.NETBANKING, Course.AFTER_ACTION)
_DEBIT: Final = OtherMethod(InstrumentType.BANK_TRANSFER, Course.AFTER_DELAY)
_VOUCHER: Final = OtherMethod(InstrumentType.KONBINI, Course.AFTER_DELAY)

_TYPES: Final = {
    _AT_ONCE: "link",
    _WALLET_PAGE: (
        "affirm afterpay_clearpay alipay alma amazon_pay billie bizum cashapp grabpay kakao_pay klarna "
        "kr_card mb_way mobilepay naver_pay payco paypal revolut_pay samsung_pay satispay scalapay swish "
        "twint wechat_pay zip"
    ),
    _BANK_PAGE: "bancontact blik eps fpx ideal p24 pay_by_bank",
    OtherMethod(InstrumentType.UPI, Course.AFTER_ACTION): "upi",
    _DEBIT: "acss_debit au_becs_debit bacs_debit sepa_debit us_bank_account",
    _VOUCHER: "boleto konbini multibanco oxxo pix",
}

OTHER_METHODS: Final[Mapping[str, OtherMethod]] = MappingProxyType(
    {kind: method for method, kinds in _TYPES.items() for kind in kinds.split()}
)
"""Stripe's `type` to how it is paid; `us_bank_account` is ACH. An excerpt: what costs little to simulate."""
