"""Merchants and their keys: who may take payments here, and what opens the door for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from kessai.domain.change import Change
from kessai.domain.endpoint import Endpoint
from kessai.domain.errors import ConflictError
from kessai.domain.ids import KeyId, MerchantId
from kessai.domain.merchant import ApiKey, Merchant
from kessai.services.doorkeeper import KeyDigests
from kessai.services.endpoints import Endpoints
from kessai.services.finding import found
from kessai.services.ports import Dice, IdFactory
from kessai.services.secrets import new_public_key, new_secret_key
from kessai.storage.journal import Database
from kessai.storage.repositories.merchants import MerchantRepository

KEYS_MAX: Final = 100
"""Keys of one merchant, revoked ones too: enough for a year of weekly rotation."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A merchant as it sees itself."""

    merchant: Merchant
    webhook_url: str | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key with its secret, which is shown this once."""

    key: ApiKey
    secret_key: str


class Merchants:
    """The use cases of merchants and keys."""

    def __init__(
        self, database: Database, ids: IdFactory, dice: Dice, digests: KeyDigests, endpoints: Endpoints
    ) -> None:
        self._repository = MerchantRepository(database)
        self._ids = ids
        self._dice = dice
        self._digests = digests
        self._endpoints = endpoints

    def create(
        self,
        name: str,
        *,
        email: str | None,
        currency: str,
        secret_key: str | None,
        public_key: str | None = None,
        at: datetime,
    ) -> tuple[Merchant, IssuedKey, Change]:
        """A new merchant with its first key; where `secret_key` or `public_key` is None one is made."""
        merchant = Merchant(
            id=MerchantId(self._ids.new_id(at)),
            name=name,
            email=email,
            default_currency=currency,
            is_active=True,
            webhook_endpoint_id=None,
            created_at=at,
            updated_at=at,
        )
        issued = self._issue(merchant.id, "first key", None, secret_key or new_secret_key(self._dice), at)
        if public_key is not None:
            issued = replace(issued, key=replace(issued.key, public_key=public_key))
        return merchant, issued, Change(records=(merchant, issued.key))

    async def knows(self, secret_key: str) -> bool:
        """Whether this secret key is, or was before its last rotation, somebody's."""
        return await self._repository.by_digest(self._digests.digest(secret_key)) is not None

    async def is_empty(self) -> bool:
        """Whether there is no merchant yet."""
        return await self._repository.is_empty()

    async def get(self, merchant_id: str) -> Merchant:
        """A merchant by id.

        Raises:
            NotFoundError: there is none.
        """
        return found(await self._repository.get(merchant_id), "merchant")

    async def all(self, limit: int) -> list[Merchant]:
        """Merchants, oldest first; for operators."""
        return await self._repository.list(limit)

    async def profile(self, merchant: Merchant) -> Profile:
        """A merchant with its webhook URL."""
        fresh = await self.get(merchant.id)
        return Profile(fresh, await self._endpoints.shorthand_url(fresh))

    async def update(
        self, merchant: Merchant, facts: dict[str, Any], *, at: datetime
    ) -> tuple[Profile, Change]:
        """Change what `facts` names: fields of the merchant, or `webhook_url`."""
        fresh = await self.get(merchant.id)
        endpoints: tuple[Endpoint, ...] = ()
        changed = replace(fresh, **{name: value for name, value in facts.items() if name != "webhook_url"})
        url = await self._endpoints.shorthand_url(fresh)
        if "webhook_url" in facts:
            url = facts["webhook_url"]
            changed, endpoints = await self._endpoints.set_shorthand(changed, url, at=at)
        saved = replace(changed, updated_at=at, version=fresh.version + 1)
        return Profile(saved, url), Change(records=(saved, *endpoints))

    async def create_key(
        self, merchant: Merchant, name: str | None, expires_at: datetime | None, *, at: datetime
    ) -> tuple[IssuedKey, Change]:
        """A new key.

        Raises:
            ConflictError: the merchant has as many as it may.
        """
        if len(await self._repository.keys(merchant.id, KEYS_MAX)) >= KEYS_MAX:
            raise ConflictError(f"a merchant has at most {KEYS_MAX} keys", hint="use another merchant")
        issued = self._issue(merchant.id, name, expires_at, new_secret_key(self._dice), at)
        return issued, Change(records=(issued.key,))

    async def keys(self, merchant: Merchant) -> list[ApiKey]:
        """All keys, newest first, revoked ones too."""
        return await self._repository.keys(merchant.id, KEYS_MAX)

    async def list_keys(self, merchant: Merchant, *, before: str | None, limit: int) -> list[ApiKey]:
        """A page of them; one more than `limit` when there is more."""
        older = [key for key in await self.keys(merchant) if before is None or key.id < before]
        return older[: limit + 1]

    async def rotate_key(
        self, merchant: Merchant, key_id: str, grace: timedelta, *, at: datetime
    ) -> tuple[IssuedKey, Change]:
        """A new secret for a key; the old one works until `grace` is over."""
        key = await self._key(merchant, key_id)
        if not key.works_at(at):
            raise ConflictError("this key was revoked or has expired", hint="create a new one")
        secret_key = new_secret_key(self._dice)
        rotated = replace(
            key,
            digest=self._digests.digest(secret_key),
            last4=secret_key[-4:],
            digested_under=self._digests.mark,
            previous_digest=key.digest if grace else None,
            previous_digested_under=key.digested_under if grace else None,
            previous_expires_at=at + grace if grace else None,
            version=key.version + 1,
        )
        return IssuedKey(rotated, secret_key), Change(records=(rotated,))

    async def revoke_key(self, merchant: Merchant, key_id: str, *, at: datetime) -> tuple[ApiKey, Change]:
        """Close the door for a key, at once.

        Raises:
            ConflictError: it is the last one that works.
        """
        key = await self._key(merchant, key_id)
        if key.revoked_at is not None:
            return key, Change()
        # Read before the keys, and moved on below: two last keys revoked at once cannot both go.
        fresh = await self.get(merchant.id)
        others = [each for each in await self.keys(merchant) if each.id != key.id and each.works_at(at)]
        if not others:
            raise ConflictError("this is the last key that works", hint="create another one first")
        revoked = replace(
            key,
            revoked_at=at,
            previous_digest=None,
            previous_expires_at=None,
            previous_digested_under=None,
            version=key.version + 1,
        )
        touched = replace(fresh, updated_at=at, version=fresh.version + 1)
        return revoked, Change(records=(touched, revoked))

    async def _key(self, merchant: Merchant, key_id: str) -> ApiKey:
        return found(await self._repository.get_key(merchant.id, key_id), "API key")

    def _issue(
        self,
        merchant_id: MerchantId,
        name: str | None,
        expires_at: datetime | None,
        secret_key: str,
        at: datetime,
    ) -> IssuedKey:
        key = ApiKey(
            id=KeyId(self._ids.new_id(at)),
            merchant_id=merchant_id,
            name=name,
            public_key=new_public_key(self._dice),
            digest=self._digests.digest(secret_key),
            last4=secret_key[-4:],
            previous_digest=None,
            previous_expires_at=None,
            created_at=at,
            last_used_at=None,
            expires_at=expires_at,
            revoked_at=None,
            digested_under=self._digests.mark,
        )
        return IssuedKey(key, secret_key)
