"""Card numbers: the published test numbers and what they do, and every other number kept out.

Sources: Stripe, "Testing", read 2026-11-27; Razorpay, "Test Card Details", read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from kessai.domain.errors import InvalidFieldError, RealCardRefusedError

_BY_SIMULATION: Final = {
    "success": (
        "4242424242424242 4000056655665556 5555555555554444 2223003122003222 5200828282828210 "
        "5105105105105100 378282246310005 371449635398431 6011111111111117 6011000990139424 "
        "3056930009020004 36227206271667 3566002020360505 6200000000000005 4000000760000002 "
        "4000001240000000 4000008260000000 4000003560000008 4000003920000003 4111111111111111 "
        "4012888888881881 4100280000001007 5500670000001002 6527658900001005 36082800091007 "
        "340256000401007 5267318187975449 5104060000000008 4000000000003055 4000000000005423 "
        "4000000000009235 4000003800000446 4000000000000341 "
        "6011981111111113 3530111333300000 6200000000000047 6205500000000000004 4000002500001001 "
        "5555552500001001 4000000320000021 4000001520000001 4000001700000003 4000001880000005 "
        "4000002180000000 4000004840008001 4000005910000000 4000006000000066 4000006040000068 "
        "4000008580000003 4000007840000001 4000000400000008 4000000560000004 4000001000000000 "
        "4000001120000005 4000001910000009 4000001960000008 4000002030000002 4000002080000001 "
        "4000002330000009 4000002460000001 4000002500000003 4000002760000016 4000002920000005 "
        "4000003000000030 4000003480000005 4000003720000005 4000003800000008 4000004280000005 "
        "4000004380000004 4000004400000000 4000004420000006 4000004700000007 4000005280000002 "
        "4000005780000007 4000006160000005 4000006200000007 4000006420000001 4000006820000007 "
        "4000007050000006 4000007030000001 4000007240000007 4000007520000008 4000007560000009 "
        "4000000360000006 4000001560000002 4000003440000004 4000004580000002 4000005540000008 "
        "4000007020000003 4000001580000008 5200007840000022 4000058260000005 5555558265554449 "
        "4000007640000003 4000057640000008 4000000000000101 4000058400307872 4000000000000036 "
        "4000058400306072 4000000000000028 4000000000000010 4000000000000044 4000000000003097 "
        "4000058400000063 6555900000604105 4000050360000001 5555050360000080 5062210000000009 "
        "4000051230000072 5200828282828897 4000008400000407 4000008400000159 4000008400001017 "
        "4000008405600003 4000000032200000 4000000000001208 4000000000003725 4001007020000002 "
        "4000008260000075 4001000360000005 4000002760000008"
    ),
    "card_declined": (
        "4000000000000002 4000000000009987 4000000000009979 4100280000060003 4100280000050004 "
        "4100280000040005 5305620000030003 5305620000020004 5305620000010005 4100280000030006 "
        "5305620000000006 4100280000070002 5305620000040002"
    ),
    "insufficient_funds": "4000000000009995 4100280000080001 5305620000050001",
    "expired_card": "4000000000000069",
    "incorrect_cvc": "4000000000000127",
    "processing_error": "4000000000000119 4000008400001280 4100280000010008 5305620000080008",
    "limit_exceeded": "4000000000006975",
    "fraud_detected": "4100000000000019 4000000000004954",
    "network_timeout": "4100280000090000 5305620000060000",
    "bank_error": "4100280000020007 5305620000090007",
    "requires_action": (
        "4000000000003220 4000002500003155 4000002760003184 4000008400001629 4000008260003178 "
        "4100280000000009 5305620000070009 4000000000003063 4000008400000027 4000582600000094 "
        "4000582600000045 4000582600000102 4000582600000110"
    ),
    "refund_failure": "4000000000005126",
    "increment_declined": "4000008400000076 4000058400000816",
    "refund_pending": "4000000000007726",
    "dispute": (
        "4000000000000259 4000000404000038 4000000001000043 4000000404004816 4000000404005649 "
        "5105000300000018"
    ),
    "dispute_product_not_received": "4000000000002685",
    "dispute_noncompliant": "4000008400000779 5105008400000002",
    "dispute_inquiry": "4000000000001976",
    "dispute_twice": "4000000404000079",
    "available_at_once": "4000000000000077 4000003720000278",
}

PUBLISHED: Final[Mapping[str, str]] = MappingProxyType(
    {number: name for name, numbers in _BY_SIMULATION.items() for number in numbers.split()}
)
"""Published test number to the simulation it leads to."""

VPAS: Final[Mapping[str, str]] = MappingProxyType(
    {"success@razorpay": "success", "failure@razorpay": "bank_error"}
)
"""Published UPI test ids to the simulation they lead to; any other id succeeds."""

_BRANDS: Final = (
    ("amex", re.compile(r"3[47]"), (15, 15)),
    ("diners", re.compile(r"3(?:0[0-5]|[689])"), (14, 19)),
    ("jcb", re.compile(r"35"), (16, 19)),
    ("visa", re.compile(r"4"), (13, 19)),
    ("mastercard", re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), (16, 16)),
    ("rupay", re.compile(r"60[08]|6521|6527|81|82|508"), (16, 16)),
    ("discover", re.compile(r"6011|64[4-9]|65"), (16, 19)),
    ("unionpay", re.compile(r"62"), (16, 19)),
    ("carnet", re.compile(r"5062"), (16, 16)),
    ("maestro", re.compile(r"50|5[6-9]|6[37]"), (13, 19)),
)
"""Each network's name, its first digits, and how many digits its numbers have."""

