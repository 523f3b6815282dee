"""Senders with a bug: another id, other bytes, success where there was none, a guard that looks elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import uuid4

from kessai.adapters.name_lookup import Lookup
from kessai.adapters.webhook_sender import HttpSender
from kessai.domain.destinations import Destinations
from kessai.domain.web_address import web_address
from kessai.services.ports import Clock, WebhookRequest, WebhookResult, WebhookSender

GUARD_ON_THE_NAME: Final = "guard-on-the-looked-up-name"


class _Wrapped:
    """A sender that passes everything on."""

    def __init__(self, inner: WebhookSender) -> None:
        self._inner = inner

    async def post(self, request: WebhookRequest) -> WebhookResult:
        return await self._inner.post(request)


class NewIdOnRetry(_Wrapped):
    """Takes a retry for another event."""

    async def post(self, request: WebhookRequest) -> WebhookResult:
        if _attempt(request) > 1:
            new = str(uuid4())
            request = _with(request, lambda name, value: new if name.endswith("webhook-id") else value)
        return await super().post(request)


class RenderedAnew(_Wrapped):
    """Writes the body once more for each retry: the same JSON, other bytes."""

    async def post(self, request: WebhookRequest) -> WebhookResult:
        if _attempt(request) > 1:
            request = replace(request, body=json.dumps(json.loads(request.body)).encode())
        return await super().post(request)


class Optimist(_Wrapped):
    """Takes a broken connection for an answer that was on its way."""

    async def post(self, request: WebhookRequest) -> WebhookResult:
        result = await super().post(request)
        return result if result.status_code else replace(result, status_code=200, error=None)


class Liar(_Wrapped):
    """Says of some events that they were told, and posts nothing."""

    async def post(self, request: WebhookRequest) -> WebhookResult:
        if _event_id(request).endswith(("0", "1", "2")):
            return WebhookResult(200, 0)
        return await super().post(request)


@dataclass(frozen=True, slots=True)
class GuardOnTheName:
    """Looks the name up and judges what it finds; then whoever connects looks it up once more."""

    inner: HttpSender
    destinations: Destinations
    lookup: Lookup

    @classmethod
    def made(cls, clock: Clock, destinations: Destinations, lookup: Lookup) -> Self:
        """In the place of the product's sender."""
        anywhere = Destinations(is_local=True)
        return cls(
            HttpSender(clock=clock, destinations=anywhere, timeout_s=1, lookup=lookup), destinations, lookup
        )

    async def post(self, request: WebhookRequest) -> WebhookResult:
        address = web_address(request.url)
        if address.is_literal:
            found = [address.host]
        else:
            infos = await asyncio.to_thread(self.lookup, address.host, address.port)
            found = [str(info[4][0]) for info in infos]
        for each in found:
            if refusal := self.destinations.refusal(each, host=address.host):
                return WebhookResult(None, 0, error=refusal)
        return await self.inner.post(request)


def _attempt(request: WebhookRequest) -> int:
    return next((int(value) for name, value in request.headers if name.lower() == "x-webhook-attempt"), 1)


def _event_id(request: WebhookRequest) -> str:
    return next(value for name, value in request.headers if name.lower() == "webhook-id")


def _with(request: WebhookRequest, change: Callable[[str, str], str]) -> WebhookRequest:
    """The request with each header's value changed by its name in lower case."""
    headers = tuple((name, change(name.lower(), value)) for name, value in request.headers)
    return replace(request, headers=headers)
