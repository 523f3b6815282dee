"""The headers of a message as its receiver saw them: looking one up, and what comes near when it is missing.

Pure. Names of headers have no case. What stands between a sender and a receiver's code may rewrite them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

SIGNATURE: Final = "X-Webhook-Signature"
PREVIOUS_SIGNATURE: Final = "X-Webhook-Signature-Previous"
EVENT_ID: Final = "X-Webhook-Id"
TIMESTAMP: Final = "X-Webhook-Timestamp"
STANDARD_ID: Final = "webhook-id"
STANDARD_TIMESTAMP: Final = "webhook-timestamp"
STANDARD_SIGNATURE: Final = "webhook-signature"
STRIPE_SIGNATURE: Final = "Stripe-Signature"
RAZORPAY_SIGNATURE: Final = "X-Razorpay-Signature"

_KNOWN: Final = {
    name.lower(): name
    for name in (
        *(SIGNATURE, PREVIOUS_SIGNATURE, EVENT_ID, TIMESTAMP, "X-Webhook-Event", "X-Webhook-Attempt"),
        *(STANDARD_ID, STANDARD_TIMESTAMP, STANDARD_SIGNATURE, STRIPE_SIGNATURE, RAZORPAY_SIGNATURE),
    )
}
_LIKENESS_MIN: Final = 0.85
"""Lets a letter or two be wrong; names of other headers are further away."""
_NAME_COMPARED_MAX: Final = 40
"""Characters; no name we look for is longer, and comparing costs the square of it."""


@dataclass(frozen=True)
class Headers:
    """Pairs of name and value, in the order they came."""

    pairs: Sequence[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """The different values of a header, without the white space around them."""
        found = (value.strip() for each, value in self.pairs if each.strip().lower() == name.lower())
        return list(dict.fromkeys(found))

    def first(self, name: str) -> str | None:
        """A header's value, the first if there are several."""
        return next(iter(self.values(name)), None)

    def has(self, name: str) -> bool:
        """Whether it is there, or something that was probably meant to be."""
        return bool(self.values(name)) or name in self._near

    def near(self, name: str) -> str | None:
        """What is there instead, as it is written: rewritten by a server, or mistyped."""
        return self._near.get(name)

    @cached_property
    def _near(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for written, _ in self.pairs:
            known = None if written.strip().lower() in _KNOWN else _meant(written)
            if known is not None:
                found.setdefault(known, written)
        return found


def is_rewritten(name: str) -> bool:
    """Whether a name looks as WSGI and CGI servers write it: HTTP_X_WEBHOOK_SIGNATURE."""
    return name.upper().startswith("HTTP_")


def _meant(name: str) -> str | None:
    plain = name.strip().lower().replace("_", "-").removeprefix("http-")
    if plain in _KNOWN or len(plain) > _NAME_COMPARED_MAX:
        return _KNOWN.get(plain)
    # Imported when there are headers that are none of ours: not needed to start.
    from difflib import get_close_matches

    near = get_close_matches(plain, _KNOWN, n=1, cutoff=_LIKENESS_MIN)
    return _KNOWN[near[0]] if near else None
