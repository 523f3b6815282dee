"""Webhook endpoints: who hears of events, and the secrets their signatures are made with.

Methods that write return what is to be written; whoever asked commits it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict

from kessai.domain.change import Change
from kessai.domain.destinations import Destinations
from kessai.domain.endpoint import ENDPOINTS_MAX, EVERY_EVENT, SWITCHED_OFF, Endpoint
from kessai.domain.errors import ConflictError, InvalidFieldError, NotFoundError
from kessai.domain.ids import EndpointId, EventId, MerchantId
from kessai.domain.merchant import GRACE_MAX, Merchant
from kessai.domain.schedules import NATIVE
from kessai.services.courier import Courier, Letter
from kessai.services.endpoint_rules import (
    checked_events,
    checked_schedule,
    checked_secret,
    checked_tls,
    checked_url,
)
from kessai.services.ports import Dice, IdFactory, SealBrokenError, SecretBox, WebhookResult
from kessai.services.webhook_dialect import WebhookDialects
from kessai.storage.journal import Database
from kessai.storage.repositories.endpoints import EndpointRepository

PING = "ping"
_SECRET_BYTES = 32


class EndpointFacts(TypedDict, total=False):
    """What an owner may change; what is missing stays."""

    url: str
    events: Sequence[str]
    description: str | None
    retry_schedule: str
    verify_tls: bool
    enabled: bool
    details: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Shorthand:
    """What is known of the endpoint that a merchant's `webhook_url` stands for; no secret: one is made."""

    dialect: str
    secret: str | None = None


