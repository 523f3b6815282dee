"""The bank accounts, names and e-mail addresses that Stripe publishes to test debits and vouchers, as data.

To add an account is to add it to its type, with the conduct it has. `accounts` looks them up. What is no line
here is paid after the usual time.

Sources: Stripe, "Testing", and "Test your integration" of "SEPA Direct Debit", "ACH Direct Debit", "Bacs
Direct Debit", "Australia BECS Direct Debit", "Pre-authorized debit in Canada", "Boleto", "Konbini", "OXXO"
and "Pix", read 2026-11-26. Multibanco is taken to go by the same addresses. Of SEPA's countries these are
some; accounts whose payments are disputed, blocked or never verified are left out. What a code means is told
in our own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from kessai.domain.values import value
from kessai.simulation.instrument_table import Refusal

_LATER: Final = timedelta(minutes=3)
SLIP_LASTS: Final = timedelta(days=3)
"""How long a slip may be paid where nothing is said."""
_FOR_EVER: Final = timedelta(days=20_000)
"""What stays processing is paid when nobody waits any more; in seconds it fits into 32 bits."""


@value(frozen=True, slots=True, kw_only=True)
class Conduct:
    """What comes of a debit or a voucher: paid, or `failure`; after `delay`, or None for the usual time."""

    delay: timedelta | None = None
    failure: Refusal | None = None


def _failing(code: str, message: str, delay: timedelta | None = None) -> Conduct:
    return Conduct(delay=delay, failure=Refusal(code=code, message=message))


def _later(conduct: Conduct) -> Conduct:
    return Conduct(delay=_LATER, failure=conduct.failure)


_FAILED: Final = _failing("payment_intent_payment_attempt_failed", "The payment failed.")
_POOR: Final = _failing("insufficient_funds", "The customer's account has insufficient funds.")
_UNAUTHORIZED: Final = _failing("debit_not_authorized", "The customer's bank did not authorize the debit.")
_REFERRED: Final = _failing("refer_to_customer", "The customer's bank refers to the customer.")
SLIP_LAPSED: Final = Refusal(
    code="payment_intent_payment_attempt_expired", message="The customer did not pay in time."
)

CONDUCTS: Final[Mapping[str, Conduct]] = MappingProxyType(
    {
        "": Conduct(),
        "success": Conduct(),
        "successDelayed": Conduct(delay=_LATER),
        "successImmediate": Conduct(delay=timedelta(0)),
        "processing": Conduct(delay=_FOR_EVER),
        "failed": _FAILED,
        "failedDelayed": _later(_FAILED),
        "insufficientFunds": _POOR,
        "insufficientFundsDelayed": _later(_POOR),
        "debitNotAuthorized": _UNAUTHORIZED,
        "debitNotAuthorizedDelayed": _later(_UNAUTHORIZED),
        "referToCustomer": _REFERRED,
        "referToCustomerDelayed": _later(_REFERRED),
        "accountClosed": _failing("account_closed", "The customer's bank account has been closed."),
        "noAccount": _failing("no_account", "The customer's bank account could not be located."),
        "invalidCurrency": _failing("invalid_currency", "The customer's account is in another currency."),
        "exceedsVolume": _failing(
            "charge_exceeds_source_limit", "The payment exceeds what this account may pay in a week."
        ),
        "exceedsWeekly": _failing(
            "charge_exceeds_weekly_limit", "The payment exceeds how often this account may pay in a week."
        ),
        "exceedsTransaction": _failing(
            "charge_exceeds_transaction_limit", "The payment exceeds what this account may pay at once."
        ),
        "expired": Conduct(delay=timedelta(0), failure=SLIP_LAPSED),
        "expiredDelayed": Conduct(delay=_LATER, failure=SLIP_LAPSED),
        "neverFilled": Conduct(delay=_FOR_EVER, failure=SLIP_LAPSED),
    }
)
"""What an instrument that is no card does, by a name that is kept with it."""

_SEPA: Final = """
AT611904300234573201 AT321904300235473204 AT861904300235473202 AT051904300235473205
AT981904300000343434 AT601904300000121212 AT981904300002222227
BE62510007547061 BE78510007547064 BE68539007547034 BE51510007547065
BE90510000343434 BE52510000121212 BE90510002222227
DE89370400440532013000 DE08370400440532013003 DE62370400440532013001 DE78370400440532013004
DE65370400440000343434 DE27370400440000121212 DE65370400440002222227
EE382200221020145685 EE222200221020145682 EE762200221020145680 EE922200221020145683
EE672200000000343434 EE292200000000121212 EE672200000002222227
FI2112345600000785 FI3712345600000788 FI9112345600000786 FI1012345600000789
FI6712345600343434 FI2912345600121212 FI6712345602222227
FR1420041010050500013M02606 FR3020041010050500013M02609 FR8420041010050500013M02607
FR7920041010050500013M02600 FR9720041010050000000343434 FR5920041010050000000121212
FR9720041010050000002222227
IE29AIBK93115212345678 IE24AIBK93115212345671 IE02AIBK93115212345679 IE94AIBK93115212345672
IE10AIBK93115200343434 IE69AIBK93115200121212 IE10AIBK93115202222227
LU280019400644750000 LU440019400644750003 LU980019400644750001 LU170019400644750004
LU900010000000343434 LU520010000000121212 LU900010000002222227
"""
_SEPA_NAMES: Final = (
    ("success", "success"),
    ("successDelayed", "successDelayed"),
    ("failed", "failed"),
    ("failedDelayed", "failedDelayed"),
    ("exceedsWeeklyVolumeLimit", "exceedsVolume"),
    ("exceedsWeeklyTransactionLimit", "exceedsWeekly"),
    ("insufficientFunds", "insufficientFunds"),
)
"""What the IBANs of a country are called, in their order, and what each does."""

_ACH: Final = """
000123456789 success success
000111111113 accountClosed accountClosed
000111111116 noAccount noAccount
000222222227 insufficientFunds insufficientFunds
000333333335 debitNotAuthorized debitNotAuthorized
000444444440 invalidCurrency invalidCurrency
000000000009 processing processing
000777777771 weeklyLimitExceeded exceedsVolume
"""
_BACS: Final = """
00012345 success success
90012345 successDelayed successDelayed
33333335 debitNotAuthorized debitNotAuthorized
93333335 debitNotAuthorizedDelayed debitNotAuthorizedDelayed
22222227 insufficientFunds insufficientFunds
92222227 insufficientFundsDelayed insufficientFundsDelayed
34343434 exceedsWeeklyLimit exceedsVolume
12121212 exceedsTransactionLimit exceedsTransaction
"""
_BECS: Final = """
000123456 success success
900123456 successDelayed successDelayed
111111113 accountClosed accountClosed
111111116 noAccount noAccount
222222227 referToCustomer referToCustomer
922222227 referToCustomerDelayed referToCustomerDelayed
333333335 debitNotAuthorized debitNotAuthorized
343434343 exceedsWeeklyLimit exceedsVolume
121212121 exceedsTransactionLimit exceedsTransaction
"""
_ACSS: Final = """
000123456789 - success
900123456789 - successDelayed
000222222227 - failed
900222222227 - failedDelayed
000777777771 - exceedsVolume
000888888881 - exceedsTransaction
"""


@value(frozen=True, slots=True, kw_only=True)
class PublishedAccount:
    """One test account of a `type` of method. `name` is what follows `pm_`, None where Stripe has none."""

    type: str
    number: str
    name: str | None
    conduct: str


def _accounts(kind: str, prefix: str, lines: str) -> tuple[PublishedAccount, ...]:
    rows = (line.split() for line in lines.split("\n") if line)
    return tuple(
        PublishedAccount(
            type=kind, number=number, name=None if tail == "-" else f"{prefix}_{tail}", conduct=conduct
        )
        for number, tail, conduct in rows
    )


def _ibans() -> tuple[PublishedAccount, ...]:
    numbers = _SEPA.split()
    names = _SEPA_NAMES * (len(numbers) // len(_SEPA_NAMES))
    return tuple(
        PublishedAccount(
            type="sepa_debit",
            number=number,
            name=f"sepaDebit_{tail}_{number[:2].lower()}",
            conduct=conduct,
        )
        for number, (tail, conduct) in zip(numbers, names, strict=True)
    )


ACCOUNTS: Final = (
    *_ibans(),
    *_accounts("us_bank_account", "usBankAccount", _ACH),
    *_accounts("bacs_debit", "bacsDebit", _BACS),
    *_accounts("au_becs_debit", "auBecsDebit", _BECS),
    *_accounts("acss_debit", "acssDebit", _ACSS),
)
"""Every account that is in the table, each once."""

BY_EMAIL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "succeed_immediately": "successImmediate",
        "expire_immediately": "expired",
        "expire_with_delay": "expiredDelayed",
        "fill_never": "neverFilled",
    }
)
"""What the name of an address ends in, before the @, and what its vouchers do."""
ASKS_WHERE_TO: Final = frozenset({"konbini"})
"""The types that nothing can be given back by: their payers are asked for an account of theirs.

Source: `instructions_email` in Stripe's OpenAPI document, read 2026-11-27; PromptPay is not simulated.
"""
VOUCHERS: Final = frozenset({"boleto", "konbini", "multibanco", "oxxo", "pix"})
"""The types whose payers are told by their e-mail addresses."""
