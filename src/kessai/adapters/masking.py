"""Takes secrets and card numbers out of what is about to be logged. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from kessai.simulation.card_data import mask_card_data

MASK: Final = "***"

# Fields whose value is a secret whatever it looks like. `public_key` and `idempotency_key` are none.
_SECRET_FIELD: Final = re.compile(
    r"authorization|passw(or)?d|secret|token|cookie|credential|\bcv[cv]\d?\b|api[_-]?key|private[_-]?key"
    r"|signing[_-]?key|\bkey\b|dsn\b",
    re.IGNORECASE,
)

# No word boundary before them: in a quoted "\\nsk_test_..." there is none.
_SECRET_TEXT: Final = re.compile(
    r"""
      ([sr]k_(?:test|live)_)\w+             # API keys
    | (whsec_)[\w+/=-]+                     # signing secrets
    | ((?:Bearer|Basic)[ ]+)[\w.~+/=-]+     # Authorization headers
    | (://[^\s:/@]*:)[^\s/]*(?=@)           # passwords in URLs
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Looking for these first is ten times faster than the expression, and most texts have none.
_SECRET_HINTS: Final = ("k_test_", "k_live_", "whsec_", "bearer ", "basic ", "://")

# Identifiers are skipped, or one of some thousand would happen to look like a card.
_UUID: Final = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?!\d)"
_ONLY_UUID: Final = re.compile(_UUID)
_ENOUGH_DIGITS: Final = re.compile(r"\d(?:[ -]?\d){12}")
_DIGIT_GROUPS: Final = re.compile(rf"(?P<uuid>{_UUID})|\d+(?:[ -]\d+)*", re.IGNORECASE)
_CARD_DIGITS_MIN: Final = 13
_CARD_DIGITS_MAX: Final = 19

_DEPTH_MAX: Final = 8


def masked(fields: Mapping[Any, Any], *, depth: int = 0) -> dict[str, Any]:
    """Return `fields` without secrets, all of it values that JSON knows."""
    return {
        str(name): MASK if value is not None and _is_secret(str(name)) else _value(value, depth)
        for name, value in fields.items()
    }


def masked_text(text: str) -> str:
    """Return `text` without keys, signing secrets, passwords in URLs and card numbers."""
    if len(text) == 36 and _ONLY_UUID.fullmatch(text):
        return text
    lowered = text.lower()
    if any(hint in lowered for hint in _SECRET_HINTS):
        text = _SECRET_TEXT.sub(_keep_prefix, text)
    if _ENOUGH_DIGITS.search(text):
        text = _DIGIT_GROUPS.sub(_mask_cards, text)
    # In which ways else people write them.
    return mask_card_data(text)


@lru_cache(maxsize=1_024)
def _is_secret(name: str) -> bool:
    return _SECRET_FIELD.search(name) is not None


def _value(value: object, depth: int) -> Any:
    """Any: whatever JSON can hold."""
    match value:
        case str():
            return masked_text(value)
        case None | bool() | float():
            return value
        case int():
            return value if value < 10 ** (_CARD_DIGITS_MIN - 1) else _whole_number(value)
        case Mapping() if depth < _DEPTH_MAX:
            return masked(value, depth=depth + 1)
        case list() | tuple() | set() | frozenset() if depth < _DEPTH_MAX:
            return [_value(item, depth + 1) for item in value]
        case bytes():
            return masked_text(value.decode("utf-8", "replace"))
        case _:
            return masked_text(str(value))


def _whole_number(value: int) -> int | str:
    text = str(value)
    after = masked_text(text)
    return value if after == text else after


def _keep_prefix(found: re.Match[str]) -> str:
    return f"{next(filter(None, found.groups()))}{MASK}"


def _mask_cards(found: re.Match[str]) -> str:
    """Mask every group of digits that is part of what may be a card number."""
    if found["uuid"]:
        return found[0]
    parts = re.split(r"([ -])", found[0])  # groups at even places, what separates them between
    for place in _places_of_cards(parts[::2]):
        parts[2 * place] = "*" * len(parts[2 * place])
    return "".join(parts)


def _places_of_cards(groups: list[str]) -> set[int]:
    places: set[int] = set()
    for start in range(len(groups)):
        digits = ""
        for end in range(start, len(groups)):
            digits += groups[end]
            if len(digits) > _CARD_DIGITS_MAX:
                break
            if len(digits) >= _CARD_DIGITS_MIN and _passes_luhn(digits):
                places.update(range(start, end + 1))
    return places


def _passes_luhn(digits: Iterable[str]) -> bool:
    numbers = [int(digit) for digit in digits][::-1]
    return sum(numbers[::2] + [sum(divmod(2 * number, 10)) for number in numbers[1::2]]) % 10 == 0
