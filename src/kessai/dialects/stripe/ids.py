"""Ids of the Stripe API from the core's, and back: a prefix, 22 letters and digits of id, 2 that check them.

An id appears about eight times in an answer, so it is written in three pieces that are each divided in pairs:
dividing all of the 128 bits anew for every pair took half as long again.
"""

from __future__ import annotations

import string
from functools import lru_cache
from hashlib import sha256
from typing import Final

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PAIRS: Final = [a + b for a in _DIGITS for b in _DIGITS]
_VALUES: Final = {pair: value for value, pair in enumerate(_PAIRS)}
_2: Final = 62**2
_4: Final = 62**4
_8: Final = 62**8
_CHECK: Final = 3_833
"""A prime below 62 squared: any one wrong character, and any two neighbours swapped, change what is left."""
_VERSION_AND_VARIANT: Final = (0x7 << 76) | (0x2 << 62)
_SHORT_LOW: Final = 0xFFFF


def encode(prefix: str, core_id: str) -> str:
    """The id of this API for a core id."""
    number = int(core_id.replace("-", ""), 16)
    rest = number // _8
    low = number - rest * _8
    high = rest // _8
    middle = rest - high * _8
    a, b = high // _4, high % _4
    c, d = middle // _4, middle % _4
    e, f = low // _4, low % _4
    p = _PAIRS
    return (
        f"{prefix}_{p[a]}{p[b // _2]}{p[b % _2]}{p[c // _2]}{p[c % _2]}{p[d // _2]}{p[d % _2]}"
        f"{p[e // _2]}{p[e % _2]}{p[f // _2]}{p[f % _2]}{p[number % _CHECK]}"
    )


def decode(prefix: str, text: str) -> str | None:
    """The core id behind an id of this kind; None when it is none of ours."""
    begins = len(prefix) + 1
    if len(text) != begins + 24 or not text.startswith(prefix) or text[begins - 1] != "_":
        return None
    t = text[begins:]
    v = _VALUES
    try:
        a = (v[t[:2]] * _2 + v[t[2:4]]) * _2 + v[t[4:6]]
        b = ((v[t[6:8]] * _2 + v[t[8:10]]) * _2 + v[t[10:12]]) * _2 + v[t[12:14]]
        c = ((v[t[14:16]] * _2 + v[t[16:18]]) * _2 + v[t[18:20]]) * _2 + v[t[20:22]]
        check = v[t[22:]]
    except KeyError:
        return None
    number = (a * _8 + b) * _8 + c
    if number >> 128 or number % _CHECK != check:
        return None
    return _canonical(number)


def encode_short(core_id: str) -> str:
    """A customer's id: 14 characters, for a core id that was made short."""
    h = core_id.replace("-", "")
    # 48 bits of time, 12 of order and the first 16 of chance, behind two bits of variant.
    packed = int(h[:12] + h[13:16], 16) << 16 | int(h[16:21], 16) >> 2 & _SHORT_LOW
    return f"cus_{_fourteen(packed)}"


def decode_short(text: str) -> str | None:
    """The core id behind a customer's id; None when it is none."""
    if len(text) != 18 or not text.startswith("cus_"):
        return None
    t = text[4:]
    v = _VALUES
    try:
        a = (v[t[:2]] * _2 + v[t[2:4]]) * _2 + v[t[4:6]]
        b = ((v[t[6:8]] * _2 + v[t[8:10]]) * _2 + v[t[10:12]]) * _2 + v[t[12:]]
    except KeyError:
        return None
    packed = a * _8 + b
    if packed >> 76:
        return None
    high, order, low = packed >> 28, packed >> 16 & 0xFFF, packed & _SHORT_LOW
    return _canonical(high << 80 | order << 64 | low << 46 | _VERSION_AND_VARIANT)


@lru_cache(maxsize=256)
def request_id(core_id: str) -> str:
    """A request's id. One that the client gave is told by its digest.

    One request asks for it several times, which is why the latest are kept.
    """
    digest = sha256(core_id.encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest[:10], "big")
    return f"req_{_fourteen(number)}"


def _fourteen(number: int) -> str:
    high = number // _8
    low = number - high * _8
    a, b = high // _4, high % _4
    c, d = low // _4, low % _4
    p = _PAIRS
    return f"{p[a]}{p[b // _2]}{p[b % _2]}{p[c // _2]}{p[c % _2]}{p[d // _2]}{p[d % _2]}"


def _canonical(number: int) -> str:
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
