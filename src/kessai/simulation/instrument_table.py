"""The test cards that Stripe publishes, as data: numbers, names, and what each does.

To add a card is to add a row; `instruments` looks them up. Names are the tails of `pm_card_...` and
`tok_...`. A number for which Stripe has no name is called by its brand and last digits, so each row has one.

Source: Stripe, "Testing", read 2026-11-27. The cards ending in 1881 and 3063 and a few older names are from
knowledge of it. Where it names no country, a card is of the United States, but those with a PIN and some of
3-D Secure are of the country in their digits.
"Increment an authorization" and "Partially authorize a payment", read 2026-11-26.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from kessai.domain.values import value
from kessai.simulation.table import DEFAULT


class Authentication(Enum):
    """When a card's issuer wants its holder to prove who they are (3-D Secure).

    NONE: the card is not enrolled. SUPPORTED: when the merchant wants it. REQUIRED and ALWAYS: each time.
    UNLESS_SET_UP: each time on session, and off session until it is set up. SET_UP: on session only.
    FRICTIONLESS: the issuer knows each time without asking.
    """

    NONE = auto()
    NOT_SUPPORTED = auto()
    SUPPORTED = auto()
    REQUIRED = auto()
    ALWAYS = auto()
    UNLESS_SET_UP = auto()
    SET_UP = auto()
    FRICTIONLESS = auto()


@value(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a card is declined. `decline_code` is the issuer's own reason, `param` the field at fault."""

    code: str
    message: str
    decline_code: str | None = None
    param: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class Checks:
    """What the issuer says of what it was given: pass, fail, unavailable or unchecked."""

    cvc_check: str = "pass"
    address_line1_check: str = "pass"
    address_postal_code_check: str = "pass"


@value(frozen=True, slots=True, kw_only=True)
class PublishedInstrument:
    """One test card. `names` has at least one, `brand` and `funding` are Stripe's words. Some have no number.

    `afterwards` is the row of `SIMULATIONS` for a payment that goes through: what comes of it later.
    `lookup_fails`: 3-D Secure cannot be tried. `refuses_at_attach`: the issuer declines when the card is
    attached to a customer already. `blocked`: Radar lets no payment through to the issuer. `increment` is how
    a higher hold is declined.
    """

    names: tuple[str, ...]
    brand: str
    last4: str
    number: str | None = None
    funding: str = "credit"
    country: str = "US"
    decline: Refusal | None = None
    refuses_at_attach: bool = False
    authentication: Authentication = Authentication.NONE
    lookup_fails: bool = False
    afterwards: str = DEFAULT
    early_fraud_warning: bool = False
    risk_level: str = "normal"
    risk_score: int = 20
    blocked: bool = False
    checks: Checks = Checks()
    increment: Refusal | None = None


def _card(
    number: str, names: str, brand: str = "visa", funding: str = "credit", country: str = "US"
) -> PublishedInstrument:
    return PublishedInstrument(
        number=number,
        names=tuple(names.split()),
        brand=brand,
        last4=number[-4:],
        funding=funding,
        country=country,
    )


def _declining(number: str, names: str, decline: Refusal) -> PublishedInstrument:
    return replace(_card(number, names), decline=decline, refuses_at_attach=True)


def _declined(decline_code: str, message: str = "Your card was declined.") -> Refusal:
    return Refusal(code="card_declined", decline_code=decline_code, message=message)


def _challenging(
    number: str, names: str, authentication: Authentication, country: str = "US"
) -> PublishedInstrument:
    return replace(_card(number, names, country=country), authentication=authentication)


def _later(
    number: str, names: str, afterwards: str, country: str = "US", brand: str = "visa"
) -> PublishedInstrument:
    return replace(_card(number, names, brand, country=country), afterwards=afterwards)


def _not_raised(card: PublishedInstrument, increment: Refusal) -> PublishedInstrument:
    return replace(card, afterwards="increment_declined", increment=increment)


def _blocked(number: str, names: str, risk_score: int) -> PublishedInstrument:
    card = replace(_card(number, names), decline=_declined("fraudulent"), blocked=True)
    return replace(card, risk_level="highest", risk_score=risk_score)


def _of_countries(pairs: str) -> Iterator[PublishedInstrument]:
    words = iter(pairs.split())
    return (_card(number, name, country=name.upper()) for name, number in zip(words, words, strict=True))


