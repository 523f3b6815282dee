"""Where a command receives webhooks, and by which URL the server gets there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final
from urllib.parse import urlsplit

from kessai.cli.failures import CommandError, usage_error
from kessai.cli.listening import Listening, bound
from kessai.domain.destinations import Destinations
from kessai.domain.errors import InvalidFieldError
from kessai.services.endpoint_rules import checked_url

DESTINATIONS: Final = Destinations(is_local=True)
"""Where a person at this machine may have webhooks sent on to: all but what no webhook may ever reach."""

_TOKEN_BYTES: Final = 16


@contextmanager
def bound_at(bind: str) -> Iterator[Listening]:
    """Bind what `--bind` names.

    Raises:
        CommandError: it is no HOST:PORT, the port is taken, or the host is none of this machine's.
    """
    host, port = _host_and_port(bind)
    with ExitStack() as stack:
        try:
            listening = stack.enter_context(bound(host, port))
        except CommandError as error:
            error.hint = "--bind takes an address and a free port of this machine, such as 127.0.0.1:4000"
            raise
        yield listening


def secret_path() -> str:
    """A path that nobody can guess: who does not know it cannot have anything passed on."""
    from kessai.adapters.dice import SystemDice

    return "/" + SystemDice().key_material(_TOKEN_BYTES).hex()


def reached_at(listening: Listening, reachable_at: str | None) -> str:
    """The URL, without a path, at which the server finds these sockets.

    Raises:
        CommandError: `--reachable-at` is no URL that can be posted to.
    """
    return posted_to(reachable_at, "--reachable-at").rstrip("/") if reachable_at else listening.base_url


def posted_to(url: str, option: str) -> str:
    """A URL that somebody typed, if webhooks can be posted there; `http://` may be left out.

    Raises:
        CommandError: they cannot, and why.
    """
    try:
        return checked_url(url if "://" in url else f"http://{url}", DESTINATIONS, param=option)
    except InvalidFieldError as error:
        raise usage_error(error.message, hint=error.hint) from None


def _host_and_port(bind: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{bind}")
        if parts.hostname and parts.port is not None and parts.netloc == bind and "@" not in bind:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise usage_error(f"--bind {bind} is no HOST:PORT", hint="write for example 127.0.0.1:4000")
