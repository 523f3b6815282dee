"""Posts webhooks over HTTP/1.1 and says in words what came back; when and how often is the worker's.

A client of our own rather than a library: why, and what each costs, is in docs/adr/0010.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, NamedTuple

from kessai import __version__
from kessai.adapters.connection_pool import ConnectionPool
from kessai.adapters.dialer import Dialer
from kessai.adapters.name_lookup import Lookup, NameLookup
from kessai.adapters.webhook_answer import AnswerReader
from kessai.adapters.webhook_connection import Connection, Place
from kessai.adapters.wire_errors import WireError, in_words
from kessai.domain.delivery import Headers
from kessai.domain.destinations import Destinations
from kessai.domain.web_address import WebAddress, web_address
from kessai.services.ports import Clock, WebhookRequest, WebhookResult

RETRY_AFTER_MAX_S: Final = 3600

_NO_WEB_ADDRESS: Final = "not a usable http or https URL"
_USER_AGENT: Final = (("User-Agent", f"kessai/{__version__}"),)
_ALWAYS: Final = (("Accept", "*/*"), ("Accept-Encoding", "identity"))
_parsed: Final = lru_cache(maxsize=4096)(web_address)


class _Open(NamedTuple):
    """A connection to use, and when it stood; None if it did before."""

    connection: Connection
    stood_at: float | None


class HttpSender:
    """A `WebhookSender` that goes where `destinations` lets it, over connections that are kept for a while.

    Follows no redirect, keeps no cookie, knows no proxy, and asks for answers that are not compressed. `tls`
    replaces the system's certificate authorities, `lookup` its resolver; it is called in a thread.
    `max_connections` should not be less than the number of posts at once: waiting for a turn is part of the
    time that a post may take.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        destinations: Destinations,
        timeout_s: float = 30.0,
        connect_timeout_s: float = 10.0,
        max_connections: int = 256,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = socket.getaddrinfo,
    ) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._connect_timeout_s = min(connect_timeout_s, timeout_s)
        names = NameLookup(clock.monotonic, patience_s=self._connect_timeout_s, lookup=lookup)
        self._dialer = Dialer(destinations, names, tls)
        self._pool = ConnectionPool(clock.monotonic, max_connections)
        self._turns = asyncio.Semaphore(max_connections)

    async def post(self, request: WebhookRequest) -> WebhookResult:
        """Send once and say what came back; only being cancelled is raised."""
        started = self._clock.monotonic()
        try:
            address = _parsed(request.url)
            headers = _headers(address, request)
            message = _message(address, headers, request.body)
        except ValueError:
            return WebhookResult(None, 0, error=_NO_WEB_ADDRESS)
        reader = AnswerReader()
        opened: _Open | None = None
        problem: str | None = None
        try:
            async with asyncio.timeout(self._timeout_s), self._turns:
                opened = await self._open(address, verifies_tls=request.verifies_tls)
                await opened.connection.exchange(message, reader)
                self._pool.give(opened.connection)
        except TimeoutError:
            problem = f"timed out after {self._timeout_s:g} s"
        except Exception as error:  # whatever goes wrong is for the attempt's record
            problem = in_words(error)
        return self._result(started, opened, reader, problem, headers)

    async def close(self) -> None:
        """Close all connections; posts under way fail."""
        self._pool.close()

    async def _open(self, address: WebAddress, *, verifies_tls: bool) -> _Open:
        place = Place(address.is_tls, address.host, address.port, verifies_tls)
        kept = self._pool.take(place)
        if kept is not None:
            return _Open(kept, None)
        connection = self._pool.new(place)
        within_s = self._connect_timeout_s
        try:
            async with asyncio.timeout(within_s):
                await self._dialer.dial(address, connection, verifies_tls=verifies_tls, within_s=within_s)
        except BaseException as error:
            self._pool.discard(connection)
            if isinstance(error, TimeoutError):
                raise WireError(f"could not connect within {within_s:g} s") from None
            raise
        return _Open(connection, self._clock.monotonic())

    def _result(
        self,
        started: float,
        opened: _Open | None,
        reader: AnswerReader,
        problem: str | None,
        headers: Headers,
    ) -> WebhookResult:
        latency_ms = _ms(self._clock.monotonic() - started)
        if opened is None:
            # Nobody was reached: nothing was sent.
            return WebhookResult(None, latency_ms, error=problem)
        connect_ms = None if opened.stood_at is None else _ms(opened.stood_at - started)
        first_byte_at = opened.connection.first_byte_at
        first_byte_ms = None if first_byte_at is None else _ms(first_byte_at - started)
        if reader.status is None:
            return WebhookResult(
                None,
                latency_ms,
                error=problem,
                connect_ms=connect_ms,
                first_byte_ms=first_byte_ms,
                request_headers=headers,
            )
        # What goes wrong now does not undo the status that has arrived.
        return WebhookResult(
            status_code=reader.status,
            latency_ms=latency_ms,
            answer=reader.text(),
            error=problem and f"{problem}, while reading the answer",
            retry_after_s=retry_after_s(reader.header(b"retry-after"), now=self._clock.now()),
            connect_ms=connect_ms,
            first_byte_ms=first_byte_ms,
            request_headers=headers,
            answer_headers=reader.shown_headers(),
        )


def retry_after_s(value: str | None, *, now: datetime) -> int | None:
    """Return the seconds a `Retry-After` header asks for, at most an hour; None if it says nothing usable.

    Source: RFC 9110, section 10.2.3: seconds or an HTTP date, read 2026-11-23.
    """
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0") or "0"
        # the length first: a receiver may send thousands of digits
        return RETRY_AFTER_MAX_S if len(digits) > 9 else min(int(digits), RETRY_AFTER_MAX_S)
    try:
        until = parsedate_to_datetime(text)
        wait_s = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError, TypeError, IndexError):  # the parser's ways to dislike a date
        return None
    return min(max(0, round(wait_s.total_seconds())), RETRY_AFTER_MAX_S)


def _headers(address: WebAddress, request: WebhookRequest) -> Headers:
    """All headers, in the order in which they are sent."""
    agent = () if "user-agent" in [name.lower() for name, _ in request.headers] else _USER_AGENT
    length = ("Content-Length", str(len(request.body)))
    return (("Host", address.authority), *agent, *_ALWAYS, length, *request.headers)


def _message(address: WebAddress, headers: Headers, body: bytes) -> bytes:
    """The request, byte for byte.

    Raises:
        ValueError: a header would break out of its line.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    if lines.count("\r") != len(headers) or lines.count("\n") != len(headers):
        raise ValueError("a header has a line break")
    return f"POST {address.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