_GENERIC: Final = _declined("generic_decline")
_POOR: Final = _declined("insufficient_funds", "Your card has insufficient funds.")
_EXPIRED: Final = Refusal(code="expired_card", param="exp_month", message="Your card has expired.")
_WRONG_CVC: Final = Refusal(
    code="incorrect_cvc", param="cvc", message="Your card's security code is incorrect."
)
_PROBLEM_SAID: Final = "Your card could not be processed just now. Try again later."
_TOO_MUCH: Final = _declined(
    "card_velocity_exceeded", "Your card was declined: it was used too often, or for too much."
)

_BRANDS: Final = (
    _card("4242424242424242", "visa us"),
    _card("4012888888881881", "visa_1881"),
    _card("4000056655665556", "visa_debit", funding="debit"),
    _card("5555555555554444", "mastercard", "mastercard"),
    _card("2223003122003222", "mastercard_3222", "mastercard"),
    _card("5200828282828210", "mastercard_debit", "mastercard", "debit"),
    _card("5105105105105100", "mastercard_prepaid", "mastercard", "prepaid"),
    replace(
        _card("378282246310005", "amex amex_threeDSecureNotSupported", "amex"),
        authentication=Authentication.NOT_SUPPORTED,
    ),
    replace(_card("371449635398431", "amex_8431", "amex"), authentication=Authentication.NOT_SUPPORTED),
    _card("6011111111111117", "discover", "discover"),
    _card("6011000990139424", "discover_9424", "discover"),
    _card("6011981111111113", "discover_1113", "discover", "debit"),
    _card("3056930009020004", "diners", "diners"),
    _card("36227206271667", "diners_1667", "diners"),
    # BCcard and DinaCard, which are taken by Discover's network.
    _card("6555900000604105", "discover_4105", "discover"),
    _card("3566002020360505", "jcb", "jcb", country="JP"),
    _card("3530111333300000", "jcb_0000", "jcb", country="JP"),
    _card("6200000000000005", "unionpay", "unionpay", country="CN"),
    _card("6200000000000047", "unionpay_0047", "unionpay", "debit", "CN"),
    _card("6205500000000000004", "unionpay_0004", "unionpay", country="CN"),
    _card("4000002500001001", "visa_cartesBancaires", country="FR"),
    _card("5555552500001001", "mastercard_cartesBancaires", "mastercard", country="FR"),
    _card("4000050360000001", "visa_debit_eftposAuCoBranded", funding="debit", country="AU"),
    _card("5555050360000080", "mastercard_debit_eftposAuCoBranded", "mastercard", "debit", "AU"),
    # Health savings and flexible spending accounts.
    _card("4000051230000072", "debit_visaFsaProductCode debit_visaHsaProductCode", funding="debit"),
    _card("5200828282828897", "mastercard_debit_mastercardFsaProductCode", "mastercard", "debit"),
)

_BY_COUNTRY: Final = (
    "ar 4000000320000021 br 4000000760000002 ca 4000001240000000 cl 4000001520000001 co 4000001700000003 "
    "cr 4000001880000005 ec 4000002180000000 mx 4000004840008001 pa 4000005910000000 py 4000006000000066 "
    "pe 4000006040000068 uy 4000008580000003 ae 4000007840000001 at 4000000400000008 be 4000000560000004 "
    "bg 4000001000000000 by 4000001120000005 hr 4000001910000009 cy 4000001960000008 cz 4000002030000002 "
    "dk 4000002080000001 ee 4000002330000009 fi 4000002460000001 fr 4000002500000003 de 4000002760000016 "
    "gi 4000002920000005 gr 4000003000000030 hu 4000003480000005 ie 4000003720000005 it 4000003800000008 "
    "lv 4000004280000005 li 4000004380000004 lt 4000004400000000 lu 4000004420000006 mt 4000004700000007 "
    "nl 4000005280000002 no 4000005780000007 pl 4000006160000005 pt 4000006200000007 ro 4000006420000001 "
    "sa 4000006820000007 si 4000007050000006 sk 4000007030000001 es 4000007240000007 se 4000007520000008 "
    "ch 4000007560000009 gb 4000008260000000 au 4000000360000006 cn 4000001560000002 hk 4000003440000004 "
    "in 4000003560000008 jp 4000003920000003 my 4000004580000002 nz 4000005540000008 sg 4000007020000003 "
    "tw 4000001580000008"
)

