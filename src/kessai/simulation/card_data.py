"""Card data in free text and metadata: no number that could be real is kept there, and no security code.

Source: PCI DSS 4.0.1, requirement 3.3.1.2, the code printed on a card is not kept after authorization.
"""

from __future__ import annotations

import re
from typing import Final

from kessai.simulation.cards import mask_real_numbers

_HINTS: Final = ("cvc", "cvv", "cvn", "cvd", "security", "verification", "セキュリティ")
"""One of them is in every name of a code. Looking for them first is many times faster than the expression."""
_BEFORE: Final = r"(?:(?<![^\W_])|(?<=%[0-9A-Fa-f]{2})|(?<=[a-z])(?=[A-Z]))"
"""Where a name may begin: not within a word, an id or a number, but at a hump, as in cardCvc."""
_NAME: Final = (
    r"(?i:cv[cvnd]2?|security[\W_]{0,3}code|card[\W_]{0,3}verification[\W_]{0,3}(?:code|value|number)"
    r"|セキュリティー?[\W_]{0,3}コード)"
)
_ONE: Final = r"(?:%(?:25)?[0-9A-Fa-f]{2}|[\W_])"
"""Something between: no letter and no digit, or anything that a URL escapes."""
_BETWEEN: Final = rf"(?:{_ONE}{{0,8}}(?i:is|was|code|value|number|no|nr|は)(?={_ONE}|\d)){{0,2}}{_ONE}{{0,8}}"
_CODE: Final = r"(?P<code>\d{3,4})(?![^\W_]|[-.,:/]\d)"
_NAMED_CODE: Final = re.compile(rf"{_BEFORE}{_NAME}{_BETWEEN}{_CODE}")
_IN_URL: Final = re.compile(rf"{_BEFORE}{_NAME}(?:[\])]|%(?:5|25)D|%29)?(?:=|%(?:25)?3D){_CODE}")
"""In an address only what is said by a query: numbers in its path are no codes."""
_NAMES_A_CODE: Final = re.compile(rf"{_BEFORE}{_NAME}(?:[\W_]*(?i:code|value|number|no|nr|\d))?[\W_]*\Z")
_ONLY_A_CODE: Final = re.compile(r"[\W_]*\d{3,4}[\W_]*")
_URL: Final = ("http://", "https://")


def mask_card_data(text: str) -> str:
    """Return `text` with `*` for security codes, and for real card numbers but their last four digits.

    A code is three or four digits straight after what calls them one.
    """
    # Numbers first: the first group of one may look like a code.
    shown = mask_real_numbers(text)
    lowered = shown.lower()
    if not any(hint in lowered for hint in _HINTS):
        return shown
    return (_IN_URL if lowered.startswith(_URL) else _NAMED_CODE).sub(_hidden, shown)


def mask_card_data_under(name: str, text: str) -> str:
    """Text that somebody keeps under a name of theirs, which may say that it is a security code."""
    if _ONLY_A_CODE.fullmatch(text) and _NAMES_A_CODE.search(name):
        return "*" * len(text)
    return mask_card_data(text)


def _hidden(found: re.Match[str]) -> str:
    return found[0].removesuffix(found["code"]) + "*" * len(found["code"])
