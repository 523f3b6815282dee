"""Signatures that Stripe's libraries verify.

Source: Stripe, "Verify webhook signatures manually", read 2026-11-20. Details that break verifiers: the whole
secret is the key, `whsec_` and all, and there is no blank behind a comma.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

_SECRET: Final = "whsec_"  # noqa: S105 - how every secret begins
_USUAL: Final = (
    ("Content-Type", "application/json; charset=utf-8"),
    ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
)


def sign(body: bytes, secrets: Sequence[str], *, at: datetime) -> tuple[tuple[str, str], ...]:
    """The headers of one attempt: in `Stripe-Signature` the time of sending and a `v1` for each secret."""
    stamp = int(at.timestamp())
    signed = b"%d." % stamp + body
    signatures = ",".join(f"v1={hmac.new(secret.encode(), signed, sha256).hexdigest()}" for secret in secrets)
    return (*_USUAL, ("Stripe-Signature", f"t={stamp},{signatures}"))


def new_secret(key_material: bytes) -> str:
    """A secret nobody can guess, of a form that Standard Webhooks' libraries take as well."""
    return _SECRET + base64.b64encode(key_material).decode()
