"""Every refusal in the native API's envelope: one table of statuses, one shape."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from kessai.domain.errors import KessaiError, RateLimitedError
from kessai.http.answer import Answer
from kessai.http.errors import MethodNotAllowedError, ValidationFailedError
from kessai.http.json import to_json
from kessai.http.routes import Out

STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "INVALID_JSON": 400,
        "AUTHENTICATION_FAILED": 401,
        "LIVE_KEY_REFUSED": 401,
        "INCREMENT_DECLINED": 402,
        "MERCHANT_INACTIVE": 403,
        "NOT_FOUND": 404,
        "METHOD_NOT_ALLOWED": 405,
        "REQUEST_TIMEOUT": 408,
        "CONFLICT": 409,
        "IDEMPOTENCY_KEY_IN_USE": 409,
        "BODY_TOO_LARGE": 413,
        "VALIDATION_FAILED": 422,
        "INVALID_PAYMENT_STATE": 422,
        "AMOUNT_TOO_LARGE": 422,
        "IDEMPOTENCY_KEY_REUSED": 422,
        "REAL_CARD_REFUSED": 422,
        "RATE_LIMITED": 429,
        "INTERNAL_ERROR": 500,
        "DATABASE_UNAVAILABLE": 503,
        "STORAGE_FULL": 507,
    }
)
"""Error code to HTTP status: the whole list."""

_RETRY_S: Final = b"1"
_DESCRIPTIONS: Final = {
    400: "The body is not a JSON object",
    401: "No key, or one that opens nothing",
    402: "The bank said no; what was held stays",
    403: "The merchant is not active",
    404: "Unknown, or another merchant's",
    405: "The path does not take this method",
    408: "The body did not arrive in time",
    409: "Not as things stand, or the idempotency key is still in use",
    413: "The body is larger than 64 KiB",
    422: "A field is wrong, or the payment does not allow this",
    429: "More requests than the rate limit allows",
    500: "A bug of kessai",
    503: "The database does not answer",
    507: "The database's disk is full or read-only",
}


class DetailOut(Out):
    """One problem of several."""

    param: str | None
    message: str
    hint: str | None


class ErrorBody(Out):
    """What was wrong, where, and what to do."""

    code: str
    message: str
    param: str | None
    hint: str | None
    request_id: str
    details: list[DetailOut] | None = None


class ErrorOut(Out):
    """The error envelope."""

    error: ErrorBody


def refuse(error: KessaiError, request_id: str) -> Answer:
    """A refusal as the native API says it."""
    body: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "hint": error.hint,
        "request_id": request_id,
    }
    if isinstance(error, ValidationFailedError):
        body["details"] = [
            {"param": each.param, "message": each.message, "hint": each.hint} for each in error.problems
        ]
    status = STATUS[error.code]
    return Answer(status, to_json({"error": body}), headers=_headers(error, status))


def _headers(error: KessaiError, status: int) -> list[tuple[bytes, bytes]]:
    if status == 401:
        return [(b"www-authenticate", b"Bearer")]
    if isinstance(error, MethodNotAllowedError):
        return [(b"allow", ", ".join(error.allowed).encode())]
    if isinstance(error, RateLimitedError):
        return [(b"retry-after", str(error.retry_after_s).encode())]
    if error.code in ("DATABASE_UNAVAILABLE", "IDEMPOTENCY_KEY_IN_USE"):
        return [(b"retry-after", _RETRY_S)]
    if status in (408, 413):
        # What is left of the body is not read: the connection cannot be used again.
        return [(b"connection", b"close")]
    return []


_WITH_KEY: Final = ("AUTHENTICATION_FAILED", "LIVE_KEY_REFUSED", "MERCHANT_INACTIVE", "RATE_LIMITED")
_ALWAYS: Final = ("METHOD_NOT_ALLOWED", "INTERNAL_ERROR", "DATABASE_UNAVAILABLE")
_WITH_BODY: Final = ("INVALID_JSON", "REQUEST_TIMEOUT", "BODY_TOO_LARGE", "VALIDATION_FAILED")
_WRITING: Final = ("CONFLICT", "STORAGE_FULL", "IDEMPOTENCY_KEY_IN_USE", "IDEMPOTENCY_KEY_REUSED")


def reading(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The documented refusals of a route that reads: the common ones and `codes`."""
    return _documented({*_ALWAYS, *_WITH_KEY, *codes})


def writing(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The documented refusals of a route that writes: the common ones and `codes`."""
    return _documented({*_ALWAYS, *_WITH_KEY, *_WITH_BODY, *_WRITING, *codes})


def errors(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The documented refusals of a route: exactly `codes`."""
    return _documented(set(codes))


def _documented(codes: set[str]) -> dict[int | str, dict[str, Any]]:
    documented: dict[int | str, dict[str, Any]] = {}
    for code in (known for known in STATUS if known in codes):
        status = STATUS[code]
        entry = documented.setdefault(
            status,
            {
                "model": ErrorOut,
                "description": _DESCRIPTIONS[status],
                "content": {"application/json": {"examples": {}}},
            },
        )
        entry["content"]["application/json"]["examples"][code] = {"value": _example(code)}
    return documented


def _example(code: str) -> dict[str, Any]:
    return {
        "error": {
            "code": code,
            "message": _DESCRIPTIONS[STATUS[code]],
            "param": None,
            "hint": None,
            "request_id": "0199d3c2-5f00-7000-8000-000000000000",
        }
    }