class Endpoints:
    """The use cases of endpoints. `destinations` are where webhooks may go."""

    def __init__(
        self,
        database: Database,
        ids: IdFactory,
        dice: Dice,
        secret_box: SecretBox,
        dialects: WebhookDialects,
        courier: Courier,
        *,
        destinations: Destinations,
        shorthand: Shorthand,
    ) -> None:
        self._repository = EndpointRepository(database)
        self._ids = ids
        self._dice = dice
        self._secret_box = secret_box
        self._dialects = dialects
        self._courier = courier
        self._destinations = destinations
        self._shorthand_of = shorthand

    async def get(self, merchant_id: MerchantId, endpoint_id: str, *, dialect: str | None = None) -> Endpoint:
        """A merchant's endpoint; of one dialect if one is given.

        Raises:
            NotFoundError: unknown, deleted, another merchant's, or of another dialect.
        """
        endpoint = await self._repository.get(merchant_id, endpoint_id)
        if endpoint is None or (dialect is not None and endpoint.dialect != dialect):
            raise NotFoundError("webhook endpoint")
        return endpoint

    async def create(
        self,
        merchant_id: MerchantId,
        facts: EndpointFacts,
        *,
        dialect: str,
        secret: str | None = None,
        at: datetime,
    ) -> tuple[Endpoint, str, Change]:
        """A new endpoint and its secret, which is made when None; `facts` needs a `url`.

        Raises:
            ConflictError: the merchant has as many as it may.
            InvalidFieldError: a fact cannot be used.
        """
        await self._require_room(merchant_id)
        shown = self._new_secret(dialect) if secret is None else checked_secret(secret)
        is_enabled = facts.get("enabled", True)
        endpoint = replace(
            self._new(merchant_id, self._checked(facts["url"]), dialect, shown, at),
            events=self._checked_events(facts.get("events", (EVERY_EVENT,)), dialect),
            description=facts.get("description"),
            schedule=checked_schedule(facts.get("retry_schedule", NATIVE)),
            verifies_tls=self._checked_tls(facts, otherwise=True),
            is_enabled=is_enabled,
            disabled_reason=None if is_enabled else SWITCHED_OFF,
            details=facts.get("details"),
        )
        return endpoint, shown, Change(records=(endpoint,))

    async def update(
        self, merchant_id: MerchantId, endpoint_id: str, facts: EndpointFacts, *, at: datetime
    ) -> tuple[Endpoint, Change]:
        """Change what `facts` names. An endpoint that is switched on again starts with a clean slate."""
        endpoint = await self.get(merchant_id, endpoint_id)
        changed = endpoint.described(
            url=self._checked(facts["url"]) if "url" in facts else endpoint.url,
            events=self._checked_events(facts["events"], endpoint.dialect)
            if "events" in facts
            else endpoint.events,
            description=facts.get("description", endpoint.description),
            schedule=checked_schedule(facts.get("retry_schedule", endpoint.schedule)),
            is_enabled=facts.get("enabled", endpoint.is_enabled),
            at=at,
        )
        changed = replace(
            changed,
            verifies_tls=self._checked_tls(facts, otherwise=endpoint.verifies_tls),
            details=facts.get("details", endpoint.details),
        )
        return changed, Change(records=(changed,))

    async def delete(
        self, merchant_id: MerchantId, endpoint_id: str, *, at: datetime
    ) -> tuple[Endpoint, Change]:
        """Forget an endpoint; what was still on its way there is canceled when it comes due."""
        deleted = (await self.get(merchant_id, endpoint_id)).deleted(at=at)
        return deleted, Change(records=(deleted,))

    async def secrets(
        self, merchant_id: MerchantId, endpoint_id: str, *, at: datetime
    ) -> tuple[Endpoint, tuple[str, ...]]:
        """An endpoint and the secrets that sign now, newest first.

        Raises:
            ConflictError: they were sealed under another API_SECRET_KEY.
        """
        endpoint = await self.get(merchant_id, endpoint_id)
        try:
            opened = [self._secret_box.open(each.encode()) for each in endpoint.sealed_secrets(at)]
        except SealBrokenError:
            raise ConflictError(
                "the secret cannot be read with the present API_SECRET_KEY",
                hint="rotate it, or start kessai with the key it was stored under",
            ) from None
        return endpoint, tuple(secret.decode() for secret in opened)

    async def rotate_secret(
        self,
        merchant_id: MerchantId,
        endpoint_id: str,
        *,
        secret: str | None,
        grace: timedelta,
        at: datetime,
    ) -> tuple[Endpoint, str, Change]:
        """A new secret, made when None; the present one signs beside it while `grace` lasts."""
        if not timedelta(0) <= grace <= GRACE_MAX:
            longest = int(GRACE_MAX.total_seconds())
            raise InvalidFieldError(
                f"grace_period_s has to be between 0 and {longest}", param="grace_period_s"
            )
        endpoint = await self.get(merchant_id, endpoint_id)
        shown = self._new_secret(endpoint.dialect) if secret is None else checked_secret(secret)
        rekeyed = endpoint.rekeyed(self._sealed(shown), grace=grace, at=at)
        return rekeyed, shown, Change(records=(rekeyed,))

    async def ping(self, merchant_id: MerchantId, endpoint_id: str, *, at: datetime) -> WebhookResult:
        """Send a ping now, to a disabled endpoint too, and say what came back. Nothing is kept."""
        endpoint = await self.get(merchant_id, endpoint_id)
        event_id = EventId(self._ids.new_id(at))
        body = self._dialects[endpoint.dialect].ping(event_id, endpoint, at)
        return await self._courier.send(Letter(event_id, PING, body, attempt=1), endpoint)

    async def shorthand_url(self, merchant: Merchant) -> str | None:
        """The URL of the endpoint that a merchant's `webhook_url` stands for."""
        endpoint = await self._shorthand(merchant)
        return endpoint.url if endpoint else None

    async def set_shorthand(
        self, merchant: Merchant, url: str | None, *, at: datetime
    ) -> tuple[Merchant, tuple[Endpoint, ...]]:
        """Make, move or delete that endpoint: the merchant that names it, and the endpoints to save.

        A URL also switches it on, for that is what who sets one wants. The merchant's version is the
        caller's to raise.
        """
        present = await self._shorthand(merchant)
        if url is None:
            forgotten = (present.deleted(at=at),) if present else ()
            return replace(merchant, webhook_endpoint_id=None), forgotten
        wanted = self._checked(url, param="webhook_url")
        if present is not None:
            moved = present.described(
                url=wanted,
                events=present.events,
                description=present.description,
                schedule=present.schedule,
                is_enabled=True,
                at=at,
            )
            return merchant, (moved,)
        await self._require_room(merchant.id)
        dialect = self._shorthand_of.dialect
        secret = self._shorthand_of.secret or self._new_secret(dialect)
        made = self._new(merchant.id, wanted, dialect, secret, at)
        return replace(merchant, webhook_endpoint_id=made.id), (made,)

    async def list(
        self, merchant_id: MerchantId, *, before: str | None, limit: int, dialect: str | None = None
    ) -> Sequence[Endpoint]:
        """Newest first, of one dialect if one is given; one more than `limit` when there is more."""
        cursor = None if before is None else EndpointId(before)
        return await self._repository.list(merchant_id, before=cursor, limit=limit + 1, dialect=dialect)

    def _checked_events(self, names: Sequence[str], dialect: str) -> tuple[str, ...]:
        return checked_events(names, self._dialects[dialect].event_names)

    def _checked(self, url: str, *, param: str = "url") -> str:
        return checked_url(url, self._destinations, param=param)

    def _checked_tls(self, facts: EndpointFacts, *, otherwise: bool) -> bool:
        if "verify_tls" not in facts:
            return otherwise
        return checked_tls(verifies=facts["verify_tls"], destinations=self._destinations)

    async def _shorthand(self, merchant: Merchant) -> Endpoint | None:
        if merchant.webhook_endpoint_id is None:
            return None
        return await self._repository.get(merchant.id, merchant.webhook_endpoint_id)

    async def _require_room(self, merchant_id: MerchantId) -> None:
        present = await self._repository.list(merchant_id, before=None, limit=ENDPOINTS_MAX)
        if len(present) >= ENDPOINTS_MAX:
            raise ConflictError(
                f"a merchant has at most {ENDPOINTS_MAX} endpoints", hint="delete one, or change its URL"
            )

    def _new(self, merchant_id: MerchantId, url: str, dialect: str, secret: str, at: datetime) -> Endpoint:
        return Endpoint(
            id=EndpointId(self._ids.new_id(at)),
            merchant_id=merchant_id,
            url=url,
            events=(EVERY_EVENT,),
            description=None,
            dialect=dialect,
            is_enabled=True,
            disabled_reason=None,
            sealed_secret=self._sealed(secret),
            previous_sealed_secret=None,
            previous_expires_at=None,
            failing_since=None,
            created_at=at,
            updated_at=at,
            deleted_at=None,
        )

    def _new_secret(self, dialect: str) -> str:
        return self._dialects[dialect].new_secret(self._dice.key_material(_SECRET_BYTES))

    def _sealed(self, secret: str) -> str:
        return self._secret_box.seal(secret.encode()).decode()
