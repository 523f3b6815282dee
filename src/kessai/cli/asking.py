"""One HTTP request to a running server and what came back, within bounds; what it means, callers say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from kessai.cli.failures import unreachable_error, usage_error

ANSWER_MAX: Final = 32 * 1024 * 1024
"""A page of 100 events, each with all the metadata there may be, is a tenth of it."""

_START_IT: Final = "start one with `kessai serve`, or say where it is with --url"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; header names are in lower case. `said` is None where that is no JSON object."""

    status: int
    headers: Mapping[str, str]
    said: dict[str, Any] | None


def send(
    base_url: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout_s: float = 10.0,
) -> Answered:
    """Ask once, on a connection of its own: the environment's proxies are not asked.

    Raises:
        CommandError: nobody answers there, or not in HTTP; or `base_url` is none.
    """
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = checked_base(base_url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        with closing(kind(parts.hostname or "", parts.port, timeout=timeout_s)) as connection:
            wanted = {"Accept": "application/json", **(headers or {})}
            connection.request(method, parts.path + path, body=body, headers=wanted)
            response = connection.getresponse()
            answer = response.read(ANSWER_MAX)
            named = {name.lower(): value for name, value in response.getheaders()}
    except (OSError, HTTPException, ValueError) as error:
        raise unreachable_error(f"{base_url} does not answer: {_reason(error)}", hint=_START_IT) from error
    return Answered(response.status, named, _object(answer))


def checked_base(base_url: str) -> SplitResult:
    """The parts of a URL that can be asked.

    Raises:
        CommandError: it is none.
    """
    try:
        parts = urlsplit(base_url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        if is_web and not ("@" in parts.netloc or parts.query or parts.fragment):
            return parts
    except ValueError:
        pass
    raise usage_error(f"--url {base_url} cannot be asked", hint="write for example http://127.0.0.1:8000")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
