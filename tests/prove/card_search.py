"""Finds card numbers in bytes, in whatever of these forms: grouped, escaped, in other digits, in base64."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_CHUNK: Final = 16 * 1024 * 1024
_OVERLAP: Final = 4096
_APART: Final = rb"(?:[ \t\r\n.,:;/_+*-]|\xc2[\xa0\xb7]|\xe2\x80[\x80-\xbf]|%(?:20|2[C-F]|09|0A)){0,3}"
_RUN: Final = re.compile(rb"[0-9](?:" + _APART + rb"[0-9]){12,}")
_NO_DIGIT: Final = re.compile(rb"%(?:20|2[C-F]|09|0A)|[^0-9]+", re.IGNORECASE)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{20,}")
_SPELLED: Final = {
    **{
        prefix: [(prefix + b"%d" % digit, b"%d" % digit) for digit in range(10)]
        for prefix in (rb"\uff1", rb"\u003", b"%EF%BC%9", b"%3")
    },
    b"\xef\xbc": [(chr(0xFF10 + digit).encode(), b"%d" % digit) for digit in range(10)],
}
"""Digits as something else than one byte of ASCII, by how they begin."""


class Search:
    """For these numbers, all of them at once."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._numbers = {each.encode() for each in numbers}
        self._lengths = sorted({len(each) for each in self._numbers})

    def in_file(self, path: Path) -> set[str]:
        """Those whose digits are in a file, also between zero bytes as in UTF-16; nothing is decoded."""
        found: set[str] = set()
        with path.open("rb") as file:
            tail = b""
            while piece := file.read(_CHUNK):
                found |= self.in_bytes(tail + piece)
                tail = piece[-_OVERLAP:]
        return found

    def in_bytes(self, data: bytes) -> set[str]:
        """Those whose digits are there."""
        found = set(self._found(_plain(data)))
        if b"\x00" in data:
            found |= set(self._found(_plain(data.replace(b"\x00", b""))))
        return found

    def in_text(self, data: bytes) -> set[str]:
        """The same, and what is there in base64 or in hexadecimal."""
        found = self.in_bytes(data)
        for run in _BASE64.findall(data):
            for start in range(4):
                found |= self.in_bytes(_decoded(run[start:]))
            if len(run) % 2 == 0 and re.fullmatch(rb"[0-9a-fA-F]+", run):
                found |= self.in_bytes(bytes.fromhex(run.decode()))
        return found

    def _found(self, data: bytes) -> Iterator[str]:
        for run in _RUN.findall(data):
            digits = _NO_DIGIT.sub(b"", run)
            for length in self._lengths:
                for start in range(len(digits) - length + 1):
                    if digits[start : start + length] in self._numbers:
                        yield digits[start : start + length].decode()


def shows(text: bytes, number: str, *, digits: int = 10) -> bool:
    """Whether so many digits of a number, one after the other, are in a text: more than a mask leaves."""
    plain = _NO_DIGIT.sub(b"", _plain(text)).decode()
    return any(number[start : start + digits] in plain for start in range(len(number) - digits + 1))


def _plain(data: bytes) -> bytes:
    for prefix, spellings in _SPELLED.items():
        if prefix in data:
            for spelled, digit in spellings:
                data = data.replace(spelled, digit)
    return data


def _decoded(run: bytes) -> bytes:
    whole = run[: len(run) // 4 * 4]
    return b64decode(whole.replace(b"-", b"+").replace(b"_", b"/"))
