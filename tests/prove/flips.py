"""Two verifiers that receivers use, and every single bit of a message flipped before each of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from standardwebhooks import Webhook

STANDARD: Final = "whsec_"
"""How secrets begin that the library can use."""
_PAGE: Final = Path(__file__).resolve().parents[2] / "docs/how-to/verify-webhooks.md"
_LETTERS: Final = 43
"""Of a digest in base64, before the `=`: the last one has two bits that say nothing."""


@dataclass(slots=True)
class Flips:
    """How many bits were flipped, how many of them say nothing, and which passed although they must not."""

    count: int = 0
    unused_bits: int = 0
    passed: list[str] = field(default_factory=list)


def is_genuine(body: bytes, signature: str, secret: str) -> bool:
    """What the snippet of the page on verifying says."""
    try:
        return bool(_snippet()(body, signature, secret))
    except (TypeError, ValueError):  # compare_digest wants ASCII
        return False


def verifies(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """What the library says; it refuses with exceptions of many kinds."""
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except Exception:
        return False
    return True


def flips_that_pass(secret: str, body: bytes, headers: Mapping[str, str]) -> Flips:
    """Flip each bit of the body and of each signed header, alone, under one secret and one signature."""
    flips = Flips()
    signature = headers["x-webhook-signature"]
    ways: list[tuple[str, Callable[[bytes], bool], bytes]] = [
        ("snippet: body", lambda flipped: is_genuine(flipped, signature, secret), body),
        ("snippet: signature", lambda flipped: is_genuine(body, _text(flipped), secret), signature.encode()),
    ]
    if secret.startswith(STANDARD):
        ways += _ways_of_the_library(secret, body, headers)
    for name, passes, original in ways:
        for place, flipped in _flipped(original):
            flips.count += 1
            if not passes(flipped):
                continue
            if name.endswith("webhook-signature") and _says_the_same(original, flipped, place):
                flips.unused_bits += 1
            else:
                flips.passed.append(f"{name}, byte {place}: {flipped!r}"[:300])
    return flips


def _ways_of_the_library(
    secret: str, body: bytes, headers: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[bytes], bool], bytes]]:
    yield "library: body", lambda flipped: verifies(secret, flipped, headers), body

    def of_header(name: str) -> Callable[[bytes], bool]:
        return lambda flipped: verifies(secret, body, {**headers, name: _text(flipped)})

    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        yield f"library: {name}", of_header(name), headers[name].encode()


def _flipped(original: bytes) -> Iterator[tuple[int, bytes]]:
    for place, byte in enumerate(original):
        for bit in range(8):
            yield place, original[:place] + bytes([byte ^ 1 << bit]) + original[place + 1 :]


def _says_the_same(original: bytes, flipped: bytes, place: int) -> bool:
    """Whether it is the last letter, and what it decodes to is the same digest."""
    prefix = len(b"v1,")
    is_last_letter = place == prefix + _LETTERS - 1
    return is_last_letter and base64.b64decode(flipped[prefix:]) == base64.b64decode(original[prefix:])


def _text(value: bytes) -> str:
    """As HTTP libraries read headers."""
    return value.decode("latin-1")


@cache
def _snippet() -> Callable[[bytes, str, str], Any]:
    """The function as the page has it, run as it stands there."""
    blocks = re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    (code,) = (each for each in blocks if "def is_genuine" in each)
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[[bytes, str, str], Any] = names["is_genuine"]
    return found
