"""Card data in free text and metadata: no number that could be real is kept there, and no security code.

Source: PCI DSS 4.0.1, requirement 3.3.1.2, the code printed on a card is not kept after authorization.
"""

from __future__ import annotations

import re
from typing import Final

from kessai.simulation.cards import mask_real_numbers

_HINTS: Final = ("cvc", "cvv", "cvn", "security", "verification", "セキュリティ")
"""One of them is in every name of a code. Looking for them first is many times faster than the expression."""
_NAME: Final = (
    r"(?:cv[cvn]2?(?:[\s_-]?(?:code|number|value))?|security[\s_-]?code"
    r"|card[\s_-]?verification[\s_-]?(?:code|value|number)|セキュリティ[\s・]?コード)"
)
_BETWEEN: Final = r"""['")\]]*(?:\s*(?:is|was|は)\s*|[\s:=#,.\-_/'"(\[\uff1a\uff1d]{0,4})"""
_NAMED_CODE: Final = re.compile(rf"{_NAME}{_BETWEEN}(?P<code>\d{{3,4}})(?!\d)", re.IGNORECASE)
_NAMES_A_CODE: Final = re.compile(rf".*{_NAME}", re.IGNORECASE | re.DOTALL)
_ONLY_A_CODE: Final = re.compile(r"\s*\d{3,4}\s*")


def mask_card_data(text: str) -> str:
    """Return `text` with `*` for security codes, and for real card numbers but their last four digits.

    A code is three or four digits straight after what calls them one.
    """
    lowered = text.lower()
    if any(hint in lowered for hint in _HINTS):
        text = _NAMED_CODE.sub(_hidden, text)
    return mask_real_numbers(text)


def mask_card_data_under(name: str, text: str) -> str:
    """Text that somebody keeps under a name of theirs, which may say that it is a security code."""
    if _ONLY_A_CODE.fullmatch(text) and _NAMES_A_CODE.fullmatch(name):
        return "*" * len(text)
    return mask_card_data(text)


def _hidden(found: re.Match[str]) -> str:
    return found[0].removesuffix(found["code"]) + "*" * len(found["code"])
