"""Posts webhooks over HTTP/1.1 and says in words what came back; when and how often is the worker's."""

from __future__ import annotations

import asyncio
import codecs
import errno
import importlib
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from kessai import __version__
from kessai.services.ports import Clock, WebhookRequest, WebhookResult

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

ANSWER_BYTES_READ: Final = 64 * 1024
ANSWER_BYTES_KEPT: Final = 4 * 1024
RETRY_AFTER_MAX_S: Final = 3600

# Below the 5 s after which uvicorn and Node close an idle connection: a post on a connection that is just
# being closed is lost.
_IDLE_CONNECTION_S: Final = 4.0

_NO_WEB_ADDRESS: Final = "not a usable http or https URL"
_OS_ERRORS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EMFILE: "this process has too many open files",
}


class AiohttpSender:
    """A `WebhookSender` with one pool of connections, made when the first webhook goes out.

    Follows no redirect, keeps no cookie, ignores proxies of the environment, and asks for answers that are
    not compressed. `tls` replaces the system's certificate authorities. `max_connections` should not be
    less than the number of posts at once: waiting for a connection counts as connecting.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        timeout_s: float = 30.0,
        connect_timeout_s: float = 10.0,
        max_connections: int = 256,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._connect_timeout_s = min(connect_timeout_s, timeout_s)
        self._max_connections = max_connections
        self._tls = tls
        self._session: ClientSession | None = None

    async def post(self, request: WebhookRequest) -> WebhookResult:
        """Send once and say what came back; only being cancelled is raised."""
        if not request.url.lower().startswith(("http://", "https://")):
            return WebhookResult(None, 0, error=_NO_WEB_ADDRESS)
        session = self._session or await self._open()
        started = self._clock.monotonic()
        try:
            async with session.post(
                request.url, data=request.body, headers=request.headers, allow_redirects=False
            ) as response:
                body, error = await self._read(response)
                return WebhookResult(
                    status_code=response.status,
                    latency_ms=self._ms_since(started),
                    answer=_text(body),
                    error=error,
                    retry_after_s=retry_after_s(response.headers.get("Retry-After"), now=self._clock.now()),
                )
        except Exception as error:  # whatever goes wrong is for the attempt's record
            return WebhookResult(None, self._ms_since(started), error=self._in_words(error))

    async def close(self) -> None:
        """Close the pool; posts under way fail."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _open(self) -> ClientSession:
        # Its import takes 0.15 s of CPU, so on first use only, and in a thread: requests are being answered.
        aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._max_connections,
                    keepalive_timeout=_IDLE_CONNECTION_S,
                    ssl=True if self._tls is None else self._tls,
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, connect=self._connect_timeout_s),
                headers={"User-Agent": f"kessai/{__version__}", "Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    async def _read(self, response: ClientResponse) -> tuple[bytes, str | None]:
        """Read the body's beginning. What goes wrong now does not undo the status that has arrived."""
        body = bytearray()
        try:
            while len(body) < ANSWER_BYTES_READ:
                part = await response.content.read(ANSWER_BYTES_READ - len(body))
                if not part:
                    break
                body += part
        except Exception as error:
            return bytes(body), f"{self._in_words(error)}, while reading the answer"
        return bytes(body), None

    def _ms_since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)

    def _in_words(self, error: Exception) -> str:
        import aiohttp

        in_words: tuple[tuple[type[Exception], str], ...] = (
            (aiohttp.ConnectionTimeoutError, f"could not connect within {self._connect_timeout_s:g} s"),
            (TimeoutError, f"timed out after {self._timeout_s:g} s"),
            (aiohttp.ClientConnectorDNSError, "could not resolve host"),
            (aiohttp.ServerDisconnectedError, "connection closed without an answer"),
            (aiohttp.InvalidURL, _NO_WEB_ADDRESS),
            (aiohttp.ClientResponseError, "the answer is not HTTP"),
            (aiohttp.ClientPayloadError, "the answer broke off"),
        )
        words = next((words for kind, words in in_words if isinstance(error, kind)), None)
        return words or _tls_words(error) or _os_words(error)


def retry_after_s(value: str | None, *, now: datetime) -> int | None:
    """Return the seconds a `Retry-After` header asks for, at most an hour; None if it says nothing usable.

    Source: RFC 9110, section 10.2.3: seconds or an HTTP date, read 2026-11-23.
    """
    text = (value or "").strip()
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


def _text(body: bytes) -> str:
    """Return the first 4 KiB as text that any database takes, without half a character at the end."""
    kept = body[:ANSWER_BYTES_KEPT]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(kept, final=len(kept) == len(body)).replace("\0", "")


def _tls_words(error: Exception) -> str | None:
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        refused = error.certificate_error
        reason = refused.verify_message if isinstance(refused, ssl.SSLCertVerificationError) else str(refused)
        return f"TLS certificate refused: {reason}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        reason = getattr(error.os_error, "reason", None) or "no reason given"
        return f"TLS handshake failed: {reason.replace('_', ' ').lower()}"
    return None


def _os_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return _OS_ERRORS.get(error.errno or 0, "connection failed")
    return f"could not be sent ({type(error).__name__})"
