"""Reads a receiver's answer, which is hostile data: a bounded number of bytes, kept as text only."""

from __future__ import annotations

import codecs
from typing import Final

import httptools

from kessai.adapters.wire_errors import NoAnswerError

HEAD_BYTES_READ: Final = 32 * 1024
"""Of everything before the body, interim answers (1xx) included; servers of every make send less."""
ANSWER_BYTES_READ: Final = 64 * 1024
"""Of the body as it comes over the wire, chunk sizes and trailers included."""
ANSWER_BYTES_KEPT: Final = 4 * 1024
HEADERS_KEPT: Final = 32
HEADER_BYTES_KEPT: Final = 4 * 1024

_SWITCHING_PROTOCOLS: Final = 101
_FINAL: Final = 200


class AnswerReader:
    """One answer, fed as it arrives.

    `status` is None until the head of a final answer has arrived. `is_over`: nothing more is to be read,
    because the answer is complete or because enough of it is here. `keeps_alive`: the receiver and what it
    has sent so far allow another request on the same connection.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.is_over = False
        self.keeps_alive = False
        self._seen = 0
        self._parser: httptools.HttpResponseParser | None = _parser(self)

    def feed(self, data: bytes) -> bool:
        """Read on; whether it is over now.

        Raises:
            NoAnswerError: this is not HTTP, or its head does not end.
        """
        while data and not self.is_over:
            limit = HEAD_BYTES_READ if self.status is None else HEAD_BYTES_READ + ANSWER_BYTES_READ
            piece, data = data[: limit - self._seen], data[limit - self._seen :]
            self._seen += len(piece)
            self._parse(piece)
            if self._seen == HEAD_BYTES_READ and self.status is None:
                raise NoAnswerError(
                    f"the answer begins with more than {HEAD_BYTES_READ // 1024} KiB of headers"
                )
            if self._seen == HEAD_BYTES_READ + ANSWER_BYTES_READ:
                self.is_over, self.keeps_alive = True, False
        if data:
            self.keeps_alive = False
        return self.is_over

    def end(self) -> None:
        """The connection has ended, which is how some answers do.

        Raises:
            NoAnswerError: this one does not.
        """
        if self.status is None:
            raise NoAnswerError("connection closed without an answer")
        if any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in self.headers):
            raise NoAnswerError("the answer broke off")
        self.is_over = True

    def let_go(self) -> None:
        """Part with the parser: each has the other, and nothing would free them but the collector."""
        self._parser = None

    def text(self) -> str:
        """The first 4 KiB as text that any database takes, without half a character at the end."""
        if len(self.body) <= ANSWER_BYTES_KEPT:
            return _text(self.body)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return decoder.decode(bytes(self.body[:ANSWER_BYTES_KEPT])).replace("\0", "")

    def header(self, name: bytes) -> str | None:
        """The first header of this lower-case name."""
        return next((_text(value) for each, value in self.headers if each.lower() == name), None)

    def shown_headers(self) -> tuple[tuple[str, str], ...]:
        """The first headers, as many as are kept; one that is too long is left out with all after it."""
        shown: list[tuple[str, str]] = []
        room = HEADER_BYTES_KEPT
        for name, value in self.headers[:HEADERS_KEPT]:
            room -= len(name) + len(value)
            if room < 0:
                break
            shown.append((_text(name), _text(value)))
        return tuple(shown)

    def _parse(self, piece: bytes) -> None:
        if self._parser is None:
            raise RuntimeError("an answer is being read that was let go")
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            # Now it would speak something else; we do not.
            self.keeps_alive = False
        except httptools.HttpParserError:
            self.keeps_alive = False
            if not self.is_over:
                raise NoAnswerError("the answer is not HTTP") from None

    # What follows is called by the parser.

    def on_message_begin(self) -> None:
        """Another answer begins, to a request that nobody has sent, unless the one before was interim."""
        if self.is_over:
            self.keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what follows the body as a trailer is passed over."""
        if self.status is None:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head has ended; that of an interim answer says nothing."""
        if self._parser is None or self.is_over:
            return
        status = self._parser.get_status_code()
        if status >= _FINAL or status == _SWITCHING_PROTOCOLS:
            self.status = status
        else:
            self.headers.clear()

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        if not self.is_over:
            self.body += part

    def on_message_complete(self) -> None:
        """The whole answer is here."""
        if self._parser is not None and self.status is not None and not self.is_over:
            self.is_over = True
            self.keeps_alive = self._parser.should_keep_alive()


def _parser(reader: AnswerReader) -> httptools.HttpResponseParser:
    """A parser as forgiving as those of other clients: small servers are written by hand."""
    parser = httptools.HttpResponseParser(reader)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser


def _text(raw: bytes | bytearray) -> str:
    return raw.decode("utf-8", "replace").replace("\0", "")
