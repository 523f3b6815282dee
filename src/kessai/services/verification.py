"""What it takes to say why a webhook does not verify: the secrets it may be signed with, the body it had.

Nothing is written. How signatures are made, and what a wrong one means, is the dialects' to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from kessai.domain.endpoint import ENDPOINTS_MAX, Endpoint
from kessai.domain.errors import InvalidFieldError
from kessai.domain.ids import MerchantId, canonical
from kessai.services.endpoints import Endpoints
from kessai.services.events import Events
from kessai.services.ports import SealBrokenError, SecretBox
from kessai.storage.repositories.deliveries import DeliveryFilter


@dataclass(frozen=True, slots=True)
class OtherSecret:
    """A secret that the message should not be signed with; `whose` says what it is, in words."""

    secret: str
    whose: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a message is held against.

    `secrets` are those to verify with, `others` the merchant's other ones, `sent` the body that was really
    sent for the event, if it is known.
    """

    secrets: tuple[str, ...]
    others: tuple[OtherSecret, ...] = ()
    sent: bytes | None = None


class Verification:
    """Gathers evidence about one message."""

    def __init__(self, endpoints: Endpoints, events: Events, secret_box: SecretBox) -> None:
        self._endpoints = endpoints
        self._events = events
        self._secret_box = secret_box

    async def evidence(
        self,
        merchant_id: MerchantId,
        event_ids: Sequence[str],
        *,
        secret: str | None,
        endpoint_id: str | None,
        at: datetime,
    ) -> Evidence:
        """What is known about a message that says it tells of one of `event_ids`.

        Raises:
            InvalidFieldError: not exactly one of `secret` and `endpoint_id` is given.
            NotFoundError: the endpoint is unknown, deleted or another merchant's.
            ConflictError: its secrets were sealed under another API_SECRET_KEY.
        """
        secrets = await self._secrets(merchant_id, secret, endpoint_id, at)
        endpoints = await self._endpoints.list(merchant_id, before=None, limit=ENDPOINTS_MAX)
        known = (each for endpoint in endpoints for each in self._of(endpoint))
        others = tuple(each for each in known if each.secret not in secrets)
        return Evidence(secrets, others, await self._sent(merchant_id, event_ids, endpoint_id))

    async def _secrets(
        self, merchant_id: MerchantId, secret: str | None, endpoint_id: str | None, at: datetime
    ) -> tuple[str, ...]:
        if secret is not None and endpoint_id is None:
            return (secret,)
        if secret is not None or endpoint_id is None:
            raise InvalidFieldError(
                "either secret or endpoint_id is needed, and not both",
                param="secret",
                hint="give the secret your receiver has, or the id of the endpoint to take it from",
            )
        if canonical(endpoint_id) is None:
            raise InvalidFieldError("endpoint_id is not an id", param="endpoint_id", hint="ids are UUIDs")
        _, secrets = await self._endpoints.secrets(merchant_id, endpoint_id, at=at)
        return secrets

    def _of(self, endpoint: Endpoint) -> Iterator[OtherSecret]:
        sealed = {
            f"the secret of your endpoint {endpoint.id}": endpoint.sealed_secret,
            f"the secret that your endpoint {endpoint.id} had before": endpoint.previous_sealed_secret,
        }
        for whose, each in sealed.items():
            if each is not None and (secret := self._opened(each)) is not None:
                yield OtherSecret(secret, whose)

    def _opened(self, sealed: str) -> str | None:
        try:
            return self._secret_box.open(sealed.encode()).decode()
        except SealBrokenError:
            return None

    async def _sent(
        self, merchant_id: MerchantId, event_ids: Sequence[str], endpoint_id: str | None
    ) -> bytes | None:
        # Bounded: a message has its id in two headers at most.
        for event_id in filter(None, map(canonical, event_ids)):
            wanted = DeliveryFilter(event_id=event_id, endpoint_id=endpoint_id)
            for report in (await self._events.deliveries(merchant_id, wanted, before=None, limit=1)).found:
                # A body that was forgotten says nothing.
                if report.delivery.pruned_at is None:
                    return report.delivery.body
        return None
