"""What the OpenAPI document shows of webhooks."""

from __future__ import annotations

from typing import Final

_ENDPOINT_ID: Final = "0199d3c2-5f00-7000-8000-0000000000e1"
_EVENT_ID: Final = "0199d3c2-5f00-7000-8000-0000000000e2"
_PAYMENT_ID: Final = "0199d3c2-5f00-7000-8000-0000000000a1"
_AT: Final = "2026-01-31T12:00:00Z"
_SECRET: Final = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # noqa: S105 - the published test vector

ENDPOINT: Final = {
    "id": _ENDPOINT_ID,
    "url": "http://localhost:3000/webhooks",
    "events": ["*"],
    "description": None,
    "retry_schedule": "native",
    "verify_tls": True,
    "enabled": True,
    "disabled_reason": None,
    "failing_since": None,
    "consecutive_failures": 0,
    "paused_until": None,
    "created_at": _AT,
    "updated_at": _AT,
}
ENDPOINT_CREATED: Final = {**ENDPOINT, "secret": _SECRET}
ENDPOINT_SECRET: Final = {
    "id": _ENDPOINT_ID,
    "secret": _SECRET,
    "previous_secret": None,
    "previous_expires_at": None,
}
ENDPOINT_DELETED: Final = {"id": _ENDPOINT_ID, "deleted": True}
RECOVERED: Final = {
    "endpoint_id": _ENDPOINT_ID,
    "recovered": 12,
    "missed": 3,
    "pruned": 0,
    "has_more": False,
}
PING: Final = {"delivered": True, "status_code": 200, "latency_ms": 12, "answer": "ok", "error": None}
_BODY: Final = {
    "id": _EVENT_ID,
    "event": "payment.succeeded",
    "payment": {"id": _PAYMENT_ID, "amount": 10000, "currency": "INR", "status": "CAPTURED"},
    "timestamp": _AT,
}
EVENT: Final = {
    "id": _EVENT_ID,
    "event": "payment.succeeded",
    "payment_id": _PAYMENT_ID,
    "refund_id": None,
    "endpoint_id": None,
    "document_id": None,
    "body": _BODY,
    "pruned_at": None,
    "created_at": _AT,
}
DELIVERY: Final = {
    "id": "0199d3c2-5f00-7000-8000-0000000000d1",
    "endpoint_id": _ENDPOINT_ID,
    "event_id": _EVENT_ID,
    "event": "payment.succeeded",
    "status": "RETRYING",
    "attempt_count": 1,
    "next_attempt_at": "2026-01-31T12:00:05Z",
    "last_error": "answered 500",
    "body": '{"id":"0199d3c2-5f00-7000-8000-0000000000e2","event":"payment.succeeded", …}',
    "pruned_at": None,
    "attempts": [
        {
            "number": 1,
            "started_at": _AT,
            "status_code": 500,
            "latency_ms": 12,
            "connect_ms": 1,
            "first_byte_ms": 11,
            "request_headers": [{"name": "X-Webhook-Event", "value": "payment.succeeded"}],
            "answer_headers": [{"name": "content-type", "value": "text/plain"}],
            "answer": "oops",
            "error": "answered 500",
        }
    ],
    "created_at": _AT,
    "updated_at": _AT,
}
RECEIVED: Final = {
    "body": '{"event":"ping"}',
    "headers": {
        "X-Webhook-Signature": "2e2c477dba4ef8b1425246164b6853ed593e8ddbe5b92754d3788274aacbd351",
    },
}
VERIFIED: Final = {
    "valid": True,
    "schemes": [
        {
            "scheme": "native",
            "valid": True,
            "steps": [
                {"name": "header", "ok": True, "message": "X-Webhook-Signature is there", "hint": None},
                {"name": "format", "ok": True, "message": "64 digits of lower-case hex", "hint": None},
                {
                    "name": "signature",
                    "ok": True,
                    "message": "X-Webhook-Signature fits the body and the secret",
                    "hint": None,
                },
            ],
        }
    ],
}
