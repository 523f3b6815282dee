"""Fifty receivers that harm whoever posts to them, each at a loopback address of its own.

`python -m tests.prove.villains` prints their URLs as JSON, by kind, and misbehaves until it is ended.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from tests.prove.companion import companion

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_BLOCK: Final = b"\0" * 65_536
_HUGE: Final = 10 * 1024**3
_DAY_S: Final = 86_400
_METADATA: Final = "http://169.254.169.254/latest/meta-data/"


async def never_answers(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Takes the request, and that is all."""
    while await reader.read(65_536):
        pass


async def one_byte_a_second(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer that would be whole in ten minutes."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Patience: " + b"a" * 600:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def huge_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ten gigabytes, as fast as they are taken."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(f"HTTP/1.1 500 Oh\r\nContent-Length: {_HUGE}\r\n\r\n".encode())
    for _ in range(_HUGE // len(_BLOCK)):
        writer.write(_BLOCK)
        await writer.drain()


async def gzip_bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A few kilobytes that grow a thousandfold for whoever unpacks them."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(
        f"HTTP/1.1 500 Oh\r\nContent-Encoding: gzip\r\nContent-Length: {len(_BOMB)}\r\n\r\n".encode()
    )
    writer.write(_BOMB)
    await writer.drain()


async def endless_headers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A head without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        writer.write(b"".join(b"X-%d: %s\r\n" % (each, b"a" * 100) for each in range(number, number + 100)))
        await writer.drain()
        number += 100


async def redirects_inside(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends whoever follows to the cloud's metadata."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(f"HTTP/1.1 307 Over There\r\nLocation: {_METADATA}\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()


async def tls_garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begins like TLS and goes on like noise."""
    writer.write(b"\x16\x03\x03\x40\x00" + bytes(range(256)) * 64)
    await writer.drain()


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hangs up at once, without manners."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def is_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """410: never again, please."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def come_back_tomorrow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """429 with a day's patience."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(f"HTTP/1.1 429 Later\r\nRetry-After: {_DAY_S}\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()


async def talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Almost HTTP."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/9.9 -1 \0\r\nContent-Length: -5\r\nTransfer-Encoding: chunked, chunked\r\n\r\nZZ\r\n")
    await writer.drain()


COUNTS: Final[Mapping[str, tuple[int, Behave]]] = {
    "never answers": (6, never_answers),
    "one byte a second": (6, one_byte_a_second),
    "10 GB body": (4, huge_body),
    "gzip bomb": (4, gzip_bomb),
    "endless headers": (4, endless_headers),
    "redirect to metadata": (4, redirects_inside),
    "TLS garbage": (4, tls_garbage),
    "reset": (4, resets),
    "410": (3, is_gone),
    "429 for a day": (3, come_back_tomorrow),
    "nonsense": (3, talks_nonsense),
}
HANGING_NAMES: Final = 5
"""The rest of the fifty: names that are never found, `hang-N.test`."""
_BOMB: Final = gzip.compress(b"\0" * 100_000_000, 9) if __name__ == "__main__" else b""


@contextmanager
def running_villains() -> Iterator[dict[str, list[str]]]:
    """Start them; gives the URLs of each kind, hanging names included."""
    with companion("tests.prove.villains") as line:
        urls: dict[str, list[str]] = json.loads(line)
        urls["DNS that hangs"] = [f"http://hang-{number}.test/hook" for number in range(HANGING_NAMES)]
        yield urls


def _careless(behave: Behave) -> Behave:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await behave(reader, writer)
        writer.close()

    return serve


async def _main() -> None:
    urls: dict[str, list[str]] = {}
    number = 0
    for kind, (count, behave) in COUNTS.items():
        for _ in range(count):
            number += 1
            server = await asyncio.start_server(_careless(behave), f"127.0.1.{number}", 0, backlog=512)
            port = server.sockets[0].getsockname()[1]
            scheme = "https" if behave is tls_garbage else "http"
            urls.setdefault(kind, []).append(f"{scheme}://127.0.1.{number}:{port}/hook")
    print(json.dumps(urls), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
