"""The native webhook signature, against worked examples and the Standard Webhooks library."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kessai.dialects.native.signing import new_secret, sign

BODY = b'{"event":"ping"}'
AT = datetime(2023, 11, 14, 22, 13, 20, 999_999, tzinfo=UTC)  # 1700000000.999999
WHSEC = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OLDER = "whsec_Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="


def headers(
    *secrets: str, body: bytes = BODY, event_id: str = "msg_test1", at: datetime = AT
) -> dict[str, str]:
    """The headers of a first attempt; a name that came twice would be lost, so it is refused."""
    pairs = sign(body, secrets, event_id=event_id, event_type="payment.succeeded", attempt=1, at=at)
    assert len({name.lower() for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def test_the_native_signature_is_the_worked_example() -> None:
    expected = "2e2c477dba4ef8b1425246164b6853ed593e8ddbe5b92754d3788274aacbd351"

    assert headers("topsecret")["X-Webhook-Signature"] == expected


def test_the_standard_signature_is_the_worked_example() -> None:
    sent = headers(WHSEC)

    assert sent["webhook-id"] == "msg_test1"
    assert sent["webhook-timestamp"] == "1700000000"
    assert sent["webhook-signature"] == "v1,VUKLInVc9Za6+Xl2PKu1Vy+OON4W5cUEb8Mx5SYDC9A="


def test_an_attempt_says_what_it_is() -> None:
    pairs = sign(BODY, ["topsecret"], event_id="e1", event_type="payment.failed", attempt=3, at=AT)

    assert pairs[:6] == (
        ("content-type", "application/json"),
        ("X-Webhook-Signature", headers("topsecret")["X-Webhook-Signature"]),
        ("X-Webhook-Id", "e1"),
        ("X-Webhook-Event", "payment.failed"),
        ("X-Webhook-Timestamp", "1700000000"),
        ("X-Webhook-Attempt", "3"),
    )


def test_the_published_snippet_verifies_a_body_beyond_ascii() -> None:
    body = '{"description":"決済"}'.encode()

    sent = headers("とても秘密", body=body)["X-Webhook-Signature"]

    assert sent == hmac.new("とても秘密".encode(), body.decode().encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("secret", [WHSEC, WHSEC.rstrip("="), new_secret(bytes(range(64)))])
def test_the_standard_webhooks_library_accepts_it(secret: str) -> None:
    now = datetime.now(UTC)

    verified = Webhook(secret).verify(BODY, headers(secret, at=now))

    assert verified == {"event": "ping"}


def test_the_standard_webhooks_library_refuses_another_body() -> None:
    sent = headers(WHSEC, at=datetime.now(UTC))

    with pytest.raises(WebhookVerificationError):
        Webhook(WHSEC).verify(b'{"event":"pong"}', sent)


def test_during_a_rotation_receivers_with_either_secret_can_verify() -> None:
    sent = headers(WHSEC, OLDER, at=datetime.now(UTC))

    # Standard Webhooks: one list for both
    assert len(sent["webhook-signature"].split(" ")) == 2
    assert Webhook(WHSEC).verify(BODY, sent) == Webhook(OLDER).verify(BODY, sent) == {"event": "ping"}
    # our own: the newest, and the one before it under another name
    assert sent["X-Webhook-Signature"] == headers(WHSEC)["X-Webhook-Signature"]
    assert sent["X-Webhook-Signature-Previous"] == headers(OLDER)["X-Webhook-Signature"]


def test_without_a_rotation_there_is_no_previous_signature() -> None:
    assert "X-Webhook-Signature-Previous" not in headers(WHSEC)


@pytest.mark.parametrize("secret", ["topsecret", "whsec_", "whsec_not base64!", "whsec_決済", "whsec_A"])
def test_a_secret_that_is_no_base64_signs_as_text(secret: str) -> None:
    expected = hmac.new(secret.encode(), b"msg_test1.1700000000." + BODY, hashlib.sha256).digest()

    assert headers(secret)["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="without a secret"):
        sign(BODY, [], event_id="e1", event_type="ping", attempt=1, at=AT)


def test_a_new_secret_is_padded_base64_with_the_usual_prefix() -> None:
    assert new_secret(bytes(range(32))) == WHSEC
