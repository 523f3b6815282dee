"""Stripe's webhook signature, against the worked example and a verifier that reads as Stripe's SDK does."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.dialects.stripe.signing import new_secret, sign

BODY = b'{"event":"ping"}'
AT = datetime(2023, 11, 14, 22, 13, 20, 999_999, tzinfo=UTC)  # 1700000000.999999
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OLDER = "whsec_Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="


def header(*secrets: str, body: bytes = BODY, at: datetime = AT) -> str:
    """The value of `Stripe-Signature`."""
    return dict(sign(body, secrets, at=at))["Stripe-Signature"]


def verifies(value: str, body: bytes, secret: str) -> bool:
    """As Stripe's Python SDK does it: split at commas, nothing trimmed, any `v1` will do."""
    items = [item.split("=", 2) for item in value.split(",")]
    timestamp = int(next(parts[1] for parts in items if parts[0] == "t"))
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    return any(parts[0] == "v1" and hmac.compare_digest(parts[1], expected) for parts in items)


def test_the_signature_is_the_worked_example() -> None:
    expected = "388e35c76d21a7118af813e96dab626208560bf7fa2c91b5dc9c422f6b54a9e9"
    assert header(SECRET) == f"t=1700000000,v1={expected}"


@given(st.binary(max_size=200), st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_what_is_signed_verifies(body: bytes, secret: str) -> None:
    assert verifies(header(secret, body=body), body, secret)


def test_another_body_does_not_verify() -> None:
    assert not verifies(header(SECRET), BODY + b" ", SECRET)


@pytest.mark.parametrize("secret", [SECRET, OLDER])
def test_every_secret_in_force_verifies(secret: str) -> None:
    assert verifies(header(SECRET, OLDER), BODY, secret)


def test_the_newest_secrets_signature_comes_first() -> None:
    assert header(SECRET, OLDER).startswith(header(SECRET))


def test_no_blank_follows_a_comma() -> None:
    assert " " not in header(SECRET, OLDER)


def test_a_resend_is_signed_with_its_own_time() -> None:
    later = AT.replace(minute=14)
    assert header(SECRET, at=later).startswith("t=1700000060,")
    assert header(SECRET, at=later).partition("v1=")[2] != header(SECRET).partition("v1=")[2]


def test_the_other_headers_are_those_that_stripe_sends() -> None:
    sent = {name.lower(): value for name, value in sign(BODY, [SECRET], at=AT)}
    assert sent.keys() == {"content-type", "user-agent", "stripe-signature"}
    assert sent["content-type"] == "application/json; charset=utf-8"
    assert sent["user-agent"].startswith("Stripe/1.0 ")


@given(st.binary(min_size=24, max_size=64))
def test_a_new_secret_is_a_prefix_and_padded_base64(key_material: bytes) -> None:
    prefix, encoded = new_secret(key_material)[:6], new_secret(key_material)[6:]
    assert prefix == "whsec_"
    assert base64.b64decode(encoded, validate=True) == key_material
