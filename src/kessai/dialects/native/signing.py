"""The headers of one webhook attempt: our own signature, and Standard Webhooks' beside it. Pure.

Which key bytes a scheme makes of a secret is where verifiers go wrong:

- `X-Webhook-Signature` uses the whole secret as UTF-8 text, `whsec_` included.
- `webhook-signature` uses what the base64 after `whsec_` decodes to. A secret that has not that form
  signs as UTF-8 text; verifying such a one with a Standard Webhooks library means giving it the bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix


def sign(
    body: bytes, secrets: Sequence[str], *, event_id: str, event_type: str, attempt: int, at: datetime
) -> tuple[tuple[str, str], ...]:
    """Return all headers of one attempt, the content type included.

    `secrets` are those in force, newest first: more than one while a rotation's grace period lasts.
    `webhook-signature` lists one signature for each. `X-Webhook-Signature` can hold only one and holds the
    newest secret's; the one before it signs in `X-Webhook-Signature-Previous`, for receivers that have not
    changed over yet. `attempt` counts from 1. `at` is the moment of sending, written in whole seconds;
    a resend has a new one, the body and `event_id` stay.

    Raises:
        ValueError: there is no secret to sign with.

    Source: Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers", read 2026-11-23.
    """
    if not secrets:
        raise ValueError("a webhook cannot be signed without a secret")
    sent_at = str(int(at.timestamp()))
    headers = [
        ("content-type", "application/json"),
        ("X-Webhook-Signature", _hex_signature(body, secrets[0])),
        ("X-Webhook-Id", event_id),
        ("X-Webhook-Event", event_type),
        ("X-Webhook-Timestamp", sent_at),
        ("X-Webhook-Attempt", str(attempt)),
        ("webhook-id", event_id),
        ("webhook-timestamp", sent_at),
        ("webhook-signature", _standard_signatures(f"{event_id}.{sent_at}.".encode() + body, secrets)),
    ]
    if len(secrets) > 1:
        headers.append(("X-Webhook-Signature-Previous", _hex_signature(body, secrets[1])))
    return tuple(headers)


def new_secret(key_material: bytes) -> str:
    """Return `key_material` as a signing secret; 24 to 64 bytes suit every Standard Webhooks library."""
    return SECRET_PREFIX + base64.b64encode(key_material).decode()


def _hex_signature(body: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def _standard_signatures(signed: bytes, secrets: Sequence[str]) -> str:
    digests = (hmac.digest(_standard_key(secret), signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _standard_key(secret: str) -> bytes:
    encoded = secret.removeprefix(SECRET_PREFIX)
    if encoded == secret:
        return secret.encode()
    try:
        # Secrets are often pasted without their padding; the vendors' libraries accept that too.
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or secret.encode()
    except (binascii.Error, ValueError):
        return secret.encode()
