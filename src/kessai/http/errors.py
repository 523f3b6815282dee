"""What can be wrong with a request before any use case sees it; the rest is in `domain.errors`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kessai.domain.errors import KessaiError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field."""

    param: str | None
    message: str
    hint: str | None = None


class InvalidJsonError(KessaiError):
    """The body is not a JSON object."""

    code = "INVALID_JSON"


class ValidationFailedError(KessaiError):
    """Fields are missing, unknown or of the wrong kind: all of them are listed."""

    code = "VALIDATION_FAILED"

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.message, param=first.param, hint=first.hint)
        self.problems = tuple(problems)


class BodyTooLargeError(KessaiError):
    """More bytes than any request needs."""

    code = "BODY_TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the body is larger than {limit} bytes", hint="send less; metadata is not a file store"
        )


class RequestTimeoutError(KessaiError):
    """The body did not arrive in time."""

    code = "REQUEST_TIMEOUT"

    def __init__(self) -> None:
        super().__init__(
            "the request's body did not arrive in time", hint="send it at once, or in smaller pieces"
        )


class MethodNotAllowedError(KessaiError):
    """The path exists, but not for this method."""

    code = "METHOD_NOT_ALLOWED"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"this path does not take {method[:20]}", hint=f"use {' or '.join(allowed)}")
        self.allowed = tuple(allowed)


class InternalError(KessaiError):
    """A bug of ours."""

    code = "INTERNAL_ERROR"

    def __init__(self) -> None:
        super().__init__(
            "something went wrong inside kessai",
            hint="this is a bug: please report it with the request id and the log line that has it",
        )