_COUNTRIES: Final = (
    *_of_countries(_BY_COUNTRY),
    _card("5062210000000009", "carnet_0009", "carnet", country="MX"),
    _card("5200007840000022", "ae_mastercard", "mastercard", country="AE"),
    _card("4000058260000005", "gb_debit", funding="debit", country="GB"),
    _card("5555558265554449", "gb_mastercard", "mastercard", country="GB"),
    _card("4000007640000003", "th_credit", country="TH"),
    _card("4000057640000008", "th_debit", funding="debit", country="TH"),
)

_DECLINED_LATER: Final = "4000000000000341"
_DECLINES: Final = (
    _declining("4000000000000002", "visa_chargeDeclined chargeDeclined", _GENERIC),
    _declining(
        "4000000000009995", "visa_chargeDeclinedInsufficientFunds chargeDeclinedInsufficientFunds", _POOR
    ),
    _declining("4000000000009987", "visa_chargeDeclinedLostCard", _declined("lost_card")),
    _declining("4000000000009979", "visa_chargeDeclinedStolenCard", _declined("stolen_card")),
    _declining("4000000000006975", "visa_chargeDeclinedVelocityLimitExceeded", _TOO_MUCH),
    _declining("4000000000000069", "chargeDeclinedExpiredCard visa_chargeDeclinedExpiredCard", _EXPIRED),
    replace(
        _declining(
            "4000000000000127", "chargeDeclinedIncorrectCvc visa_chargeDeclinedIncorrectCvc", _WRONG_CVC
        ),
        checks=Checks(cvc_check="fail"),
    ),
    _declining(
        "4000000000000119",
        "chargeDeclinedProcessingError visa_chargeDeclinedProcessingError",
        Refusal(code="processing_error", message=_PROBLEM_SAID),
    ),
    replace(_card(_DECLINED_LATER, "chargeCustomerFail visa_chargeCustomerFail"), decline=_GENERIC),
)

# They end in the digits of the card whose variants they are.
_WITHOUT_NUMBER: Final = tuple(
    replace(card, number=None)
    for card in (
        replace(
            _declining("4000000000009995", "visa_debit_chargeDeclinedInsufficientFunds", _POOR),
            funding="debit",
        ),
        replace(_card(_DECLINED_LATER, "visa_chargeCustomerFailLostCard"), decline=_declined("lost_card")),
        replace(
            _card(_DECLINED_LATER, "visa_chargeCustomerFailStolenCard"), decline=_declined("stolen_card")
        ),
    )
)

_RISKS: Final = (
    _blocked("4100000000000019", "radarBlock chargeDeclinedFraudulent visa_chargeDeclinedFraudulent", 95),
    # Stripe leaves it to the account's rules whether the highest risk is blocked; those it begins with do.
    _blocked("4000000000004954", "riskLevelHighest", 80),
    replace(_card("4000000000009235", "riskLevelElevated"), risk_level="elevated", risk_score=70),
    replace(_card("4000000000000101", "cvcCheckFail"), checks=Checks(cvc_check="fail")),
    replace(
        _card("4000058400307872", "cvcCheckFailElevatedRisk", funding="debit"),
        checks=Checks(cvc_check="fail"),
        risk_level="elevated",
        risk_score=70,
    ),
    replace(_card("4000000000000036", "avsZipFail"), checks=Checks(address_postal_code_check="fail")),
    replace(
        _card("4000058400306072", "avsZipFailElevatedRisk", funding="debit"),
        checks=Checks(address_postal_code_check="fail"),
        risk_level="elevated",
        risk_score=70,
    ),
    replace(_card("4000000000000028", "avsLine1Fail"), checks=Checks(address_line1_check="fail")),
    replace(
        _card("4000000000000010", "avsFail"),
        checks=Checks(address_line1_check="fail", address_postal_code_check="fail"),
    ),
    replace(
        _card("4000000000000044", "avsUnchecked"),
        checks=Checks(address_line1_check="unavailable", address_postal_code_check="unavailable"),
    ),
    # What an account has to switch on is off.
    _card("4000008400000407", "highFraudDisputeScore"),
    _card("4000008400000159", "highEfwScore"),
    _card("4000008400001017", "radarDynamicRiskThreshold"),
    _challenging("4000008405600003", "adaptive3dsChallenge", Authentication.SUPPORTED),
)

