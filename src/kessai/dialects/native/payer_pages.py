"""What the routes of pages for payers have in common: that they are HTML, and what they may refuse with."""

from __future__ import annotations

from typing import Any, Final

from kessai.dialects.native.errors import errors

_REFUSALS: Final = ("NOT_FOUND", "METHOD_NOT_ALLOWED", "INTERNAL_ERROR", "DATABASE_UNAVAILABLE")
_ANSWER_REFUSALS: Final = (
    *("INVALID_JSON", "REQUEST_TIMEOUT", "BODY_TOO_LARGE", "VALIDATION_FAILED"),
    *("INVALID_PAYMENT_STATE", "CONFLICT", "STORAGE_FULL"),
)
_PAGE: Final[dict[str, Any]] = {"response_model": None, "media_type": "text/html"}
SHOWS: Final[dict[str, Any]] = {**_PAGE, "responses": errors(*_REFUSALS)}
"""What a route says of itself that shows a page."""
ANSWERS: Final[dict[str, Any]] = {**_PAGE, "responses": errors(*_REFUSALS, *_ANSWER_REFUSALS)}
"""What one says that does what a button asks for."""
