"""Senders with real sockets."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from kessai.adapters.clock import SystemClock
from kessai.adapters.webhook_sender import AiohttpSender
from kessai.services.ports import WebhookSender


class SenderOf(Protocol):
    """Makes a sender; it is closed with the test."""

    def __call__(
        self, timeout_s: float = 20, connect_timeout_s: float = 20, tls: ssl.SSLContext | None = None
    ) -> AiohttpSender:
        """Patient unless told otherwise."""
        ...


@pytest.fixture
async def sender_of() -> AsyncIterator[SenderOf]:
    """Makes senders with real sockets, and closes them."""
    async with AsyncExitStack() as stack:

        def make(
            timeout_s: float = 20, connect_timeout_s: float = 20, tls: ssl.SSLContext | None = None
        ) -> AiohttpSender:
            sender = AiohttpSender(
                clock=SystemClock(), timeout_s=timeout_s, connect_timeout_s=connect_timeout_s, tls=tls
            )
            stack.push_async_callback(sender.close)
            return sender

        yield make


@pytest.fixture
def sender(sender_of: SenderOf) -> WebhookSender:
    """A patient sender."""
    return sender_of()
