"""Reading a request: its head as ASGI gives it, its body within bounds of size and time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from kessai.http.errors import (
    BodyTooLargeError,
    InvalidJsonError,
    Problem,
    RequestTimeoutError,
    ValidationFailedError,
)
from kessai.simulation.cards import holds_real_number

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]

BODY_MAX: Final = 64 * 1024
"""Larger than any payment with full metadata, small enough to hold thousands in memory."""
_QUERY_FIELDS_MAX: Final = 100
_LOCAL_HOSTS: Final = frozenset({"::1", "localhost"})
_ADDRESS: Final = re.compile(r"[.:]")
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]{1,128}")


class ClientGoneError(Exception):
    """The client hung up before its request was complete: nobody is left to answer."""


class Request:
    """One request. Header names are lower case; the first of several headers of a name counts."""

    __slots__ = ("_receive", "_scope", "headers", "method", "path")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))

    def header(self, name: bytes) -> str | None:
        """A header's text; bytes beyond ASCII are kept one to one."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1").strip()

    @property
    def request_id(self) -> str | None:
        """The client's own request id, if it can be kept and echoed without harm."""
        value = self.headers.get(b"x-request-id")
        if value is None or not _PRINTABLE.fullmatch(value):
            return None
        request_id = value.decode("ascii")
        return None if holds_real_number(request_id) else request_id

    @property
    def is_local(self) -> bool:
        """Whether it came in through a loopback address, or through no address at all."""
        server = self._scope.get("server")
        return server is None or _is_local(server[0])

    @property
    def query_string(self) -> bytes:
        """The query as it was sent."""
        raw: bytes = self._scope["query_string"]
        return raw

    @property
    def query(self) -> dict[str, str]:
        """The query's fields.

        Raises:
            ValidationFailedError: not UTF-8, too many, or one given twice.
        """
        raw: bytes = self._scope["query_string"]
        if not raw:
            return {}
        try:
            pairs = parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_QUERY_FIELDS_MAX
            )
        except ValueError:
            raise ValidationFailedError([Problem(None, "the query cannot be read")]) from None
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise ValidationFailedError([Problem(None, "a query parameter is given twice")])
        return fields

    async def body(self, timeout_s: float) -> bytes:
        """The whole body.

        Raises:
            BodyTooLargeError: more than BODY_MAX.
            RequestTimeoutError: it took longer than `timeout_s`.
            ClientGoneError: it never came whole.
        """
        announced = self.headers.get(b"content-length")
        if announced is None and b"transfer-encoding" not in self.headers:
            return b""
        if announced is not None and _is_too_much(announced):
            raise BodyTooLargeError(BODY_MAX)
        if self._has_come:
            return await self._read()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._read()
        except TimeoutError:
            raise RequestTimeoutError from None

    @property
    def _has_come(self) -> bool:
        """Whether the server has all of the body, so that no time-out is needed: most are a packet.

        ASGI has no word for it. uvicorn's `receive` is a method of the object that knows; elsewhere it is
        as if not.
        """
        return getattr(getattr(self._receive, "__self__", None), "more_body", None) is False

    async def _read(self) -> bytes:
        chunks = b""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk: bytes = message.get("body", b"")
            chunks += chunk
            if len(chunks) > BODY_MAX:
                raise BodyTooLargeError(BODY_MAX)
            if not message.get("more_body", False):
                return chunks


@lru_cache(maxsize=64)
def _is_local(host: str | None) -> bool:
    return host is None or host.startswith(("127.", "/")) or host in _LOCAL_HOSTS or not _ADDRESS.search(host)


def _is_too_much(announced: bytes) -> bool:
    """Whether a Content-Length is above the limit. Python does not read a number of any number of digits."""
    digits = announced.lstrip(b"0")
    return announced.isdigit() and (len(digits) > len(str(BODY_MAX)) or int(digits or b"0") > BODY_MAX)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, whatever its content type says: curl's default is none of JSON's.

    Raises:
        InvalidJsonError: not JSON, or JSON but not an object.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidJsonError(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            hint='send a JSON object, for example {"amount": 1000}',
        ) from None
    if not isinstance(parsed, dict):
        raise InvalidJsonError(
            "the body is JSON, but not an object", hint='send a JSON object, for example {"amount": 1000}'
        )
    return parsed