_DIGITS_MIN: Final = 13
_DIGITS_MAX: Final = 19
_ONE_DIGIT: Final = r"\d|%(?:25){0,3}3\d"
"""A digit of any alphabet, also as a URL escapes it, up to four times."""
_BETWEEN: Final = (
    r"[\s\-._/+\u00ad\u00b7\u200b-\u200d\u2010-\u2015\u2060\u2212\u30fb\ufeff\uff0d-\uff0f\uff3f\uff65]"
)
"""What people and programs put between groups; some of it is not seen."""
_BETWEEN_ESCAPED: Final = r"%(?:25){0,3}(?:2[0BDEF]|09)"
# An id that is a UUID is skipped, or one of some thousand would happen to look like a card.
_DIGIT_GROUPS: Final = re.compile(
    r"(?P<uuid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?!\d))"
    rf"|(?:{_ONE_DIGIT})(?:(?:{_BETWEEN}|{_BETWEEN_ESCAPED}){{0,3}}(?:{_ONE_DIGIT})){{12,}}",
    re.IGNORECASE,
)
_ESCAPE: Final = re.compile(r"(?:%(?:25){0,3}|\\x|\\u[0-9a-f]{2})[0-9a-f]{2}", re.IGNORECASE)
_BEFORE: Final = 5
"""How many characters of an escape can stand before its first digit that is decimal."""
_PHONE: Final = re.compile(r"\+[1-9](?:[ -]?[0-9]){6,12}")
"""A whole text that is an international phone number (ITU-T E.164) of at most thirteen digits."""
_DIGIT: Final = re.compile(r"\d")
_TOKEN: Final = re.compile(rf"{_BETWEEN_ESCAPED}|(?P<digit>{_ONE_DIGIT})|.", re.IGNORECASE | re.DOTALL)
_SEPARATORS: Final = re.compile(r"[ \-]")
# The digits of 2n added up, for n from 0 to 9.
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")


def luhn_valid(number: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1); ASCII digits only."""
    digits = number.encode("ascii")[::-1]
    return (sum(digits[::2]) + sum(digits[1::2].translate(_DOUBLED)) - len(digits) * ord("0")) % 10 == 0


def brand_of(number: str) -> str:
    """The card network, by the number's first digits."""
    return next((brand for brand, prefix, _ in _BRANDS if prefix.match(number)), "unknown")


def admit(number: str, *, param: str) -> str:
    """Return the digits of a published test number; any other is refused before it can be kept.

    Raises:
        InvalidFieldError: not a card number.
        RealCardRefusedError: it could be somebody's card.
    """
    digits = _SEPARATORS.sub("", number)
    if digits in PUBLISHED:
        return digits
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19 and luhn_valid(digits)):
        raise InvalidFieldError(
            "this is not a card number",
            param=param,
            hint="use a published test number such as 4242424242424242",
        )
    raise RealCardRefusedError(param)


def mask_real_numbers(text: str) -> str:
    """Return `text` with what could be a real card number reduced to its last four digits.

    Numbers are found whatever stands beside them, in any alphabet's digits, and as URLs escape them.
    """
    if len(text) < _DIGITS_MIN or not _DIGIT.search(text) or _PHONE.fullmatch(text):
        return text
    return _DIGIT_GROUPS.sub(_masked, text)


def holds_real_number(text: str) -> bool:
    """Whether something in `text` could be a real card number; for what cannot be masked."""
    return mask_real_numbers(text) != text


def _masked(found: re.Match[str]) -> str:
    """Thirteen digits or more with at most three separators between: any groups may be one number."""
    text = found[0]
    if found["uuid"]:
        return text
    places, ends = _places_of_digits(text)
    ends = sorted({*ends, *_ends_of_escapes(found)})
    digits = "".join(str(int(text[end - 1])) for _, end in places)
    hidden = {place for first, last in _real_numbers(digits, ends) for place in places[first : last - 4]}
    # Once for all of them: each piece put in on its own would copy all of the text.
    shown = list(text)
    for start, end in hidden:
        shown[start:end] = "*" * (end - start)
    return "".join(shown)


def _places_of_digits(text: str) -> tuple[list[tuple[int, int]], list[int]]:
    """Where each digit is written, and how many digits there are up to the end of each group."""
    places: list[tuple[int, int]] = []
    ends: list[int] = []
    for token in _TOKEN.finditer(text):
        if token["digit"]:
            places.append(token.span())
        elif ends[-1:] != [len(places)]:
            ends.append(len(places))
    return places, [*ends, len(places)]


def _ends_of_escapes(found: re.Match[str]) -> Iterator[int]:
    """How many of the first digits may belong to an escape that begins before them, as in `%20`."""
    start = found.start()
    for escape in _ESCAPE.finditer(found.string, max(0, start - _BEFORE), found.end()):
        if escape.start() >= start:
            break
        yield from range(1, escape.end() - start + 1)


def _real_numbers(digits: str, ends: list[int]) -> Iterator[tuple[int, int]]:
    """Where numbers that could be real begin and end; `ends` are those of the groups."""
    for first, start in enumerate((0, *ends[:-1])):
        for end in ends[first : first + _DIGITS_MAX]:
            if end - start > _DIGITS_MAX:
                break
            if end - start >= _DIGITS_MIN and _could_be_real(digits[start:end]):
                yield start, end


def _could_be_real(number: str) -> bool:
    if number in PUBLISHED or not luhn_valid(number):
        return False
    return any(prefix.match(number) and low <= len(number) <= high for _, prefix, (low, high) in _BRANDS)
