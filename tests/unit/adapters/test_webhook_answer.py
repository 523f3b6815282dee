"""Reading answers: whole ones, broken ones and endless ones, in pieces of any size."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.adapters.webhook_answer import (
    ANSWER_BYTES_KEPT,
    ANSWER_BYTES_READ,
    HEAD_BYTES_READ,
    HEADER_BYTES_KEPT,
    HEADERS_KEPT,
    AnswerReader,
)
from kessai.adapters.wire_errors import NoAnswerError

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nok"
CHUNKED = b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\nT: x\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\nX-B: 2\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + PLAIN
UNTIL_THE_END = b"HTTP/1.1 500 No\n\nok"


def read(*pieces: bytes) -> AnswerReader:
    """A reader that was fed these."""
    reader = AnswerReader()
    for piece in pieces:
        reader.feed(piece)
    return reader


@pytest.mark.parametrize(
    ("answer", "status", "headers"),
    [
        (PLAIN, 200, ((("Content-Length"), "2"), ("X-A", "1"))),
        (CHUNKED, 201, (("Transfer-Encoding", "chunked"),)),
        (INTERIM, 200, (("Content-Length", "2"), ("X-A", "1"))),
    ],
    ids=["plain", "chunked", "after interim ones"],
)
@given(cuts=st.sets(st.integers(1, 120), max_size=6))
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(
    answer: bytes, status: int, headers: tuple[tuple[str, str], ...], cuts: set[int]
) -> None:
    bounds = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]

    reader = read(*(answer[start:end] for start, end in pairwise(bounds)))

    assert (reader.status, reader.text(), reader.shown_headers()) == (status, "ok", headers)
    assert reader.is_over
    assert reader.keeps_alive


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\n", PLAIN, b"\0", b"x" * 100_000])
def test_what_follows_an_answer_is_not_the_next_one(more: bytes) -> None:
    reader = read(PLAIN + more)

    assert (reader.status, reader.text(), reader.is_over, reader.keeps_alive) == (200, "ok", True, False)


def test_an_answer_may_end_with_its_connection() -> None:
    reader = read(UNTIL_THE_END)
    assert not reader.is_over

    reader.end()

    assert (reader.status, reader.text(), reader.is_over, reader.keeps_alive) == (500, "ok", True, False)


@pytest.mark.parametrize(
    ("begun", "problem"),
    [
        (b"", "connection closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-", "connection closed without an answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "connection closed without an answer"),
        (PLAIN[:-1], "broke off"),
        (CHUNKED[:-2], "broke off"),
    ],
)
def test_an_answer_that_ends_too_early_is_none(begun: bytes, problem: str) -> None:
    with pytest.raises(NoAnswerError, match=problem):
        read(begun).end()


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_is_no_answer(garbage: bytes) -> None:
    with pytest.raises(NoAnswerError, match="not HTTP"):
        read(garbage)


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * HEAD_BYTES_READ,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * HEAD_BYTES_READ,
        b"HTTP/1.1 200 " + b"y" * HEAD_BYTES_READ,
        b"HTTP/1.1 100 Continue\r\n\r\n" * HEAD_BYTES_READ,
        b"HTTP/1.1 200 OK\r\n" + b"y" * HEAD_BYTES_READ,
    ],
    ids=["a header", "headers", "a reason", "interim answers", "a name"],
)
def test_a_head_without_end_is_given_up(endless: bytes) -> None:
    with pytest.raises(NoAnswerError, match="more than 32 KiB of headers"):
        read(endless)


@pytest.mark.parametrize(
    ("head", "endless"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: x\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: ", b"x"),
    ],
    ids=["until the end", "10 GB", "an extension", "small chunks", "trailers", "a trailer"],
)
def test_of_a_body_without_end_only_the_beginning_is_read(head: bytes, endless: bytes) -> None:
    reader = AnswerReader()
    reader.feed(head)
    fed = 0

    while not reader.feed(endless * 1000):
        fed += 1000 * len(endless)

    assert fed <= HEAD_BYTES_READ + ANSWER_BYTES_READ
    assert len(reader.body) <= HEAD_BYTES_READ + ANSWER_BYTES_READ
    assert len(reader.text()) <= ANSWER_BYTES_KEPT
    assert (reader.status, reader.is_over, reader.keeps_alive) == (200, True, False)


def test_a_switch_of_protocols_is_an_answer_and_the_end() -> None:
    reader = read(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n\0\1\2")

    assert (reader.status, reader.is_over, reader.keeps_alive) == (101, True, False)


def test_headers_are_text_within_bounds() -> None:
    many = b"".join(b"X-%d: v\r\n" % number for number in range(500))
    large = b"X-A: 1\r\nX-B: " + b"y" * HEADER_BYTES_KEPT + b"\r\n"

    assert len(read(b"HTTP/1.1 200 OK\r\n" + many + b"\r\n").shown_headers()) == HEADERS_KEPT
    assert read(b"HTTP/1.1 200 OK\r\n" + large + b"\r\n").shown_headers() == (("X-A", "1"),)
    assert read(b"HTTP/1.1 200 OK\r\nX: \xff\xed\xa0\x80a\r\n\r\n").shown_headers() == (
        ("X", "\ufffd" * 4 + "a"),
    )


def test_a_header_is_found_by_its_name_even_behind_those_that_are_kept() -> None:
    many = b"".join(b"X-%d: v\r\n" % number for number in range(500))

    reader = read(b"HTTP/1.1 503 No\r\n" + many + b"RETRY-after: 7\r\n\r\n")

    assert reader.header(b"retry-after") == "7"
    assert reader.header(b"location") is None


@given(st.binary(max_size=300))
def test_no_bytes_are_too_strange(noise: bytes) -> None:
    for data in (noise, b"HTTP/1.1 200 OK\r\n" + noise, PLAIN + noise):
        reader = AnswerReader()
        try:
            reader.feed(data)
            reader.end()
        except NoAnswerError:
            continue
        assert "\0" not in reader.text() + "".join("".join(each) for each in reader.shown_headers())
