"""Signs and posts one attempt. Which attempts there are, and what follows from them, is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kessai.domain.endpoint import Endpoint
from kessai.services.ports import (
    Clock,
    SealBrokenError,
    SecretBox,
    WebhookRequest,
    WebhookResult,
    WebhookSender,
)
from kessai.services.webhook_dialect import WebhookDialects

_UNREADABLE: Final = "the signing secret cannot be read with the present API_SECRET_KEY; rotate it"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, whichever endpoint it goes to; `attempt` counts from 1."""

    event_id: str
    event_type: str
    body: bytes
    attempt: int


class Courier:
    """Takes letters to endpoints, under the secrets in force at the moment of sending."""

    def __init__(
        self, sender: WebhookSender, secret_box: SecretBox, clock: Clock, dialects: WebhookDialects
    ) -> None:
        self._sender = sender
        self._secret_box = secret_box
        self._clock = clock
        self._dialects = dialects

    async def send(self, letter: Letter, endpoint: Endpoint) -> WebhookResult:
        """Post once and say what came back."""
        at = self._clock.now()
        try:
            sealed = endpoint.sealed_secrets(at)
            secrets = [self._secret_box.open(each.encode()).decode() for each in sealed]
        except SealBrokenError:
            return WebhookResult(None, 0, error=_UNREADABLE)
        headers = self._dialects[endpoint.dialect].sign(
            letter.body,
            secrets,
            event_id=letter.event_id,
            event_type=letter.event_type,
            attempt=letter.attempt,
            at=at,
        )
        return await self._sender.post(
            WebhookRequest(endpoint.url, headers, letter.body, endpoint.verifies_tls)
        )
