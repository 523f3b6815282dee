"""HTTP/1.1 requests cut out of a stream, for receivers that must cost little or misbehave freely."""

from __future__ import annotations

import re
from typing import Final

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def take(buffer: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Head (without the empty line), body and what is left over; None while the request is not whole."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    found = _LENGTH.search(buffer, 0, end)
    whole = end + 4 + (int(found[1]) if found else 0)
    if len(buffer) < whole:
        return None
    return buffer[:end], buffer[end + 4 : whole], buffer[whole:]


def target_of(head: bytes) -> str:
    """The path that a request names."""
    return head.split(b" ", 2)[1].decode()


def headers_of(head: bytes) -> dict[str, str]:
    """Names in lower case."""
    pairs = (line.split(":", 1) for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, value in pairs}


def answer(status: int, body: bytes = b"", *more: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
