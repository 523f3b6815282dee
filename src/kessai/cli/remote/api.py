"""The native API as the commands use it: one client, and every refusal in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from kessai.cli.asking import Answered, checked_base, send
from kessai.cli.configuration import own_url, settings_from
from kessai.cli.failures import CommandError, ExitCode, usage_error

# An answer of the API, whose values are of any type.
Answer = dict[str, Any]

PAGE_MAX: Final = 100
"""Rows of one page: the most that the API gives at once."""
_ROOT: Final = "/api/v1"
_SLOWEST_S: Final = 90.0
"""Longer than SIMULATED_TIMEOUT_MS can make a payment take."""


class RefusedError(CommandError):
    """The API said no, and why. `retry_after_s` is how long it wants to be left alone, 0 if not at all."""

    def __init__(self, message: str, *, hint: str | None, status: int, retry_after_s: int = 0) -> None:
        super().__init__(message, exit_code=ExitCode.EXPECTATION_FAILED, hint=hint)
        self.status = status
        self.retry_after_s = retry_after_s


def passes(error: CommandError) -> bool:
    """Whether it is worth asking again: nobody there, too many requests, a database that is away."""
    if isinstance(error, RefusedError):
        return error.status == 429 or error.status >= 500
    return error.exit_code is ExitCode.UNREACHABLE


class NativeApi:
    """A running server's API, as one merchant. Each request has a connection of its own.

    `is_limited`: the last answer told of a rate limit, so that requests should be spared.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self.is_limited = False
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def get(self, path: str, **query: object) -> Answer:
        """Ask; what is None in `query` is left out.

        Raises:
            RefusedError: the API says no.
            CommandError: nobody answers.
        """
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        return self._send("GET", f"{path}?{asked}" if asked else path)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """Have something done; refusals as with `get`."""
        return self._send("POST", path, body)

    def patch(self, path: str, body: Mapping[str, object]) -> Answer:
        """Have something changed; refusals as with `get`."""
        return self._send("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        """Have something removed; refusals as with `get`."""
        return self._send("DELETE", path)

    def newest(self, path: str, **query: object) -> Iterator[list[Answer]]:
        """The pages of a list, newest first, each fetched when it is asked for."""
        cursor: str | None = None
        while True:
            page = self.get(path, **{"limit": PAGE_MAX, **query, "cursor": cursor})
            yield page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def is_alive(self) -> bool:
        """Whether somebody answers there; this costs nothing of a rate limit."""
        try:
            return send(self.base_url, "GET", "/livez", timeout_s=4).status == 200
        except CommandError:
            return False

    def _send(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Answer:
        answered = send(
            self.base_url,
            method,
            _ROOT + path,
            headers=self._headers,
            body=None if body is None else json.dumps(body).encode(),
            timeout_s=_SLOWEST_S,
        )
        self.is_limited = "ratelimit-limit" in answered.headers
        if answered.said is None or not 200 <= answered.status < 300:
            raise _refused(self.base_url, answered)
        return answered.said


def connected(url: str | None, api_key: str | None) -> NativeApi:
    """The API that the options name; what they leave out is as settings say.

    Raises:
        CommandError: the options or the settings cannot be used.
    """
    base_url = (url or own_url()).rstrip("/")
    host = checked_base(base_url).hostname or ""
    return NativeApi(base_url, _checked_key(api_key) if api_key else _own_key(host))


def _own_key(host: str) -> str:
    from kessai.settings import WELL_KNOWN_API_KEY
    from kessai.settings.values import is_loopback

    own = settings_from().api_key
    if own is not None:
        return own.get_secret_value()
    if not is_loopback(host):
        raise usage_error(f"there is no key for {host}", hint="give it with --api-key, or set API_KEY")
    return WELL_KNOWN_API_KEY


def _checked_key(api_key: str) -> str:
    from pydantic import SecretStr

    from kessai.settings.values import no_live_key, printable

    try:
        return no_live_key(printable(SecretStr(api_key))).get_secret_value()
    except ValueError as error:
        raise usage_error(f"--api-key {error}") from None


def _refused(base_url: str, answered: Answered) -> RefusedError:
    status = answered.status
    error = (answered.said or {}).get("error")
    if not isinstance(error, dict) or "message" not in error:
        return RefusedError(
            f"{base_url} answers {status}, and not as kessai does", hint="is it kessai's URL?", status=status
        )
    retry_after = answered.headers.get("retry-after", "")
    return RefusedError(
        _sentence(error),
        hint=_hint(error, status),
        status=status,
        retry_after_s=int(retry_after) if retry_after.isdecimal() else 0,
    )


def _sentence(error: Answer) -> str:
    """Every problem there is; the first is the error's own."""
    return "; ".join(map(_named, error.get("details") or [error]))


def _named(problem: Answer) -> str:
    param, message = problem.get("param"), str(problem["message"])
    return message if not param or param in message else f"{param}: {message}"


def _hint(error: Answer, status: int) -> str | None:
    if status == 401:
        return "give the merchant's secret key with --api-key, or set API_KEY"
    return error.get("hint")
