"""The merchant and the keys it shows at the door. A secret is never here, only its digest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from kessai.domain.ids import EndpointId, KeyId, MerchantId
from kessai.domain.values import value

GRACE_MAX: Final = timedelta(days=7)
"""The longest time an old secret may work beside the new one."""


@value(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Who takes payments. `webhook_endpoint_id` is the endpoint made by the `webhook_url` shorthand."""

    id: MerchantId
    name: str
    email: str | None
    default_currency: str
    is_active: bool
    webhook_endpoint_id: EndpointId | None
    created_at: datetime
    updated_at: datetime
    version: int = 1


@value(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A pair of keys: a public one that identifies, a secret one known by its digest and last four.

    `previous_digest` still opens the door until `previous_expires_at`, after a rotation with grace.
    Digests are made under API_SECRET_KEY; `digested_under` and `previous_digested_under` are marks of the
    one it was, None for what an older version kept.
    """

    id: KeyId
    merchant_id: MerchantId
    name: str | None
    public_key: str
    digest: str
    last4: str
    previous_digest: str | None
    previous_expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    digested_under: str | None = None
    previous_digested_under: str | None = None
    version: int = 1

    def works_at(self, at: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def mark_of(self, digest: str) -> str | None:
        """The mark of the API_SECRET_KEY that one of the two digests was made under."""
        return self.digested_under if digest == self.digest else self.previous_digested_under

    def opens_with(self, digest: str, at: datetime) -> bool:
        """Whether the secret with this digest opens the door now."""
        if not self.works_at(at):
            return False
        if digest == self.digest:
            return True
        return (
            digest == self.previous_digest
            and self.previous_expires_at is not None
            and at < self.previous_expires_at
        )
