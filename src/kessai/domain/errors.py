"""Every refusal of the core, as one tree. No HTTP here: a door picks the status.

KessaiError
├── AuthenticationFailedError       AUTHENTICATION_FAILED
│   ├── LiveKeyRefusedError         LIVE_KEY_REFUSED
│   └── UnknownKeyError             AUTHENTICATION_FAILED
├── MerchantInactiveError           MERCHANT_INACTIVE
├── NotFoundError                   NOT_FOUND
├── ConflictError                   CONFLICT
├── InvalidFieldError               VALIDATION_FAILED
├── TransitionNotAllowedError       INVALID_PAYMENT_STATE
├── AmountTooLargeError             AMOUNT_TOO_LARGE
├── IncrementDeclinedError          INCREMENT_DECLINED
├── RealCardRefusedError            REAL_CARD_REFUSED
├── KeyReusedError                  IDEMPOTENCY_KEY_REUSED
├── KeyInUseError                   IDEMPOTENCY_KEY_IN_USE
├── RateLimitedError                RATE_LIMITED
├── DatabaseUnavailableError        DATABASE_UNAVAILABLE
└── StorageFullError                STORAGE_FULL
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final


class KessaiError(Exception):
    """A refusal: what was wrong, where (`param`), and what to do about it (`hint`)."""

    code: ClassVar[str]

    def __init__(self, message: str, *, param: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.hint = hint


class AuthenticationFailedError(KessaiError):
    """No key, or one that opens nothing."""

    code = "AUTHENTICATION_FAILED"


class LiveKeyRefusedError(AuthenticationFailedError):
    """A key that looks as if it could move real money."""

    code = "LIVE_KEY_REFUSED"

    def __init__(self) -> None:
        super().__init__(
            "this is a sandbox and takes no live keys",
            hint="use the sk_test_ key that kessai printed, and rotate the live key you have just sent",
        )


class UnknownKeyError(AuthenticationFailedError):
    """A key of the right form that opens nothing: unknown, revoked or expired, told apart by nobody."""


class MerchantInactiveError(KessaiError):
    """The key is right, but its merchant has been switched off."""

    code = "MERCHANT_INACTIVE"

    def __init__(self) -> None:
        super().__init__("this merchant is not active", hint="activate it with the command line")


class NotFoundError(KessaiError):
    """Unknown, or another merchant's: the same answer, so that nobody can tell."""

    code = "NOT_FOUND"

    def __init__(
        self, kind: str, *, hint: str = "check the id, and that the key belongs to the same merchant"
    ) -> None:
        super().__init__(f"no such {kind}", hint=hint)
        self.kind = kind


class ConflictError(KessaiError):
    """Allowed in general, but not as things stand."""

    code = "CONFLICT"


class InvalidFieldError(KessaiError):
    """A field whose value cannot be used."""

    code = "VALIDATION_FAILED"


_MOVED_BY_OTHERS: Final = frozenset({"CREATED", "REQUIRES_ACTION", "PENDING", "PROCESSING"})


class TransitionNotAllowedError(KessaiError):
    """The diagram has no such arrow from where the payment stands.

    `subject` is what stands there, if it is no payment.
    """

    code = "INVALID_PAYMENT_STATE"

    def __init__(
        self, *, action: str, status: str, allowed: Sequence[str], subject: str = "a payment"
    ) -> None:
        if allowed:
            hint = f"from {status} you can: {', '.join(allowed)}"
        elif status in _MOVED_BY_OTHERS:
            hint = f"it stays {status} until its payer or their bank moves it"
        else:
            hint = f"{status} is final"
        super().__init__(f"cannot {action} {subject} that is {status}", hint=hint)
        self.action = action
        self.status = status
        self.allowed = tuple(allowed)


class AmountTooLargeError(KessaiError):
    """More was asked for than is there."""

    code = "AMOUNT_TOO_LARGE"

    def __init__(self, *, action: str, asked: int, left: int, hint: str | None = None) -> None:
        super().__init__(
            f"cannot {action} {asked}: {left} is left",
            param="amount",
            hint=hint or f"ask for at most {left}, or leave amount out to {action} all of it",
        )
        self.asked = asked
        self.left = left


class IncrementDeclinedError(KessaiError):
    """The bank would not hold more; what was held stays."""

    code = "INCREMENT_DECLINED"

    def __init__(self, *, reason: str, held: int) -> None:
        super().__init__(reason, param="amount", hint=f"{held} is held as before, to be captured or let go")


class RealCardRefusedError(KessaiError):
    """A card number that could be somebody's. It is neither kept nor repeated here."""

    code = "REAL_CARD_REFUSED"

    def __init__(self, param: str) -> None:
        super().__init__(
            "this looks like a real card number; it was not stored",
            param=param,
            hint="use a published test number such as 4242424242424242",
        )


class KeyReusedError(KessaiError):
    """The idempotency key belongs to another request."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "this idempotency key was first used with another method, path or body",
            param="Idempotency-Key",
            hint="repeat the first request exactly, or take a new key for a new request",
        )


class KeyInUseError(KessaiError):
    """The first request with this key is still under way and waiting would take too long."""

    code = "IDEMPOTENCY_KEY_IN_USE"

    def __init__(self) -> None:
        super().__init__(
            "a request with this idempotency key is still under way",
            param="Idempotency-Key",
            hint="repeat the same request after the time in Retry-After",
        )


class RateLimitedError(KessaiError):
    """The merchant's bucket is empty."""

    code = "RATE_LIMITED"

    def __init__(self, *, limit: int, retry_after_s: int) -> None:
        super().__init__(
            f"more than {limit} requests in the present window",
            hint=f"wait {retry_after_s} s, or start kessai with --rate-limit 0",
        )
        self.retry_after_s = retry_after_s


class DatabaseUnavailableError(KessaiError):
    """The database did not answer in time. What was asked may or may not have been kept."""

    code = "DATABASE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "the database does not answer",
            hint="repeat the request with the same Idempotency-Key after the time in Retry-After",
        )


class StorageFullError(KessaiError):
    """The disk is full or read-only: nothing was kept, reading still works."""

    code = "STORAGE_FULL"

    def __init__(self) -> None:
        super().__init__(
            "the database's disk is full or read-only; nothing was stored",
            hint="free some space, or make it writable, and repeat",
        )
