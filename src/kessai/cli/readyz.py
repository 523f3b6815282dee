"""`kessai readyz`: asks a running process whether it is ready, for people and for health checks."""

from __future__ import annotations

from typing import Any, Final

import typer

from kessai.cli.asking import send
from kessai.cli.configuration import own_url
from kessai.cli.failures import ExitCode
from kessai.cli.options import Json, ServerUrl
from kessai.cli.output import console, write_json

_TIMEOUT_S: Final = 4.0
"""Below the five seconds after which container engines give up on a health check."""


def readyz(url: ServerUrl = None, json: Json = False) -> None:
    """Ask a running server or dispatcher whether it is ready.

    Exit code 0 if it is, 1 if it is not, 3 if nobody answers.
    """
    base_url = (url or own_url()).rstrip("/")
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
    answered = send(base_url, "GET", path, timeout_s=timeout_s)
    return answered.status, answered.said or {}
