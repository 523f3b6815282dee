"""PostgreSQL's wire as far as a proxy must read it: which answer is that of a commit, and where it ends.

Source: PostgreSQL 18, "Frontend/Backend Protocol: Message Flow, Message Formats", read 2026-11-26.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_SSL_REQUEST: Final = (80877103).to_bytes(4, "big")
_GSS_REQUEST: Final = (80877104).to_bytes(4, "big")
_WRITES: Final = re.compile(rb"\b(INSERT|UPDATE|DELETE)\b")
READY_BYTES: Final = 6
"""What ReadyForQuery takes, which ends each answer and is sent once what was asked for is committed."""


class _Cutter:
    """Cuts a stream into messages: kind and payload. The first ones of a client have no kind."""

    def __init__(self, *, is_client: bool) -> None:
        self._buffer = bytearray()
        self._is_starting = is_client

    def messages(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Those that are complete by now."""
        self._buffer += data
        while True:
            head = 0 if self._is_starting else 1
            if len(self._buffer) < head + 4:
                return
            length = head + int.from_bytes(self._buffer[head : head + 4], "big")
            if len(self._buffer) < length:
                return
            kind, payload = bytes(self._buffer[:head]), bytes(self._buffer[head + 4 : length])
            del self._buffer[:length]
            if self._is_starting and payload not in (_SSL_REQUEST, _GSS_REQUEST):
                self._is_starting = False
            yield kind, payload


class Conversation:
    """One connection, read along in both directions."""

    def __init__(self) -> None:
        self._asked, self._answered = _Cutter(is_client=True), _Cutter(is_client=False)
        self._writing: set[bytes] = set()
        self._bare_answers = 0

    def asks(self, data: bytes) -> bool:
        """Read what the client says; whether it asks for something to be written and kept."""
        asked = [self._is_asked(*message) for message in self._asked.messages(data)]
        return any(asked)

    def answers(self, data: bytes) -> bool:
        """Read what the server says; whether it ends an answer outside of any transaction."""
        # Whether there is encryption is answered with one letter.
        while data and self._bare_answers:
            self._bare_answers, data = self._bare_answers - 1, data[1:]
        return (b"Z", b"I") in list(self._answered.messages(data))

    def _is_asked(self, kind: bytes, payload: bytes) -> bool:
        first, _, rest = payload.partition(b"\0")
        if kind == b"P":
            self._note(first, is_write=_WRITES.search(rest) is not None)
        elif kind == b"B":
            return rest.partition(b"\0")[0] in self._writing
        elif not kind and payload in (_SSL_REQUEST, _GSS_REQUEST):
            self._bare_answers += 1
        return kind == b"Q" and first.startswith(b"COMMIT")

    def _note(self, statement: bytes, *, is_write: bool) -> None:
        if is_write:
            self._writing.add(statement)
        else:
            self._writing.discard(statement)
