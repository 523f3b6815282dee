"""The product's sender, with a look-up of names that hangs for some of them."""

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
    """As the product joins it; when `hangs`, names like hang-1.test are looked up for ever."""
    return HttpSender(
        clock=clock,
        destinations=settings.destinations,
        timeout_s=settings.webhook_timeout,
        max_connections=_CONNECTIONS_MAX,
        lookup=_hanging if hangs else socket.getaddrinfo,
    )


# Any: as the parameter that takes it.
def _hanging(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
    if host.startswith(HANGING):
        threading.Event().wait()
    return list(socket.getaddrinfo(host, port, **more))
