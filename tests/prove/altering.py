"""Bytes that are not quite what they were."""

from __future__ import annotations

import random


def altered(content: bytes, chance: random.Random) -> bytes:
    """The bytes with a piece cut out, doubled, flipped, or something else put in."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(content) + 1)
        end = min(len(content), start + chance.choice((1, 1, 2, 8, 40)))
        piece = content[start:end]
        put = chance.choice(
            (
                *(b"", piece * 2, bytes(each ^ 1 << chance.randrange(8) for each in piece)),
                *(
                    b"\x00",
                    b"\xff",
                    b'"',
                    b"{",
                    b"[" * 400,
                    b"%",
                    b"&",
                    b"=",
                    b"[",
                    b"]",
                    b"\\u0000",
                    b"\\ud800",
                ),
                *(b"1e999", b"-0", b"9" * 400, b"NaN", b"null", b"\xed\xa0\x80", b"a" * 70_000),
            )
        )
        content = content[:start] + put + content[end:]
    return content
