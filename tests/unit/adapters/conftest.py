"""Senders with real sockets."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from kessai.adapters.clock import SystemClock
from kessai.adapters.name_lookup import Lookup
from kessai.adapters.webhook_sender import HttpSender
from kessai.domain.destinations import Destinations
from kessai.services.ports import WebhookSender

LOCAL = Destinations(is_local=True)


class SenderOf(Protocol):
    """Makes a sender; it is closed with the test."""

    def __call__(
        self,
        timeout_s: float = 20,
        connect_timeout_s: float = 20,
        tls: ssl.SSLContext | None = None,
        destinations: Destinations = LOCAL,
        lookup: Lookup = socket.getaddrinfo,
    ) -> HttpSender:
        """Patient unless told otherwise."""
        ...


@pytest.fixture
async def sender_of() -> AsyncIterator[SenderOf]:
    """Makes senders with real sockets, and closes them."""
    async with AsyncExitStack() as stack:

        def make(
            timeout_s: float = 20,
            connect_timeout_s: float = 20,
            tls: ssl.SSLContext | None = None,
            destinations: Destinations = LOCAL,
            lookup: Lookup = socket.getaddrinfo,
        ) -> HttpSender:
            sender = HttpSender(
                clock=SystemClock(),
                destinations=destinations,
                timeout_s=timeout_s,
                connect_timeout_s=connect_timeout_s,
                tls=tls,
                lookup=lookup,
            )
            stack.push_async_callback(sender.close)
            return sender

        yield make


@pytest.fixture
def sender(sender_of: SenderOf) -> WebhookSender:
    """A patient sender."""
    return sender_of()
