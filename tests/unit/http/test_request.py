"""Reading a request, within bounds."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.http.errors import (
    BodyTooLargeError,
    InvalidJsonError,
    RequestTimeoutError,
    ValidationFailedError,
)
from kessai.http.request import BODY_MAX, ClientGoneError, Request, parse_object
from tests.unit.http.asgi import Wire, request_of, scope_of

CHUNKED = (b"transfer-encoding", b"chunked")


def test_the_first_of_several_headers_counts() -> None:
    request = request_of((b"x-a", b"1"), (b"x-a", b"2"))
    assert request.header(b"x-a") == "1"
    assert request.header(b"x-b") is None


def test_headers_keep_every_byte_and_lose_the_space_around() -> None:
    assert request_of((b"x-a", b" \xff\xfe ")).header(b"x-a") == "\xff\xfe"


@pytest.mark.parametrize(
    ("server", "is_local"),
    [
        *(((host, 80), True) for host in ("127.0.0.1", "127.8.9.1", "::1", "localhost", "testserver")),
        (("/run/kessai.sock", None), True),
        (None, True),
        *(((host, 80), False) for host in ("0.0.0.0", "192.0.2.1", "::", "2001:db8::1", "kessai.example")),
    ],
)
def test_which_addresses_are_this_machines(server: tuple[str, int | None] | None, is_local: bool) -> None:
    assert request_of(server=server).is_local is is_local


async def test_a_request_that_announces_no_body_has_none() -> None:
    assert await request_of(wire=Wire(b"never read")).body(1) == b""


@pytest.mark.parametrize("announced", [(b"content-length", b"4"), CHUNKED])
async def test_a_body_comes_in_pieces(announced: tuple[bytes, bytes]) -> None:
    assert await request_of(announced, wire=Wire(b"a", b"", b"bc", b"d")).body(1) == b"abcd"


async def test_a_message_may_say_nothing_of_its_body() -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.request"}

    request = Request(scope_of(headers=[(b"content-length", b"0")]), receive)
    assert await request.body(1) == b""


@pytest.mark.parametrize("length", [b"%d" % (BODY_MAX + 1), b"00065537", b"9" * 30, b"9" * 5_000])
async def test_a_body_that_is_announced_too_large_is_not_read(length: bytes) -> None:
    with pytest.raises(BodyTooLargeError):
        await request_of((b"content-length", length), wire=Wire(b"", never_ends=True)).body(1)


@pytest.mark.parametrize("length", [b"%d" % BODY_MAX, b"0" * 5_000 + b"2"])
async def test_a_body_that_is_announced_within_the_limit_is_read(length: bytes) -> None:
    assert await request_of((b"content-length", length), wire=Wire(b"{}")).body(1) == b"{}"


async def test_a_body_is_at_most_so_large_whatever_was_announced() -> None:
    assert len(await request_of(CHUNKED, wire=Wire(b"x" * BODY_MAX)).body(1)) == BODY_MAX
    for announced in (CHUNKED, (b"content-length", b"1"), (b"content-length", b"nonsense")):
        with pytest.raises(BodyTooLargeError):
            await request_of(announced, wire=Wire(b"x" * BODY_MAX, b"x", never_ends=True)).body(1)


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with pytest.raises(RequestTimeoutError):
        await request_of(CHUNKED, wire=Wire(b"x", never_ends=True)).body(0.01)


async def test_a_client_that_hangs_up_is_noticed() -> None:
    with pytest.raises(ClientGoneError):
        await request_of(CHUNKED, wire=Wire(b"x", hangs_up=True)).body(1)


def test_a_query_is_read_as_text() -> None:
    assert request_of(query=b"a=1&b=%C3%BC&c=+%2B&d=").query == {"a": "1", "b": "ü", "c": " +", "d": ""}
    assert request_of().query == {}


@pytest.mark.parametrize("query", [b"a=1&a=2", b"a=%ff", b"a=\xff", b"&".join([b"a=1"] * 101)])
def test_a_query_that_cannot_be_read_is_refused(query: bytes) -> None:
    with pytest.raises(ValidationFailedError):
        _ = request_of(query=query).query


@given(st.binary(max_size=60))
def test_whatever_a_query_holds_it_is_read_or_refused(query: bytes) -> None:
    try:
        fields = request_of(query=query).query
    except ValidationFailedError:
        return
    orjson.dumps(fields)


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_whatever_a_body_holds_it_is_an_object_or_refused(body: bytes) -> None:
    try:
        parsed = parse_object(body)
    except InvalidJsonError:
        return
    # What was read can be written: the fingerprint of an idempotency key does.
    orjson.dumps(parsed)


@given(st.binary(min_size=1, max_size=200))
def test_only_harmless_request_ids_are_echoed(raw: bytes) -> None:
    known = request_of((b"x-request-id", raw)).request_id
    if known is not None:
        assert known.encode() == raw
        assert known.isprintable()
        assert len(known) <= 128
