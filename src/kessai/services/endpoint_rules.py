"""What a webhook endpoint may be: its URL, the events it hears, a secret of its owner's choice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from kessai.domain.destinations import Destinations
from kessai.domain.endpoint import EVERY_EVENT
from kessai.domain.errors import InvalidFieldError
from kessai.domain.schedules import NAMES as SCHEDULE_NAMES
from kessai.domain.web_address import WebAddress, web_address
from kessai.simulation.cards import holds_real_number, mask_real_numbers

URL_MAX: Final = 2000
"""Characters; what receivers and the proxies before them can be relied on to take."""
SECRET_MIN: Final = 8
SECRET_MAX: Final = 256

_OPEN_HINT: Final = "use an address others can reach too, or ask whoever runs this gateway to open that one"


def checked_url(url: str, destinations: Destinations, *, param: str = "url") -> str:
    """Return `url` if webhooks can be posted there.

    A host that is an address has to be one that may be connected to. A name is not looked up: where it
    leads is checked whenever it is dialled, and may change until then.

    Raises:
        InvalidFieldError: they cannot, and why.
    """
    if len(url) > URL_MAX:
        raise _refused(param, f"is longer than {URL_MAX} characters")
    if holds_real_number(url):
        # Masked it would lead elsewhere.
        raise _refused(param, "holds what could be a real card number")
    try:
        address = web_address(url)
    except ValueError as error:
        raise _refused(param, str(error)) from None
    refusal = _closed(address, destinations)
    if refusal is not None:
        raise InvalidFieldError(f"{param} {refusal}", param=param, hint=_OPEN_HINT)
    return url


def checked_tls(*, verifies: bool, destinations: Destinations) -> bool:
    """Return `verifies` if certificates may go unverified, or are not to.

    Raises:
        InvalidFieldError: others can reach this gateway, so it cannot be their wish.
    """
    if not verifies and not destinations.is_local:
        raise InvalidFieldError(
            "verify_tls can only be false where HOST is a loopback address",
            param="verify_tls",
            hint="give the receiver a certificate that others trust, or use http:// within your network",
        )
    return verifies


def _refused(param: str, problem: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"{param} {problem}", param=param, hint="for example http://localhost:3000/webhooks"
    )


def _closed(address: WebAddress, destinations: Destinations) -> str | None:
    if address.is_literal:
        return destinations.refusal(address.host)
    if address.host == "localhost" or address.host.endswith(".localhost"):
        # By RFC 6761 a loopback address, whatever a resolver says.
        return destinations.refusal("127.0.0.1", host=address.host)
    return None


def checked_events(names: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """Return the names without repetition; `*` stands for all and needs no others.

    `known` are those of the endpoint's dialect, `*` among them.

    Raises:
        InvalidFieldError: none is given, or one is no event.
    """
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None or not names:
        named = mask_real_numbers(unknown or "")[:40]
        message = f"{named} is no event" if named else "events must name at least one event"
        raise InvalidFieldError(message, param="events", hint=f"one or more of {', '.join(known)}")
    return (EVERY_EVENT,) if EVERY_EVENT in names else tuple(dict.fromkeys(names))


def checked_schedule(name: str) -> str:
    """Return the name if there is such a retry schedule.

    Raises:
        InvalidFieldError: there is none.
    """
    if name not in SCHEDULE_NAMES:
        raise InvalidFieldError(
            f"{mask_real_numbers(name)[:40]} is no retry schedule",
            param="retry_schedule",
            hint=f"one of {', '.join(SCHEDULE_NAMES)}",
        )
    return name


def checked_secret(secret: str) -> str:
    """Return a secret of the owner's choice.

    Raises:
        InvalidFieldError: too short, too long, not printable ASCII, or perhaps a real card number.
    """
    is_plain = secret.isascii() and secret.isprintable() and " " not in secret
    if not is_plain or not SECRET_MIN <= len(secret) <= SECRET_MAX:
        raise InvalidFieldError(
            f"secret has to be {SECRET_MIN} to {SECRET_MAX} printable ASCII characters without spaces",
            param="secret",
            hint="leave it out and one is made",
        )
    if holds_real_number(secret):
        raise InvalidFieldError("secret holds what could be a real card number", param="secret")
    return secret
