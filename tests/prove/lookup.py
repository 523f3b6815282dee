"""The product's sender, with a look-up that asks nobody outside, and that hangs for some names."""

from __future__ import annotations

import socket
import threading
from typing import Any, Final

from kessai.adapters.webhook_sender import HttpSender
from kessai.services.ports import Clock
from kessai.settings import Settings

HANGING: Final = "hang-"
"""How names begin that are never found and never not found."""
_CONNECTIONS_MAX: Final = 576
"""As bootstrap has it."""


def real_sender(settings: Settings, clock: Clock, *, hangs: bool = False) -> HttpSender:
    """As the product joins it, but for names; when `hangs`, those like hang-1.test are looked up for ever."""
    return HttpSender(
        clock=clock,
        destinations=settings.destinations,
        timeout_s=settings.webhook_timeout,
        max_connections=_CONNECTIONS_MAX,
        lookup=_hanging if hangs else _at_home,
    )


# Any: as the parameter that takes it.
def _hanging(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
    if host.startswith(HANGING):
        threading.Event().wait()
    return _at_home(host, port, **more)


def _at_home(host: str, port: int, *, flags: int = 0, **more: Any) -> list[tuple[Any, ...]]:
    """What is written as a number, and this machine; no other name is asked of any server."""
    flags |= 0 if host == "localhost" else socket.AI_NUMERICHOST
    return list(socket.getaddrinfo(host, port, flags=flags, **more))
