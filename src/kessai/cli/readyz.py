"""`kessai readyz`: asks a running process whether it is ready, for people and for health checks."""

from __future__ import annotations

import json as json_format
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from kessai.cli.configuration import settings_from
from kessai.cli.failures import ExitCode, unreachable_error, usage_error
from kessai.cli.options import Json
from kessai.cli.output import console, write_json

_TIMEOUT_S: Final = 4.0
"""Below the five seconds after which container engines give up on a health check."""
_ANSWER_MAX: Final = 64 * 1024


def readyz(
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Whom to ask.", show_default="http://HOST:PORT")
    ] = None,
    json: Json = False,
) -> None:
    """Ask a running server or dispatcher whether it is ready.

    Exit code 0 if it is, 1 if it is not, 3 if nobody answers.
    """
    base_url = (url or _own_url()).rstrip("/")
    status, answer = ask(base_url, "/readyz")
    is_ready = status == 200
    if json:
        write_json({"url": base_url, "ready": is_ready, "http_status": status, **answer})
    else:
        console().print(f"{base_url} is {answer.get('status', f'not ready: it answers {status}')}")
        for name, check in answer.get("checks", {}).items():
            console().print(f"  {'ok  ' if check['ok'] else 'FAIL'}  {name}: {check['detail']}")
    if not is_ready:
        raise typer.Exit(ExitCode.EXPECTATION_FAILED)


def ask(base_url: str, path: str, *, timeout_s: float = _TIMEOUT_S) -> tuple[int, dict[str, Any]]:
    """GET a path; the status and the JSON object in the answer, an empty one if it is none of ours.

    Raises:
        CommandError: nobody answers there, or not in HTTP.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise usage_error(f"--url {base_url} cannot be asked", hint="write for example http://127.0.0.1:8000")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        with closing(kind(parts.hostname, parts.port, timeout=timeout_s)) as connection:
            connection.request("GET", parts.path + path, headers={"Accept": "application/json"})
            response = connection.getresponse()
            body = response.read(_ANSWER_MAX)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise unreachable_error(f"{base_url} does not answer: {reason}") from error
    try:
        answer = json_format.loads(body)
    except ValueError:
        answer = None
    return response.status, answer if isinstance(answer, dict) else {}


def _own_url() -> str:
    from kessai.cli.listening import base_url

    settings = settings_from()
    return base_url(settings.host, settings.port)
