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
    signed = standard_head(event_id, sent_at) + body
    standard = (f"v1,{base64_signature(standard_key(secret), signed)}" for secret in secrets)
    headers = [
        ("content-type", "application/json"),
        ("X-Webhook-Signature", hex_signature(text_key(secrets[0]), body)),
        ("X-Webhook-Id", event_id),
        ("X-Webhook-Event", event_type),
        ("X-Webhook-Timestamp", sent_at),
        ("X-Webhook-Attempt", str(attempt)),
        ("webhook-id", event_id),
        ("webhook-timestamp", sent_at),
        ("webhook-signature", " ".join(standard)),
    ]
    if len(secrets) > 1:
        headers.append(("X-Webhook-Signature-Previous", hex_signature(text_key(secrets[1]), body)))
    return tuple(headers)


def new_secret(key_material: bytes) -> str:
    """Return `key_material` as a signing secret; 24 to 64 bytes suit every Standard Webhooks library."""
    return SECRET_PREFIX + base64.b64encode(key_material).decode()


def text_key(secret: str) -> bytes:
    """The key bytes of `X-Webhook-Signature`, and of Stripe's and Razorpay's: the whole secret as UTF-8."""
    return secret.encode()


def standard_key(secret: str) -> bytes:
    """The key bytes of `webhook-signature`: what the base64 after `whsec_` decodes to, else the text."""
    encoded = secret.removeprefix(SECRET_PREFIX)
    return secret.encode() if encoded == secret else decoded(encoded) or secret.encode()


def decoded(encoded: str) -> bytes | None:
    """What base64 stands for, with its padding or without; None when it is none."""
    try:
        # Secrets are often pasted without their padding; the vendors' libraries accept that too.
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def standard_head(message_id: str, sent_at: str) -> bytes:
    """What Standard Webhooks signs before the body."""
    return f"{message_id}.{sent_at}.".encode()


def hex_signature(key: bytes, signed: bytes) -> str:
    """HMAC-SHA256 in lower-case hex."""
    return hmac.digest(key, signed, hashlib.sha256).hex()


def base64_signature(key: bytes, signed: bytes) -> str:
    """HMAC-SHA256 in padded base64."""
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
