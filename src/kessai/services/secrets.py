"""Making keys: what they look like, never what they open."""

from __future__ import annotations

import string
from typing import Final

from kessai.services.ports import Dice

WELL_KNOWN_KEY: Final = "sk_test_kessai"
"""The first merchant's key on a laptop, so that every example can be pasted. Refused anywhere else."""

WELL_KNOWN_PUBLIC_KEY: Final = "pk_test_kessai"
"""Its public half."""

_ALPHABET: Final = string.digits + string.ascii_letters
_BYTES: Final = 24


def new_secret_key(dice: Dice) -> str:
    """A secret key nobody can guess."""
    return f"sk_test_{_text(dice.key_material(_BYTES))}"


def new_public_key(dice: Dice) -> str:
    """A public key: it identifies, and opens nothing."""
    return f"pk_test_{_text(dice.key_material(_BYTES))}"


def _text(material: bytes) -> str:
    number = int.from_bytes(material)
    digits = []
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits)).rjust(33, "0")
