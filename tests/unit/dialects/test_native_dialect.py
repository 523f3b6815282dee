"""The native API's headers."""

from __future__ import annotations

import pytest

from kessai.dialects.native.dialect import NativeDialect
from kessai.domain.errors import InvalidFieldError
from tests.unit.http.asgi import request_of

DIALECT = NativeDialect()


@pytest.mark.parametrize(
    ("headers", "secret_key"),
    [
        ([], None),
        ([(b"authorization", b"Bearer sk_test_a")], "sk_test_a"),
        ([(b"authorization", b"bEARER   sk_test_a  ")], "sk_test_a"),
        ([(b"authorization", b"Basic sk_test_a")], None),
        ([(b"authorization", b"sk_test_a")], None),
        ([(b"authorization", b"Bearer")], ""),
        ([(b"authorization", b"")], None),
        ([(b"x-api-key", b" sk_test_b ")], "sk_test_b"),
        ([(b"x-api-key", b"sk_test_b"), (b"authorization", b"Bearer sk_test_a")], "sk_test_a"),
        ([(b"x-api-key", b"sk_test_b"), (b"authorization", b"Basic x")], None),
    ],
)
def test_the_secret_key_of_a_request(headers: list[tuple[bytes, bytes]], secret_key: str | None) -> None:
    assert DIALECT.credentials(request_of(*headers)) == secret_key


@pytest.mark.parametrize("key", ["k", "k" * 255, "a b", "~"])
def test_what_may_be_an_idempotency_key(key: str) -> None:
    assert DIALECT.idempotency_key(request_of((b"idempotency-key", key.encode()))) == key


@pytest.mark.parametrize("key", [b"", b"   ", b"k" * 256, b"\xc3\xbc", b"a\x00", b"a\tb", b"\x7f"])
def test_what_may_not(key: bytes) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        DIALECT.idempotency_key(request_of((b"idempotency-key", key)))
    assert refused.value.param == "Idempotency-Key"


def test_a_key_is_optional() -> None:
    assert DIALECT.idempotency_key(request_of()) is None
