"""What is printed on the slips with which payers pay elsewhere, made of the payment that each is for."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

_LENGTHS: Final[Mapping[str, int]] = MappingProxyType({"boleto": 47, "konbini": 6, "multibanco": 9})
_USUAL_LENGTH: Final = 14


def slip_number(kind: str, payment_id: str) -> str:
    """The digits that a payer reads out or types in; as many as slips of this type have."""
    return digits_of(f"{kind} {payment_id}", _LENGTHS.get(kind, _USUAL_LENGTH))


def digits_of(text: str, count: int) -> str:
    """So many digits, always the same of the same text."""
    return f"{int.from_bytes(sha256(text.encode()).digest()) % 10**count:0{count}}"
