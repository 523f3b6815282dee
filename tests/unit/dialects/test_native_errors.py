"""Every refusal has its answer."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from kessai.dialects.native.errors import STATUS, reading, refuse, writing
from kessai.domain.errors import (
    AmountTooLargeError,
    AuthenticationFailedError,
    DatabaseUnavailableError,
    KessaiError,
    KeyInUseError,
    LiveKeyRefusedError,
    RateLimitedError,
)
from kessai.http.errors import (
    BodyTooLargeError,
    MethodNotAllowedError,
    Problem,
    RequestTimeoutError,
    ValidationFailedError,
)


def everyone(kind: type[KessaiError] = KessaiError) -> Iterator[type[KessaiError]]:
    for each in kind.__subclasses__():
        yield each
        yield from everyone(each)


def test_every_refusal_of_the_core_has_a_status() -> None:
    # Importing `http.errors` as well has told of the refusals that come before any use case.
    assert {each.code for each in everyone()} == set(STATUS)


def test_no_refusal_says_that_all_went_well() -> None:
    assert all(400 <= status < 600 for status in STATUS.values())


def test_the_envelope() -> None:
    answer = refuse(AmountTooLargeError(action="refund", asked=7, left=3), "r1")
    assert answer.status == 422
    assert orjson.loads(answer.body) == {
        "error": {
            "code": "AMOUNT_TOO_LARGE",
            "message": "cannot refund 7: 3 is left",
            "param": "amount",
            "hint": "ask for at most 3, or leave amount out to refund all of it",
            "request_id": "r1",
        }
    }


def test_validation_lists_every_problem() -> None:
    problems = [Problem("a", "a is required"), Problem(None, "the query cannot be read", "look at it")]
    error = orjson.loads(refuse(ValidationFailedError(problems), "r1").body)["error"]
    assert (error["param"], error["message"], error["hint"]) == ("a", "a is required", None)
    assert error["details"] == [
        {"param": "a", "message": "a is required", "hint": None},
        {"param": None, "message": "the query cannot be read", "hint": "look at it"},
    ]


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (AuthenticationFailedError("no"), [(b"www-authenticate", b"Bearer")]),
        (LiveKeyRefusedError(), [(b"www-authenticate", b"Bearer")]),
        (MethodNotAllowedError("BREW", ["GET", "HEAD"]), [(b"allow", b"GET, HEAD")]),
        (RateLimitedError(limit=1, retry_after_s=42), [(b"retry-after", b"42")]),
        (DatabaseUnavailableError(), [(b"retry-after", b"1")]),
        (KeyInUseError(), [(b"retry-after", b"1")]),
        (BodyTooLargeError(1), [(b"connection", b"close")]),
        (RequestTimeoutError(), [(b"connection", b"close")]),
        (AmountTooLargeError(action="refund", asked=2, left=1), []),
    ],
)
def test_some_refusals_have_headers(error: KessaiError, headers: list[tuple[bytes, bytes]]) -> None:
    assert list(refuse(error, "r").headers) == headers


def test_what_is_documented_is_what_is_refused() -> None:
    assert set(reading()) == {401, 403, 405, 429, 500, 503}
    assert set(writing("NOT_FOUND")) == {400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 500, 503, 507}
    examples = writing("REAL_CARD_REFUSED")[422]["content"]["application/json"]["examples"]
    assert set(examples) == {"VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED", "REAL_CARD_REFUSED"}