_AUTHENTICATIONS: Final = (
    _challenging("4000000000003220", "threeDSecure2Required", Authentication.REQUIRED, "IE"),
    _challenging("4000008400000027", "visa_0027", Authentication.REQUIRED),
    _challenging("4000000000003063", "threeDSecureRequired", Authentication.REQUIRED),
    replace(
        _challenging("4000008400001629", "threeDSecureRequiredChargeDeclined", Authentication.REQUIRED),
        decline=_GENERIC,
    ),
    replace(
        _challenging("4000008400001280", "threeDSecureRequiredProcessingError", Authentication.REQUIRED),
        decline=_declined("processing_error", _PROBLEM_SAID),
        lookup_fails=True,
    ),
    _challenging("4000000000003055", "threeDSecureOptional", Authentication.SUPPORTED),
    replace(
        _challenging("4000000000003097", "threeDSecureOptionalProcessingError", Authentication.SUPPORTED),
        lookup_fails=True,
    ),
    _challenging("4000002760003184", "authenticationRequired", Authentication.ALWAYS, "DE"),
    _challenging("4000002500003155", "authenticationRequiredOnSetup", Authentication.UNLESS_SET_UP, "FR"),
    _challenging("4000003800000446", "authenticationRequiredSetupForOffSession", Authentication.SET_UP, "IT"),
    replace(
        _challenging(
            "4000008260003178",
            "authenticationRequiredChargeDeclinedInsufficientFunds",
            Authentication.UNLESS_SET_UP,
            "GB",
        ),
        decline=_POOR,
    ),
    _challenging("4000000032200000", "visa_0000", Authentication.FRICTIONLESS),
    # On a phone each has a screen of its own; elsewhere they are asked as any other.
    _challenging("4000582600000094", "visa_0094", Authentication.ALWAYS),
    _challenging("4000582600000045", "visa_0045", Authentication.ALWAYS),
    _challenging("4000582600000102", "visa_0102", Authentication.ALWAYS),
    _challenging("4000582600000110", "visa_0110", Authentication.ALWAYS),
)

_AFTERWARDS: Final = (
    _later("4000000000000259", "createDispute", "dispute"),
    _later("4000000000002685", "createDisputeProductNotReceived", "dispute_product_not_received"),
    _later("4000000000001976", "createDisputeInquiry", "dispute_inquiry"),
    _later("4000000404000079", "createMultipleDisputes", "dispute_twice"),
    _later("4000000404000038", "createCe3EligibleDispute", "dispute"),
    _later("4000008400000779", "createComplianceDispute", "dispute_noncompliant"),
    _later(
        "5105008400000002",
        "createMastercardComplianceDispute",
        "dispute_noncompliant",
        brand="mastercard",
    ),
    _later("4000000001000043", "createAutoRepresentmentEligibleDispute", "dispute"),
    # No account takes part in what prevents these.
    _later("4000000404004816", "createRapidDisputeResolutionDispute", "dispute"),
    _later("4000000404005649", "createCe3BlockDispute", "dispute"),
    _later("5105000300000018", "createEthocaAlert", "dispute", brand="mastercard"),
    replace(_card("4000000000005423", "createIssuerFraudRecord"), early_fraud_warning=True),
    _later("4000000000007726", "pendingRefund", "refund_pending"),
    _later("4000000000005126", "refundFail", "refund_failure"),
    _later("4000000000000077", "bypassPending", "available_at_once"),
    _later("4000003720000278", "bypassPendingInternational", "available_at_once", "IE"),
)

_INCREMENTS: Final = (
    _card("4000058400000063", "debit_incrementalAuthAuthorized", funding="debit"),
    _not_raised(_card("4000008400000076", "credit_disableEnterpriseCardFeatures"), _GENERIC),
    # It grants a part of the increment where that is asked for, which is not simulated.
    _not_raised(_card("4000058400000816", "debit_partialIncrement", funding="debit"), _POOR),
)

# Neither a captcha nor a PIN is asked for: they are paid as if it had been right.
_UNASKED: Final = (
    _card("4000000000001208", "visa_1208"),
    _card("4000000000003725", "visa_3725"),
    _card("4001007020000002", "visa_0002", country="SG"),
    _card("4000008260000075", "visa_0075", country="GB"),
    _card("4001000360000005", "visa_0005", country="AU"),
    _card("4000002760000008", "visa_0008", country="DE"),
)

INSTRUMENTS: Final = (
    *_BRANDS,
    *_COUNTRIES,
    *_DECLINES,
    *_WITHOUT_NUMBER,
    *_RISKS,
    *_AUTHENTICATIONS,
    *_AFTERWARDS,
    *_INCREMENTS,
    *_UNASKED,
)
"""Every card that Stripe publishes, each once."""
