"""Refusals in the Stripe API's shape: which status, type, code and parameter each has.

Source: Stripe, "Errors" and "Error codes", and the classes of the official SDKs, which go by the status
first; read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from kessai.dialects.stripe.shape import Object, pretty
from kessai.domain.errors import (
    AmountTooLargeError,
    AuthenticationFailedError,
    ConflictError,
    DatabaseUnavailableError,
    IncrementDeclinedError,
    InvalidFieldError,
    KessaiError,
    KeyInUseError,
    KeyReusedError,
    MerchantInactiveError,
    NotFoundError,
    RateLimitedError,
    RealCardRefusedError,
    StorageFullError,
    TransitionNotAllowedError,
)
from kessai.http.answer import Answer
from kessai.http.errors import (
    BodyTooLargeError,
    InternalError,
    InvalidJsonError,
    MethodNotAllowedError,
    RequestTimeoutError,
)
from kessai.simulation.card_data import mask_card_data

INVALID: Final = "invalid_request_error"
CARD: Final = "card_error"
_NUMBER_SPAN: Final = 160
"""More than a card number spans, escaped and with two separators between any of its digits."""
_DOCS: Final = "https://stripe.com/docs/error-codes/"


class StripeError(KessaiError):
    """A refusal that this API alone knows.

    `stripe_code` is Stripe's code, if it has one. `is_kept`: the request was understood and carried out as
    far as that, so its idempotency key answers so from now on. `facts` are further members of the error.
    """

    code: ClassVar[str] = "VALIDATION_FAILED"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        kind: str = INVALID,
        is_kept: bool = False,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, param=param)
        self.stripe_code = code
        self.status = status
        self.type = kind
        self.is_kept = is_kept
        self.facts = facts or {}


def repeated(text: str, length: int = 64) -> str:
    """What was sent, as a refusal repeats it: bounded, and no card number that could be real."""
    # Looked for a little beyond the end, so that none is told because it was cut.
    return mask_card_data(text[: length + _NUMBER_SPAN])[:length]


def missing(kind: str, object_id: str, *, param: str, status: int = 400) -> StripeError:
    """Nothing has this id: 404 where it was in the path, 400 elsewhere."""
    return StripeError(
        f"No such {kind}: '{repeated(object_id)}'", param=param, code="resource_missing", status=status
    )


def required(param: str) -> StripeError:
    """A parameter that this request needs."""
    return StripeError(f"Missing required param: {param}.", param=param, code="parameter_missing")


def not_simulated(what: str, *, param: str | None = None) -> StripeError:
    """What Stripe has and kessai has not."""
    return StripeError(f"{what} is not simulated by kessai.", param=param)


def card_error(
    code: str, message: str, *, decline_code: str | None = None, param: str | None = None, **facts: Any
) -> StripeError:
    """What an issuer says no to, or a card that cannot be one."""
    more = {"decline_code": decline_code, **facts} if decline_code else facts
    return StripeError(message, param=param, code=code, status=402, kind=CARD, is_kept=True, facts=more)


def error_object(error: StripeError, request_id: str) -> Object:
    """The envelope of an error. What it repeats of the request keeps no real card number."""
    body: Object = {
        "message": mask_card_data(error.message),
        "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}",
    }
    body["type"] = error.type
    if error.stripe_code is not None:
        body["code"] = error.stripe_code
        body["doc_url"] = f"{_DOCS}{error.stripe_code.replace('_', '-')}"
    if error.param is not None:
        body["param"] = mask_card_data(error.param)
    return {"error": {**body, **error.facts}}


def refuse(error: KessaiError, request_id: str) -> Answer:
    """The answer to any refusal; whatever the core refused has its words here."""
    known = error if isinstance(error, StripeError) else _translated(error)
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(error, RateLimitedError):
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    if isinstance(error, DatabaseUnavailableError | KeyInUseError | ConflictError):
        headers += ((b"retry-after", b"1"), (b"stripe-should-retry", b"true"))
    elif known.status >= 400:
        headers.append((b"stripe-should-retry", b"false"))
    if isinstance(error, AuthenticationFailedError):
        headers.append((b"www-authenticate", b'Basic realm="Stripe"'))
    return Answer(known.status, pretty(error_object(known, request_id)), headers=headers)


_STATUSES: Final[dict[type[KessaiError], tuple[int, str, str | None]]] = {
    AuthenticationFailedError: (401, INVALID, None),
    MerchantInactiveError: (403, INVALID, None),
    NotFoundError: (404, INVALID, "resource_missing"),
    MethodNotAllowedError: (404, INVALID, None),
    KeyReusedError: (400, "idempotency_error", None),
    KeyInUseError: (409, "idempotency_error", "idempotency_key_in_use"),
    ConflictError: (409, INVALID, "lock_timeout"),
    RateLimitedError: (429, INVALID, "rate_limit"),
    RealCardRefusedError: (402, CARD, "card_declined"),
    AmountTooLargeError: (400, INVALID, "amount_too_large"),
    IncrementDeclinedError: (402, CARD, "card_declined"),
    TransitionNotAllowedError: (400, INVALID, "payment_intent_unexpected_state"),
    InvalidFieldError: (400, INVALID, None),
    InvalidJsonError: (400, INVALID, None),
    BodyTooLargeError: (413, INVALID, None),
    RequestTimeoutError: (408, INVALID, None),
    DatabaseUnavailableError: (503, "api_error", None),
    StorageFullError: (507, "api_error", None),
    InternalError: (500, "api_error", None),
}


def _translated(error: KessaiError) -> StripeError:
    # ParameterError says its own code; everything else goes by its class.
    code = getattr(error, "stripe_code", None)
    found = next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), (400, INVALID, code))
    status, kind, usual = found
    message = error.message if error.hint is None else f"{_sentence(error.message)} {_sentence(error.hint)}"
    return StripeError(message, param=error.param, code=code or usual, status=status, kind=kind)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
