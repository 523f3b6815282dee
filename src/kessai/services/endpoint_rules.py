"""What a webhook endpoint may be: its URL, the events it hears, a secret of its owner's choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from kessai.domain.endpoint import EVERY_EVENT
from kessai.domain.errors import InvalidFieldError
from kessai.domain.event import EventType
from kessai.domain.schedules import NAMES as SCHEDULE_NAMES

URL_MAX: Final = 2000
"""Characters; what receivers and the proxies before them can be relied on to take."""
SECRET_MIN: Final = 8
SECRET_MAX: Final = 256
EVENT_NAMES: Final = (EVERY_EVENT, *(each.value for each in EventType))

_HOST_SIGNS: Final = frozenset("-._:")


def checked_url(url: str, *, param: str = "url") -> str:
    """Return `url` if webhooks can be posted there.

    Private and loopback addresses are fine: that is where the code under test runs.

    Raises:
        InvalidFieldError: they cannot, and why.
    """
    problem = _problem(url)
    if problem is not None:
        raise InvalidFieldError(
            f"{param} {problem}", param=param, hint="for example http://localhost:3000/webhooks"
        )
    return url


def _problem(url: str) -> str | None:
    if len(url) > URL_MAX:
        return f"is longer than {URL_MAX} characters"
    if " " in url or not url.isprintable():
        return "has spaces or control characters"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"}:
        return "has to begin with http:// or https://"
    if not host or not all(_is_host_sign(sign) for sign in host):
        return "has no usable host"
    if port == 0:
        return "has no usable port"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    return "must not have a fragment" if "#" in url else None


def _is_host_sign(sign: str) -> bool:
    # Letters of other alphabets are international names; the sender encodes them.
    return sign.isalnum() or sign in _HOST_SIGNS


def checked_events(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names without repetition; `*` stands for all and needs no others.

    Raises:
        InvalidFieldError: none is given, or one is no event.
    """
    unknown = next((name for name in names if name not in EVENT_NAMES), None)
    if unknown is not None or not names:
        message = f"{unknown[:40]} is no event" if unknown else "events must name at least one event"
        raise InvalidFieldError(message, param="events", hint=f"one or more of {', '.join(EVENT_NAMES)}")
    return (EVERY_EVENT,) if EVERY_EVENT in names else tuple(dict.fromkeys(names))


def checked_schedule(name: str) -> str:
    """Return the name if there is such a retry schedule.

    Raises:
        InvalidFieldError: there is none.
    """
    if name not in SCHEDULE_NAMES:
        raise InvalidFieldError(
            f"{name[:40]} is no retry schedule",
            param="retry_schedule",
            hint=f"one of {', '.join(SCHEDULE_NAMES)}",
        )
    return name


def checked_secret(secret: str) -> str:
    """Return a secret of the owner's choice.

    Raises:
        InvalidFieldError: too short, too long, or not printable ASCII.
    """
    is_plain = secret.isascii() and secret.isprintable() and " " not in secret
    if not is_plain or not SECRET_MIN <= len(secret) <= SECRET_MAX:
        raise InvalidFieldError(
            f"secret has to be {SECRET_MIN} to {SECRET_MAX} printable ASCII characters without spaces",
            param="secret",
            hint="leave it out and one is made",
        )
    return secret
